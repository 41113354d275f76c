"""HR as a CSV file: copied, checked whole, then streamed as rows with the line each one starts on."""

import csv
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from syncd.errors import SourceError
from syncd.sources.base import Hashed, RawRow, Reading, hashed_rows, row_hash
from syncd.sources.csvlines import Lines, line_hashes
from syncd.sources.csvscan import Scan, csv_dialect, scan
from syncd.sources.decoding import codec_of, explain, mistaken, wrong_mark
from syncd.sources.filesource import FileSource
from syncd.sources.layout import taken
from syncd.sources.privatecopy import PrivateCopy
from syncd.sources.settings import CsvSourceSettings
from syncd.sources.trailer import must_agree, take_off
from syncd.sources.unpacking import refuse_packed


class CsvSource(FileSource[CsvSourceSettings]):
    """A Source that is one CSV file."""

    @staticmethod
    def _table(copy: PrivateCopy, settings: CsvSourceSettings) -> Reading:
        label = settings.path.name
        try:
            codec = codec_of(settings.encoding)
            refuse_packed(copy.path, label)
            said = take_off(copy.path, settings.trailer, codec, label)
            found = _scan_copy(copy.path, settings, codec)
            must_agree(said, found.rows, label)
        except BaseException:
            copy.path.unlink()
            raise
        return _reading(settings, copy, found, codec)


class _Block(NamedTuple):
    """Some lines, the number of the first one, and the rows that they are, if one of them has a quote."""

    first: int
    lines: list[bytes]
    rows: list[RawRow] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvRows:
    """The rows of a checked copy; each number is that of the physical line on which the row starts.

    ``is_dense``: each line behind the header is a row.
    """

    path: Path
    codec: str
    settings: CsvSourceSettings
    dialect: Any
    width: int
    header_end: int
    is_dense: bool

    def __iter__(self) -> Iterator[RawRow]:
        with self._opened() as file:
            reader = csv.reader(file, self.dialect)
            start, offset, width = 1, self.header_end, self.width
            for cells in reader:
                if cells and len(cells) == width:  # the scan has refused all others but blank lines
                    yield offset + start, cells
                start = reader.line_num + 1

    def hashed(self) -> Iterator[Hashed]:
        """Every row by the hash of its line, line end included, or of its cells if there is a quote among some lines."""
        if self.width == 1 or self._is_quoted():
            return hashed_rows(self)
        return (
            found
            for block in self._blocks()
            for found in (
                [self._hashed_lines(block)] if block.rows is None else self._hashed_apart(block, block.rows)
            )
        )

    def _hashed_lines(self, block: "_Block") -> Hashed:
        rows = block.lines
        numbers: Sequence[int] = range(block.first, block.first + len(rows))
        if not self.is_dense:  # then a line without a delimiter is blank, as the scan has seen
            delimiter = self.settings.delimiter.encode()
            numbers = [number for number, line in zip(numbers, rows, strict=True) if delimiter in line]
            rows = [line for line in rows if delimiter in line]
        return Hashed(numbers, line_hashes(rows), rows, self._apart)

    def _hashed_apart(self, block: "_Block", rows: Sequence[RawRow]) -> Iterator[Hashed]:
        """Those with a quote by their cells, the others by their lines, as where none has one."""
        quote = self.settings.quote.encode()
        numbers = [number for number, _ in rows]
        lines = [block.lines[number - block.first] for number in numbers]
        hashes = [
            row_hash("\0".join(("", *cells))) if quote in line else line_hash
            for (_, cells), line, line_hash in zip(rows, lines, line_hashes(lines), strict=True)
        ]
        yield Hashed(numbers, hashes, [cells for _, cells in rows])

    def _apart(self, line: bytes) -> list[str]:
        return next(csv.reader((line.decode(),), self.dialect))

    def pick(self, numbers: Collection[int]) -> Iterator[RawRow]:
        """The rows of these numbers; the others are not taken apart where that is possible."""
        if self.width == 1 or self._is_quoted():
            yield from ((number, cells) for number, cells in self if number in numbers)
            return
        wanted = sorted(numbers)
        for block in self._blocks():
            if block.rows is not None:
                yield from (row for row in block.rows if row[0] in numbers)
                continue
            here = bisect_left(wanted, block.first), bisect_left(wanted, block.first + len(block.lines))
            for number in wanted[slice(*here)]:
                yield number, self._apart(block.lines[number - block.first])

    def _blocks(self) -> Iterator["_Block"]:
        """The lines, some at a time; those with a quote among them taken apart, to the end of the last row."""
        quote, first = self.settings.quote.encode(), self.header_end + 1
        waiting = Lines(self.path, self.codec)
        for _ in range(self.header_end):
            next(waiting)
        while (block := waiting.take()).lines:
            lines = block.lines
            if not quote or quote not in block.text:
                yield _Block(first, lines)
                first += len(lines)
                continue
            reader = csv.reader(chain(map(bytes.decode, lines), waiting), self.dialect)
            rows, start = [], 0
            while reader.line_num < len(lines):
                cells = next(reader)
                if len(cells) == self.width:
                    rows.append((first + start, cells))
                start = reader.line_num
            yield _Block(first, lines, rows)
            first += reader.line_num

    def _is_quoted(self) -> bool:
        """Whether the first row has a quote: most likely they all have."""
        with self._opened() as file:
            return bool(self.settings.quote) and self.settings.quote in file.readline()

    @contextmanager
    def _opened(self) -> Iterator[TextIO]:
        """The copy, behind its header."""
        with self.path.open(encoding=self.codec, errors="strict", newline="") as file:
            for _ in range(self.header_end):
                file.readline()
            yield file


def _scan_copy(copy: Path, settings: CsvSourceSettings, codec: str) -> Scan:
    announced = wrong_mark(copy, settings.encoding)
    if announced:
        raise SourceError(
            f"{settings.path.name}:1: starts with the byte order mark of {announced}, "
            f"but {settings.encoding} is declared. Declare `encoding: {announced}`."
        )
    if mistaken(copy, settings.encoding):
        raise SourceError(
            f"{settings.path.name}: is UTF-8 in every character, but {settings.encoding} is declared, in which its letters "
            "would be others. Declare `encoding: utf-8`."
        )
    try:
        return scan(Lines(copy, codec), settings)
    except UnicodeError:
        raise explain(copy, settings.path.name, settings.encoding) from None


def _reading(settings: CsvSourceSettings, copy: PrivateCopy, found: Scan, codec: str) -> Reading:
    rows = CsvRows(
        path=copy.path,
        codec=codec,
        settings=settings,
        dialect=csv_dialect(settings),
        width=found.layout.width,
        header_end=found.header_end,
        is_dense=found.lines == found.header_end + found.rows,
    )
    return Reading(
        name=settings.name,
        columns=found.layout.columns,
        rows=found.rows,
        sha256=copy.sha256,
        size_bytes=copy.size_bytes,
        modified_at=copy.modified_at,
        complete=bool(settings.trailer) or found.final_newline or not settings.final_newline,
        place=f"{settings.path.name}:",
        raw=taken(rows, found.layout, guards=settings.guards),
    )
