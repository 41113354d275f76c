"""Selection: which part of all Changes a push is about: everything, some people with what they need, or these very Changes."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from syncd.core.diff import Difference
from syncd.core.model import Action, Change, ObjectKind, team_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The part of a Difference that is planned.

    ``people``: to whom it is restricted (empty: everybody). ``changes``: these very Changes, whatever differs now (None:
    what differs). ``reverts``: the Run that is taken back, if it is one that is.
    """

    people: frozenset[str] = frozenset()
    changes: tuple[Change, ...] | None = None
    reverts: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether everybody is in it, so that the input may count as seen."""
        return not self.people and self.reverts is None

    @property
    def about(self) -> dict[str, Any]:
        """What a Run's summary says of it: nothing if it is everything."""
        only = {"only": sorted(self.people)} if self.people else {}
        return only if self.reverts is None else {**only, "reverts": self.reverts}

    def of(self, difference: Difference) -> Difference:
        """That part; of the Skips, those of these people."""
        changes = difference.changes if self.changes is None else self.changes
        if self.is_whole:
            return replace(difference, changes=changes)
        return replace(
            difference,
            changes=of_people(changes, self.people),
            skips=tuple(skip for skip in difference.skips if skip.employee_id in self.people),
        )


EVERYTHING = Part()
"""Whatever differs, for everybody."""


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
