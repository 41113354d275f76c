"""Layout: which cells of a table are taken, and what their columns are called."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from syncd.core.cells import clean
from syncd.errors import SourceError
from syncd.sources.base import Hashed, RawRow, RawRows
from syncd.sources.settings import Header

TITLES = 100
"""A header is looked for in so many lines."""
_GUARDED = re.compile(r"'(?=[-0-9=+@])")
"""The apostrophe by which a spreadsheet keeps a text from being a number or a formula; that of 't Hooft is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns that are taken, the places (from 0) of their cells, and how many cells a row has.

    From the place ``named`` on the header is blank, and every cell must be.
    """

    columns: tuple[str, ...]
    keep: tuple[int, ...]
    width: int
    named: int

    def is_stray(self, cells: Sequence[str]) -> bool:
        """Whether a cell is written where no column has a name."""
        return self.named < self.width and any(cell.strip() for cell in cells[self.named :])


UNKNOWN = Layout(columns=(), keep=(), width=0, named=0)
"""Before the header was seen."""


def without_header(header: Header) -> Layout:
    """The Layout of a table that has no header: the positions that are declared."""
    places = sorted(header.positions)
    return Layout(
        columns=tuple(header.positions[place] for place in places),
        keep=tuple(place - 1 for place in places),
        width=header.width,
        named=header.width,
    )


def layout_of(cells: Sequence[str], header: Header, place: str) -> Layout:
    """The Layout that a header line gives; ``place`` says where it is (``hr.csv:1``).

    Columns at the end that have no name are none. Raises SourceError for other columns without a name, names that are there
    more than once, another width than the declared one, and positions that are not there.
    """
    names = [clean(cell) for cell in cells]
    width = len(names)
    if header.width and width != header.width:
        raise SourceError(
            f"{place}: the header has {width} columns, and source.width says {header.width}. Nothing was planned. "
            "Compare it with the last file: a column came or went."
        )
    beyond = [str(number) for number in sorted(header.positions) if number > width]
    if beyond:
        raise SourceError(
            f"{place}: the header has {width} columns; source.positions names {', '.join(beyond)}."
        )
    for number, name in header.positions.items():
        names[number - 1] = name
    while len(names) > 1 and not names[-1]:
        names.pop()
    empty = [str(number) for number, name in enumerate(names, 1) if not name]
    if empty:
        raise SourceError(
            f"{place}: the header has no name for column {', '.join(empty)} of {width}. "
            "Every column needs a name of its own; source.positions can give it one."
        )
    repeated = {name: [n for n, other in enumerate(names, 1) if other == name] for name in names}
    twice = [f"{name} (columns {', '.join(map(str, at))})" for name, at in repeated.items() if len(at) > 1]
    if twice:
        raise SourceError(
            f"{place}: the header names {' and '.join(sorted(twice))} more than once. "
            "Every column needs a name of its own; source.positions can give it one."
        )
    return Layout(columns=tuple(names), keep=tuple(range(len(names))), width=width, named=len(names))


def begins(cells: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether the first cells of a row are these."""
    return [clean(cell) for cell in cells[: len(wanted)]] == list(wanted)


def no_header(label: str, wanted: Sequence[str]) -> SourceError:
    """What to say if no row begins as the header is declared to."""
    return SourceError(
        f"{label}: none of the first {TITLES} lines begins with the {_cells(wanted)} (source.header.starts_with). "
        "Nothing was planned. Check whether the header is called otherwise now."
    )


def no_second(place: str, wanted: Sequence[str]) -> SourceError:
    """What to say if the row under the header is not the second header row."""
    return SourceError(
        f"{place}: the row under the header does not begin with the {_cells(wanted)} (source.header.second), so it may be a "
        "person. Nothing was planned. Check whether the second header row is still there."
    )


def _cells(wanted: Sequence[str]) -> str:
    return ("cell " if len(wanted) == 1 else "cells ") + ", ".join(map(repr, wanted))


def taken(rows: RawRows, layout: Layout, *, guards: bool) -> RawRows:
    """The same rows with only the cells that are taken, without apostrophes in front that guard if ``guards``."""
    if layout.keep == tuple(range(layout.width)) and not guards:
        return rows
    return Taken(rows=rows, keep=layout.keep, guards=guards)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Raw rows of which some cells are taken."""

    rows: RawRows
    keep: tuple[int, ...]
    guards: bool

    def __iter__(self) -> Iterator[RawRow]:
        return ((number, self._cells(cells)) for number, cells in self.rows)

    def hashed(self) -> Iterator[Hashed]:
        """The hashes of whole rows: who has the same has the same cells."""
        return (
            some._replace(taken_apart=partial(self._apart, some.taken_apart)) for some in self.rows.hashed()
        )

    def pick(self, numbers: Collection[int]) -> Iterator[RawRow]:
        """The rows of these numbers."""
        return ((number, self._cells(cells)) for number, cells in self.rows.pick(numbers))

    def _apart(self, taken_apart: Callable[[Any], list[str]], row: Any) -> list[str]:
        return self._cells(taken_apart(row))

    def _cells(self, cells: list[str]) -> list[str]:
        if self.guards:
            return [
                _GUARDED.sub("", cells[place], count=1) if cells[place][:1] == "'" else cells[place]
                for place in self.keep
            ]
        return [cells[place] for place in self.keep]
