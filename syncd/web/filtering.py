"""Filtering: what a list is narrowed by: days, and links that take one filter away again."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from syncd.web.site import Ask

DAYS = ("from", "to")
"""The parameters that name the first and the last day, as 2026-11-24, in the zone of the schedules."""


def applied(ask: Ask, names: Sequence[str]) -> list[dict[str, str]]:
    """The filters that are set, in this order: name, value, and the link to the same list without it."""
    return [
        {"name": name, "value": ask.query[name], "without": ask.link(**{name: None, "before": None})}
        for name in names
        if ask.query.get(name, "").strip()
    ]


def span(ask: Ask) -> tuple[datetime | None, datetime | None]:
    """From the beginning of the first day to the end of the last one; None where there is none, or it is no day."""
    zone = ZoneInfo(ask.site.config.schedules.timezone)
    first, last = (_day(ask.query.get(name, "")) for name in DAYS)
    since = None if first is None else datetime.combine(first, time(), zone)
    until = None if last is None else datetime.combine(last + timedelta(days=1), time(), zone)
    return since, until


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return found if 1970 <= found.year < 9000 else None
