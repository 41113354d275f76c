"""HR as a sheet of a workbook (.xlsx, .xls, .ods): looked at before it is opened, then spooled as text, row by row.

python-calamine reads it: values, never formulas. It holds the whole sheet in memory while it is spooled.
"""

import json
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as daytime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncd.errors import ConfigError, Fault, SourceError
from syncd.sources.base import TOGETHER, Hashed, RawRow, Reading, row_hash
from syncd.sources.filesource import FileSource
from syncd.sources.layout import (
    TITLES,
    UNKNOWN,
    Layout,
    begins,
    layout_of,
    no_header,
    no_second,
    taken,
    without_header,
)
from syncd.sources.privatecopy import PrivateCopy, no_room, private_file
from syncd.sources.settings import ExcelSourceSettings
from syncd.sources.sqlvalue import as_text
from syncd.sources.trailer import counted, must_agree
from syncd.sources.workbook import Contents, look_at

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

SHOWN = 20
EXACT = 10**15
"""From here on a spreadsheet has lost digits: it keeps 15."""
_AGAIN = "Nothing was planned. Let HR export it again."


class ExcelSource(FileSource[ExcelSourceSettings]):
    """A Source that is one sheet."""

    def read(self, workspace: Path) -> Reading:
        """As ``Source.read``. ConfigError without python-calamine."""
        _need_calamine()
        return super().read(workspace)

    @staticmethod
    def _table(copy: PrivateCopy, settings: ExcelSourceSettings) -> Reading:
        """As ``FileSource._table``; the copy goes, a spool stays."""
        label, workspace = settings.path.name, copy.path.parent
        try:
            contents = look_at(copy.path, label)
            sheet = _sheet(copy.path, settings, contents)
            spool, path = private_file(workspace, "source-")
            digest = sha256()  # of what the cells say: a workbook that is saved again is another file
            try:
                with os.fdopen(spool, "w", encoding="ascii", newline="\n") as file:
                    table = _Table(sheet=sheet, settings=settings, label=label)
                    table.spool(_both(file.write, lambda text: digest.update(text.encode("ascii"))))
                    digest.update(json.dumps(table.layout.columns).encode("ascii"))
            except OSError as error:
                path.unlink()
                raise no_room(label, workspace, error) from error
            except BaseException:
                with suppress(OSError):
                    path.unlink()
                raise
        finally:
            copy.path.unlink()
        return Reading(
            name=settings.name,
            columns=table.layout.columns,
            rows=table.rows,
            sha256=digest.hexdigest(),
            size_bytes=path.stat().st_size,
            modified_at=copy.modified_at,
            complete=True,
            place=f"{label}:",
            raw=taken(SheetRows(path=path), table.layout, guards=settings.guards),
        )


def _both(one: Callable[[str], Any], other: Callable[[str], Any]) -> Callable[[str], None]:
    def each(text: str) -> None:
        one(text)
        other(text)

    return each


def _need_calamine() -> None:
    try:
        import python_calamine  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            [Fault(where="source", key="type", message='excel needs a package: pip install "syncd[excel]"')]
        ) from error


def _sheet(path: Path, settings: ExcelSourceSettings, contents: Contents) -> "CalamineSheet":
    """The sheet that is meant, once it is safe to hold in memory and no cell of it is an error."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    label = settings.path.name
    try:
        with path.open("rb") as file, CalamineWorkbook.from_filelike(file) as workbook:
            name = _sheet_name(workbook, settings.sheet, label)
            contents.check(name, label)
            return workbook.get_sheet_by_name(name)
    except PasswordError as error:
        raise SourceError(f"{label}: is protected by a password. Nothing was planned.") from error
    except (CalamineError, OSError, ValueError) as error:
        raise SourceError(f"{label}: is no workbook that can be read, or is damaged. {_AGAIN}") from error


def _sheet_name(workbook: "CalamineWorkbook", wanted: str, label: str) -> str:
    names = workbook.sheet_names
    if wanted in names or (not wanted and len(names) == 1):
        return wanted or names[0]
    if wanted.isdigit() and 1 <= int(wanted) <= len(names):
        return names[int(wanted) - 1]
    has = ", ".join(map(repr, names[:SHOWN]))
    problem = (
        f"has no sheet {wanted!r}" if wanted else f"has {len(names)} sheets, and source.sheet names none"
    )
    raise SourceError(f"{label}: {problem}. It has: {has}. Nothing was planned.")


@dataclass(slots=True, kw_only=True)
class _Table:
    """A sheet on its way into the spool, which has a line for each row of the sheet: blank where nobody is."""

    sheet: "CalamineSheet"
    settings: ExcelSourceSettings
    label: str
    layout: Layout = UNKNOWN
    rows: int = 0

    def spool(self, write: Callable[[str], Any]) -> None:
        """Write every row, and check the table whole."""
        numbered = self._numbered()
        header_end = self._header(numbered)
        last, trailer, said = self._trailer()
        self._refuse_merged(header_end, last)
        write("\n" * header_end)
        faults: list[str] = []
        for number, values in numbered:
            if number > last:
                break
            if not _is_written(values):
                write("\n")
                continue
            write(json.dumps(self._cells(number, values, faults)) + "\n")
            self.rows += 1
        if faults:
            raise self._faulty(faults)
        if not self.rows:
            raise SourceError(
                f"{self.label}: has a header and not one row. An empty export is never taken for 'nobody works here'. "
                f"{_AGAIN}"
            )
        if trailer:
            must_agree(said, self.rows, self.label)

    def _numbered(self) -> Iterator[tuple[int, list[Any]]]:
        """Every row with its number in the sheet, its first cell that of column A."""
        before = [""] * (self.sheet.start[1] if self.sheet.start else 0)
        return ((number, [*before, *values]) for number, values in enumerate(self.sheet.iter_rows(), 1))

    def _header(self, numbered: Iterator[tuple[int, list[Any]]]) -> int:
        """The number of the row that the header ends on."""
        header = self.settings.header
        if header.none:
            self.layout = without_header(header)
            return 0
        number, cells = self._first(numbered, header.starts_with)
        self.layout = layout_of(cells, header, f"{self.label}:{number}")
        if header.second:
            number, cells = self._first(numbered, ())
            if not begins(cells, header.second):
                raise no_second(f"{self.label}:{number}", header.second)
        return number

    def _first(
        self, numbered: Iterator[tuple[int, list[Any]]], starts_with: tuple[str, ...]
    ) -> tuple[int, list[str]]:
        number = 0
        for number, values in numbered:
            cells = [_as_cell(value) for value in values]
            if any(cells) and (not starts_with or begins(cells, starts_with)):
                return number, cells
            if starts_with and number >= TITLES:
                break
        if starts_with and number:
            raise no_header(self.label, starts_with)
        raise SourceError(
            f"{self.label}: the sheet {self.sheet.name!r} ends before its table begins. {_AGAIN}"
        )

    def _trailer(self) -> tuple[int, tuple[str, ...], int | None]:
        """The number of the last row above the trailer, the trailer, and the number of rows that it says."""
        trailer, said = self.settings.trailer, None
        last = self.sheet.end[0] + 1 if self.sheet.end else 0
        if trailer:
            written = [
                (number, " ".join(filter(None, map(_as_cell, values))).strip())
                for number, values in self._numbered()
                if _is_written(values)
            ][-len(trailer) :]
            written = [(0, "")] * (len(trailer) - len(written)) + written
            for pattern, (_, line) in zip(trailer, written, strict=True):
                said = counted(pattern, line, self.label, said)
            last = written[0][0] - 1
        return last, trailer, said

    def _refuse_merged(self, header_end: int, last: int) -> None:
        merged = [
            f"{_address(*first)}:{_address(*end)}"
            for first, end in self.sheet.merged_cell_ranges or ()
            if end[0] >= header_end and first[0] < last
        ]
        if merged:
            raise SourceError(
                f"{self.label}: cells of people are merged ({', '.join(merged[:SHOWN])}); only the first of them has the text. "
                "Nothing was planned. Every row needs cells of its own."
            )

    def _cells(self, number: int, values: Sequence[Any], faults: list[str]) -> list[str]:
        width, cells = self.layout.width, []
        if _is_written(values[width:]):
            faults.append(
                f"{self.label}:{number}: has something to the right of the header's {width} columns"
            )
        values = [*values[:width], *[""] * (width - len(values))]
        for value in values:
            try:
                cells.append(_as_cell(value))
            except ValueError as error:
                faults.append(f"{self.label}:{number}: {_letters(len(cells))}{number}: {error}")
                cells.append("")
        if self.layout.is_stray(cells):
            faults.append(f"{self.label}:{number}: has something in a column without a name")
        for column, place in zip(self.layout.columns, self.layout.keep, strict=True):
            if column in self.settings.text and not isinstance(values[place], str):
                faults.append(
                    f"{self.label}:{number}: {_letters(place)}{number}: {column} is a number or a date, not a text"
                )
        return cells

    def _faulty(self, faults: list[str]) -> SourceError:
        more = [f"  and {len(faults) - SHOWN} more"] if len(faults) > SHOWN else []
        lines = [
            f"{self.label}: cells cannot be read as they are:",
            *(f"  {fault}" for fault in faults[:SHOWN]),
            *more,
        ]
        if any("is a number or a date, not a text" in fault for fault in faults):
            lines.append(
                "A number has lost the zeros in front of it (00123 is 123). Let HR write these columns as text; "
                "if no id begins with zero, declare `text: []`."
            )
        lines.append("Nothing was planned.")
        return SourceError("\n".join(lines))


def _is_written(values: Sequence[Any]) -> bool:
    """Whether any of these cells says something."""
    return any(str(value).strip() for value in values)


def _as_cell(value: Any) -> str:
    """The text of a value: whole numbers without a point, days and times as ISO 8601 writes them. ValueError says what is wrong."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= EXACT:
        raise ValueError(
            "a number of more than 15 digits, of which a spreadsheet keeps 15; it must be a text"
        )
    if isinstance(value, datetime) and value.time() == daytime():
        value = value.date()
    if isinstance(value, timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return as_text(value)


def _letters(place: int) -> str:
    """The letters of a column (from 0)."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _address(row: int, place: int) -> str:
    return f"{_letters(place)}{row + 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRows:
    """The rows of a spool; each number is that of the row in the sheet."""

    path: Path

    def _lines(self) -> Iterator[tuple[int, str]]:
        with self.path.open(encoding="ascii") as file:
            yield from ((number, line) for number, line in enumerate(file, 1) if line != "\n")

    def __iter__(self) -> Iterator[RawRow]:
        return ((number, json.loads(line)) for number, line in self._lines())

    def hashed(self) -> Iterator[Hashed]:
        """Every row by the hash of its line in the spool."""
        lines = self._lines()
        while some := list(islice(lines, TOGETHER)):
            written = [line for _, line in some]
            yield Hashed([number for number, _ in some], list(map(row_hash, written)), written, json.loads)

    def pick(self, numbers: Collection[int]) -> Iterator[RawRow]:
        """The rows of these numbers."""
        return ((number, json.loads(line)) for number, line in self._lines() if number in numbers)
