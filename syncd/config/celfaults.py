"""What cel-cpp says about an expression, as a person would say it: the position, what stands there, what was meant."""

import re
from difflib import get_close_matches

from syncd.config.celfunctions import FUNCTIONS

_FOUND = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*?)(?=\n \||\nERROR:| \[[A-Z_]+\]$|$)", re.DOTALL)
_OVERLOAD = re.compile(r"found no matching overload for '(.+?)' applied to '\(?(.*?)\)?'")
_UNKNOWN = re.compile(r"undeclared reference to '(.+?)'")
_CODE = re.compile(r"^[A-Z_]+: | \[[A-Z_]+\]$")
_INSTEAD = {"=": "==", "and": "&&", "or": "||", "not": "!", "AND": "&&", "OR": "||", "NOT": "!", "<>": "!="}
_KNOWN = (
    *FUNCTIONS,
    "contains",
    "endsWith",
    "exists",
    "filter",
    "int",
    "map",
    "matches",
    "size",
    "startsWith",
    "string",
)


def compile_fault(message: str, text: str) -> str:
    """What the compiler found, as people read it."""
    if "recursion" in message:
        return "is nested too deeply, or joins more than 30 pieces: use map:, template: or several rules"
    found = [(int(line), int(column), why) for line, column, why in _FOUND.findall(message)]
    if not found:
        return f"is no expression: {evaluation_fault(message)}"
    if found[0][2].startswith("Syntax error"):
        found = found[:1]
    return "; ".join(
        f"{_at(text, line, _begin(why, text, line, column))}: {_explained(why, text, line, column)}"
        for line, column, why in found
    )


def _begin(why: str, text: str, line: int, column: int) -> int:
    """Where what is meant begins: cel-cpp names the bracket behind a function that it does not know."""
    unknown = _UNKNOWN.match(why)
    before = text.split("\n")[line - 1][: column - 1] if unknown and line > 0 else ""
    return column - len(unknown[1]) if unknown and before.endswith(unknown[1]) else column


def _explained(why: str, text: str, line: int, column: int) -> str:
    overload = _OVERLOAD.match(why)
    if overload:
        operator, types = overload.group(1).replace("_?_:_", "? :").strip("_@"), overload.group(2)
        hint = (
            "; a column is a text: compare it with a text, or write int(row.name)" if "int" in types else ""
        )
        return f'"{operator}" takes no ({types}){hint}'
    unknown = _UNKNOWN.match(why)
    if unknown:
        near = get_close_matches(unknown.group(1), _KNOWN, n=1)
        hint = f'did you mean "{near[0]}"?' if near else 'a column is written row.name or row["a name"]'
        return f'"{unknown.group(1)}" is not known; {hint}'
    rest = text.split("\n")[line - 1][column - 1 :] if 0 < line <= len(text.split("\n")) else ""
    word = re.match(r"\w+|<>|\S", rest)
    reserved = re.search(r"\brow\.(in|true|false|null)\b", text)
    if reserved and why.startswith("Syntax error"):
        return f'"{reserved[1]}" is a word of the language: the column is written row["{reserved[1]}"]'
    if word and word.group() in _INSTEAD:
        return f'"{word.group()}" is not written here: use {_INSTEAD[word.group()]}'
    return why.removeprefix("Syntax error: ").split(" expecting {")[0].strip()


def evaluation_fault(message: str) -> str:
    """An error of evaluation as the end of a sentence."""
    plain = _CODE.sub("", _CODE.sub("", message)).strip()
    return f"the expression cannot be worked out: {plain}"


def position(text: str, at: int) -> str:
    """The position of a character (from 0)."""
    before = text[:at]
    return _at(text, before.count("\n") + 1, at - before.rfind("\n"))


def _at(text: str, line: int, column: int) -> str:
    """A position in the expression, with the text that stands there."""
    lines = text.split("\n")
    rest = lines[line - 1][column - 1 :].strip() if 0 < line <= len(lines) else ""
    near = f" ({rest[:20]}{'…' if len(rest) > 20 else ''})" if rest else " (its end)"
    return f"column {column}{near}" if len(lines) == 1 else f"line {line}, column {column}{near}"
