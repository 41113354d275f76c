"""Desired State: what the Employees, all together, say that Litmos should hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from syncd.core.model import (
    Assignment,
    Employee,
    LearningPath,
    Role,
    State,
    Status,
    Team,
    TeamKey,
    User,
    Wish,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """The desired State and what is needed to read it rightly.

    ``employees`` are all valid ones, those who left and those out of scope too; ``state`` holds the active ones in
    scope. ``strict_teams`` and ``strict_paths`` are ruled by a ``remove: strict`` rule; ``ruled_roles`` says of which teams
    a rule decides who leads or administers them; ``path_rules`` which rule gives (employee_id, path id); ``problems`` are
    sentences about rules that could not be followed.
    """

    state: State
    employees: Mapping[str, Employee]
    strict_teams: frozenset[TeamKey] = frozenset()
    strict_paths: frozenset[str] = frozenset()
    ruled_roles: frozenset[tuple[TeamKey, Role]] = frozenset()
    path_rules: Mapping[tuple[str, str], str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def desired_state(
    employees: Iterable[Employee],
    paths: Iterable[LearningPath],
    *,
    strict_path_names: Iterable[str] = (),
    strict_team_keys: Iterable[TeamKey] = (),
) -> Desired:
    """Gather what each active, in-scope Employee is given. Parents of a team are desired teams, too.

    A learning path is named by its id or, casefolded, by its name; ``strict_path_names`` and ``strict_team_keys`` are
    those of ``remove: strict`` rules, so that a rule that gives something to nobody still takes it from everybody. A
    path that Litmos does not have, or has twice by that name, becomes a problem and is given to nobody.
    """
    resolver = _PathResolver(paths)
    by_id = {employee.employee_id: employee for employee in employees}
    users: dict[str, User] = {}
    teams: dict[TeamKey, Team] = {}
    memberships: dict[str, frozenset[TeamKey]] = {}
    roles: dict[str, frozenset[tuple[TeamKey, Role]]] = {}
    ruled_roles: set[tuple[TeamKey, Role]] = set()
    assignments: dict[str, dict[str, Assignment]] = {}
    strict_teams: set[TeamKey] = set(strict_team_keys)
    strict_paths = {path_id for name in strict_path_names if (path_id := resolver.find(name))}
    path_rules: dict[tuple[str, str], str] = {}
    for employee_id, employee in sorted(by_id.items()):
        if employee.status is not Status.ACTIVE or not employee.in_scope:
            continue
        users[employee_id] = User(id="", active=True, fields=employee.fields)
        for wish in employee.teams:
            _desire_team(teams, wish)
            if wish.strict:
                strict_teams.add(wish.key)
            ruled_roles.update((wish.key, role) for role in wish.ruled_roles)
        memberships[employee_id] = frozenset(wish.key for wish in employee.teams)
        if held := frozenset((wish.key, role) for wish in employee.teams for role in wish.roles):
            roles[employee_id] = held
        for wish in employee.learning_paths:
            path_id = resolver.find(wish.names[0])
            if path_id:
                assignments.setdefault(employee_id, {})[path_id] = Assignment(path_id=path_id)
                path_rules.setdefault((employee_id, path_id), wish.rule)
    return Desired(
        state=State(users=users, teams=teams, memberships=memberships, roles=roles, assignments=assignments),
        employees=by_id,
        strict_teams=frozenset(strict_teams),
        strict_paths=frozenset(strict_paths),
        ruled_roles=frozenset(ruled_roles),
        path_rules=path_rules,
        problems=tuple(resolver.problems.values()),
    )


def _desire_team(teams: dict[TeamKey, Team], wish: Wish) -> None:
    for depth in range(1, len(wish.names) + 1):
        team = Team(id="", names=wish.names[:depth])
        teams.setdefault(team.key, team)


class _PathResolver:
    """Finds learning paths by id or name and remembers, once each, the ones it could not find."""

    def __init__(self, paths: Iterable[LearningPath]) -> None:
        self._ids: set[str] = set()
        self._names: dict[str, list[str]] = {}
        for path in paths:
            self._ids.add(path.id)
            self._names.setdefault(path.name.strip().casefold(), []).append(path.id)
        self.problems: dict[str, str] = {}

    def find(self, name: str) -> str:
        """The id of the path, or "" (and a problem)."""
        if name in self._ids:
            return name
        ids = self._names.get(name.strip().casefold(), [])
        if len(ids) == 1:
            return ids[0]
        if not ids:
            text = (
                f'learning path "{name}" is not in Litmos ({len(self._ids)} others are); nobody is given it'
            )
        else:
            text = (
                f'{len(ids)} learning paths are named "{name}"; name one by its id: {", ".join(sorted(ids))}'
            )
        self.problems[name] = text
        return ""
