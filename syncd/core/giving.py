"""Giving: which teams, roles and nodes a row's rules give; what cannot be judged is a reason, and gives nothing. Pure."""

from collections.abc import Iterable

from syncd.core.checks import check_team_name
from syncd.core.conditions import Condition, Fields
from syncd.core.model import Node, NodeKey, Role, Wish, team_label
from syncd.core.nodes import own_nodes
from syncd.core.reasons import Reasons
from syncd.core.rules import Place, TeamRule, TreeRule
from syncd.core.transforms import Refused, normalize
from syncd.core.values import render


def holds(condition: Condition | None, place: Place, cells: Fields, reasons: Reasons) -> bool:
    """Whether the rule is for this Record; one that cannot be judged is a reason, and counts as no."""
    if condition is None:
        return True
    try:
        holds = condition.holds(cells)
    except Refused as refused:
        reasons.add(place, refused)
        return False
    reasons.asked(place, condition, cells, holds=holds)
    return holds


def teams(rules: Iterable[TeamRule], cells: Fields, reasons: Reasons) -> tuple[Wish, ...]:
    """The teams, each once. A rule with a blank name at any level gives nothing: the team would be in a wrong place."""
    wishes: dict[tuple[str, ...], Wish] = {}
    for rule in rules:
        if not holds(rule.when, rule.place, cells, reasons):
            continue
        try:
            names = tuple(normalize(render(parts, cells)) for parts in rule.names)
            if rule.path:
                names += tuple(normalize(name) for name in render(rule.path, cells).split(rule.separator))
            if all(names):
                for name in names:
                    check_team_name(name)
                add(wishes, _wish(rule, names, cells, reasons))
            reasons.tell(rule.place, "is", team_label(names) if all(names) else None)
        except Refused as refused:
            reasons.add(rule.place, refused)
    return tuple(wishes.values())


def seats(rules: Iterable[TreeRule], cells: Fields, reasons: Reasons) -> tuple[tuple[NodeKey, Wish], ...]:
    """The nodes of trees to whose teams somebody belongs; a blank code gives nothing."""
    found = []
    for rule in rules:
        if not holds(rule.when, rule.place, cells, reasons):
            continue
        try:
            code = render(rule.seat, cells)
        except Refused as refused:
            reasons.add(rule.place, refused)
            continue
        if code or rule.managers:
            found.append(((rule.space, code), _wish(rule, (), cells, reasons)))
    return tuple(found)


def nodes(
    rules: Iterable[TreeRule], cells: Fields, origin: str, employee_id: str, reasons: Reasons
) -> tuple[Node, ...]:
    """The nodes of trees that somebody's own row describes."""
    found, refusals = own_nodes(rules, cells, origin, employee_id)
    for place, refused in refusals:
        reasons.add(place, refused)
    return found


def _wish(rule: TeamRule | TreeRule, names: tuple[str, ...], cells: Fields, reasons: Reasons) -> Wish:
    return Wish(
        names=names,
        rule=rule.place.key,
        strict=rule.strict,
        roles=frozenset(
            role
            for role, said in rule.roles.items()
            if not said.managers and holds(said.when, said.place, cells, reasons)
        ),
        ruled_roles=frozenset(rule.roles),
        manager_roles=frozenset((rule.place.key, role) for role, said in rule.roles.items() if said.managers),
    )


def may_head(
    rules: Iterable[TeamRule | TreeRule], cells: Fields, reasons: Reasons
) -> frozenset[tuple[str, Role]]:
    """The (rule, role) that somebody has in the teams of the people whom they manage."""
    return frozenset(
        (rule.place.key, role)
        for rule in rules
        for role, said in rule.roles.items()
        if said.managers and holds(said.when, said.place, cells, reasons)
    )


def add(wishes: dict[tuple[str, ...], Wish], wish: Wish) -> None:
    """Two rules may name the same thing: the first one gives it, it is strict if one of them is, and roles add up."""
    first = wishes.setdefault(wish.key, wish)
    if first is not wish:
        wishes[wish.key] = first.joined(wish)
