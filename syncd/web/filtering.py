"""Filtering: what a list is narrowed by: days and pages, and links that take one filter away again."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from syncd.core import spans
from syncd.core.filters import DAY, NUMBER, TEXT
from syncd.core.spans import day
from syncd.web.site import Ask

DAYS = {"from": DAY, "to": DAY}
"""The parameters that name the first and the last day, as 2026-11-24, in the zone of the schedules."""
PAGED = {"limit": NUMBER, "before": NUMBER}
KEYED = {"limit": NUMBER, "after": TEXT}
"""How many rows a page has, and after which it begins."""


def applied(ask: Ask, names: Iterable[str]) -> list[dict[str, str]]:
    """The filters that are set, in this order: name, value, and the link to the same list without it."""
    return [
        {"name": name, "value": ask.query[name], "without": ask.link(**{name: None, "before": None})}
        for name in names
        if ask.query.get(name, "").strip()
    ]


def span(ask: Ask) -> tuple[datetime | None, datetime | None]:
    """From the beginning of the first day to the end of the last one; None where there is none, or it is no day."""
    first, last = (day(ask.query.get(name, "")) for name in DAYS)
    return spans.span(first, last, ZoneInfo(ask.site.config.schedules.timezone))
