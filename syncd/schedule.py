"""Schedules: cron expressions as people mean them, and when they fire next.

APScheduler 3 counts weekdays from Monday = 0, cron from Sunday = 0: ``weekdays_by_name`` translates. Over daylight saving
it may fire a local time twice; the Run's slot, which is the local time, is unique, so only the first one runs.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from syncd.core.lateness import GRACE, Going, Lateness, known_as, lateness

NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIELDS = 5
LOOK_BACK = tuple(timedelta(days=days) for days in (1 / 24, 1, 8, 32, 367))
"""How far to look for the latest firing, one after the other: an often fired schedule is not walked for a year."""


def trigger(expression: str, timezone: str) -> CronTrigger:
    """The APScheduler trigger for a cron expression of five fields. Raises ValueError."""
    parts = expression.split()
    if len(parts) != FIELDS:
        raise ValueError(f"a cron expression has {FIELDS} fields: {expression!r}")
    minute, hour, day, month, weekday = parts
    return CronTrigger(
        minute=minute,
        hour=hour,
        day=day,
        month=month.lower(),
        day_of_week=weekdays_by_name(weekday),
        timezone=ZoneInfo(timezone),
    )


def weekdays_by_name(field: str) -> str:
    """A day-of-week field with names in the place of numbers: ``1-5`` is ``mon,tue,wed,thu,fri``, 0 and 7 are Sunday."""
    if field in {"*", "?"}:
        return "*"
    days: set[int] = set()
    for part in field.lower().split(","):
        days.update(_days(part))
    return ",".join(NAMES[day] for day in sorted(days, key=lambda day: (day - 1) % 7))


def _days(part: str) -> set[int]:
    found = re.fullmatch(r"(\*|[0-7a-z]+)(?:-([0-7a-z]+))?(?:/(\d+))?", part)
    if found is None:
        raise ValueError(f"not a day of the week: {part!r}")
    first, last, step = found.groups()
    if first == "*":
        return set(range(0, 7, int(step or 1)))
    start = _day(first)
    end = _day(last) if last else (6 if step else start)
    if end < start:
        end += 7
    return {day % 7 for day in range(start, end + 1, int(step or 1))}


def _day(word: str) -> int:
    if word.isdigit():
        return int(word)
    if word[:3] in NAMES:
        return NAMES.index(word[:3])
    raise ValueError(f"not a day of the week: {word!r}")


def slot(fired_at: datetime, timezone: str) -> str:
    """The slot that a firing belongs to: its local minute, without offset, so that a repeated hour counts once."""
    return fired_at.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%dT%H:%M")


def latest(schedule: CronTrigger, now: datetime) -> datetime | None:
    """The nominal time of the latest firing at or before ``now``; None if there was none for a year."""
    for span in LOOK_BACK:
        found: datetime | None = None
        moment = now - span
        while True:
            fired_at = schedule.get_next_fire_time(None, moment)
            if fired_at is None or fired_at > now:
                break
            found = fired_at.astimezone(
                UTC
            )  # adding to a local time would forget which of two equal hours it is in
            moment = found + timedelta(seconds=1)
        if found is not None:
            return found
    return None


@dataclass(frozen=True, slots=True)
class Firing:
    """When a schedule fires, with its zone, and what daylight saving does to it, if anything."""

    at: datetime
    note: str = ""


def upcoming(expression: str, timezone: str, now: datetime, number: int) -> list[Firing]:
    """The next firings after ``now``, each slot once, with a note at the first one after clocks have changed. Raises ValueError."""
    schedule, zone = trigger(expression, timezone), ZoneInfo(timezone)
    found: list[Firing] = []
    seen = {slot(now, timezone)}
    moment, before = now, now.astimezone(zone).utcoffset()
    while len(found) < number:
        fired_at = schedule.get_next_fire_time(None, moment)
        if fired_at is None:
            break
        moment = fired_at.astimezone(UTC) + timedelta(seconds=1)
        if slot(fired_at, timezone) in seen:
            continue  # the hour that clocks repeat: only its first slot runs
        seen.add(slot(fired_at, timezone))
        offset = fired_at.utcoffset()
        note = "" if offset == before else f"clocks have changed: it is UTC{fired_at:%z} by then"
        found.append(Firing(fired_at, note))
        before = offset
    return found


@dataclass(frozen=True, slots=True)
class Judged:
    """A Flow by its schedule: when it fires next, and how it is late. All None and not late by a schedule if it has none."""

    expression: str | None
    due: datetime | None
    """its newest firing that is at least GRACE ago"""
    next_at: datetime | None
    since: datetime | None
    """from when on it may be late (None: always)"""
    late: Lateness


def judged(
    flow: str,
    schedules: Any,
    last: Any,
    going: Going | None,
    known: Mapping[str, datetime],
    now: datetime,
) -> Judged:
    """How a Flow is late: for pages, commands and metrics alike. ``last`` is its newest Run (None: there is none), ``known`` since when each schedule is.

    One that nobody knows yet, of a Flow that never ran, is new: nothing of it was missed.
    """
    expression: str | None = getattr(schedules, flow)
    due = fires = since = None
    if expression is not None:
        schedule = trigger(expression, schedules.timezone)
        due, fires = latest(schedule, now - GRACE), schedule.get_next_fire_time(None, now)
        since = known.get(known_as(flow, expression), now if last is None else None)
    began, state = (None, "") if last is None else (last["created_at"], last["state"])
    late = lateness(due, began=began, state=state, going=going, since=since, now=now)
    return Judged(expression, due, fires, since, late)


def flow_standing(name: str, found: Mapping[str, Any], schedules: Any, now: datetime) -> dict[str, Any]:
    """How a flow stands, and when it is next: ``found`` is the overview, ``schedules`` what the configuration says of them."""
    state = found["flows"][name]
    last, going = state["last"], state["going"]
    by = judged(name, schedules, last, going, found["schedules_known"], now)
    return {
        "flow": name,
        "standing": standing(name, found, last, by.due, now, going, by.since),
        "late": by.late.value,
        "going": None if going is None else asdict(going),
        "scheduled": by.expression,
        "next_at": by.next_at,
        "last_run": None if last is None else last["id"],
        "last_state": state["last_state"],
        "last_error": None if last is None else last["error"],
        "succeeded_at": state["succeeded_at"],
        "planned_at": state["planned_at"],
    }


OVERLONG = "running, late"
"""A flow whose run goes on for much longer than was to be expected."""


def standing(
    name: str,
    found: Mapping[str, Any],
    last: Any,
    due: datetime | None,
    now: datetime,
    going: Going | None = None,
    since: datetime | None = None,
) -> str:
    """One word: what a person must know first of this flow. ``due`` is its newest firing that is at least GRACE ago; ``since`` as ``lateness`` has it."""
    if any(run["flow"] == name for run in found["held"]):
        return "held"
    if found["paused"] or (name == "push" and found["pauses"]):
        return "paused"
    began, state = (None, "") if last is None else (last["created_at"], last["state"])
    late = lateness(due, began=began, state=state, going=going, since=since, now=now)
    if late:
        return OVERLONG if late is Lateness.OVERLONG else "late"
    if going is not None or state in {"queued", "running"}:
        return "running"
    if last is None:
        return "never ran"
    if last["state"] == "failed":
        return "failed"
    return "on time" if due is not None else "idle"
