"""Renaming: a Source whose columns are called as the mapping calls them, with those that it does not have."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from syncd.errors import SourceError
from syncd.sources.base import Hashed, RawRow, RawRows, Reading, Restrained, Source


def renamed(source: Source, columns: Mapping[str, str], constants: Mapping[str, str]) -> Source:
    """The same Source, with other names of ``columns`` (theirs -> ours), and with ``constants`` in every row."""
    return Renamed(source, columns, constants) if columns or constants else source


class Renamed:
    """A Source that another one stands behind."""

    def __init__(self, source: Source, columns: Mapping[str, str], constants: Mapping[str, str]) -> None:
        self._source = source
        self._columns = columns
        self._constants = constants

    @property
    def name(self) -> str:
        """The configured name."""
        return self._source.name

    def excess(self) -> str:
        """As ``Restrained.excess``."""
        return self._source.excess() if isinstance(self._source, Restrained) else ""

    def read(self, workspace: Path) -> Reading:
        """As ``Source.read``; a column that is not there, or twice, is a SourceError."""
        before = set(workspace.iterdir())
        reading = self._source.read(workspace)
        try:
            columns = self._named(reading)
        except SourceError:
            for left in set(workspace.iterdir()) - before:
                left.unlink()
            raise
        more = tuple(self._constants.values())
        return replace(reading, columns=columns, raw=Extended(reading.raw, more) if more else reading.raw)

    def _named(self, reading: Reading) -> tuple[str, ...]:
        wrong = [
            f'columns: "{theirs}" is not in {self.name}{_hint(theirs, reading.columns)}'
            for theirs in self._columns
            if theirs not in reading.columns
        ]
        ours = [self._columns.get(theirs, theirs) for theirs in reading.columns]
        wrong += [
            f'columns: {self.name} has a column "{column}" of its own'
            for column in self._columns.values()
            if ours.count(column) > 1
        ]
        wrong += [
            f'set: {self.name} has a column "{column}" itself' for column in self._constants if column in ours
        ]
        if wrong:
            raise SourceError("\n".join(wrong))
        return (*ours, *self._constants)


@dataclass(frozen=True, slots=True)
class Extended:
    """Raw rows, each with the same cells after its own."""

    rows: RawRows
    more: tuple[str, ...]

    def __iter__(self) -> Iterator[RawRow]:
        more = self.more
        return ((number, [*cells, *more]) for number, cells in self.rows)

    def hashed(self) -> Iterator[Hashed]:
        """The hashes of the rows without what they have in common."""
        return (
            some._replace(taken_apart=partial(self._extended, some.taken_apart))
            for some in self.rows.hashed()
        )

    def _extended(self, taken_apart: Callable[[Any], list[str]], row: Any) -> list[str]:
        return [*taken_apart(row), *self.more]

    def pick(self, numbers: Collection[int]) -> Iterator[RawRow]:
        """The rows of these numbers."""
        more = self.more
        return ((number, [*cells, *more]) for number, cells in self.rows.pick(numbers))


def _hint(column: str, columns: tuple[str, ...]) -> str:
    near = get_close_matches(column, columns, n=1)
    return f'; did you mean "{near[0]}"?' if near else f"; it has: {', '.join(columns)}"
