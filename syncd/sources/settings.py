"""What a source needs to know; plain values that the configuration builds."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvSourceSettings:
    """One CSV file with a header line.

    ``quote`` is "" where the file has no quoting at all. ``encoding`` is never guessed; ``utf-8`` accepts a byte order
    mark. A file that was modified less than ``settle_seconds`` ago is waited for, and refused if it still changes.
    ``final_newline`` says that a complete file ends with a line end: one that does not is read, but proves nobody's
    absence (``Reading.complete``). ``trailer`` is what the last line must be, "" for no such line: ``{rows}`` stands for
    the number of rows, ``{any}`` for any text. ``name_date`` is how the date is written that ``{date}`` in the name of the file
    stands for, "" for a name without. Raises ValueError for characters that cannot work.
    """

    name: str
    path: Path
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    settle_seconds: float = 0.0
    final_newline: bool = True
    trailer: str = ""
    name_date: str = ""

    def __post_init__(self) -> None:
        if len(self.delimiter) != 1 or self.delimiter in '\r\n\0 "':
            raise ValueError(f"the delimiter must be one character, not {self.delimiter!r}")
        if len(self.quote) > 1 or self.quote in tuple("\r\n\0 " + self.delimiter):
            raise ValueError(
                f"the quote must be one character other than the delimiter, or none: {self.quote!r}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlSourceSettings:
    """One query against a database named by an SQLAlchemy URL, which is a secret (it may hold the password).

    ``timeout_seconds`` is for the whole reading; more than ``max_rows`` rows are refused, not cut off.
    """

    name: str
    url: str = field(repr=False)
    query: str
    timeout_seconds: float = 300.0
    max_rows: int = 5_000_000


SourceSettings = CsvSourceSettings | SqlSourceSettings
"""Everything that ``open_source`` can open."""
