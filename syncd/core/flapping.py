"""Flapping: what is given and taken again and again, for HR's value alternates or two rules fight. Pure.

It is kept as it is, and told, until it has been quiet for a while: nobody loses a course every other day.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from syncd.core.diff import Difference
from syncd.core.limits import Flaps
from syncd.core.model import Action, Change, ObjectKind, Skip, team_key, team_label

FLAPPING = "FLAPPING"
"""The code of what is kept as it is since it was given and taken too often."""
KINDS = frozenset({ObjectKind.MEMBERSHIP, ObjectKind.ROLE, ObjectKind.ASSIGNMENT})
"""What is damped: of a person, and no part of the account."""
_TOLD = 8
"""So many of the last times a message names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Something that syncd has given, or taken, and when."""

    action: Action
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Damper:
    """How often is too often (None: never), and the key of a Change -> what became of it lately, oldest first."""

    flaps: Flaps | None = None
    turns: Mapping[str, Sequence[Turn]] = field(default_factory=dict)

    def is_too_much(self, change: Change) -> bool:
        """Whether this was given, and was taken, as often as may be already.

        ==========================  ==========================  ==========
        given within the time       taken within the time       then
        ==========================  ==========================  ==========
        less than ``count`` times   any                         it is done
        any                         less than ``count`` times   it is done
        as often, or more           as often, or more           it is kept
        ==========================  ==========================  ==========
        """
        if self.flaps is None or change.kind not in KINDS:
            return False
        turns = self.turns.get(change.key, ())
        given = sum(turn.action is Action.ADD for turn in turns)
        return min(given, len(turns) - given) >= self.flaps.count


def damped(difference: Difference, damper: Damper) -> Difference:
    """The Difference without what flaps, and without what needs that; each is a Skip with its history.

    ==========================================  ==============================================
    what flaps                                  waits with it
    ==========================================  ==============================================
    a membership, a role, an item is given      whatever is taken from that person: nobody is
                                                left in no team
    a membership is given                       that person's roles in the team
    it is taken                                 nothing
    ==========================================  ==============================================
    """
    flapping = {change.key: change for change in difference.changes if damper.is_too_much(change)}
    if not flapping:
        return difference
    given = [change for change in flapping.values() if change.action is Action.ADD]
    people = {change.employee_id for change in given}
    seats = {
        (change.employee_id, team_key(change.team))
        for change in given
        if change.kind is ObjectKind.MEMBERSHIP
    }
    kept: list[Change] = []
    skips: list[Skip] = []
    for change in difference.changes:
        if change.key in flapping:
            skips.append(_skip(change, _history(change, damper)))
        elif _waits(change, people, seats):
            skips.append(_skip(change, "it waits for what this person is to be given and flaps"))
        else:
            kept.append(change)
    return replace(difference, changes=tuple(kept), skips=(*difference.skips, *skips))


def problem(skips: Iterable[Skip]) -> tuple[str, ...]:
    """One sentence about all that flaps, or none."""
    found = [skip for skip in skips if skip.code == FLAPPING]
    if not found:
        return ()
    first = f"employee {found[0].employee_id}: {found[0].message}"
    return (
        f"{FLAPPING} ({len(found)}): kept as it is, for it was given and taken too often; the first: {first}",
    )


def _waits(change: Change, people: set[str], seats: set[tuple[str, tuple[str, ...]]]) -> bool:
    if change.kind not in KINDS:
        return False
    if change.action is Action.REMOVE:
        return change.employee_id in people
    return change.kind is ObjectKind.ROLE and (change.employee_id, team_key(change.team)) in seats


def _history(change: Change, damper: Damper) -> str:
    turns = sorted(damper.turns.get(change.key, ()), key=lambda turn: turn.at)
    given = sum(turn.action is Action.ADD for turn in turns)
    told = ", ".join(
        f"{'given' if turn.action is Action.ADD else 'taken'} {turn.at:%Y-%m-%d %H:%M}"
        for turn in turns[-_TOLD:]
    )
    return f"given {given} and taken {len(turns) - given} times lately ({told} UTC); HR's value alternates, or two rules fight"


def _skip(change: Change, why: str) -> Skip:
    what = team_label(change.team) if change.item is None else f"{change.item.kind.label} {change.item.id}"
    state = "not given" if change.action is Action.ADD else "not taken away"
    named = f'team "{what}"' if change.item is None else what
    role = f"{change.role} of " if change.kind is ObjectKind.ROLE else ""
    return Skip(
        employee_id=change.employee_id,
        code=FLAPPING,
        message=f"{role}{named} is {state}: {why}",
        key=change.key,
    )
