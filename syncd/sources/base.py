"""What every source gives: a Reading, which is HR at one moment, complete, in a private copy."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from syncd.core.model import Record
from syncd.errors import SourceError

MAX_CELL = 1024 * 1024
"""The most characters that one cell may have; more is a broken file, not a fact about a person."""

TOGETHER = 10_000
"""So many rows are hashed together."""

RawRow = tuple[int, list[str]]
"""The number of a row (the line it starts on, or its place in a result), and its cells, as many as columns."""


class Hashed(NamedTuple):
    """Some rows: their numbers, a hash (16 bytes) of what is written in each, and their cells, or a line that is not taken apart.

    Rows with the same hash have the same cells; the reverse need not be: a cell may be quoted or not. ``taken_apart`` makes
    cells of what is in ``rows``.
    """

    numbers: Sequence[int]
    hashes: list[bytes]
    rows: Sequence[Any]
    taken_apart: Callable[[Any], list[str]] = list


class RawRows(Protocol):
    """The rows of a private copy, streamed anew by each ``iter``."""

    def __iter__(self) -> Iterator[RawRow]:
        """Every row in the order of the source, checked already: as many cells as columns."""
        ...

    def hashed(self) -> Iterator[Hashed]:
        """Every row by its hash, some at a time, and not taken apart where that is possible."""
        ...

    def pick(self, numbers: Collection[int]) -> Iterator[RawRow]:
        """The rows of these numbers, in the order of the source."""
        ...


def hashed_rows(rows: Iterable[RawRow]) -> Iterator[Hashed]:
    """Rows that were taken apart already, by the hash of their cells."""
    waiting = iter(rows)
    while some := list(islice(waiting, TOGETHER)):
        cells = [row for _, row in some]
        yield Hashed(
            [number for number, _ in some], [row_hash("\0".join(("", *row))) for row in cells], cells
        )


def numbered(raw: RawRows) -> Iterator[tuple[int, bytes]]:
    """The number and the hash of every row."""
    return (
        (number, found)
        for some in raw.hashed()
        for number, found in zip(some.numbers, some.hashes, strict=True)
    )


def row_hash(text: str) -> bytes:
    """16 bytes that stand for the text of a row."""
    return blake2b(text.encode(), digest_size=16).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """HR as it was read, whole.

    ``raw`` streams numbers and cells from the private copy as often as it is asked to, which is all that is needed to
    skip what did not change; ``records`` the same as Records. ``sha256`` (hex) identifies the content, ``size_bytes``
    is that of the private copy. ``modified_at`` is UTC, or None where a source has no such time. ``complete`` is False
    when the copy may lack people at its end although it could be read: then nobody's absence follows from it. ``dated``
    is the day that its name says, None if it says none.
    """

    name: str
    columns: tuple[str, ...]
    rows: int
    sha256: str
    size_bytes: int
    modified_at: datetime | None
    complete: bool
    place: str
    raw: RawRows
    dated: date | None = None

    @property
    def file(self) -> str:
        """The file that was read, as origins name it; of a source without files its own name."""
        return file_of(self.place) or self.name

    @property
    def records(self) -> "Records":
        """The rows as Records, to be iterated as often as needed."""
        return Records(self)

    def record(self, raw_row: RawRow) -> Record:
        """One raw row as a Record: its origin is ``place`` and the number (``hr.csv:42``, ``hr:row 42``)."""
        number, cells = raw_row
        fields = dict(zip(self.columns, cells, strict=True))
        return Record(fields=fields, origin=f"{self.place}{number}", source=self.name)


def file_of(place: str) -> str:
    """The file that the place of a Reading names (``hr.csv:``); "" where rows are in none (``hr:row ``)."""
    file, _, rest = place.rpartition(":")
    return "" if rest else file


@dataclass(frozen=True, slots=True)
class Records:
    """The Records of a Reading: sized, and streamed anew by each ``iter``."""

    reading: Reading

    def __len__(self) -> int:
        return self.reading.rows

    def __iter__(self) -> Iterator[Record]:
        return map(self.reading.record, self.reading.raw)


class Source(Protocol):
    """Where HR is read from."""

    @property
    def name(self) -> str:
        """The name the configuration gives to this source."""
        ...

    def read(self, workspace: Path) -> Reading:
        """Copy HR into ``workspace`` (an existing private folder, the Run's own) and check it whole.

        Raises SourceError when HR is missing, unreadable, empty, truncated or was changed meanwhile; then the
        workspace is as it was. Otherwise the copy is the caller's to remove once the Reading is done with.
        """
        ...


@runtime_checkable
class Restrained(Protocol):
    """A Source that can tell whether its user may do more than read. Optional."""

    def excess(self) -> str:
        """What that user may do besides reading; "" if nothing, or if it cannot be told. Never raises."""
        ...


def require_columns(reading: Reading, needed: Collection[str]) -> None:
    """Raise SourceError, naming all of them and what was probably meant, if ``needed`` columns are not there."""
    missing = [column for column in needed if column not in reading.columns]
    if not missing:
        return
    lines = [f"{reading.name}: the mapping needs columns that the source does not have:"]
    for column in missing:
        close = get_close_matches(column, reading.columns, n=1)
        lines.append(f"  {column}" + (f" (did you mean {close[0]}?)" if close else ""))
    lines.append(f"It has: {', '.join(reading.columns)}.")
    raise SourceError("\n".join(lines))
