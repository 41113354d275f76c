"""Policy and Limits: what a push may do at all, and how much before it is held for a person."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain

from syncd.core.counts import COUNTED, Counted, Group, Kind, Measure, Subject
from syncd.core.model import Action, Change, team_label


class Policy(StrEnum):
    """What a push may do.

    ``observe`` plans and sends nothing; ``create-only`` creates and adds; ``upsert-only`` also updates,
    reactivates and records results; ``sync`` also deactivates and removes.
    """

    OBSERVE = "observe"
    CREATE_ONLY = "create-only"
    UPSERT_ONLY = "upsert-only"
    SYNC = "sync"

    @property
    def actions(self) -> frozenset[Action]:
        """The Actions that may be planned (``observe`` plans them all, and sends none)."""
        if self is Policy.CREATE_ONLY:
            return frozenset({Action.CREATE, Action.ADD})
        if self is Policy.UPSERT_ONLY:
            return frozenset({Action.CREATE, Action.ADD, Action.UPDATE, Action.REACTIVATE, Action.RECORD})
        return frozenset(Action)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most ``count`` (None: any number), and at most ``percent`` of what there is (None: any share).

    The percentage counts only where there is at least ``minimum`` (None: ``Limits.minimum_population``).
    """

    count: int | None = None
    percent: float | None = None
    minimum: int | None = None

    @property
    def is_set(self) -> bool:
        """Whether it limits anything."""
        return self.count is not None or self.percent is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaps:
    """How often one thing may be given to a person and taken again within ``window`` seconds (``core.flapping``)."""

    count: int = 3
    window: float = 7 * 86_400.0


EVERY_OTHER = "*"
"""In ``Limits.fields``: each field that has no Limit of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may happen before a push is held: now, together with what happened in the last ``window`` seconds.

    What each Limit counts, and of what it is a share, says the table ``COUNTED``; ``window`` None counts each push for
    itself. ``flaps`` holds nothing: what exceeds it is left as it is. The last five are of an input (``core.doubts``): how much smaller or larger than the last accepted one it may
    be, how many of whom that one named it must name, from which share on a column that goes blank is a doubt, and how
    many of its rows may be rejected; None is no limit.
    """

    deactivations: Limit = Limit(count=20, percent=5.0)
    changes: Limit = Limit(percent=30.0)
    creates: Limit = Limit()
    updates: Limit = Limit()
    renames: Limit = Limit()
    fields: Mapping[str, Limit] = field(default_factory=lambda: {EVERY_OTHER: Limit()})
    removals: Limit = Limit(percent=20.0)
    memberships_removed: Limit = Limit()
    memberships_added: Limit = Limit()
    assignments_removed: Limit = Limit()
    assignments_added: Limit = Limit()
    resets: Limit = Limit(percent=20.0)
    results: Limit = Limit(percent=20.0)
    team_creates: Limit = Limit()
    team_removals: Limit = Limit(minimum=10)
    window: float | None = 86_400.0
    flaps: Flaps | None = Flaps()
    shrink_percent: float = 20.0
    grow_percent: float | None = 100.0
    overlap_percent: float | None = 80.0
    blank_percent: float | None = 50.0
    rejected_percent: float = 5.0
    minimum_population: int = 20

    def of(self, name: str, group: Group = ()) -> Limit:
        """The Limit on a count, or on one group of it."""
        found: Limit | Mapping[str, Limit] = getattr(self, name)
        return found if isinstance(found, Limit) else found.get(self._field(group), Limit())

    def key(self, name: str, group: Group = ()) -> str:
        """The key of that Limit in the configuration: ``push.limits.fields.Email``."""
        path = f"push.limits.{name}"
        return path if isinstance(getattr(self, name), Limit) else f"{path}.{self._field(group)}"

    def sets(self, name: str) -> bool:
        """Whether anything limits a count."""
        found: Limit | Mapping[str, Limit] = getattr(self, name)
        return any(one.is_set for one in ([found] if isinstance(found, Limit) else found.values()))

    def _field(self, group: Group) -> str:
        return group[0] if group[0] in self.fields else EVERY_OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One reason why a run is held: a stable ``code``, a sentence with the numbers, and what it holds.

    ``keys`` are those of the Changes that it counts; None is everything, for then the source itself looks wrong.
    """

    code: str
    message: str
    keys: frozenset[str] | None = None


def permitted(changes: Iterable[Change], policy: Policy) -> tuple[Change, ...]:
    """The Changes that the Policy lets through; whose reactivation it withholds is given nothing meanwhile."""
    every = tuple(changes)
    withheld = {action for action in Action if action not in policy.actions}
    asleep = {one.employee_id for one in every if one.action is Action.REACTIVATE and one.action in withheld}
    return tuple(one for one in every if one.action not in withheld and one.employee_id not in asleep)


def watched(limits: Limits) -> frozenset[Kind]:
    """The kinds of Changes that some Limit counts: of what was done lately, only these matter."""
    return frozenset().union(*(row.kinds for row in COUNTED if limits.sets(row.name)))


def holds(
    changes: Iterable[Change], limits: Limits, measure: Measure, recent: Iterable[Change] = ()
) -> tuple[Hold, ...]:
    """Every Limit on effects that is exceeded.

    ``changes`` and ``recent`` (what was done, or queued, within the window) leave out what a person has approved. What
    is planned now and was done lately counts once; where nothing is planned now, nothing is held.
    """
    now, before = _by_kind(changes), _by_kind(recent)
    found = [_exceeded(row, now, before, limits, measure) for row in COUNTED if limits.sets(row.name)]
    return tuple(hold for hold in found if hold is not None)


def _by_kind(changes: Iterable[Change]) -> dict[Kind, list[Change]]:
    found: dict[Kind, list[Change]] = {}
    for change in changes:
        found.setdefault((change.kind, change.action), []).append(change)
    return found


def _counted(
    row: Counted, changes: Mapping[Kind, Sequence[Change]], measure: Measure
) -> dict[Group, set[Subject]]:
    """What each group counts."""
    groups: dict[Group, set[Subject]] = {}
    for change in _of(row, changes):
        for group, subject in row.subjects(change, measure):
            groups.setdefault(group, set()).add(subject)
    return groups


def _of(row: Counted, changes: Mapping[Kind, Sequence[Change]]) -> Iterator[Change]:
    return chain.from_iterable(changes.get(kind, ()) for kind in row.kinds)


TOLD = 5
"""So many fields or teams a message names."""


def _exceeded(
    row: Counted,
    now: Mapping[Kind, Sequence[Change]],
    before: Mapping[Kind, Sequence[Change]],
    limits: Limits,
    measure: Measure,
) -> Hold | None:
    """One row of the table: a Hold that tells of every group in which too much would happen."""
    planned, done = _counted(row, now, measure), _counted(row, before, measure)
    told = {}
    for group, subjects in sorted(planned.items()):
        earlier = len(done.get(group, set()) - subjects)
        sentence = _too_many(row, group, len(subjects), earlier, limits, measure)
        if sentence:
            told[group] = sentence
    if not told:
        return None
    more = f"; and {len(told) - TOLD} more such" if len(told) > TOLD else ""
    return Hold(
        code=f"LIMIT-{row.name.upper().replace('_', '-')}",
        message="; ".join(list(told.values())[:TOLD]) + more,
        keys=frozenset(
            change.key
            for change in _of(row, now)
            if any(group in told for group, _subject in row.subjects(change, measure))
        ),
    )


def _too_many(row: Counted, group: Group, number: int, earlier: int, limits: Limits, measure: Measure) -> str:
    """A sentence with the numbers if this group's Limit is exceeded, else ""."""
    limit, key = limits.of(row.name, group), limits.key(row.name, group)
    total = number + earlier
    base = row.base(measure, group) + (earlier if row.loses else 0)
    least = limits.minimum_population if limit.minimum is None else limit.minimum
    amount = f"{number} {row.noun.format(team_label(group))}"
    if earlier and limits.window is not None:
        amount += f" now and {earlier} in the last {limits.window / 3600:g} h"
    if limit.count is not None and total > limit.count:
        return f"{amount} are more than {key}.count = {limit.count}"
    if limit.percent is not None and base >= least and total * 100 > limit.percent * base:
        share = f"{total * 100 / base:.1f} %" if base else "more"
        return f"{amount} are {share} of {base} {row.of}, more than {key}.percent = {limit.percent:g}"
    return ""
