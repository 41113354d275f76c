"""Lateness: whether a Flow should have begun by now, or should have ended. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

GRACE = timedelta(minutes=15)
"""How long after its time a Run may begin before its Flow is late."""
LONG = timedelta(hours=2)
"""No Run is late that has gone on for less."""
TIMES = 2
"""A Run is late once it has gone on for so many times as long as was to be expected."""


class Lateness(StrEnum):
    """How a Flow is late, if it is."""

    NONE = ""
    UNBEGUN = "unbegun"
    """its time has passed, and no Run of it has begun"""
    OVERLONG = "overlong"
    """a Run of it goes on for much longer than was to be expected"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """A Run that is at work ``since`` then; ``expected`` is for how many seconds such a Run may be expected to go on."""

    run_id: int
    since: datetime
    expected: float


def known_as(flow: str, written: str) -> str:
    """Under what it is remembered since when a schedule is known: another expression is another schedule."""
    return f"schedule:{flow}:{written}"


def patience(expected: float) -> timedelta:
    """For how long a Run may go on of which so many seconds were to be expected."""
    return max(LONG, TIMES * timedelta(seconds=expected))


def lateness(
    due: datetime | None,
    *,
    began: datetime | None,
    state: str,
    now: datetime,
    going: Going | None = None,
    grace: timedelta = GRACE,
    since: datetime | None = None,
) -> Lateness:
    """Whether and how a Flow is late. ``due`` is its newest firing that is at least ``grace`` ago (None: there is none).

    ``began`` is when its newest Run was made, None: there is none, and ``state`` that Run's state; ``going`` the oldest Run of
    it that is at work; ``since`` is from when on its schedule was known (None: always).

    ==========================================  =====================================================
    the Runs                                    then
    ==========================================  =====================================================
    one goes on for longer than ``patience``    overlong, whatever the schedule
    the newest is queued                        unbegun once it has been that for ``grace``
    the newest is running, however old          not late: the next firing waits for it
    the newest was made at ``due`` or later     not late
    it is older, or there is none               unbegun, if ``due`` is not before ``since``
    ==========================================  =====================================================
    """
    if going is not None and now - going.since > patience(going.expected):
        return Lateness.OVERLONG
    if due is None:
        return Lateness.NONE
    if state == "queued" and began is not None:
        unbegun = now - began >= grace
    elif state == "running" or (began is not None and began >= due):
        unbegun = False
    else:
        unbegun = since is None or due >= since
    return Lateness.UNBEGUN if unbegun else Lateness.NONE
