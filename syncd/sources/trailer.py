"""The trailer: last lines by which a file proves that it is whole. They are taken off the private copy before that is read."""

import codecs
import os
import re
from collections.abc import Sequence
from pathlib import Path

from syncd.errors import SourceError
from syncd.sources.base import MAX_CELL


def take_off(copy: Path, trailer: Sequence[str], codec: str, label: str) -> int | None:
    """Cut the last lines off ``copy``; returns the number of rows that they say, None if they say none (or none are asked for).

    ``trailer`` are texts, the last one of the last line. Raises SourceError if a line that is not blank is another.
    """
    said: int | None = None
    for pattern in reversed(trailer):
        start, line = _last_line(copy, codec)
        said = counted(pattern, line, label, said)
        os.truncate(copy, start)
    return said


def counted(pattern: str, line: str, label: str, said: int | None = None) -> int | None:
    """The number of rows that this line of the trailer says, else ``said``.

    ``{rows}`` in the ``pattern`` is that number and ``{any}`` any text. Raises SourceError if the line is another.
    """
    found = _pattern(pattern).fullmatch(line)
    if found is None:
        raise SourceError(
            f'{label}: does not end with its trailer (source.expect.trailer: "{pattern}"). It is not whole, or that line '
            "is written in another way now. Nothing was planned. Let HR export it again."
        )
    return int(found["rows"]) if "{rows}" in pattern else said


def must_agree(said: int | None, rows: int, label: str) -> None:
    """Raise SourceError if the trailer says another number of rows than there are."""
    if said is not None and said != rows:
        raise SourceError(
            f"{label}: its trailer says {said} rows, and it has {rows}. "
            "It is not whole. Nothing was planned. Let HR export it again."
        )


def _pattern(trailer: str) -> re.Pattern[str]:
    plain = re.escape(trailer.strip())
    return re.compile(
        plain.replace(re.escape("{rows}"), r"(?P<rows>[0-9]{1,12})").replace(re.escape("{any}"), ".*?")
    )


def _last_line(copy: Path, codec: str) -> tuple[int, str]:
    """Where the last line begins that is not blank, in bytes, and its text, stripped."""
    newline = "\n".encode(_unmarked(codec, copy))
    width = len(newline)
    size = copy.stat().st_size
    first = max(0, size - size % width - MAX_CELL)
    with copy.open("rb") as file:
        file.seek(first)
        tail = file.read()
    end = len(tail) - len(tail) % width
    while True:
        start = _after_line_end(tail, newline, end)
        text = tail[start:end].decode(_unmarked(codec, copy), "replace").strip("\ufeff \t\r\n")
        if text or not start:
            return first + start, text
        end = start - width


def _after_line_end(tail: bytes, newline: bytes, end: int) -> int:
    """Where the line begins that ends at ``end``; line ends are found only where a character may begin."""
    place = end
    while (place := tail.rfind(newline, 0, place)) >= 0:
        if place % len(newline) == 0:
            return place + len(newline)
    return 0


def _unmarked(codec: str, copy: Path) -> str:
    """The codec without its byte order mark: what the middle of a file is written in."""
    if codec == "utf-16":
        with copy.open("rb") as file:
            return "utf-16-be" if file.read(2) == codecs.BOM_UTF16_BE else "utf-16-le"
    return "utf-8" if codec == "utf-8-sig" else codec
