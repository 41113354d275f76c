"""Intake: the HR source, read to a private and complete copy, and what the Mapping makes of its Records."""

import difflib
import tempfile
from collections import abc
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from syncd.core.columns import all_columns, columns_used, unsaid
from syncd.core.doubts import Dated, Fingerprint, Sighting, sample_of
from syncd.core.managed import Managed
from syncd.core.mapping import Mapping
from syncd.core.match import comparable
from syncd.core.model import Employee, Node, Record, Rejection
from syncd.core.nodes import map_nodes
from syncd.core.records import map_records
from syncd.core.rules import columns_of
from syncd.errors import ConfigError, Declined, Fault
from syncd.sources import Source
from syncd.sources.base import require_columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """One reading of the source: who it names, what was wrong with it, and which bytes it was.

    ``complete`` False: people may be missing at its end, so nobody's absence follows from it. ``notes`` are sentences
    about what it does not say.
    """

    source: str
    name: str
    size_bytes: int
    complete: bool
    fingerprint: Fingerprint
    employees: tuple[Employee, ...]
    rejections: tuple[Rejection, ...]
    notes: tuple[str, ...] = ()
    nodes: tuple[Node, ...] = ()
    """The nodes of organisation trees that have rows of their own."""

    @property
    def sha256(self) -> str:
        """Hash of the bytes that were read."""
        return self.fingerprint.sha256

    @property
    def rows(self) -> int:
        """How many there are, rejected ones too."""
        return self.fingerprint.rows

    @property
    def named(self) -> frozenset[str]:
        """The ids of all whom it names, whether their rows are valid or not."""
        rejected = (rejection.employee_id for rejection in self.rejections)
        return frozenset(employee.employee_id for employee in self.employees).union(rejected) - {""}

    @property
    def managed(self) -> Managed:
        """What the rules name for somebody."""
        return Managed.of(wish for employee in self.employees for wish in employee.teams)


def take_in(
    source: Source,
    mapping: Mapping,
    now: datetime,
    *,
    nodes: abc.Mapping[str, Source] = MappingProxyType({}),
    dated: Dated | None = None,
    tap: Callable[[Record], None] | None = None,
) -> Intake:
    """Read, and map as of ``now``; ``nodes`` is where the rows of the nodes of a tree are, by space; ``dated`` is the column
    that says how old it is; ``tap`` is handed each Record.

    Raises SourceError if a source is not whole, ConfigError if a mapped column is missing.
    """
    with tempfile.TemporaryDirectory(prefix="syncd-") as folder:
        reading = source.read(Path(folder))
        _refuse_missing(columns_used(mapping), reading.columns, reading.name)
        if dated is not None:
            require_columns(reading, [dated.column])
        mapped = [column for column in all_columns(mapping) if column in reading.columns]
        sighting = Sighting(filled=dict.fromkeys(mapped, 0), blanks=mapping.blanks, dated=dated)
        records = sighting.watch(reading.records)
        result = map_records(mapping, records if tap is None else _tapped(records, tap), now=now)
    apart, problems = _nodes_apart(mapping, nodes)
    return Intake(
        source=source.name,
        name=reading.name,
        size_bytes=reading.size_bytes,
        complete=reading.complete,
        fingerprint=Fingerprint(
            sha256=reading.sha256,
            rows=reading.rows,
            columns=reading.columns,
            modified_at=reading.modified_at,
            dated=sighting.latest,
            filled=sighting.filled,
            sample=sample_of([employee.employee_id for employee in result.employees]),
        ),
        employees=tuple(result.employees),
        rejections=tuple(result.rejections),
        notes=(*_unsaid(mapping, reading.columns, reading.name), *problems),
        nodes=tuple(apart),
    )


def _nodes_apart(mapping: Mapping, sources: abc.Mapping[str, Source]) -> tuple[list[Node], list[str]]:
    found: list[Node] = []
    problems: list[str] = []
    for rule in mapping.trees:
        if not rule.apart or rule.space not in sources:
            continue
        with tempfile.TemporaryDirectory(prefix="syncd-") as folder:
            reading = sources[rule.space].read(Path(folder))
            wanted = dict(columns_of((*rule.node.code, *rule.node.name, *rule.node.parent)))
            _refuse_missing(wanted, reading.columns, reading.name)
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
            hint = f"; did you mean {' or '.join(near)}?" if near else next_step and f"; {next_step}"
            raise Declined(
                f"no row of {intake.name} ({intake.rows} rows) has the employee id {employee_id}{hint}"
            )


def alike(intake: Intake, employee_id: str) -> tuple[str, ...]:
    """A few ids that differ from this one in case, or in zeros in front (spreadsheets drop them)."""
    return tuple(sorted(one for one in _ids(intake) if one and _bare(one) == _bare(employee_id))[:3])


def _ids(intake: Intake) -> set[str]:
    return {e.employee_id for e in intake.employees} | {r.employee_id for r in intake.rejections}


def _bare(employee_id: str) -> str:
    return comparable(employee_id).lstrip("0")


def mentions(source: Source, texts: Collection[str]) -> bool:
    """Whether any cell of the source is one of these texts (but for case), whatever column it is in and wherever the row.

    Raises SourceError.
    """
    wanted = {comparable(text) for text in texts} - {""}
    with tempfile.TemporaryDirectory(prefix="syncd-") as folder:
        reading = source.read(Path(folder))
        return any(comparable(cell) in wanted for _number, cells in reading.raw for cell in cells)


def _unsaid(mapping: Mapping, columns: Sequence[str], name: str) -> tuple[str, ...]:
    return tuple(
        f'{rule.place.key} ({rule.place.where}): column "{column}" is not in {name}{_near(column, columns)}; '
        "the field is left as Litmos has it"
        for rule, column in unsaid(mapping, columns)
    )


def _near(column: str, columns: Sequence[str]) -> str:
    near = difflib.get_close_matches(column, columns, n=1)
    return f' (did you mean "{near[0]}"?)' if near else ""


def _refuse_missing(wanted: abc.Mapping[str, str], columns: Sequence[str], name: str) -> None:
    """``wanted`` is column -> the place that names it first. Raises ConfigError for those that are not there."""
    faults = []
    for column, where in wanted.items():
        if column not in columns:
            near = difflib.get_close_matches(column, columns, n=1)
            hint = f'; did you mean "{near[0]}"?' if near else f"; it has: {', '.join(columns)}"
            faults.append(Fault(where=where, key="", message=f'column "{column}" is not in {name}{hint}'))
    if faults:
        raise ConfigError(faults)
