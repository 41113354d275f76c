"""Lifecycle: what the file says about time, made into the core's rules and policies. Faults are noted in the Document."""

from datetime import timedelta

from syncd.config.checks import timezone_fault
from syncd.config.document import Document, Loc, dotted
from syncd.config.lifecycle_parts import DatesPart, DayPart, ZonePart
from syncd.config.mapping_parts import EmployeePart
from syncd.config.values import build_column
from syncd.core.dates import format_fault
from syncd.core.lifecycle import Contradiction, Leave, Lifecycle
from syncd.core.rules import DatesRule, DayRule, Place, ZoneRule
from syncd.core.transforms import trim

_AT: Loc = ("employee", "dates")


def build_lifecycle(part: EmployeePart) -> Lifecycle:
    """The policies about time."""
    dates = part.dates
    return Lifecycle(
        lead=dates.lead,
        grace=dates.grace,
        leave=Leave(part.leave),
        contradiction=Contradiction(dates.contradiction.then),
        contradiction_after=dates.contradiction.after,
        overlap=timedelta(days=part.overlap),
        give_back=timedelta(seconds=part.give_back),
        empties_leavers=part.leavers == "remove_all_teams",
    )


def build_dates(part: DatesPart, document: Document) -> DatesRule | None:
    """Where a person's days are; None if HR has none. What is wrong is noted."""
    zone = _zone(part.timezone, document)
    for key, day, days in (("lead", part.hire, part.lead), ("grace", part.leaving, part.grace)):
        if days and day is None:
            needed = "hire" if key == "lead" else "leaving"
            document.fault((*_AT, key), f"counts from employee.dates.{needed}, which is not set")
    if part.hire is None and part.leaving is None:
        return None
    return DatesRule(
        hire=_day(part.hire, (*_AT, "hire"), document),
        leaving=_day(part.leaving, (*_AT, "leaving"), document),
        zone=zone,
    )


def _day(part: DayPart | None, loc: Loc, document: Document) -> DayRule | None:
    if part is None:
        return None
    problem = format_fault(part.read, reads=True)
    if problem:
        document.fault((*loc, "in"), problem)
    column = build_column(part.column, _at(loc, "from", document), document)
    return DayRule(place=Place(where=document.where_key(loc), key=dotted(loc)), column=column, read=part.read)


def _zone(part: ZonePart, document: Document) -> ZoneRule:
    loc: Loc = (*_AT, "timezone")
    named = [(("default",), part.default), *((("map", word), zone) for word, zone in part.table.items())]
    for key, zone in named:
        at = (*loc, *key) if (*loc, *key) in document.values else loc
        problem = timezone_fault(zone)
        if problem:
            document.fault(at, problem)
    if part.table and part.column is None:
        document.fault((*loc, "map"), "needs `from`: the column whose words it knows")
    column = None if part.column is None else build_column(part.column, (*loc, "from"), document)
    return ZoneRule(
        fallback=part.default,
        column=column,
        table={trim(word): zone for word, zone in part.table.items()},
    )


def _at(loc: Loc, key: str, document: Document) -> Loc:
    """The place of a key, or of what is short for it."""
    return (*loc, key) if (*loc, key) in document.values else loc
