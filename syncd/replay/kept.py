"""Kept: a Source over what a Run has read, that needs neither the source of then nor its configuration."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from syncd.archive import Vault
from syncd.archive.vault import rows_of
from syncd.errors import Declined
from syncd.sources.base import Hashed, RawRow, Reading, hashed_rows
from syncd.store.archived import Archived


@dataclass(frozen=True, slots=True)
class KeptRows:
    """The rows of a table that was fetched from the archive."""

    path: Path

    def __iter__(self) -> Iterator[RawRow]:
        return ((int(number), cells) for number, *cells in islice(rows_of(self.path), 1, None))

    def hashed(self) -> Iterator[Hashed]:
        """Every row by the hash of its cells."""
        return hashed_rows(self)

    def pick(self, numbers: Collection[int]) -> Iterator[RawRow]:
        """The rows of these numbers."""
        return (row for row in self if row[0] in numbers)


@dataclass(frozen=True, slots=True)
class KeptSource:
    """One kept input as the Source that it came from."""

    vault: Vault
    kept: Archived

    @property
    def name(self) -> str:
        """The name of the source of then."""
        return self.kept.source

    def read(self, workspace: Path) -> Reading:
        """As ``Source.read``, and as it was read then. Raises ArchiveError if it is not there, or not as it was kept."""
        kept, path = self.kept, workspace / "kept.csv"
        self.vault.fetch(kept.content, kept.size_bytes, path)
        _number, *columns = next(rows_of(path))
        return Reading(
            name=kept.source,
            columns=tuple(columns),
            rows=kept.rows,
            sha256=kept.sha256,
            size_bytes=kept.size_bytes,
            modified_at=kept.modified_at,
            complete=kept.complete,
            place=kept.place,
            raw=KeptRows(path),
            dated=kept.dated,
        )


def sources(
    vault: Vault, kept: Sequence[Archived], names: Sequence[str], spaces: Collection[str]
) -> tuple[tuple[KeptSource, ...], dict[str, KeptSource]]:
    """What a configuration with the sources ``names``, and files of nodes in ``spaces``, would have read.

    Raises Declined, naming what is missing, if something of that is not kept.
    """
    hr = {one.source: KeptSource(vault, one) for one in kept if not one.of_nodes}
    nodes = {one.source: KeptSource(vault, one) for one in kept if one.of_nodes}
    lacking = missing(kept, names, spaces)
    if lacking:
        have = ", ".join([*hr, *(f"the nodes of {space}" for space in nodes)])
        raise Declined(
            f"run {kept[0].run_id} has not read what the configuration asks for: {', '.join(lacking)}; kept is {have}"
        )
    return tuple(hr[name] for name in names), {space: nodes[space] for space in spaces}


def training(vault: Vault, kept: Sequence[Archived], names: Iterable[str]) -> dict[str, KeptSource]:
    """What is kept of these sources of training, by name; of one that could not be read then, nothing is."""
    have = {one.source: one for one in kept if not one.of_nodes}
    return {name: KeptSource(vault, have[name]) for name in names if name in have}


def missing(kept: Sequence[Archived], names: Sequence[str], spaces: Collection[str]) -> list[str]:
    """What of that is not kept, as people read it."""
    have = {(one.source, one.of_nodes) for one in kept}
    return [
        *(name for name in names if (name, False) not in have),
        *(f"the nodes of {space}" for space in sorted(spaces) if (space, True) not in have),
    ]
