"""What a source needs to know; plain values that the configuration builds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from syncd.sources.fetch_settings import Ask
from syncd.sources.json_settings import JsonSourceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where a table says what its columns are called.

    ``none``: nowhere; then ``positions`` (from 1, to names) are the columns that are taken, and ``width`` is how many there
    are. Otherwise the header is the first line that is not blank, or the first one whose cells begin with ``starts_with``:
    what is above it is skipped. A second header row, right under it, must begin with ``second``, and is skipped. ``positions``
    then are other names for some columns. ``width`` 0 is any.
    """

    none: bool = False
    starts_with: tuple[str, ...] = ()
    second: tuple[str, ...] = ()
    positions: Mapping[int, str] = field(default_factory=dict)
    width: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSourceSettings:
    """One file of this machine with a table in it.

    A file that was modified less than ``settle_seconds`` ago is waited for, and refused if it still changes.

    ``name_date`` is how the date is written that ``{date}`` in the name of the file stands for, "" for a name without.
    ``newest`` (name or modified) says which of several files is meant where the name has ``*`` or ``?``, "" for a name without.
    ``marker`` and ``checksum`` are names of files beside it that say that it is whole, "" for none: ``{name}`` stands for
    its name, ``{stem}`` for that without the ending.

    ``unpack`` is gz, zip or none; "" goes by the ending of the name. ``member`` is the file in a zip, ``*`` and ``?`` stand for
    any text; "" if there is but one. ``trailer`` are what the last lines must be, () for no such lines: ``{rows}`` stands for
    the number of rows, ``{any}`` for any text. ``guards``: an apostrophe before a digit or a sign is a spreadsheet's.
    """

    name: str
    path: Path
    settle_seconds: float = 0.0
    name_date: str = ""
    newest: str = ""
    marker: str = ""
    checksum: str = ""
    unpack: str = ""
    member: str = ""
    header: Header = Header()
    trailer: tuple[str, ...] = ()
    guards: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvSourceSettings(FileSourceSettings):
    """One CSV file.

    ``quote`` is "" where the file has no quoting at all. ``encoding`` is never guessed; ``utf-8`` accepts a byte order
    mark. ``final_newline`` says that a complete file ends with a line end: one that does not is read, but proves nobody's
    absence (``Reading.complete``). Raises ValueError for characters that cannot work.
    """

    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    final_newline: bool = True

    def __post_init__(self) -> None:
        if len(self.delimiter) != 1 or self.delimiter in '\r\n\0 "':
            raise ValueError(f"the delimiter must be one character, not {self.delimiter!r}")
        if len(self.quote) > 1 or self.quote in tuple("\r\n\0 " + self.delimiter):
            raise ValueError(
                f"the quote must be one character other than the delimiter, or none: {self.quote!r}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcelSourceSettings(FileSourceSettings):
    """One sheet of a workbook (.xlsx, .xls, .ods). ``sheet`` is its name or its number from 1; "" if there is but one.

    ``text`` are the columns in which a number is refused, for it may have lost zeros in front.
    """

    sheet: str = ""
    text: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """How to read only the rows that changed: those whose ``column`` tells a later time than the last reading, less the overlap.

    ``key`` is the column that tells rows apart. The last reading is kept in ``folder``, a private one. All rows are read
    every ``full_every_seconds``, and whenever they are not as many as they should be.
    """

    column: str
    key: str
    folder: Path
    overlap_seconds: float = 900.0
    full_every_seconds: float = 43200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """How to read a query in pages of ``size`` rows by the column ``by``, whose values are unique and never NULL."""

    by: str
    size: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlSourceSettings:
    """One query against a database named by an SQLAlchemy URL, which is a secret (it may hold the password), asked for anew at
    each reading.

    ``timeout_seconds`` is for the whole reading; more than ``max_rows`` rows are refused, not cut off. ``snapshot`` False is for
    SQL Server alone: rows that are committed are read as they come, and nobody's absence follows from it. Without ``since``
    all rows are read each time, and without ``page`` by a cursor that the server holds.
    """

    name: str
    url: Ask = field(repr=False)
    query: str
    timeout_seconds: float = 300.0
    max_rows: int = 5_000_000
    snapshot: bool = True
    since: Since | None = None
    page: Page | None = None


SourceSettings = CsvSourceSettings | ExcelSourceSettings | SqlSourceSettings | JsonSourceSettings
"""Everything that ``open_source`` can open."""
