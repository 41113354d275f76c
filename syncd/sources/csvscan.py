"""One pass over a CSV copy that believes nothing: header, number of cells, quotes, NULs, the end.

The cells of a line without a quote character are only counted, of many lines at once; ``csv`` parses the others.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from syncd.errors import SourceError
from syncd.sources.base import MAX_CELL
from syncd.sources.csvlines import Lines, block_of
from syncd.sources.layout import (
    TITLES,
    UNKNOWN,
    Layout,
    begins,
    layout_of,
    no_header,
    no_second,
    without_header,
)
from syncd.sources.settings import CsvSourceSettings

SHOWN = 20
"""How many faulty rows an error names."""

_EVERY = bytes(range(256))
USUAL_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What a file holds: its Layout, how many rows and lines, the line its header ends on, whether it ends with a line end."""

    layout: Layout
    rows: int
    lines: int
    header_end: int
    final_newline: bool


def csv_dialect(settings: CsvSourceSettings) -> Any:
    """The settings as a dialect of ``csv``; also raises the size of cell that module accepts (one per process)."""
    csv.field_size_limit(MAX_CELL)
    if settings.quote:
        return csv.reader((), delimiter=settings.delimiter, quotechar=settings.quote, strict=True).dialect
    return csv.reader((), delimiter=settings.delimiter, quoting=csv.QUOTE_NONE, strict=True).dialect


def scan(lines: Lines, settings: CsvSourceSettings) -> Scan:
    """Check the whole of a file; SourceError names every faulty row, up to 20."""
    scanner = _Scanner(
        lines=lines, settings=settings, dialect=csv_dialect(settings), label=settings.path.name
    )
    layout = scanner.layout = scanner.header()
    header_end = scanner.line
    rows = scanner.count_rows(layout.width)
    if rows == 0:
        has = "has not one row" if settings.header.none else "has a header and not one row"
        raise SourceError(
            f"{scanner.label}: {has}. An empty export is never taken for 'nobody works here'. "
            "Nothing was planned. Let HR export it again."
        )
    return Scan(
        layout=layout,
        rows=rows,
        lines=scanner.line,
        header_end=header_end,
        final_newline=scanner.last.endswith(("\n", "\r")),
    )


@dataclass(slots=True, kw_only=True)
class _Scanner:
    """Where the pass has come to: ``line`` is the number of lines taken, ``last`` the text of the last one.

    ``record_start`` is the line on which the record began that was parsed last, ``is_blank`` whether nothing was written yet.
    """

    lines: Lines
    settings: CsvSourceSettings
    dialect: Any
    label: str
    layout: Layout = UNKNOWN
    line: int = 0
    last: str = ""
    record_start: int = 0
    is_blank: bool = True
    quoted: int = 0
    ragged: list[tuple[int, int]] = field(default_factory=list)
    ragged_count: int = 0
    stray: list[int] = field(default_factory=list)
    last_is_ragged: bool = False

    def header(self) -> Layout:
        """The Layout that the header gives; the lines of the header, and what is above it, are taken then."""
        header = self.settings.header
        if header.none:
            return without_header(header)
        line = self._first_line(header.starts_with)
        if line is None:
            raise self._no_header()
        layout = self._layout(self._parse(line))
        if header.second:
            under = self._first_line(())
            if under is None or not begins(self._parse(under), header.second):
                raise no_second(f"{self.label}:{self.record_start}", header.second)
        return layout

    def _first_line(self, starts_with: tuple[str, ...]) -> str | None:
        """The next line that is not blank, or whose cells begin so; None if there is none."""
        for line in self.lines:
            self.line += 1
            self.last = line
            self._refuse_nul(line, self.line)
            if line.strip() and (not starts_with or begins(self._loosely(line), starts_with)):
                return line
            self.is_blank = self.is_blank and not line.strip()
            if starts_with and self.line >= TITLES:
                break
        return None

    def _no_header(self) -> SourceError:
        if not self.is_blank:
            return no_header(self.label, self.settings.header.starts_with)
        return SourceError(
            f"{self.label}: is empty ({'no bytes' if not self.line else 'blank lines only'}). "
            "Nothing was planned. Check whether the HR export ran to its end."
        )

    def _loosely(self, line: str) -> list[str]:
        """The cells of a line that may be a title, so its quotes may be no quotes."""
        try:
            return next(csv.reader((line,), self.dialect, strict=False))
        except csv.Error:
            return []

    def _layout(self, cells: list[str]) -> Layout:
        place = f"{self.label}:{self.record_start}"
        self._refuse_wrong_delimiter(cells, place)
        return layout_of(cells, self.settings.header, place)

    def count_rows(self, width: int) -> int:
        """The number of rows, once each has ``width`` cells; SourceError otherwise."""
        rows = self._count_lines(width)
        if self.ragged:
            raise self._ragged_error(width)
        if self.stray:
            raise self._stray_error()
        return rows

    def _count_lines(self, width: int) -> int:
        """Count many lines together where they are plain, and else one by one as long as few have a quote."""
        rows = 0
        while text := self.lines.take_text():
            if self._is_plain(text, width):
                number = text.count(b"\n")
                self.line += number
                self.last = text[text.rfind(b"\n", 0, -1) + 1 :].decode()
                self.last_is_ragged = False
                rows += number
            else:
                block = block_of(text)
                self.lines.give_back(block)
                rows += self._count_some(len(block.lines), width)
        return rows

    def _is_plain(self, text: bytes, width: int) -> bool:
        """Whether each line is a row that needs no second look: cells enough, none of them too large, no quote, no NUL.

        What is left of such lines without the characters that mean nothing is the same for each of them.
        """
        delimiter = self.settings.delimiter.encode()
        if self.layout.named != width or width == 1 or len(delimiter) > 1 or len(text) > MAX_CELL:
            return False
        meaning = b"\0\r\n" + delimiter + self.settings.quote.encode()
        left = text.translate(None, _EVERY.translate(None, meaning))
        end = b"\r\n" if text.endswith(b"\r\n") else b"\n"
        return text.endswith(end) and left == (delimiter * (width - 1) + end) * text.count(b"\n")

    def _count_some(self, number: int, width: int) -> int:
        """Count so many lines, and those that the last row goes on to, one by one; all that are left if many have a quote."""
        quote, delimiter, wanted = self.settings.quote, self.settings.delimiter, width - 1
        blank_end = delimiter * (width - self.layout.named)
        end, rows = self.line + number, 0
        while self.line < end:
            line = next(self.lines)
            self.line += 1
            self.last = line
            if quote and quote in line:
                self.quoted += 1
                rows += self._judge(self._parse(line), self.record_start, width)
                if self.quoted * 4 > self.line:
                    return rows + self._count_parsed(width)
                continue
            if "\0" in line:
                self._refuse_nul(line, self.line)
            if len(line) > MAX_CELL:
                self._refuse_large(line)
            if (
                line.count(delimiter) == wanted
                and (wanted or line.rstrip("\r\n"))
                and (not blank_end or line.rstrip("\r\n").endswith(blank_end))
            ):
                rows += 1
                self.last_is_ragged = False
            else:
                text = line.rstrip("\r\n")
                rows += self._judge(text.split(delimiter) if text else [], self.line, width)
        return rows

    def _count_parsed(self, width: int) -> int:
        """Count by parsing what is left, which is quicker where most lines have a quote."""
        reader = csv.reader(self._following(), self.dialect)
        rows = 0
        while True:
            self.record_start = self.line + 1
            try:
                cells = next(reader)
            except StopIteration:
                return rows
            except csv.Error as error:
                raise self._broken(str(error)) from error
            if len(cells) == width and (width > 1 or cells) and not self.layout.is_stray(cells):
                rows += 1
                self.last_is_ragged = False
            else:
                rows += self._judge(cells, self.record_start, width)

    def _judge(self, cells: list[str], start: int, width: int) -> int:
        """1 for a row, 0 for a blank line or one that is noted as ragged."""
        if is_blank(cells, width):
            return 0
        self.last_is_ragged = len(cells) != width
        if not self.last_is_ragged:
            if self.layout.is_stray(cells):
                self.stray.append(start)
            return 1
        self.ragged_count += 1
        if len(self.ragged) < SHOWN:
            self.ragged.append((start, len(cells)))
        return 0

    def _parse(self, line: str) -> list[str]:
        """The record that starts with ``line``, taking the lines it goes on to."""
        self.record_start = self.line
        self._refuse_nul(line, self.line)
        try:
            return next(csv.reader(chain((line,), self._following()), self.dialect))
        except csv.Error as error:
            raise self._broken(str(error)) from error

    def _following(self) -> Iterator[str]:
        for line in self.lines:
            self.line += 1
            self.last = line
            if "\0" in line:
                self._refuse_nul(line, self.line)
            yield line

    def _broken(self, reason: str) -> SourceError:
        again = "Nothing was planned. Let HR export it again."
        if "unexpected end" in reason:
            return SourceError(
                f"{self.label}:{self.record_start}: a quote opened in this row is never closed: "
                f"the file is truncated, or a quote within a cell is not doubled. {again}"
            )
        if "field limit" in reason:
            return SourceError(
                f"{self.label}:{self.record_start}: a cell of more than 1 MiB begins in this row; "
                f"perhaps its quote is never closed. {again}"
            )
        return SourceError(
            f"{self.label}:{self.line}: text follows a closing quote; a quote within a cell must be doubled. {again}"
        )

    def _refuse_nul(self, text: str, line: int) -> None:
        if "\0" in text:
            raise SourceError(
                f"{self.label}:{line}: holds a NUL character, so it is no {self.settings.encoding} text or is damaged. "
                "If the file is UTF-16, declare `encoding: utf-16`."
            )

    def _refuse_large(self, line: str) -> None:
        if max(map(len, line.split(self.settings.delimiter))) > MAX_CELL:
            self.record_start = self.line
            raise self._broken("field limit")

    def _ragged_error(self, width: int) -> SourceError:
        line, found = self.ragged[0]
        if self.ragged_count == 1 and self.last_is_ragged and found < width:
            return SourceError(
                f"{self.label}:{line}: the file ends within this row: expected {width} cells, found {found}. "
                "It is truncated. Nothing was planned. Let HR export it again."
            )
        rows = "1 row does" if self.ragged_count == 1 else f"{self.ragged_count} rows do"
        says = "source.width says" if self.settings.header.none else "the header"
        lines = [f"{self.label}: {rows} not have as many cells as {says}:"]
        lines += [
            f"  {self.label}:{line}: expected {width} cells, found {found}" for line, found in self.ragged
        ]
        if self.ragged_count > len(self.ragged):
            lines.append(f"  and {self.ragged_count - len(self.ragged)} more")
        name = USUAL_DELIMITERS.get(self.settings.delimiter, self.settings.delimiter)
        lines.append(f"Nothing was planned. A cell that holds a {name} or a line break must be quoted.")
        return SourceError("\n".join(lines))

    def _stray_error(self) -> SourceError:
        first, width = self.layout.named + 1, self.layout.width
        where = f"column {width}" if first == width else f"columns {first} to {width}"
        lines = ", ".join(f"{self.label}:{line}" for line in self.stray[:SHOWN])
        more = f", and {len(self.stray) - SHOWN} more" if len(self.stray) > SHOWN else ""
        return SourceError(
            f"{self.label}: rows have something in {where}, for which the header has no name: {lines}{more}. "
            "Nothing was planned. Every column needs a name of its own; source.positions can give it one. "
            "If the header is further down, say how it begins: source.header.starts_with."
        )

    def _refuse_wrong_delimiter(self, names: list[str], place: str) -> None:
        if len(names) != 1:
            return
        counts = {
            other: names[0].count(other) for other in USUAL_DELIMITERS if other != self.settings.delimiter
        }
        best = max(counts, key=lambda other: counts[other])
        if counts[best]:
            written = "\\t" if best == "\t" else best
            raise SourceError(
                f"{place}: the header has no {self.settings.delimiter!r}, the declared delimiter. "
                f'Hint: it has {counts[best]} × {USUAL_DELIMITERS[best]}; perhaps `delimiter: "{written}"`.'
            )


def is_blank(cells: list[str], width: int) -> bool:
    """Whether a parsed line is a blank one, which is skipped; in a file of one column only a line of nothing is."""
    return not cells or (len(cells) == 1 and not cells[0].strip() and width > 1)
