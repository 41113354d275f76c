"""Gifts: learning paths and courses that rules give to teams. What a team has reaches its members, present and future. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from syncd.core.model import Action, Change, ItemKey, ObjectKind, TeamKey, team_key, team_label, team_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Gift:
    """An item that a rule gives to a team (by its display names from the root down), or to the team's ``library``.

    From a library members help themselves: it reaches nobody by itself.
    """

    team: tuple[str, ...]
    item: ItemKey
    rule: str
    library: bool = False

    @property
    def key(self) -> tuple[TeamKey, ItemKey]:
        """Which team is given what."""
        return team_key(self.team), self.item


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What is known about teams, their members and what these learn, by Litmos user id, whoever they are.

    ``teams`` are all there are; ``items`` what teams give their members, ``library`` what is in theirs, ``members`` their
    people. ``learners`` maps an item to its users and whether they began it. ``given`` are (team, item) and ``direct``
    (user id, item) that syncd itself gave.
    """

    teams: Mapping[TeamKey, tuple[str, ...]] = field(default_factory=dict)
    items: Mapping[TeamKey, frozenset[ItemKey]] = field(default_factory=dict)
    library: Mapping[TeamKey, frozenset[ItemKey]] = field(default_factory=dict)
    members: Mapping[TeamKey, frozenset[str]] = field(default_factory=dict)
    learners: Mapping[ItemKey, Mapping[str, bool]] = field(default_factory=dict)
    given: frozenset[tuple[TeamKey, ItemKey]] = frozenset()
    direct: frozenset[tuple[str, ItemKey]] = frozenset()

    def has(self, team: TeamKey, item: ItemKey) -> bool:
        """Whether the team gives it, or has it in its library."""
        return item in self.items.get(team, ()) or item in self.library.get(team, ())

    def gainers(self, team: TeamKey, item: ItemKey) -> frozenset[str]:
        """The members who would get it: those who have it in no way."""
        return self.members.get(team, frozenset()) - self.learners.get(item, {}).keys()

    def losers(self, team: TeamKey, item: ItemKey) -> frozenset[str]:
        """The members who would lose it: those who have it, were not given it singly, and are in no other team that gives it."""
        if item not in self.items.get(team, ()):
            return frozenset()
        others = [key for key, items in self.items.items() if key != team and item in items]
        otherwise = frozenset().union(*(self.members.get(key, frozenset()) for key in others))
        having = self.members.get(team, frozenset()) & self.learners.get(item, {}).keys()
        return frozenset(user for user in having - otherwise if (user, item) not in self.direct)

    def begun(self, team: TeamKey, item: ItemKey) -> int:
        """How many of those who would lose it have begun it."""
        return sum(self.learners.get(item, {}).get(user, False) for user in self.losers(team, item))

    def stands(self, team: TeamKey, item: ItemKey, *, adds: bool, irreversible: bool) -> bool:
        """Whether what was planned about it is still to do, and takes from nobody what they began since."""
        if adds or not self.has(team, item):
            return adds and not self.has(team, item)
        return irreversible or not self.begun(team, item)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A gift that nothing happens to, and why."""

    code: str
    message: str


def compare_gifts(
    gifts: Iterable[Gift],
    reach: Reach,
    *,
    coming: Iterable[TeamKey] = (),
    takeable: frozenset[ItemKey] = frozenset(),
) -> tuple[list[Change], list[Kept]]:
    """What teams are to be given, and what is to be taken from them.

    =============  ===============  =============  ==================  ======================================
    a rule gives   the team has it  syncd gave it  a member began it   then
    =============  ===============  =============  ==================  ======================================
    yes            yes              any            any                 nothing
    yes            no               any            any                 given, if the team is or comes; else TEAM-UNKNOWN
    no             yes              yes            no                  taken
    no             yes              yes            yes                 kept: ITEM-STARTED; taken if ``takeable``
    no             yes              no             any                 nothing: a person made it
    no             no               any            any                 nothing
    =============  ===============  =============  ==================  ======================================

    ``coming`` are teams that the same Plan creates; ``takeable`` items may be taken though somebody began them.
    """
    changes: list[Change] = []
    kept: list[Kept] = []
    wanted: dict[tuple[TeamKey, ItemKey], Gift] = {}
    for gift in gifts:
        wanted.setdefault(gift.key, gift)
    known = reach.teams.keys() | set(coming)
    for (team, item), gift in sorted(wanted.items()):
        if reach.has(team, item):
            continue
        if team not in known:
            message = f'{gift.rule}: team "{team_label(gift.team)}" is not in Litmos, and no rule makes it'
            kept.append(Kept(code="TEAM-UNKNOWN", message=message))
            continue
        people = 0 if gift.library else len(reach.gainers(team, item))
        where = "the team's library" if gift.library else "this team"
        made = _change(Action.ADD, gift.team, item, people, gift.rule, f"the rule gives it to {where}")
        changes.append(replace(made, after={**made.after, "Library": True}) if gift.library else made)
    for team, item in sorted(reach.given - wanted.keys()):
        if team not in reach.teams or not reach.has(team, item):
            continue
        names, losers = reach.teams[team], reach.losers(team, item)
        begun = reach.begun(team, item)
        if begun and item not in takeable:
            message = (
                f'{item.kind.label} {item.id} stays with team "{team_label(names)}": {begun} of its members would lose it '
                "though they started it"
            )
            kept.append(Kept(code="ITEM-STARTED", message=message))
            continue
        reason = "syncd gave it to this team, and no rule does any more"
        taken = _change(
            Action.REMOVE, names, item, len(losers), f"{item.kind}s", reason, irreversible=begun > 0
        )
        changes.append(taken)
    return changes, kept


def _change(
    action: Action,
    team: tuple[str, ...],
    item: ItemKey,
    people: int,
    rule: str,
    reason: str,
    *,
    irreversible: bool = False,
) -> Change:
    return Change(
        key=f"team_assignment:{team_text(team_key(team))}@{item}",
        action=action,
        kind=ObjectKind.TEAM_ASSIGNMENT,
        team=team,
        item=item,
        before={"Assigned": action is Action.REMOVE},
        after={"Assigned": action is Action.ADD},
        people=people,
        irreversible=irreversible,
        reason=reason,
        rule=rule,
    )
