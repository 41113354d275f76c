"""Giving: which teams, roles and nodes a row's rules give; what cannot be judged is a reason, and gives nothing. Pure."""

from collections.abc import Iterable

from syncd.core.checks import check_team_name
from syncd.core.conditions import Condition, Fields, cell
from syncd.core.model import FieldValue, Node, NodeKey, Reason, Role, Wish, team_label
from syncd.core.nodes import own_nodes
from syncd.core.rules import Place, TeamRule, TreeRule, ValueRule
from syncd.core.trace import Listener
from syncd.core.transforms import Refused, normalize
from syncd.core.values import evaluate, render, shown, steps


class Reasons:
    """Collects every reason of one Record, and tells a Listener, if there is one, what each rule made."""

    def __init__(self, told: Listener | None = None) -> None:
        self.found: list[Reason] = []
        self.told = told

    def add(self, place: Place, refused: Refused) -> None:
        """One more reason, which names the rule and its place."""
        self.found.append(Reason(code=refused.code, message=f"{place.key} ({place.where}): {refused.why}"))
        self.tell(place, "refused", f"{refused.code}: {refused.why}")

    def tell(self, place: Place, step: str, made: FieldValue | None) -> None:
        """What a step of a rule made."""
        if self.told is not None:
            self.told(place, step, made)

    def asked(self, place: Place, condition: Condition, cells: Fields, *, holds: bool) -> None:
        """What the condition of a rule found in the row, and whether it holds."""
        if self.told is not None:
            columns = dict.fromkeys(column for column, _where in condition.columns())
            self.told(place, "seen", ", ".join(f"{name} is {shown(cell(cells, name))}" for name in columns))
            self.told(place, "when", holds)

    def value(self, place: Place, rule: ValueRule, cells: Fields) -> tuple[str, str | None]:
        """What ``evaluate`` gives; each step is told. Raises Refused."""
        if self.told is None:
            return evaluate(rule, cells)
        made: tuple[str, str | None] = ("", None)
        for made in steps(rule, cells):
            self.told(place, *made)
        return made


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
