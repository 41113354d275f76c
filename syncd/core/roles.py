"""Roles: who leads and administers which team, and the Changes that make it so. Pure; the table is in ``role_changes``."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from syncd.core.desired import Desired
from syncd.core.lifecycle import Had
from syncd.core.model import (
    GIVE_BACK,
    STRICT,
    Action,
    Change,
    Employee,
    ObjectKind,
    Role,
    State,
    Status,
    TeamKey,
    User,
    Wish,
    team_key,
    team_text,
)

ACCESS_LEVEL = "AccessLevel"
LEVELS: Mapping[Role, str] = {Role.MEMBER: "Learner", Role.LEADER: "Team_Leader", Role.ADMIN: "Team_Admin"}
"""What Litmos makes a user's AccessLevel by their highest role in any team [DOC; Team_Admin INFER]."""
Grant = tuple[str, str, Role]
"""(employee id, team text, role) that syncd itself gave."""


def level_of(roles: Collection[Role]) -> str:
    """The AccessLevel of somebody with these roles."""
    return LEVELS[max(roles, key=list(Role).index, default=Role.MEMBER)]


def appoint(employees: Iterable[Employee], bosses: Mapping[str, str]) -> list[Employee]:
    """Give whoever manages somebody in a team the role that its rule gives managers, and the membership that it needs.

    ``bosses`` is employee_id -> the manager's employee id. Only active people in scope manage anybody, and only those for
    whom the rule's ``when`` holds (``may_head``). Being put into a team as its leader makes nobody else a leader of it.
    """
    people = {employee.employee_id: employee for employee in employees}
    if not bosses:
        return list(people.values())
    headed: dict[str, dict[TeamKey, Wish]] = {}
    for employee_id, employee in sorted(people.items()):
        boss = people.get(bosses.get(employee_id, ""))
        if boss is None or not _is_synced(employee) or not _is_synced(boss):
            continue
        for wish in employee.teams:
            given = sorted(wish.manager_roles & boss.may_head)
            if given:
                roles = frozenset(role for _, role in given)
                office = replace(wish, rule=given[0][0], roles=roles, manager_roles=frozenset())
                _join(headed.setdefault(boss.employee_id, {}), office)
    return [_appointed(employee, headed.get(employee.employee_id, {})) for employee in people.values()]


def in_doubt(
    current: State, teams: Collection[str], roles: Collection[Role]
) -> dict[str, frozenset[TeamKey]]:
    """Who may have one of these ``roles`` for somebody of whom nothing is known now -> the teams where that may be.

    ``teams`` are the texts of the teams in which such people are. Whoever has the role there may manage one of them, so that
    neither it nor the membership is theirs no longer.
    """
    found = {
        person: frozenset(key for key, role in held if role in roles and team_text(key) in teams)
        for person, held in current.roles.items()
    }
    return {person: keys for person, keys in found.items() if keys}


def _is_synced(employee: Employee) -> bool:
    return employee.status is Status.ACTIVE and employee.in_scope


def _appointed(employee: Employee, offices: Mapping[TeamKey, Wish]) -> Employee:
    if not offices:
        return employee
    wishes = {wish.key: wish for wish in employee.teams}
    for office in offices.values():
        _join(wishes, office)
    return replace(employee, teams=tuple(wishes.values()))


def _join(wishes: dict[TeamKey, Wish], office: Wish) -> None:
    known = wishes.get(office.key)
    wishes[office.key] = office if known is None else known.joined(office)


def settle_level(employee: Employee, user: User | None, current: State) -> Employee:
    """The employee without a mapped AccessLevel that Litmos sets by itself.

    Litmos makes a leader's AccessLevel Team_Leader, so a mapped ``Learner`` would be sent for ever and might take the role
    away. While somebody has a role in a team that is read, or is to have one, their level is Litmos' as long as what it is
    and what is mapped are ordinary levels (those of LEVELS); any other difference is repaired as that of any field.
    """
    has_role = bool(current.roles.get(employee.employee_id)) or any(wish.roles for wish in employee.teams)
    if user is None or not has_role:
        return employee
    levels = {employee.fields.get(ACCESS_LEVEL), user.fields.get(ACCESS_LEVEL)}
    if not levels <= set(LEVELS.values()):
        return employee
    return replace(employee, fields={n: v for n, v in employee.fields.items() if n != ACCESS_LEVEL})


def role_changes(
    employee: Employee,
    user: User | None,
    desired: Desired,
    current: State,
    *,
    granted: Collection[Grant],
    leaving: Collection[TeamKey],
) -> Iterable[Change]:
    """Who becomes a leader or admin, and who is one no longer. ``leaving`` are the teams that this Plan takes from them, and
    those from which it takes nothing because nobody knows whether they belong there.

    ==============  ============  ====================================  ========================
    a rule gives    they have it                                        Change
    ==============  ============  ====================================  ========================
    yes             no                                                  add, after the membership
    yes             yes                                                 none
    no              yes           the membership goes, or is undecided  none: it goes along
    no              yes           syncd gave it                         remove
    no              yes           a strict rule decides about it there  remove
    no              yes           somebody else gave it                 none
    ==============  ============  ====================================  ========================
    """
    person = employee.employee_id
    held = current.roles.get(person, frozenset())
    wanted = {(wish.key, role): wish for wish in employee.teams for role in wish.roles}
    for key, role in sorted(wanted.keys() - held):
        wish = wanted[key, role]
        yield _change(Action.ADD, role, employee, user, wish.names, wish.rule, "the rule names this person")
    for key, role in sorted(held - wanted.keys()):
        if key in leaving or key not in current.teams:
            continue
        if (person, team_text(key), role) in granted:
            rule, why = "teams", "syncd gave it, and no rule does any more"
        elif key in desired.strict_teams and (key, role) in desired.ruled_roles:
            rule, why = STRICT, "no rule names this person, and the team is strict"
        else:
            continue
        yield _change(Action.REMOVE, role, employee, user, current.teams[key].names, rule, why)


def roles_given_back(
    employee: Employee,
    user: User | None,
    desired: Desired,
    current: State,
    *,
    had: Had,
    joining: Collection[TeamKey],
) -> Iterable[Change]:
    """The roles that a person had given by hand, and a deactivation of syncd's took, in the teams where they are members.

    ``joining`` are the teams that are given back with them. Where a strict rule decides about the role, nothing is.
    """
    person = employee.employee_id
    held = current.roles.get(person, frozenset())
    wanted = {(wish.key, role) for wish in employee.teams for role in wish.roles}
    member = {*current.memberships.get(person, ()), *desired.state.memberships.get(person, ()), *joining}
    for key, role in sorted(had.roles - held - wanted):
        ruled = key in desired.strict_teams and (key, role) in desired.ruled_roles
        if key in member and key in current.teams and not ruled:
            names = current.teams[key].names
            yield _change(Action.ADD, role, employee, user, names, GIVE_BACK, had.reason)


def _change(
    action: Action,
    role: Role,
    employee: Employee,
    user: User | None,
    names: tuple[str, ...],
    rule: str,
    reason: str,
) -> Change:
    return Change(
        key=f"{role}:{employee.employee_id}@{team_text(team_key(names))}",
        action=action,
        kind=ObjectKind.ROLE,
        employee_id=employee.employee_id,
        user_id=user.id if user else "",
        team=names,
        before={role.title(): action is Action.REMOVE},
        after={role.title(): action is Action.ADD},
        reason=reason,
        rule=rule,
        origin=employee.origin,
    )
