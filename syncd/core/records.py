"""Records: all of them together, made into Employees and Rejections, each person once."""

from collections import abc
from dataclasses import dataclass
from datetime import datetime

from syncd.core.cells import clean_cells
from syncd.core.duplicates import reject_shared_ids, reject_shared_values
from syncd.core.employments import one_person_each
from syncd.core.mapping import Mapping, map_record
from syncd.core.model import Employee, Record, Rejection


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingResult:
    """What became of all Records; both in the order of the source."""

    employees: tuple[Employee, ...]
    rejections: tuple[Rejection, ...]


def map_records(
    mapping: Mapping, records: abc.Iterable[Record], *, now: datetime | None = None
) -> MappingResult:
    """Follow every rule for every Record, and find what only all of them together show.

    Rows that share an employee id reject each other, and so do active people who share a UserName or the value of
    another match key: each names the others' lines, and none is applied. With ``employments`` rows of one id are one person.
    """
    outcomes = reject_shared_ids(_outcomes(mapping, records, now))
    for key in dict.fromkeys(("UserName", *mapping.match)):
        outcomes = reject_shared_values(outcomes, key)
    return MappingResult(
        employees=tuple(o for o in outcomes if isinstance(o, Employee)),
        rejections=tuple(o for o in outcomes if isinstance(o, Rejection)),
    )


def _outcomes(
    mapping: Mapping, records: abc.Iterable[Record], now: datetime | None
) -> list[Employee | Rejection]:
    """What each Record became, or with employments each person."""
    employments = mapping.employments
    if employments is None:
        return [map_record(mapping, record, now=now) for record in records]
    return one_person_each(
        [
            employments.ranked(
                map_record(mapping, record, now=now), clean_cells(record.fields, mapping.blanks)
            )
            for record in records
        ]
    )
