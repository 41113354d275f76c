"""Intake: the HR sources, read to private and complete copies, and what the Mapping makes of its Records."""

import difflib
import tempfile
from collections import abc
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any

from syncd.app import App
from syncd.core.columns import all_columns, columns_used, unsaid
from syncd.core.doubts import SAMPLE, Dated, Fingerprint, Sighting, sample_of
from syncd.core.managed import Managed
from syncd.core.mapping import Mapping
from syncd.core.match import comparable
from syncd.core.model import Employee, Node, Record, Rejection
from syncd.core.narrowing import AtRest, Mark
from syncd.core.nodes import map_nodes
from syncd.core.records import MappingResult, map_records
from syncd.core.rules import columns_of
from syncd.core.sourcing import Told, contradictions
from syncd.errors import ConfigError, Declined, Fault
from syncd.garbage import uncollected
from syncd.sources import Source
from syncd.sources.base import Reading, numbered, require_columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One reading of one source: which bytes it was, and whom it names.

    ``complete`` False: people may be missing at its end, so nobody's absence follows from it.
    """

    source: str
    name: str
    size_bytes: int
    complete: bool
    fingerprint: Fingerprint
    named: frozenset[str]
    """The ids of all whom it names, whether their rows are valid or not."""
    nameless: bool = False
    """Whether a row of it has no readable id, and so may be about anybody."""

    @property
    def sha256(self) -> str:
        """Hash of the bytes that were read."""
        return self.fingerprint.sha256

    @property
    def rows(self) -> int:
        """How many there are, rejected ones too."""
        return self.fingerprint.rows

    @property
    def written(self) -> float | None:
        """When it was written, in seconds since 1970; None: it is as it was when it was read."""
        moment = self.fingerprint.modified_at
        return None if moment is None else moment.timestamp()

    @property
    def told(self) -> Told:
        """Whom it names, and whether that is all."""
        return Told(source=self.source, named=self.named, sure=self.complete and not self.nameless)

    @property
    def data(self) -> dict[str, Any]:
        """What tells it apart, as JSON-able data."""
        return {"source": self.source, "name": self.name, "sha256": self.sha256, "rows": self.rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """One reading of every source: who they name together, what was wrong with it, and the Input of each, the first one first.

    ``notes`` are sentences about what they do not say, or say in contradiction.
    """

    inputs: tuple[Input, ...]
    employees: tuple[Employee, ...]
    rejections: tuple[Rejection, ...]
    notes: tuple[str, ...] = ()
    nodes: tuple[Node, ...] = ()
    """The nodes of organisation trees that have rows of their own."""
    marks: abc.Mapping[str, Mark] = field(default_factory=dict)
    """Employee id -> what is kept of the row; of nobody, where everybody is looked at by every push."""
    judged_before: datetime | None = None
    """Doubts are judged by the last input that was accepted before then; None: by the last one."""
    at_rest: AtRest | None = None
    """Those who are left out, for nothing has happened to them; None: everybody is here."""

    @property
    def name(self) -> str:
        """The names of the sources."""
        return " and ".join(one.source for one in self.inputs)

    @property
    def rows(self) -> int:
        """How many there are in all, rejected ones too."""
        return sum(one.rows for one in self.inputs)

    @property
    def complete(self) -> bool:
        """Whether every source is."""
        return all(one.complete for one in self.inputs)

    @property
    def named(self) -> frozenset[str]:
        """The ids of all whom any source names, whether their rows are valid or not."""
        return frozenset().union(*(one.named for one in self.inputs))

    @property
    def managed(self) -> Managed:
        """What the rules name for somebody."""
        found = Managed.of(wish for employee in self.employees for wish in employee.teams)
        if self.at_rest is None:
            return found
        kept = self.at_rest.managed
        return replace(found, teams=found.teams | kept.teams, roles=found.roles | kept.roles)

    @property
    def looked_at(self) -> frozenset[str]:
        """The ids of those about whom it says anything new: who is here, and who is missing."""
        ids = {one.employee_id for one in self.employees} | {one.employee_id for one in self.rejections}
        return frozenset(ids).union(self.at_rest.missing if self.at_rest else ()) - {""}


Narrow = Callable[[Reading], Intake | None]
"""Makes an Intake of those whom something has happened to; None: everybody must be looked at."""


Keep = Callable[[Reading, bool], None]
"""Is handed each Reading, and whether its rows are nodes of an organisation, while the private copy is there."""


def read_hr(
    app: App,
    tap: Callable[[Record], None] | None = None,
    narrow: Narrow | None = None,
    keep: Keep | None = None,
) -> Intake:
    """Read and map every source of an App, as of now. Raises as ``take_in`` does."""
    settings = app.settings
    return take_in(
        app.sources,
        settings.mapping,
        app.now(),
        nodes=app.node_sources,
        dated={name: expect.dated for name, expect in settings.expects.items() if expect.dated is not None},
        tap=tap,
        narrow=narrow,
        keep=keep,
    )


@uncollected()
def take_in(
    sources: Sequence[Source],
    mapping: Mapping,
    now: datetime,
    *,
    nodes: abc.Mapping[str, Source] = MappingProxyType({}),
    dated: abc.Mapping[str, Dated] = MappingProxyType({}),
    tap: Callable[[Record], None] | None = None,
    narrow: Narrow | None = None,
    keep: Keep | None = None,
) -> Intake:
    """Read all of ``sources``, the first one first, and map as of ``now``.

    ``nodes`` is where the rows of the nodes of a tree are, by space; ``dated`` are the columns that say how old a source
    is, by source; ``tap`` is handed each Record, ``keep`` each Reading. ``narrow`` may leave out those whom nothing has happened to, where there is
    one source.

    Raises SourceError if a source is not whole, ConfigError if a mapped column is missing.
    """
    with ExitStack() as stack:
        folders = (tempfile.TemporaryDirectory(prefix="syncd-") for _ in sources)
        readings = [
            source.read(Path(stack.enter_context(folder)))
            for source, folder in zip(sources, folders, strict=True)
        ]
        if keep is not None:
            for reading in readings:
                keep(reading, False)
        _refuse_missing(columns_used(mapping), readings)
        if narrow is not None and (narrowed := narrow(readings[0])) is not None:
            return narrowed
        sightings = [sighting_of(mapping, reading, dated.get(reading.name)) for reading in readings]
        records = chain.from_iterable(
            sighting.watch(reading.records) for sighting, reading in zip(sightings, readings, strict=True)
        )
        marks: dict[str, Mark] = {}
        if narrow is not None:
            sightings[0].masks = {}
        result = map_records(mapping, records if tap is None else _tapped(records, tap), now=now)
        if narrow is not None:
            marks = marks_of(readings[0], sightings[0], result.employees, numbered(readings[0].raw))
    apart, problems = _nodes_apart(mapping, nodes, keep)
    unsaid_here = [note for reading in readings for note in notes_on(mapping, reading.columns, reading.name)]
    return Intake(
        inputs=tuple(input_of(*one, result) for one in zip(readings, sightings, strict=True)),
        employees=result.employees,
        rejections=result.rejections,
        notes=(*unsaid_here, *contradictions(result.employees, result.passed), *problems),
        nodes=tuple(apart),
        marks=marks,
    )


def marks_of(
    reading: Reading, sighting: Sighting, employees: Iterable[Employee], hashed: Iterable[tuple[int, bytes]]
) -> dict[str, Mark]:
    """What is kept of the rows of these employees, whom the ``sighting`` saw; ``hashed`` are the hashes of theirs, by number."""
    masks = sighting.masks or {}
    hashes = {f"{reading.place}{number}": row_hash for number, row_hash in hashed}
    return {
        one.employee_id: Mark(row_hash=hashes[one.origin], filled=masks[one.origin])
        for one in employees
        if one.origin in hashes and one.origin in masks
    }


def sighting_of(mapping: Mapping, reading: Reading, dated: Dated | None) -> Sighting:
    """What is to be counted of a source while its Records go by. Raises SourceError if the column that dates it is missing."""
    if dated is not None:
        require_columns(reading, [dated.column])
    mapped = [column for column in all_columns(mapping) if column in reading.columns]
    return Sighting(filled=dict.fromkeys(mapped, 0), blanks=mapping.blanks, dated=dated)


def input_of(
    reading: Reading, sighting: Sighting, result: MappingResult, sampled: Collection[str] | None = None
) -> Input:
    """What is kept of one source; ``sampled`` are ids in it that stand for those who are left out."""
    ids = result.named.get(reading.name, ())
    sample = sample_of(ids) if sampled is None else (*sampled, *ids)[:SAMPLE]
    return Input(
        source=reading.name,
        name=reading.file,
        size_bytes=reading.size_bytes,
        complete=reading.complete,
        fingerprint=Fingerprint(
            sha256=reading.sha256,
            rows=reading.rows,
            columns=reading.columns,
            modified_at=reading.modified_at,
            dated=reading.dated or sighting.latest,
            filled=sighting.filled,
            sample=sample,
        ),
        named=frozenset(ids).union(sampled or ()),
        nameless=any(not one.employee_id and one.source == reading.name for one in result.rejections),
    )


def _nodes_apart(
    mapping: Mapping, sources: abc.Mapping[str, Source], keep: Keep | None
) -> tuple[list[Node], list[str]]:
    found: list[Node] = []
    problems: list[str] = []
    for rule in mapping.trees:
        if not rule.apart or rule.space not in sources:
            continue
        with tempfile.TemporaryDirectory(prefix="syncd-") as folder:
            reading = sources[rule.space].read(Path(folder))
            if keep is not None:
                keep(reading, True)
            wanted = dict(columns_of((*rule.node.code, *rule.node.name, *rule.node.parent)))
            _refuse_missing(wanted, [reading])
            nodes, refused = map_nodes(rule, reading.records, mapping.blanks)
        found += nodes
        problems += refused
    return found, problems


def _tapped(records: Iterable[Record], tap: Callable[[Record], None]) -> Iterator[Record]:
    for record in records:
        tap(record)
        yield record


def require(intake: Intake, people: Iterable[str], *, next_step: str = "") -> None:
    """Raises Declined, naming ids that look alike and the next step, unless a row has each of these employee ids."""
    known = _ids(intake)
    for employee_id in people:
        if employee_id not in known:
            near = alike(intake, employee_id)
            hint = (
                f"; did you mean employee {' or employee '.join(near)}?"
                if near
                else next_step and f"; {next_step}"
            )
            raise Declined(
                f"no row of {intake.name} ({intake.rows} rows) has the employee id {employee_id}{hint}"
            )


def alike(intake: Intake, employee_id: str) -> tuple[str, ...]:
    """A few ids that differ from this one in case, or in zeros in front (spreadsheets drop them)."""
    return tuple(sorted(one for one in _ids(intake) if one and _bare(one) == _bare(employee_id))[:3])


def _ids(intake: Intake) -> frozenset[str]:
    return intake.named


def _bare(employee_id: str) -> str:
    return comparable(employee_id).lstrip("0")


def mentions(sources: Iterable[Source], texts: Collection[str]) -> bool:
    """Whether any cell of a source is one of these texts (but for case), whatever column it is in and wherever the row.

    Raises SourceError.
    """
    wanted = {comparable(text) for text in texts} - {""}
    for source in sources:
        with tempfile.TemporaryDirectory(prefix="syncd-") as folder:
            reading = source.read(Path(folder))
            if any(comparable(cell) in wanted for _number, cells in reading.raw for cell in cells):
                return True
    return False


def notes_on(mapping: Mapping, columns: Sequence[str], name: str) -> tuple[str, ...]:
    """What a source does not say that rules ask for, as sentences."""
    return tuple(
        f'{rule.place.key} ({rule.place.where}): column "{column}" is not in {name}{_near(column, columns)}; '
        "the field is left as Litmos has it"
        for rule, column in unsaid(mapping, columns)
    )


def _near(column: str, columns: Sequence[str]) -> str:
    near = difflib.get_close_matches(column, columns, n=1)
    return f' (did you mean "{near[0]}"?)' if near else ""


def _refuse_missing(wanted: abc.Mapping[str, str], readings: Sequence[Reading]) -> None:
    """``wanted`` is column -> the place that names it first. Raises ConfigError for those that are not there."""
    faults = []
    for reading in readings:
        for column, where in wanted.items():
            if column not in reading.columns:
                near = difflib.get_close_matches(column, reading.columns, n=1)
                hint = f'; did you mean "{near[0]}"?' if near else f"; it has: {', '.join(reading.columns)}"
                message = f'column "{column}" is not in {reading.name}{hint}'
                faults.append(Fault(where=where, key="", message=message))
    if faults:
        raise ConfigError(faults)
