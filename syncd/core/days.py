"""Days: a person's first and last working day, and the time zone in which they begin and end, as HR wrote them. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from syncd.core.conditions import Fields, cell
from syncd.core.dates import read_date
from syncd.core.rules import DatesRule, DayRule, Place, ZoneRule
from syncd.core.transforms import Refused

NO_YEAR = 9999
"""The year by which HR systems say that there is no such day: 9999-12-31."""
FIRST_YEAR = 1900
"""No day at work is before this year: ``0024-05-03`` is a mistyped one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """A person's days: the first working day, the last one, and the time zone in which they begin and end."""

    hire: date | None = None
    leaving: date | None = None
    zone: str = "UTC"
    zone_unknown: bool = False


NO_DATES = Dates()


def read_dates(rule: DatesRule, cells: Fields, refuse: Callable[[Place, Refused], None]) -> Dates:
    """A person's days as HR wrote them; what cannot be read is told to ``refuse``, and is none. Never raises.

    ``9999-12-31`` and ``0000-00-00`` in any order mean none, as HR systems write them.
    """
    zone, unknown = _zone(rule.zone, cells)
    return Dates(
        hire=_day(rule.hire, cells, refuse),
        leaving=_day(rule.leaving, cells, refuse),
        zone=zone,
        zone_unknown=unknown,
    )


def _day(rule: DayRule | None, cells: Fields, refuse: Callable[[Place, Refused], None]) -> date | None:
    if rule is None:
        return None
    try:
        return _parsed(cell(cells, rule.column.name), rule.read)
    except Refused as refused:
        why = (
            refused.why if refused.code == "COLUMN-MISSING" else f'column "{rule.column.name}": {refused.why}'
        )
        refuse(rule.place, Refused(refused.code, why))
        return None


@lru_cache(maxsize=65_536)
def _parsed(text: str, form: str) -> date | None:
    """The day, or None for a text that means none. Raises Refused. Cached: a million people share few days."""
    digits = [character for character in text if character.isdigit()]
    if not text or (digits and not any(digit != "0" for digit in digits)):
        return None
    try:
        day = read_date(text, form)
    except Refused as refused:
        raise Refused(refused.code, f"{text[:40]!r} {refused.why}") from None
    if day.year == NO_YEAR:
        return None
    if day.year < FIRST_YEAR:
        raise Refused("DATE-INVALID", f"{text[:40]!r} is in the year {day.year}, where nobody worked here")
    return day


def _zone(rule: ZoneRule, cells: Fields) -> tuple[str, bool]:
    """The zone, and whether the one that HR names is not known."""
    name = "" if rule.column is None else cells.get(rule.column.name, "").strip()
    name = rule.table.get(name, name)
    if not name:
        return rule.fallback, False
    return (name, False) if is_zone(name) else (rule.fallback, True)


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    """Whether ``name`` is a time zone of the IANA database."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


@lru_cache(maxsize=1024)
def day_in(zone: str, now: datetime) -> date:
    """The day that it is in a time zone at this moment."""
    return now.astimezone(ZoneInfo(zone)).date()
