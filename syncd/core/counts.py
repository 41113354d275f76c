"""Counts: what of a Plan is counted, by whom and by what, and of how much it is a share. One table, ``COUNTED``."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from syncd.core.managers import MANAGER, MANAGER_ID
from syncd.core.model import Action, Change, ObjectKind, TeamKey, team_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What the Limits are held against: numbers about what Litmos has now.

    ``population`` are linked, active users; ``memberships``, ``assignments`` and ``teams`` those known now.
    ``team_sizes`` are a team's active people, and ``teams_of`` the teams of each person; both are needed for
    ``team_removals`` alone.
    """

    population: int
    memberships: int = 0
    assignments: int = 0
    teams: int = 0
    team_sizes: Mapping[TeamKey, int] = field(default_factory=dict)
    teams_of: Mapping[str, frozenset[TeamKey]] = field(default_factory=dict)


Group = tuple[str, ...]
"""What is counted by itself: () for all together, (field,) or a TeamKey."""
Subject = tuple[str, ...]
"""Something that counts once in its group, however many Changes touch it: a person, a membership, an assignment."""
Kind = tuple[ObjectKind, Action]


_NOTHING = Measure(population=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One row of the table: what the count ``name`` counts, and of what it is a share.

    Only Changes of one of ``kinds`` count; ``subjects`` says what each adds. ``base`` is how many ``of`` there are now;
    with ``loses``, those that were lost within the window were there, too. ``noun`` is what a message calls it.
    """

    name: str
    noun: str
    kinds: frozenset[Kind]
    subjects: Callable[[Change, Measure], Iterable[tuple[Group, Subject]]]
    base: Callable[[Measure, Group], int]
    of: str = "people"
    loses: bool = False

    def counts(self, change: Change) -> bool:
        """Whether the Change adds to this count, if perhaps not for every team."""
        return (change.kind, change.action) in self.kinds and any(self.subjects(change, _NOTHING))


def _users(*actions: Action) -> frozenset[Kind]:
    return frozenset((ObjectKind.USER, action) for action in actions)


def _person(change: Change, _measure: Measure) -> Iterator[tuple[Group, Subject]]:
    yield (), (change.employee_id,)


def _renamed(change: Change, _measure: Measure) -> Iterator[tuple[Group, Subject]]:
    if "UserName" in change.after:
        yield (), (change.employee_id,)


def _each_field(change: Change, _measure: Measure) -> Iterator[tuple[Group, Subject]]:
    for name in change.after:
        yield (MANAGER_ID if name == MANAGER else name,), (change.employee_id,)


def _membership(change: Change, _measure: Measure) -> Iterator[tuple[Group, Subject]]:
    yield (), ("team", change.employee_id, *team_key(change.team))


def _assignment(change: Change, _measure: Measure) -> Iterator[tuple[Group, Subject]]:
    """The assignment itself, those that come and go along with a membership, or one for each member whom a team's reaches."""
    if change.kind is ObjectKind.TEAM_ASSIGNMENT:
        for number in range(max(1, change.people)):
            yield (), ("reached", change.key, str(number))
        return
    itself = () if change.item is None else (change.item,)
    for item in (*itself, *change.gives, *change.takes):
        yield (), ("item", change.employee_id, *item)


def _result(change: Change, _measure: Measure) -> Iterator[tuple[Group, Subject]]:
    yield (), (change.key,)


def _removed(change: Change, measure: Measure) -> Iterator[tuple[Group, Subject]]:
    if change.kind is ObjectKind.MEMBERSHIP:
        yield from _membership(change, measure)
    if change.kind is ObjectKind.ROLE:
        yield (), (change.role.value, change.employee_id, *team_key(change.team))
    yield from _assignment(change, measure)


def _team(change: Change, _measure: Measure) -> Iterator[tuple[Group, Subject]]:
    yield (), team_key(change.team)


def _lost_by_team(change: Change, measure: Measure) -> Iterator[tuple[Group, Subject]]:
    """A team loses whom it is left by, and who loses access."""
    if change.kind is ObjectKind.MEMBERSHIP:
        yield team_key(change.team), (change.employee_id,)
    else:
        for team in measure.teams_of.get(change.employee_id, ()):
            yield team, (change.employee_id,)


def _population(measure: Measure, _group: Group) -> int:
    return measure.population


_ADDED = frozenset({(ObjectKind.MEMBERSHIP, Action.ADD)})
_REMOVED = frozenset({(ObjectKind.MEMBERSHIP, Action.REMOVE)})
_GIVEN = frozenset({(ObjectKind.ASSIGNMENT, Action.ADD), (ObjectKind.TEAM_ASSIGNMENT, Action.ADD)})
_TAKEN = frozenset({(ObjectKind.ASSIGNMENT, Action.REMOVE), (ObjectKind.TEAM_ASSIGNMENT, Action.REMOVE)})

_RESET = frozenset({(ObjectKind.ASSIGNMENT, Action.RESET)})

COUNTED = (
    Counted(
        name="deactivations",
        noun="deactivations",
        kinds=_users(Action.DEACTIVATE),
        subjects=_person,
        base=_population,
        loses=True,
    ),
    Counted(
        name="changes",
        noun="changes",
        kinds=_users(Action.UPDATE, Action.DEACTIVATE, Action.REACTIVATE),
        subjects=_person,
        base=_population,
    ),
    Counted(
        name="creates",
        noun="creates",
        kinds=_users(Action.CREATE),
        subjects=_person,
        base=_population,
    ),
    Counted(
        name="updates",
        noun="updates",
        kinds=_users(Action.UPDATE),
        subjects=_person,
        base=_population,
    ),
    Counted(
        name="renames",
        noun="renames",
        kinds=_users(Action.UPDATE),
        subjects=_renamed,
        base=_population,
    ),
    Counted(
        name="fields",
        noun="changes of {}",
        kinds=_users(Action.UPDATE),
        subjects=_each_field,
        base=_population,
    ),
    Counted(
        name="removals",
        noun="removals",
        kinds=_REMOVED | _TAKEN | {(ObjectKind.ROLE, Action.REMOVE)},
        subjects=_removed,
        base=lambda measure, _group: measure.memberships + measure.assignments,
        of="memberships and assignments",
        loses=True,
    ),
    Counted(
        name="memberships_removed",
        noun="memberships removed",
        kinds=_REMOVED,
        subjects=_membership,
        base=lambda measure, _group: measure.memberships,
        of="memberships",
        loses=True,
    ),
    Counted(
        name="memberships_added",
        noun="memberships added",
        kinds=_ADDED,
        subjects=_membership,
        base=lambda measure, _group: measure.memberships,
        of="memberships",
    ),
    Counted(
        name="assignments_removed",
        noun="assignments removed",
        kinds=_TAKEN | _REMOVED,
        subjects=_assignment,
        base=lambda measure, _group: measure.assignments,
        of="assignments",
        loses=True,
    ),
    Counted(
        name="assignments_added",
        noun="assignments added",
        kinds=_GIVEN | _ADDED,
        subjects=_assignment,
        base=lambda measure, _group: measure.assignments,
        of="assignments",
    ),
    Counted(
        name="resets",
        noun="completions reset",
        kinds=_RESET,
        subjects=_assignment,
        base=lambda measure, _group: measure.assignments,
        of="assignments",
    ),
    Counted(
        name="results",
        noun="results recorded",
        kinds=frozenset({(ObjectKind.RESULT, Action.RECORD)}),
        subjects=_result,
        base=lambda measure, _group: measure.assignments,
        of="assignments",
    ),
    Counted(
        name="team_creates",
        noun="teams created",
        kinds=frozenset({(ObjectKind.TEAM, Action.CREATE)}),
        subjects=_team,
        base=lambda measure, _group: measure.teams,
        of="teams",
    ),
    Counted(
        name="team_removals",
        noun='members lost by team "{}"',
        kinds=_REMOVED | _users(Action.DEACTIVATE),
        subjects=_lost_by_team,
        base=lambda measure, group: measure.team_sizes.get(group, 0),
        of="members",
        loses=True,
    ),
)
"""Everything that may be limited: what is counted, and of what it is a share. Holds are told in this order."""
