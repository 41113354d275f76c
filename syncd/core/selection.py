"""Selection: the Changes of some people, with what they need, out of all Changes of a Plan."""

from collections.abc import Collection, Iterable

from syncd.core.model import Action, Change, ObjectKind, team_key


def of_people(changes: Iterable[Change], people: Collection[str]) -> tuple[Change, ...]:
    """The Changes of these employees, and the teams (with the ones above them) that must be created for them."""
    found = tuple(changes)
    joined = {
        team_key(change.team)[:depth]
        for change in found
        if change.employee_id in people
        and change.kind is ObjectKind.MEMBERSHIP
        and change.action is Action.ADD
        for depth in range(1, len(change.team) + 1)
    }
    return tuple(
        change
        for change in found
        if (
            team_key(change.team) in joined
            if change.kind is ObjectKind.TEAM
            else change.employee_id in people
        )
    )
