"""Churn: what a Plan changes in Litmos, in numbers that add up over many inputs."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields

from syncd.core.model import Action, ObjectKind
from syncd.core.plan import Plan

_COUNTED = {
    (ObjectKind.USER, Action.CREATE): "created",
    (ObjectKind.USER, Action.UPDATE): "updated",
    (ObjectKind.USER, Action.DEACTIVATE): "deactivated",
    (ObjectKind.USER, Action.REACTIVATE): "reactivated",
    (ObjectKind.MEMBERSHIP, Action.ADD): "joined",
    (ObjectKind.MEMBERSHIP, Action.REMOVE): "left",
    (ObjectKind.ASSIGNMENT, Action.ADD): "given",
    (ObjectKind.ASSIGNMENT, Action.REMOVE): "taken",
    (ObjectKind.ASSIGNMENT, Action.RESET): "reset",
    (ObjectKind.RESULT, Action.RECORD): "recorded",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Churn:
    """How many Changes there are of each kind.

    ``joined`` and ``left`` are memberships of teams, ``given`` and ``taken`` learning paths and courses of single people,
    ``recorded`` rows of training, ``reset`` completions; ``other`` are teams, roles, and what teams are given. ``rejected`` are rows, and ``holds`` the reasons why a person
    would have been asked: those are no Changes.
    """

    created: int = 0
    updated: int = 0
    deactivated: int = 0
    reactivated: int = 0
    joined: int = 0
    left: int = 0
    given: int = 0
    taken: int = 0
    recorded: int = 0
    reset: int = 0
    other: int = 0
    rejected: int = 0
    holds: int = 0

    @property
    def changes(self) -> int:
        """All Changes together."""
        return sum(getattr(self, name) for name in KINDS)


KINDS = tuple(one.name for one in fields(Churn) if one.name not in {"rejected", "holds"})
"""What Changes are counted as."""
LEARNT = frozenset({"recorded", "reset"})
"""Those of them that are about what people have learnt."""


def churn_of(plan: Plan, rejected: int) -> Churn:
    """The Churn of one Plan."""
    counted = Counter(_COUNTED.get((one.kind, one.action), "other") for one in plan.changes)
    return Churn(**counted, rejected=rejected, holds=len(plan.holds))


def total(some: Iterable[Churn]) -> Churn:
    """Several together."""
    found = list(some)
    return Churn(**{one.name: sum(getattr(each, one.name) for each in found) for one in fields(Churn)})
