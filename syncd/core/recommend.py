"""Recommending: where giving a team something would take fewer requests than giving it to each of its members. Pure."""

from collections.abc import Iterable

from syncd.core.desired import Desired
from syncd.core.model import Action, Change, ItemKey, ObjectKind, State, TeamKey, team_label

FEWEST = 3
"""From so many requests on it is worth a line."""


def recommended(desired: Desired, current: State, changes: Iterable[Change]) -> tuple[str, ...]:
    """A sentence for each rule whose new people are given one by one what a managed team could give them.

    That is so where those whom rules give the item are exactly the people whom rules put into a team, and nobody else
    (linked) is in that team now: by way of the team nobody would get it who is not to have it.
    """
    added: dict[ItemKey, int] = {}
    rules: dict[ItemKey, str] = {}
    for change in changes:
        if change.kind is ObjectKind.ASSIGNMENT and change.action is Action.ADD and change.item is not None:
            added[change.item] = added.get(change.item, 0) + 1
            rules.setdefault(change.item, change.rule)
    frequent = {item for item, number in added.items() if number >= FEWEST}
    if not frequent:
        return ()
    wanted: dict[ItemKey, set[str]] = {item: set() for item in frequent}
    for person, items in desired.state.assignments.items():
        for item in frequent.intersection(items):
            wanted[item].add(person)
    joined = _people(desired.state.memberships.items())
    here = _people(current.memberships.items())
    found = []
    for item, people in sorted(wanted.items()):
        team = next((t for t, its in sorted(joined.items()) if its == people >= here.get(t, set())), None)
        if team is not None:
            label = team_label(desired.state.teams[team].names)
            found.append(
                f"{rules[item]} gives {item.kind.label} {item.id} to exactly the {len(people)} people of team "
                f'"{label}": with via: team it would take {added[item] - 1} requests fewer'
            )
    return tuple(found)


def _people(memberships: Iterable[tuple[str, Iterable[TeamKey]]]) -> dict[TeamKey, set[str]]:
    found: dict[TeamKey, set[str]] = {}
    for person, teams in memberships:
        for team in teams:
            found.setdefault(team, set()).add(person)
    return found
