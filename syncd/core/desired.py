"""Desired State: what the Employees, all together, say that Litmos should hold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from syncd.core.gifts import Gift
from syncd.core.model import (
    Assignment,
    Employee,
    Item,
    ItemKey,
    ItemKind,
    ItemName,
    ItemWish,
    Role,
    State,
    Status,
    Team,
    TeamKey,
    User,
    Wish,
)
from syncd.core.recertify import Renewal
from syncd.core.rules import ItemRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """The desired State and what is needed to read it rightly.

    ``employees`` are all valid ones, those who left and those out of scope too; ``state`` holds the active ones in
    scope. ``strict_teams`` and ``strict_items`` are ruled by a ``remove: strict`` rule; ``ruled_roles`` says of which teams
    a rule decides who leads or administers them; ``item_rules`` which rule gives an employee which item; ``takeable`` are items
    that are taken though they were started; ``gifts`` are what rules give to teams; ``renewals`` say of rules when they reset; ``problems`` are sentences about rules that could not be followed.
    """

    state: State
    employees: Mapping[str, Employee]
    strict_teams: frozenset[TeamKey] = frozenset()
    strict_items: frozenset[ItemKey] = frozenset()
    ruled_roles: frozenset[tuple[TeamKey, Role]] = frozenset()
    item_rules: Mapping[str, Mapping[ItemKey, str]] = field(default_factory=dict)
    takeable: frozenset[ItemKey] = frozenset()
    gifts: tuple[Gift, ...] = ()
    renewals: Mapping[str, Renewal] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def desired_state(
    employees: Iterable[Employee],
    items: Iterable[Item],
    *,
    strict_item_names: Iterable[ItemName] = (),
    takeable_item_names: Iterable[ItemName] = (),
    gift_rules: Iterable[ItemRule] = (),
    strict_team_keys: Iterable[TeamKey] = (),
    renewals: Mapping[str, Renewal] = MappingProxyType({}),
) -> Desired:
    """Gather what each active, in-scope Employee is given. Parents of a team are desired teams, too.

    An item is named by its id or, casefolded, by its name; ``strict_item_names`` and ``strict_team_keys`` are those of
    ``remove: strict`` rules, so that a rule that gives something to nobody still takes it from everybody. An item that
    Litmos does not have, or has twice by that name, becomes a problem and is given to nobody.
    """
    resolver = ItemResolver(items)
    by_id = {employee.employee_id: employee for employee in employees}
    users: dict[str, User] = {}
    teams: dict[TeamKey, Team] = {}
    memberships: dict[str, frozenset[TeamKey]] = {}
    roles: dict[str, frozenset[tuple[TeamKey, Role]]] = {}
    ruled_roles: set[tuple[TeamKey, Role]] = set()
    assignments: dict[str, Mapping[ItemKey, Assignment]] = {}
    strict_teams: set[TeamKey] = set(strict_team_keys)
    strict_items = {item for name in strict_item_names if (item := resolver.find(name))}
    takeable = {item for name in takeable_item_names if (item := resolver.find(name))}
    gifts = tuple(_gifts(gift_rules, resolver))
    item_rules: dict[str, Mapping[ItemKey, str]] = {}
    joins: dict[int, _Joined] = {}
    lots: dict[int, _Lot] = {}
    for employee_id, employee in sorted(by_id.items()):
        if employee.status is not Status.ACTIVE or not employee.in_scope:
            continue
        users[employee_id] = User(id="", active=True, fields=employee.fields)
        if (joined := joins.get(id(employee.teams))) is None:  # very many people share very few of these
            joined = joins[id(employee.teams)] = _joined(employee.teams)
            strict_teams |= joined.strict
            ruled_roles |= joined.ruled_roles
            for wish in employee.teams:
                _desire_team(teams, wish)
        memberships[employee_id] = joined.teams
        if joined.roles:
            roles[employee_id] = joined.roles
        if (lot := lots.get(id(employee.items))) is None:
            lot = lots[id(employee.items)] = _lot(employee.items, resolver)
        if lot.rules:
            item_rules[employee_id], assignments[employee_id] = lot
    return Desired(
        state=State(users=users, teams=teams, memberships=memberships, roles=roles, assignments=assignments),
        employees=by_id,
        strict_teams=frozenset(strict_teams),
        strict_items=frozenset(strict_items),
        ruled_roles=frozenset(ruled_roles),
        item_rules=item_rules,
        takeable=frozenset(takeable),
        gifts=gifts,
        renewals=renewals,
        problems=tuple(resolver.problems.values()),
    )


class _Joined(NamedTuple):
    """What the Wishes of somebody come to."""

    teams: frozenset[TeamKey]
    strict: frozenset[TeamKey]
    roles: frozenset[tuple[TeamKey, Role]]
    ruled_roles: frozenset[tuple[TeamKey, Role]]


def _joined(wishes: Sequence[Wish]) -> _Joined:
    return _Joined(
        teams=frozenset(wish.key for wish in wishes),
        strict=frozenset(wish.key for wish in wishes if wish.strict),
        roles=frozenset((wish.key, role) for wish in wishes for role in wish.roles),
        ruled_roles=frozenset((wish.key, role) for wish in wishes for role in wish.ruled_roles),
    )


class _Lot(NamedTuple):
    """The items that somebody is given, with the rule that gives each."""

    rules: Mapping[ItemKey, str]
    items: Mapping[ItemKey, Assignment]


def _lot(wishes: Sequence[ItemWish], resolver: "ItemResolver") -> _Lot:
    rules: dict[ItemKey, str] = {}
    for wish in wishes:
        item = resolver.find(wish.item)
        if item is not None:
            rules.setdefault(item, wish.rule)
    return _Lot(rules, {item: Assignment(item=item) for item in rules})


def _gifts(rules: Iterable[ItemRule], resolver: "ItemResolver") -> Iterable[Gift]:
    for rule in rules:
        if item := resolver.find(rule.item):
            yield Gift(team=rule.team, item=item, rule=rule.place.key, library=rule.library)


def _desire_team(teams: dict[TeamKey, Team], wish: Wish) -> None:
    for depth in range(1, len(wish.names) + 1):
        team = Team(id="", names=wish.names[:depth])
        teams.setdefault(team.key, team)


class ItemResolver:
    """Finds learning paths and courses by id or name and remembers, once each, the ones it could not find."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._known: set[ItemKey] = set()
        self._named: dict[tuple[ItemKind, str], list[ItemKey]] = {}
        for item in items:
            self._known.add(item.key)
            self._named.setdefault((item.key.kind, item.name.strip().casefold()), []).append(item.key)
        self.problems: dict[ItemName, str] = {}

    def find(self, wanted: ItemName) -> ItemKey | None:
        """The item, or None (and a problem)."""
        kind, name = wanted
        if ItemKey(kind, name) in self._known:
            return ItemKey(kind, name)
        found = self._named.get((kind, name.strip().casefold()), [])
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(sorted(item.id for item in found))
            text = f'{len(found)} {kind.label}s are named "{name}"; name one by its id: {ids}'
        else:
            others = sum(item.kind is kind for item in self._known)
            text = f'{kind.label} "{name}" is not in Litmos ({others} others are); nobody is given it'
        self.problems[wanted] = text
        return None
