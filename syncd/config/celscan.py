"""Which columns a CEL expression names: found in its text, so that no expression can ask for a column that is not declared.

A column is written ``row.department``, ``row["Cost Center"]`` or ``row.`Cost Center```; ``row`` in any other use is a fault.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from syncd.core.transforms import trim

_TOKEN = re.compile(
    r"""
    (?P<blank>\s+|//[^\n]*)
  | (?P<text>
        [bB]?[rR](?:'{3}.*?'{3}|"{3}.*?"{3}|"[^"\n]*"|'[^'\n]*')
      | [bB]?(?:'{3}(?:\\.|[^\\])*?'{3}|"{3}(?:\\.|[^\\])*?"{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    )
  | (?P<name>[A-Za-z_]\w*)
  | (?P<quoted>`[^`\n]*`)
  | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_HOW = 'a column is written row.name or row["a name"]'


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def columns_in(text: str) -> tuple[str, ...]:
    """The columns, each once, in order; ScanFault for a ``row`` that names none."""
    tokens = [
        _Token(str(found.lastgroup), found.group(), found.start())
        for found in _TOKEN.finditer(text)
        if found.lastgroup != "blank"
    ]
    return tuple(dict.fromkeys(_columns(tokens)))


class ScanFault(ValueError):
    """What is wrong, and at which character (from 0)."""

    def __init__(self, at: int, why: str) -> None:
        super().__init__(why)
        self.at = at


def _columns(tokens: list[_Token]) -> Iterator[str]:
    end = _Token("end", "", tokens[-1].at if tokens else 0)
    for index, token in enumerate(tokens):
        if token.text != "row" or token.kind != "name" or _is_member(tokens[:index]):
            continue
        following = [*tokens[index + 1 : index + 5], end, end, end, end]
        if [before.text for before in tokens[max(0, index - 2) : index]] == ["has", "("]:
            raise ScanFault(token.at, 'every row has the column: ask whether it is blank, as row.name != ""')
        yield _column(token, following)


def _column(row: _Token, following: list[_Token]) -> str:
    """The column of one ``row``, from the tokens behind it."""
    mark, name, close, _ = following[:4]
    if mark.text == "." and name.kind in {"name", "quoted"}:
        if close.text == "(":
            raise ScanFault(name.at, f"row has no {name.text}(): {_HOW}")
        return name.text.strip("`")
    if mark.text == "[" and name.kind == "text" and close.text == "]":
        column = name.text[1:-1]
        if (
            name.text[0] in "\"'"
            and "\\" not in column
            and column == trim(column) != ""
            and column[0] not in "\"'"
        ):
            return column
        raise ScanFault(
            name.at, "write the name of the column in plain quotes, without a backslash or space around it"
        )
    raise ScanFault(row.at, f"row alone is no value: {_HOW}")


def _is_member(before: list[_Token]) -> bool:
    """Whether what follows is a member (``x.row``), not a name of its own (``.row`` is one, from the root)."""
    if len(before) < 2 or before[-1].text != ".":
        return False
    return before[-2].kind in {"name", "quoted", "text"} or before[-2].text in {")", "]", "}"}
