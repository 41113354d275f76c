"""Delta: what Litmos says has changed since a moment, how to ask for it, and what of it must be read again.

Litmos' date windows (``/org/*``) tell what was touched, not for certain what is: whether they report removals, and what
``Active`` means in a row, is unsettled (litmos-api 9). So a row that disagrees with the mirror is never believed; the list that
it is about is read again. Only fields of a user, and how far somebody is with what they learn, are taken as they come.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from syncd.core.model import Item, ItemKey, Role, TeamShelf
from syncd.core.operation import Learner
from syncd.core.profile import WRITABLE_FIELDS

Key = TypeVar("Key")
OVERLAP = timedelta(hours=36)
"""How far a window reaches back behind the last reading: a day, and the hours by which Litmos' clock may be shifted."""
AHEAD = timedelta(hours=36)
"""How far it reaches ahead: a ``to`` that is not in the future hides today, in every time zone (litmos-api 6.6)."""
LONGEST_WINDOW = timedelta(days=7)
"""The most that ``since`` and ``to`` may be apart (litmos-api 6.6)."""
REACH = timedelta(days=28)
"""An outage longer than this is answered by a full reading: walking the windows would cost as much."""
FOLDED = frozenset(WRITABLE_FIELDS) | {"Active"}
"""The fields of a user that a delta row may change; the rest (dates in another form) waits for a full record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched(Generic[Key]):
    """A row about one user in one list (of a team, or of an item) that Litmos touched ``at`` some time.

    ``roles`` says of each role in a team that the row tells of whether the user has it.
    """

    list_id: Key
    user_id: str
    active: bool
    at: datetime | None
    roles: Mapping[Role, bool] = field(default_factory=dict)

    def as_role(self, role: Role) -> "Touched[Key] | None":
        """What the row tells of the team's list of people with this role; None if nothing."""
        if role not in self.roles:
            return None
        return replace(self, active=self.active and self.roles[role])


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamRow:
    """A row about a team: only what it carries (``name``, ``parent_id``, ``code``), and whether it says that it is gone."""

    id: str
    known: Mapping[str, str]
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a user is with a learning path or course."""

    item: ItemKey
    learner: Learner


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What Litmos' date windows told: complete lists, or none. ``profiles`` carry some fields of a record only."""

    profiles: tuple[Mapping[str, Any], ...] = ()
    teams: tuple[TeamRow, ...] = ()
    members: tuple[Touched[str], ...] = ()
    items: tuple[Item, ...] = ()
    learners: tuple[Touched[ItemKey], ...] = ()
    shelves: tuple[Touched[TeamShelf], ...] = ()
    """about items of teams: ``user_id`` is the item's id"""
    progress: tuple[Progress, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """When Litmos was last read: ``full`` when the last full refresh began, ``last`` the last one, full or delta."""

    full: datetime | None
    last: datetime | None


def windows(since: datetime, to: datetime) -> Iterable[tuple[datetime, datetime]]:
    """``since`` to ``to`` in pieces of at most 7 days, in whole seconds; nothing if ``to`` is not later."""
    begin, end = since.replace(microsecond=0), to.replace(microsecond=0)
    while begin < end:
        stop = min(begin + LONGEST_WINDOW, end)
        yield begin, stop
        begin = stop


def spans(
    readings: Readings, now: datetime, *, full_within: timedelta
) -> tuple[tuple[datetime, datetime], ...]:
    """The windows that a delta must ask for; none if only a full reading will do.

    =====================================================  ==============================================
    Litmos was                                             then
    =====================================================  ==============================================
    never read in full                                     full
    last read in full more than ``full_within`` ago        full
    last read more than ``REACH`` ago                      full
    read in the future (a clock was set back)              full
    else                                                   windows from the last reading, with overlaps
    =====================================================  ==============================================
    """
    full, last = readings.full, readings.last or readings.full
    if (
        full is None
        or last is None
        or now - full > full_within
        or now - last > REACH
        or max(full, last) > now
    ):
        return ()
    return tuple(windows(last - OVERLAP, now + AHEAD))


def folded(profile: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """A full record with the fields that a delta row carries laid over it (amended rows never drop a field)."""
    return {**profile, **{name: value for name, value in row.items() if name in FOLDED and name in profile}}


def to_read_again(
    touched: Iterable[Touched[Key]],
    held: Collection[tuple[Key, str]],
    *,
    added: Collection[tuple[Key, str]] = (),
    hidden: Collection[str],
) -> set[Key]:
    """The lists that disagree with what is held of them: (list id, user id) pairs.

    ``added`` are the pairs that syncd itself added since the last reading: Litmos ignores some of what it is sent without
    a word (litmos-api 6.13), so one that no row tells of disagrees, too.

    Of several rows about one pair the latest counts; rows of one time that contradict each other disagree. ``hidden`` are
    users (the inactive ones) whom lists do not show: reading again would tell nothing about them.
    """
    latest: dict[tuple[Key, str], tuple[float, set[bool]]] = {}
    for row in touched:
        if row.user_id in hidden:
            continue
        pair, moment = (row.list_id, row.user_id), row.at.timestamp() if row.at else -math.inf
        known = latest.get(pair)
        if known is None or moment > known[0]:
            latest[pair] = (moment, {row.active})
        elif moment == known[0]:
            known[1].add(row.active)
    untold = {pair[0] for pair in added if pair not in latest and pair[1] not in hidden}
    return untold | {pair[0] for pair, (_, says) in latest.items() if says != {pair in held}}


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingCheck:
    """Which lists are read again for their age alone, since Litmos may not report what is removed from them.

    ``within``: every list is read at least so often. ``elapsed``: time since the last reading of any kind.
    """

    within: timedelta
    elapsed: timedelta = field(default_factory=timedelta)

    def due(self, read_at: Mapping[Key, datetime], now: datetime) -> list[Key]:
        """The oldest lists first: those past half of ``within``, as many as keep pace, and all that are past it.

        After a full refresh nothing is due for half of the time; from then on each reading takes its share, so that the
        requests are spread evenly over the other half.
        """
        half = self.within / 2
        old = [(moment, key) for key, moment in read_at.items() if now - moment >= half]
        ages = sorted(old, key=lambda pair: (pair[0], str(pair[1])))
        share = math.ceil(len(read_at) * min(1.0, self.elapsed / half)) if half else len(ages)
        late = sum(now - moment >= self.within for moment, _ in ages)
        return [key for _, key in ages[: max(share, late)]]
