"""Spans: from the first day that is meant to the last one, as moments, in a time zone. Pure."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 1970, 9000
"""Nothing of syncd's own happened before or after; a day beyond would leave what a moment can be."""


def day(text: str) -> date | None:
    """A day as ``2026-11-24``; None if it is no such day, or one in which nothing can have happened."""
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return found if FIRST_YEAR <= found.year < LAST_YEAR else None


def span(first: date | None, last: date | None, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """From the beginning of the first day to the end of the last one (which it is before); None where no day is named."""
    since = None if first is None else datetime.combine(first, time(), zone)
    until = None if last is None else datetime.combine(last + timedelta(days=1), time(), zone)
    return since, until
