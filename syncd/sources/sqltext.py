"""Reading a query with suspicion: exactly one SELECT, in every dialect's reading of the same text.

This is one layer; the session is read-only as well (``sqlsession``), and the right layer is a database user that may
only SELECT. Where dialects would read the text differently (backslash before a quote, nested comments, dollar quotes)
it is refused with a way to write it plainly.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from syncd.errors import SourceError

WRITING = frozenset(
    {"INSERT", "UPDATE", "DELETE", "MERGE", "INTO", "DROP", "ALTER", "CREATE", "TRUNCATE", "GRANT", "REVOKE"}
)
"""Words that no reading query has outside quotes (a column of that name is quoted or written ``t.update``)."""

SILENT = frozenset({"space", "line", "block"})
"""The kinds of Token that say nothing to the database."""

TOKEN = re.compile(
    r"""
    (?P<space>(?:[^\S\r]|\r\n)+)
  | (?P<line>--(?=\s|$)[^\r\n]*)
  | (?P<block>/\*.*?\*/)
  | (?P<text>'(?:[^']|'')*')
  | (?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[\w\ .,:\#@]*\])
  | (?P<dollar>\$\w*\$)
  | (?P<word>\w+)
  | (?P<semicolon>;)
  | (?P<mark>--|/\*|\*/|['"`\[]|.)
    """,
    re.VERBOSE | re.DOTALL,
)


MARKS = {
    "'": "a quote (') is opened and never closed",
    '"': 'a quote (") is opened and never closed',
    "`": "a quote (`) is opened and never closed",
    "[": "brackets may hold only a plain name or subscript",
    "/*": "a comment is opened and never closed",
    "*/": "a comment is closed that was never opened",
    "--": "'--' must be followed by a space; some databases read it as two minus signs",
    "#": "'#' comments are not accepted; write '-- '",
    "\0": "a NUL character is not accepted",
    "\r": "a line end that is CR alone is not accepted",
}
"""Why a character that is no part of anything else is refused ("#" where it begins a comment)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One piece of a query: its ``kind`` is a group of ``TOKEN``; ``line`` counts from 1."""

    kind: str
    text: str
    line: int


def one_select(query: str, name: str, *, hash_comments: bool = False) -> str:
    """The query without a closing semicolon, if it is one ``SELECT`` or ``WITH ... SELECT``; else SourceError.

    ``name`` is the source's; ``hash_comments`` is for MySQL and MariaDB, where ``#`` begins a comment.
    """
    tokens = list(_tokens(query))
    for before, token in zip([None, *tokens], tokens, strict=False):
        _refuse_ambiguous(token, before, name, hash_comments=hash_comments)
    while tokens and tokens[-1].kind in {*SILENT, "semicolon"}:
        tokens.pop()
    telling = [token for token in tokens if token.kind not in SILENT]
    _refuse_stacked(telling, name)
    _refuse_other_statements(telling, name)
    _refuse_writing(telling, name)
    return "".join(token.text for token in tokens)


def _tokens(query: str) -> Iterator[Token]:
    line = 1
    for match in TOKEN.finditer(query):
        yield Token(kind=match.lastgroup or "mark", text=match.group(), line=line)
        line += match.group().count("\n")


def _refused(name: str, token: Token, why: str) -> SourceError:
    return SourceError(f"{name}: query line {token.line}: {why}. Nothing was asked of the database.")


def _refuse_ambiguous(token: Token, before: Token | None, name: str, *, hash_comments: bool) -> None:
    text = token.text
    if token.kind in {"text", "name"} and re.search(r"\\['\"`]", text):
        raise _refused(
            name, token, "a backslash before a quote means different things; double a quote within a text"
        )
    if token.kind == "text" and before and before.text.lower() in {"q", "nq"}:
        raise _refused(name, token, "Oracle's q'...' is not accepted; write the text in plain single quotes")
    if token.kind == "block" and ("/*" in text[2:-2] or text.startswith(("/*!", "/*M!"))):
        raise _refused(
            name, token, "comments within comments, and /*! ... */, are not accepted; take the comment out"
        )
    if token.kind == "dollar":
        raise _refused(name, token, "dollar quotes are not accepted; write the text in single quotes")
    if token.kind == "mark":
        why = MARKS.get(text, "")
        if why and (text != "#" or hash_comments):
            raise _refused(name, token, why)


def _refuse_stacked(telling: list[Token], name: str) -> None:
    if not telling:
        raise SourceError(f"{name}: the query is empty. Write one SELECT.")
    for token in telling:
        if token.kind == "semicolon":
            raise _refused(name, token, "there is more than one statement; exactly one SELECT is accepted")


def _refuse_other_statements(telling: list[Token], name: str) -> None:
    first = telling[0]
    if first.text.upper() not in {"SELECT", "WITH"}:
        raise _refused(
            name, first, f"the query begins with {first.text!r}; one SELECT or WITH ... SELECT is accepted"
        )
    depth = 0
    for token in telling:
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.kind == "word" and token.text.upper() == "SELECT":
            return
    raise _refused(name, first, "the WITH leads to no SELECT")


def _refuse_writing(telling: list[Token], name: str) -> None:
    for place, token in enumerate(telling):
        if token.kind == "word" and token.text.upper() in WRITING and not _is_column(telling[:place][-2:]):
            word = token.text.upper()
            raise _refused(
                name,
                token,
                f"{word} is not accepted in a query that only reads (write t.{word.lower()} if it is a column)",
            )


def _is_column(before: list[Token]) -> bool:
    """Whether these two Tokens are a table's name and a dot (``1.`` is a number, so what follows it is no column)."""
    if len(before) < 2 or before[1].text != ".":
        return False
    return before[0].kind == "name" or (before[0].kind == "word" and not before[0].text[0].isdigit())
