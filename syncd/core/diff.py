"""Diff: desired State against current State, as a list of Changes. Pure; ``core.account`` has the table of accounts."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime

from syncd.core.account import of_account, of_messages, skipped, switched_off
from syncd.core.desired import Desired
from syncd.core.gifts import Reach, compare_gifts
from syncd.core.lifecycle import Had, Overlap
from syncd.core.model import (
    GIVE_BACK,
    LEAVERS,
    LEAVERS_BY_HAND,
    STRICT,
    Action,
    Assignment,
    Change,
    Employee,
    ItemKey,
    ObjectKind,
    Skip,
    State,
    Status,
    TeamKey,
    User,
    team_key,
    team_label,
    team_text,
)
from syncd.core.protection import Protection
from syncd.core.resets import resets
from syncd.core.roles import Grant, role_changes, roles_given_back, settle_level


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the diff must know besides the two States.

    ``granted`` are memberships and assignments that syncd itself made, as (employee_id, team text | item as text), and
    ``granted_roles`` the leaders and admins; ``undecided`` maps employee_id to the teams of which nobody knows whether they
    belong there, so that nothing is taken from them there;
    ``reach`` is what teams give their members, and take when they leave, and whom that reaches;
    ``absent`` maps employee_id to the sentence why absence now means deactivation; who has ``protection`` is
    never touched; ``leaving_scope_deactivates`` is ``scope.leaving``.
    ``had`` maps employee_id to what is given back to them; ``muted`` are those whose messages syncd stopped.
    ``invites``: a new user is sent the invitation, as people log in with a password of Litmos. ``empties_leavers``: whoever
    HR says has left is taken out of all teams. ``at`` is the moment at which
    it is judged which completions are due to be reset; None resets none.
    """

    granted: frozenset[tuple[str, str]] = frozenset()
    granted_roles: frozenset[Grant] = frozenset()
    undecided: Mapping[str, frozenset[TeamKey]] = field(default_factory=dict)
    reach: Reach = field(default_factory=Reach)
    absent: Mapping[str, str] = field(default_factory=dict)
    protection: Protection = field(default_factory=Protection)
    leaving_scope_deactivates: bool = False
    overlap: Overlap = field(default_factory=Overlap)
    had: Mapping[str, Had] = field(default_factory=dict)
    muted: frozenset[str] = frozenset()
    invites: bool = False
    empties_leavers: bool = False
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All Changes, in a stable order, and everyone who was skipped for a reason worth telling."""

    changes: tuple[Change, ...]
    skips: tuple[Skip, ...]


def diff(desired: Desired, current: State, rules: Rules) -> Difference:
    """Compare. Rejected people are in neither ``desired`` nor ``rules.absent``, so nothing happens to them."""
    changes: list[Change] = list(_teams(desired, current))
    given, kept_gifts = compare_gifts(
        desired.gifts, rules.reach, coming=desired.state.teams, takeable=desired.takeable
    )
    changes.extend(given)
    skips: list[Skip] = [Skip(employee_id="", code=one.code, message=one.message) for one in kept_gifts]
    for employee_id, employee in sorted(desired.employees.items()):
        user = current.users.get(employee_id)
        skip = skipped(
            employee,
            user,
            protected="" if user is None else rules.protection.why(user),
            leaving_scope_deactivates=rules.leaving_scope_deactivates,
        )
        if skip is not None:
            skips.append(skip)
            continue
        changes.extend(of_account(settle_level(employee, user, current), user, invites=rules.invites))
        if rules.empties_leavers and user is not None and employee.status is Status.LEFT:
            found, kept = _left(employee, user, desired, current, rules)
            changes.extend(found)
            skips.extend(kept)
        if employee_id in desired.state.users:
            changes.extend(of_messages(employee, user, by_syncd=employee_id in rules.muted))
            leaving: set[TeamKey] = set(rules.undecided.get(employee_id, ()))
            for compared in (_memberships, _assignments):
                found, kept = compared(employee, user, desired, current, rules)
                changes.extend(found)
                skips.extend(kept)
                leaving.update(team_key(change.team) for change in found if change.action is Action.REMOVE)
            back = list(_given_back(employee, user, desired, current, rules))
            changes.extend(back)
            due, never = resets(employee, user, desired, current, rules.at)
            changes.extend(due)
            skips.extend(never)
            changes.extend(
                role_changes(employee, user, desired, current, granted=rules.granted_roles, leaving=leaving)
            )
            if (had := rules.had.get(employee_id)) is not None:
                joining = {team_key(change.team) for change in back if change.kind is ObjectKind.MEMBERSHIP}
                changes.extend(roles_given_back(employee, user, desired, current, had=had, joining=joining))
    for employee_id, reason in sorted(rules.absent.items()):
        user = current.users.get(employee_id)
        if user is not None and user.active and not rules.protection.why(user):
            changes.append(switched_off(employee_id, user, reason=reason, rule="employee.absent", origin=""))
    return Difference(changes=tuple(_with_team_id(change, current) for change in changes), skips=tuple(skips))


def _with_team_id(change: Change, current: State) -> Change:
    """The Change with the id of the team that it is about, if Litmos has that team."""
    team = current.teams.get(team_key(change.team)) if change.team else None
    return change if team is None else replace(change, team_id=team.id)


def _teams(desired: Desired, current: State) -> Iterable[Change]:
    for key, team in sorted(desired.state.teams.items()):
        if key not in current.teams:
            yield Change(
                key=f"team:{team_text(key)}",
                action=Action.CREATE,
                kind=ObjectKind.TEAM,
                team=team.names,
                after={"Name": team.names[-1], "Parent": team_label(team.names[:-1])},
                reason="a rule names this team, and Litmos does not have it",
                rule="teams",
            )


def _memberships(
    employee: Employee, user: User | None, desired: Desired, current: State, rules: Rules
) -> tuple[list[Change], list[Skip]]:
    person = employee.employee_id
    have = current.memberships.get(person, frozenset())
    held = current.assignments.get(person, {})
    wanted = {wish.key: wish for wish in employee.teams}
    changes: list[Change] = []
    skips: list[Skip] = []
    if have == wanted.keys():  # as of almost everybody
        return changes, skips
    for key, wish in sorted(wanted.items()):
        if key not in have:
            gives = rules.reach.items.get(key, frozenset()) - held.keys()
            change = _membership(
                Action.ADD, employee, user, wish.names, wish.rule, "the rule names this person"
            )
            changes.append(replace(change, gives=tuple(sorted(gives))) if gives else change)
    ending = {
        key: why
        for key in sorted(have - wanted.keys() - rules.undecided.get(person, frozenset()))
        if (why := _ending(key, desired, current, rules, person))
    }
    overlapping = {
        key: skip for key in ending if (skip := _overlapping(person, current.teams[key].names, rules))
    }
    staying = (have - ending.keys()) | wanted.keys() | overlapping.keys()
    for key, why in ending.items():
        if key in overlapping:
            skips.append(overlapping[key])
            continue
        takes = _taken(key, staying, person, held, rules)
        names = current.teams[key].names
        started = [item for item in takes if held[item].started]
        if not desired.takeable.issuperset(started):
            staying |= {key}
            message = (
                f'team "{team_label(names)}" is kept: leaving it would take {_listed(started)}, '
                "which is started or completed"
            )
            skips.append(Skip(employee_id=person, code="ITEM-STARTED", message=message))
            continue
        rule = "teams" if (person, team_text(key)) in rules.granted else STRICT
        change = _membership(Action.REMOVE, employee, user, names, rule, why)
        changes.append(replace(change, takes=takes, irreversible=bool(started)))
    return changes, skips


def _left(
    employee: Employee, user: User, desired: Desired, current: State, rules: Rules
) -> tuple[list[Change], list[Skip]]:
    """Out of all teams that are known; out of none if that would take what is started and may not be taken."""
    person = employee.employee_id
    held = current.assignments.get(person, {})
    teams = sorted(current.memberships.get(person, frozenset()) & current.teams.keys())
    taken = {key: _taken(key, frozenset(), person, held, rules) for key in teams}
    started = sorted({item for items in taken.values() for item in items if held[item].started})
    if not desired.takeable.issuperset(started):
        message = (
            f"all teams are kept (employee.leavers): leaving them would take {_listed(started)}, "
            "which is started or completed"
        )
        return [], [Skip(employee_id=person, code="ITEM-STARTED", message=message)]
    changes = []
    for key in teams:
        by_hand = (person, team_text(key)) not in rules.granted
        rule, why = (LEAVERS_BY_HAND if by_hand else LEAVERS), "left, and leavers lose all teams"
        change = _membership(Action.REMOVE, employee, user, current.teams[key].names, rule, why)
        lost = any(held[item].started for item in taken[key])
        changes.append(replace(change, takes=taken[key], irreversible=lost))
    return changes, []


def _ending(key: TeamKey, desired: Desired, current: State, rules: Rules, person: str) -> str:
    """Why a membership that no rule gives is to end, or ""."""
    if key not in current.teams:
        return ""
    if key in desired.strict_teams:
        return "no rule names this person, and the team is strict"
    if (person, team_text(key)) in rules.granted:
        return "syncd added this person, and no rule names them any more"
    return ""


def _overlapping(person: str, names: tuple[str, ...], rules: Rules) -> Skip | None:
    """Why a mover keeps a team for now, if so: one whom a rule gave it until now, or until this began."""
    text = team_text(team_key(names))
    key = membership_key(person, text)
    moved = (
        key in rules.overlap.since or (person, text) in rules.granted or (person, text) in rules.overlap.given
    )
    until = rules.overlap.ends(key) if moved else None
    if until is None:
        return None
    message = (
        f'team "{team_label(names)}" is kept until {until:%Y-%m-%d %H:%M} UTC (employee.overlap), '
        "though no rule gives it any more"
    )
    return Skip(employee_id=person, code="OVERLAP", message=message, key=key)


def _taken(
    key: TeamKey, staying: AbstractSet[TeamKey], person: str, held: Mapping[ItemKey, Assignment], rules: Rules
) -> tuple[ItemKey, ...]:
    """What goes with a team: the items it gives, unless syncd gave them or a team that stays does, too."""
    otherwise = {item for team in staying for item in rules.reach.items.get(team, ())}
    return tuple(
        item
        for item in sorted(rules.reach.items.get(key, ()))
        if item in held and item not in otherwise and (person, str(item)) not in rules.granted
    )


def _listed(items: Iterable[ItemKey]) -> str:
    return ", ".join(f"{item.kind.label} {item.id}" for item in items)


def _membership(
    action: Action, employee: Employee, user: User | None, names: tuple[str, ...], rule: str, reason: str
) -> Change:
    return Change(
        key=membership_key(employee.employee_id, team_text(team_key(names))),
        action=action,
        kind=ObjectKind.MEMBERSHIP,
        employee_id=employee.employee_id,
        user_id=user.id if user else "",
        team=names,
        before={"Member": action is Action.REMOVE},
        after={"Member": action is Action.ADD},
        reason=reason,
        rule=rule,
        origin=employee.origin,
    )


def membership_key(person: str, text: str) -> str:
    """The key of a Change of a membership; ``text`` is the team's."""
    return f"membership:{person}@{text}"


def _given_back(
    employee: Employee, user: User | None, desired: Desired, current: State, rules: Rules
) -> Iterable[Change]:
    """What a person had given by hand, and a deactivation of syncd's took.

    Nothing that a rule decides about: what a rule gives is given again anyway, and a ``strict`` rule is the whole truth.
    """
    person = employee.employee_id
    had = rules.had.get(person)
    if had is None:
        return
    reason = had.reason
    teams = {*current.memberships.get(person, ()), *desired.state.memberships.get(person, ())}
    held = current.assignments.get(person, {}).keys() | desired.state.assignments.get(person, {}).keys()
    for key in sorted(had.teams - teams - desired.strict_teams):
        if key in current.teams:
            gives = tuple(sorted(rules.reach.items.get(key, frozenset()) - held))
            change = _membership(Action.ADD, employee, user, current.teams[key].names, GIVE_BACK, reason)
            yield replace(change, gives=gives)
            teams.add(key)
    along = {item for key in teams for item in rules.reach.items.get(key, ())}
    for item in sorted(had.items - held - along - desired.strict_items):
        yield _assignment(Action.ADD, employee, user, item, GIVE_BACK, reason)


def _assignments(
    employee: Employee, user: User | None, desired: Desired, current: State, rules: Rules
) -> tuple[list[Change], list[Skip]]:
    person = employee.employee_id
    have = current.assignments.get(person, {})
    wanted = desired.state.assignments.get(person, {})
    if have.keys() == wanted.keys():
        return [], []
    teams = current.memberships.get(person, frozenset()) | {wish.key for wish in employee.teams}
    by_team = {item for team in teams for item in rules.reach.items.get(team, ())}
    by_team |= {gift.item for gift in desired.gifts if gift.key[0] in teams and not gift.library}
    changes: list[Change] = []
    skips: list[Skip] = []
    for item in sorted(wanted.keys() - have.keys()):
        rule = desired.item_rules[person][item]
        changes.append(_assignment(Action.ADD, employee, user, item, rule, "the rule names this person"))
    for item in sorted(have.keys() - wanted.keys()):
        granted = (person, str(item)) in rules.granted
        if not granted and item not in desired.strict_items:
            continue
        if kept := _kept(have[item], given=item in by_team, takeable=item in desired.takeable):
            code, why = kept
            message = f"{item.kind.label} {item.id} is not taken away: {why}"
            skips.append(Skip(employee_id=person, code=code, message=message))
            continue
        reason = (
            "syncd gave it, and no rule does any more" if granted else "no rule gives it, and it is strict"
        )
        rule = f"{item.kind}s" if granted else STRICT
        change = _assignment(Action.REMOVE, employee, user, item, rule, reason)
        changes.append(replace(change, irreversible=have[item].started))
    return changes, skips


def _kept(held: Assignment, *, given: bool, takeable: bool) -> tuple[str, str] | None:
    """Why an item that no rule gives stays all the same: a code and a clause; None if it goes.

    =======  ============  ===============  ==============  ==================================
    started  take_started  a team gives it  Litmos refused  then
    =======  ============  ===============  ==============  ==================================
    yes      false         any              any             kept: ITEM-STARTED
    yes      true          yes              any             kept: GIVEN-OTHERWISE
    yes      true          no               yes             kept: GIVEN-OTHERWISE, for a while
    yes      true          no               no              taken, which cannot be undone
    no       any           yes              any             kept: GIVEN-OTHERWISE
    no       any           no               yes             kept: GIVEN-OTHERWISE, for a while
    no       any           no               no              taken
    =======  ============  ===============  ==============  ==================================
    """
    if held.started and not takeable:
        return "ITEM-STARTED", "it is started or completed"
    if given:
        return "GIVEN-OTHERWISE", "one of their teams gives it"
    if held.kept:
        return "GIVEN-OTHERWISE", "a team or a learning path gives it as well, and Litmos refused to take it"
    return None


def _assignment(
    action: Action, employee: Employee, user: User | None, item: ItemKey, rule: str, reason: str
) -> Change:
    return Change(
        key=f"assignment:{employee.employee_id}@{item}",
        action=action,
        kind=ObjectKind.ASSIGNMENT,
        employee_id=employee.employee_id,
        user_id=user.id if user else "",
        item=item,
        before={"Assigned": action is Action.REMOVE},
        after={"Assigned": action is Action.ADD},
        reason=reason,
        rule=rule,
        origin=employee.origin,
    )
