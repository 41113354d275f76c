"""Records: all of them together, made into Employees and Rejections, each person once."""

from collections import abc
from dataclasses import dataclass
from datetime import datetime

from syncd.core.cells import clean_cells
from syncd.core.duplicates import reject_shared_ids, reject_shared_values
from syncd.core.employments import one_person_each
from syncd.core.mapping import Follower, Mapping
from syncd.core.model import Employee, Record, Rejection
from syncd.core.sourcing import first_named

Outcome = Employee | Rejection
"""What the mapping made of one Record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingResult:
    """What became of all Records, in the order of the sources.

    ``named`` is source -> the ids in it, each once, those of rejected rows too; ``passed`` is what later sources say of
    somebody whom an earlier one names.
    """

    employees: tuple[Employee, ...]
    rejections: tuple[Rejection, ...]
    named: abc.Mapping[str, tuple[str, ...]]
    passed: tuple[Outcome, ...] = ()


def map_records(
    mapping: Mapping, records: abc.Iterable[Record], *, now: datetime | None = None
) -> MappingResult:
    """Follow every rule for every Record, and find what only all of them together show.

    Records come source by source; the first source that names an id decides about it. Rows of one source that share an
    employee id reject each other, and so do active people who share a UserName or the value of
    another match key: each names the others' lines, and none is applied. With ``employments`` rows of one id, in whatever
    sources, are one person.
    """
    follower = Follower(mapping, now=now)
    named: dict[str, dict[str, None]] = {}
    passed: list[Outcome] = []
    if mapping.employments is None:
        mapped = [follower.follow(record) for record in records]
        _note_ids(mapped, named)
        outcomes, passed = first_named(mapped) if len(named) > 1 else (mapped, passed)
    else:
        rows = [
            mapping.employments.ranked(follower.follow(record), clean_cells(record.fields, mapping.blanks))
            for record in records
        ]
        _note_ids((outcome for outcome, _ in rows), named)
        outcomes = one_person_each(rows)
    outcomes = reject_shared_ids(outcomes)
    for key in dict.fromkeys(("UserName", *mapping.match)):
        outcomes = reject_shared_values(outcomes, key)
    return MappingResult(
        employees=tuple(o for o in outcomes if isinstance(o, Employee)),
        rejections=tuple(o for o in outcomes if isinstance(o, Rejection)),
        named={source: tuple(ids) for source, ids in named.items()},
        passed=tuple(passed),
    )


def _note_ids(outcomes: abc.Iterable[Outcome], named: dict[str, dict[str, None]]) -> None:
    for outcome in outcomes:
        ids = named.setdefault(outcome.source, {})
        if outcome.employee_id:
            ids[outcome.employee_id] = None
