"""Lifecycle: HR's word, HR's dates and the moment of the run make what a person is today. Pure; the tables are here.

``standing`` is about whoever is in HR's data, ``absent`` about whoever is not, ``Overlap`` about the teams of
somebody who moved, and ``is_given_back`` about what somebody had who comes back. A date switches nobody off, but for the
date of leaving.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from syncd.core.days import Dates, day_in
from syncd.core.model import Employee, ItemKey, Role, Status, TeamKey
from syncd.core.rules import Absence


class Leave(StrEnum):
    """What becomes of somebody who is on leave."""

    KEEP = "keep"
    SUSPEND = "suspend"
    MUTE = "mute"


class Contradiction(StrEnum):
    """What becomes of somebody whom HR calls active although the last working day is long past."""

    KEEP = "keep"
    LEFT = "left"
    ACTIVE = "active"
    REJECT = "reject"


LEAVE_RULE = "employee.leave"
"""The rule that decides about somebody on leave, whatever it leaves to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """The policies about time; days are those of the person's own calendar.

    ``lead`` days before the first one an account is due, ``grace`` days after the last one access ends. After
    ``contradiction_after`` further days a last working day is no news any more, and ``contradiction`` decides about
    whoever is still active to HR. ``overlap`` is how long a mover keeps the teams of before; ``give_back`` how long
    after a deactivation what somebody had is given back (no time: never). ``empties_leavers``: who left is taken out of all
    teams.
    """

    lead: int = 0
    grace: int = 0
    leave: Leave = Leave.KEEP
    contradiction: Contradiction = Contradiction.KEEP
    contradiction_after: int = 30
    overlap: timedelta = timedelta()
    give_back: timedelta = timedelta(days=90)
    empties_leavers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a person is today, the sentence why, and the rule that decided.

    ``muted``: an account that gets no messages; ``away``: is on leave, whatever that leaves to them. ``doubts`` are codes: what HR should look at (``DOUBTS``).
    """

    status: Status
    because: str
    rule: str = "employee.status"
    muted: bool = False
    doubts: tuple[str, ...] = ()
    away: bool = False


class Hire(StrEnum):
    """Where today is, seen from the first working day."""

    NONE = "none"
    PAST = "past"
    LEAD = "lead"
    BEYOND = "beyond"


class Leaving(StrEnum):
    """Where today is, seen from the last working day; ``FUTURE`` includes that day itself."""

    NONE = "none"
    FUTURE = "future"
    GRACE = "grace"
    PAST = "past"
    LONG_PAST = "long past"


LONG_PAST = "LEAVING-LONG-PAST"
LAST_DAY_AHEAD = "LEFT-BEFORE-LAST-DAY"
ZONE_UNKNOWN = "ZONE-UNKNOWN"
DOUBTS = {
    LONG_PAST: "active to HR, though the last working day is long past; employee.dates.contradiction decides",
    LAST_DAY_AHEAD: "has left to HR, though the last working day is still to come; access is kept until it is over",
    ZONE_UNKNOWN: "the time zone is not known; employee.dates.timezone.default stands for it",
}
"""What HR should look at, code -> sentence; it is told with each Plan."""

_BY_LEAVING: Mapping[tuple[Status, Leaving], Status] = {
    (Status.FUTURE, Leaving.GRACE): Status.LEAVING,
    (Status.FUTURE, Leaving.PAST): Status.LEFT,
    (Status.FUTURE, Leaving.LONG_PAST): Status.FUTURE,
    (Status.ACTIVE, Leaving.GRACE): Status.LEAVING,
    (Status.ACTIVE, Leaving.PAST): Status.LEFT,
    (Status.ACTIVE, Leaving.LONG_PAST): Status.UNCLEAR,
    (Status.LEAVE, Leaving.GRACE): Status.LEAVING,
    (Status.LEAVE, Leaving.PAST): Status.LEFT,
    (Status.LEAVE, Leaving.LONG_PAST): Status.UNCLEAR,
    (Status.LEFT, Leaving.NONE): Status.LEFT,
    (Status.LEFT, Leaving.FUTURE): Status.LEAVING,
    (Status.LEFT, Leaving.GRACE): Status.LEAVING,
    (Status.LEFT, Leaving.PAST): Status.LEFT,
    (Status.LEFT, Leaving.LONG_PAST): Status.LEFT,
}
_BY_HIRE: Mapping[tuple[Status, Hire], Status] = {
    (Status.FUTURE, Hire.NONE): Status.FUTURE,
    (Status.FUTURE, Hire.PAST): Status.ACTIVE,
    (Status.FUTURE, Hire.LEAD): Status.ACTIVE,
    (Status.FUTURE, Hire.BEYOND): Status.FUTURE,
    (Status.ACTIVE, Hire.NONE): Status.ACTIVE,
    (Status.ACTIVE, Hire.PAST): Status.ACTIVE,
    (Status.ACTIVE, Hire.LEAD): Status.ACTIVE,
    (Status.ACTIVE, Hire.BEYOND): Status.FUTURE,
    (Status.LEAVE, Hire.NONE): Status.LEAVE,
    (Status.LEAVE, Hire.PAST): Status.LEAVE,
    (Status.LEAVE, Hire.LEAD): Status.LEAVE,
    (Status.LEAVE, Hire.BEYOND): Status.FUTURE,
}


def standing(word: Status, dates: Dates, lifecycle: Lifecycle, now: datetime | None) -> Standing:
    """What a person is at ``now`` (None only where there are no dates), whom HR calls ``word``.

    The last working day decides first, with the grace after it; where it says nothing (``.``), the first one does:

    =======  ======  ========  ========  ======  =========  ||  ======  ======  ======  ======
    HR says  last working day is                            ||  first working day is
    -------  ---------------------------------------------  ||  ------------------------------
    ..       none    to come   in grace  past    long past  ||  none    past    lead    beyond
    =======  ======  ========  ========  ======  =========  ||  ======  ======  ======  ======
    future   .       .         leaving   left    future     ||  future  active  active  future
    active   .       .         leaving   left    unclear*   ||  active  active  active  future
    leave    .       .         leaving   left    unclear*   ||  leave** leave** leave** future
    left     left    leaving   leaving   left    left       ||
    =======  ======  ========  ========  ======  =========  ||  ======  ======  ======  ======

    "To come" includes the last working day itself: access ends with it, and with the days of grace after it.
    A last working day before a first one that has come (its lead included) is of an earlier employment: none.
    ``*`` long past, that is, no news: by ``contradiction``, as if past (left), as if none (active), or nothing changes.
    ``**`` by ``leave``: active (keep), active and muted (mute), leave (suspend).
    """
    day = None if now is None else day_in(dates.zone, now)
    hire, leaving = _hire(dates, lifecycle, day), _leaving(dates, lifecycle, day)
    long_past = leaving is Leaving.LONG_PAST and word in {Status.ACTIVE, Status.LEAVE}
    doubts = {
        LONG_PAST: long_past,
        LAST_DAY_AHEAD: word is Status.LEFT and leaving is Leaving.FUTURE,
        ZONE_UNKNOWN: dates.zone_unknown,
    }
    if long_past and lifecycle.contradiction is Contradiction.LEFT:
        leaving = Leaving.PAST
    if long_past and lifecycle.contradiction is Contradiction.ACTIVE:
        leaving = Leaving.NONE
    by_leaving = _BY_LEAVING.get((word, leaving))
    status = _BY_HIRE[word, hire] if by_leaving is None else by_leaving
    away = status is Status.LEAVE
    muted = away and lifecycle.leave is Leave.MUTE
    rule, because = _why(word, status, dates, lifecycle, by_leaving=by_leaving is not None)
    if status is Status.LEAVE and lifecycle.leave is not Leave.SUSPEND:
        status = Status.ACTIVE
    holding = tuple(code for code, holds in doubts.items() if holds)
    return Standing(status=status, because=because, rule=rule, muted=muted, doubts=holding, away=away)


def next_turn(dates: Dates, lifecycle: Lifecycle, now: datetime | None) -> date | None:
    """The next day, in the person's own calendar, on which their dates may make them something else; None: never."""
    if now is None:
        return None
    turns: list[date] = []
    try:
        if dates.hire is not None:
            turns += [dates.hire - timedelta(days=lifecycle.lead), dates.hire]
        if dates.leaving is not None:
            after = (0, lifecycle.grace, lifecycle.grace + lifecycle.contradiction_after)
            turns += [dates.leaving + timedelta(days=days + 1) for days in after]
    except OverflowError:  # a day at the end of the calendar
        return day_in(dates.zone, now) + timedelta(days=1)
    return min((turn for turn in turns if turn > day_in(dates.zone, now)), default=None)


def _hire(dates: Dates, lifecycle: Lifecycle, day: date | None) -> Hire:
    if dates.hire is None or day is None:
        return Hire.NONE
    ahead = (dates.hire - day).days
    if ahead <= 0:
        return Hire.PAST
    return Hire.LEAD if ahead <= lifecycle.lead else Hire.BEYOND


def _leaving(dates: Dates, lifecycle: Lifecycle, day: date | None) -> Leaving:
    if dates.leaving is None or day is None:
        return Leaving.NONE
    of_before = dates.hire is not None and dates.leaving < dates.hire
    if of_before and _hire(dates, lifecycle, day) in {Hire.PAST, Hire.LEAD}:
        return Leaving.NONE
    over = (day - dates.leaving).days
    if over <= 0:
        return Leaving.FUTURE
    if over <= lifecycle.grace:
        return Leaving.GRACE
    return Leaving.PAST if over <= lifecycle.grace + lifecycle.contradiction_after else Leaving.LONG_PAST


def _why(
    word: Status, status: Status, dates: Dates, lifecycle: Lifecycle, *, by_leaving: bool
) -> tuple[str, str]:
    """The rule that decided, and the sentence."""
    if by_leaving and dates.leaving is not None:
        day = f"{dates.leaving} ({dates.zone})"
        grace = f" and {lifecycle.grace} days of grace" if lifecycle.grace else ""
        match status:
            case Status.LEAVING:
                return "employee.dates.leaving", f"access ends after the last working day, {day}{grace}"
            case Status.UNCLEAR:
                return "employee.dates.contradiction", f"HR says: {word}, but the last working day was {day}"
            case Status.LEFT if word is not Status.LEFT:
                return "employee.dates.leaving", f"access ended after the last working day, {day}{grace}"
            case _:
                return "employee.status", f"HR says: {word}, and the last working day was {day}"
    by_hire = status is Status.FUTURE or (word, status) == (Status.FUTURE, Status.ACTIVE)
    if by_hire and dates.hire is not None:
        due = f"; an account is due {lifecycle.lead} days before" if lifecycle.lead else ""
        return "employee.dates.hire", f"HR says: {word}, first working day {dates.hire} ({dates.zone}){due}"
    rule = LEAVE_RULE if status is Status.LEAVE else "employee.status"
    return rule, f"HR says: {word}"


def doubts(employees: Iterable[Employee]) -> tuple[str, ...]:
    """One sentence for each kind of doubt, with how many people it is about and the first row."""
    numbers: Counter[str] = Counter()
    first: dict[str, str] = {}
    for employee in employees:
        for code in employee.doubts:
            numbers[code] += 1
            first.setdefault(code, employee.origin)
    return tuple(
        f"{code} ({numbers[code]}): {sentence}; the first: {first[code]}"
        for code, sentence in DOUBTS.items()
        if numbers[code]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """Somebody whom HR had and has no more: absent from so many different, newer, complete inputs of their source, since when."""

    inputs: int
    since: datetime
    source: str = ""
    """the source in which they were last"""


def absent(missed: Missed, absence: Absence, now: datetime) -> str:
    """Why this absence means that access ends, or "".

    ==================  ==============  ==============  ===========
    employee.absent     inputs          hours           access ends
    ==================  ==============  ==============  ===========
    ignore              any             any             no
    deactivate          < after_files   any             no
    deactivate          >= after_files  < after_hours   no
    deactivate          >= after_files  >= after_hours  yes
    ==================  ==============  ==============  ===========
    """
    enough = missed.inputs >= absence.after_files and missed.since <= now - timedelta(
        hours=absence.after_hours
    )
    if not absence.deactivates or not enough:
        return ""
    return f"absent from {missed.inputs} inputs, since {missed.since:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Had:
    """What somebody had by the hand of a person when syncd deactivated them: teams, roles in teams, learning paths and courses,
    and when.
    """

    teams: frozenset[TeamKey] = frozenset()
    roles: frozenset[tuple[TeamKey, Role]] = frozenset()
    items: frozenset[ItemKey] = frozenset()
    taken_at: datetime

    @property
    def reason(self) -> str:
        """Why it is given back."""
        return f"had it before the deactivation of {self.taken_at:%Y-%m-%d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """How long a mover keeps a team that no rule gives any more, and since when each such membership is not given.

    ``since`` is by the Change's key; a membership that is not in it ceased to be given ``at`` the moment of the run.
    ``given`` are (employee_id, team text) of memberships that a rule gave when HR's data were last taken, and that a person may
    have made: who never moved, but was put by hand into a team whose rule is strict, is no mover.
    """

    length: timedelta = timedelta()
    given: frozenset[tuple[str, str]] = frozenset()
    since: Mapping[str, datetime] = field(default_factory=dict)
    at: datetime | None = None

    def ends(self, key: str) -> datetime | None:
        """When this membership is to end, if that is still to come; None if it ends now."""
        if self.at is None:
            return None
        end = self.since.get(key, self.at) + self.length
        return end if end > self.at else None


def is_given_back(taken_at: datetime, within: timedelta, now: datetime) -> bool:
    """Whether what went with a deactivation at ``taken_at`` is given back to somebody who returns ``now``."""
    return now - taken_at < within
