"""Scanning JSON: the rows of a document one by one, and what stands around them, in the memory of one row.

Numbers keep their digits: they are read as text. ``json`` reads each row; what is ours is to find where the rows begin.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

CHUNK = 256 * 1024
MAX_VALUE = 16 * 1024 * 1024
"""Characters of the longest single value that is read: a row, or a key beside the rows."""


class BadJson(ValueError):
    """The text is no JSON, or has no rows where they should be; the message names no data."""


def _no_constant(_text: str) -> Any:
    raise BadJson("has a number that is none (NaN or Infinity)")


DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant)


class JsonRows:
    """Iterate it once for the rows at ``steps`` of the document; ``around`` is then the rest, an empty list in their place."""

    def __init__(self, file: TextIO, steps: Sequence[str]) -> None:
        self._file = file
        self._steps = tuple(steps)
        self._text = ""
        self._at = 0
        self._ended = False
        self._found = False
        self.around: Any = None

    def __iter__(self) -> Iterator[Any]:
        rest: list[Any] = []
        yield from self._value(self._steps, rest.append)
        self._skip_blanks()
        if self._peek():
            raise BadJson("has something behind its end")
        self.around = rest[0]

    @property
    def found(self) -> bool:
        """Whether there was a list of rows at all."""
        return self._found

    def _value(self, steps: tuple[str, ...], keep: Any) -> Iterator[Any]:
        """Yield the rows in the value that begins here; hand the value without them to ``keep``."""
        self._skip_blanks()
        if not steps and self._peek() == "[":
            self._found = True
            yield from self._items()
            keep([])
        elif steps and self._peek() == "{":
            members: dict[str, Any] = {}
            yield from self._members(steps, members)
            keep(members)
        else:
            keep(self._whole())

    def _items(self) -> Iterator[Any]:
        self._at += 1
        self._skip_blanks()
        if self._peek() == "]":
            self._at += 1
            return
        while True:
            yield self._whole()
            if self._separator("]"):
                return

    def _members(self, steps: tuple[str, ...], members: dict[str, Any]) -> Iterator[Any]:
        self._at += 1
        self._skip_blanks()
        if self._peek() == "}":
            self._at += 1
            return
        while True:
            key = self._whole()
            self._skip_blanks()
            if not isinstance(key, str) or self._peek() != ":":
                raise BadJson("is no JSON")
            self._at += 1
            if key == steps[0]:
                kept: list[Any] = []
                yield from self._value(steps[1:], kept.append)
                members[key] = kept[0]
            else:
                members[key] = self._whole()
            if self._separator("}"):
                return

    def _separator(self, end: str) -> bool:
        """Step over a comma, or over the end; whether it was the end."""
        self._skip_blanks()
        found = self._peek()
        if found not in {",", end} or not found:
            raise BadJson("is no JSON, or was cut off")
        self._at += 1
        return found == end

    def _whole(self) -> Any:
        """The value that begins here."""
        self._skip_blanks()
        while True:
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                raise BadJson("is nested too deep") from None
            except json.JSONDecodeError:
                if self._ended:
                    raise BadJson("is no JSON, or was cut off") from None
            else:
                if end < len(self._text) or self._ended:  # else a number may go on
                    self._at = end
                    return value
            if len(self._text) - self._at > MAX_VALUE:
                raise BadJson("has a single value that is longer than 16 MiB, or is no JSON")
            self._more()

    def _skip_blanks(self) -> None:
        while True:
            while self._at < len(self._text) and self._text[self._at] in " \t\r\n":
                self._at += 1
            if self._at < len(self._text) or self._ended:
                return
            self._more()

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _more(self) -> None:
        """Read on, at least as much as is waiting: so a long value is not begun anew too often."""
        waiting = self._text[self._at :]
        more = self._file.read(max(CHUNK, len(waiting)))
        self._ended = not more
        self._text, self._at = waiting + more, 0
