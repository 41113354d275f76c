"""Phases: what a Run did one after the other, and for how long it waited for a person. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

WAITS, READS, PLANS, HELD, SENDS = "waits to begin", "reads", "reads and plans", "held", "sends"
PLANNED_AT = "planned_at"
"""What the summary of a Run calls the moment of its Plan, where no input says it: it takes another Run back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """The times that a Run left; None for what it did not come to.

    ``planned`` is when its Plan was stored, ``first_job`` when the first Jobs were made. ``idle`` is when the last Job ended of
    those that were made before a person ``decided``, or of all while nobody has. ``was_held``: it waits or waited for one.
    """

    created: datetime
    started: datetime | None = None
    planned: datetime | None = None
    first_job: datetime | None = None
    idle: datetime | None = None
    decided: datetime | None = None
    finished: datetime | None = None
    was_held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A name, from when and to when."""

    name: str
    begun: datetime
    ended: datetime

    @property
    def seconds(self) -> float:
        """How long it took."""
        return round(max(0.0, (self.ended - self.begun).total_seconds()), 1)


def phases(times: Times, now: datetime, *, plans: bool = True) -> list[Phase]:
    """The phases in their order, the last one until the end of the Run, or until ``now``; not ``plans``: it only reads."""
    marks = list(_marks(times, PLANS if plans else READS))
    ends = [at for _, at in marks[1:]] + [times.finished or now]
    return [Phase(name=name, begun=at, ended=end) for (name, at), end in zip(marks, ends, strict=True)]


def held_seconds(times: Times, now: datetime) -> float:
    """For how long it only waited for a person."""
    return sum((one.ended - one.begun).total_seconds() for one in phases(times, now) if one.name == HELD)


def worked_seconds(times: Times) -> float | None:
    """For how long a Run that has ended worked, from its start on: without what it waited for a person. None: it has not begun, or not ended."""
    if times.started is None or times.finished is None:
        return None
    waited = held_seconds(times, times.finished)
    return max(0.0, round((times.finished - times.started).total_seconds() - waited, 3))


def planned_of(summary: Mapping[str, Any]) -> datetime | None:
    """When the Plan was stored, if the summary says it."""
    said = summary.get(PLANNED_AT)
    return None if said is None else datetime.fromisoformat(said)


def _marks(times: Times, reads: str) -> Iterable[tuple[str, datetime]]:
    yield WAITS, times.created
    if times.started is not None:
        yield reads, times.started
    first = times.first_job
    if times.was_held and times.planned is not None and (first is None or first > times.planned):
        yield HELD, times.planned
        if first is None and times.decided is not None and times.decided != times.finished:
            yield SENDS, times.decided
    if first is not None:
        yield SENDS, first
    if times.was_held and times.idle is not None and (times.decided is None or times.decided > times.idle):
        yield HELD, times.idle
        if times.decided is not None and times.decided != times.finished:
            yield SENDS, times.decided
