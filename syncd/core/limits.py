"""Policy and Limits: what a push may do at all, and how much before it is held for a person."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from syncd.core.model import Action, Change, ObjectKind


class Policy(StrEnum):
    """What a push may do.

    ``observe`` plans and sends nothing; ``create-only`` creates and adds; ``upsert-only`` also updates and
    reactivates; ``sync`` also deactivates and removes.
    """

    OBSERVE = "observe"
    CREATE_ONLY = "create-only"
    UPSERT_ONLY = "upsert-only"
    SYNC = "sync"

    @property
    def actions(self) -> frozenset[Action]:
        """The Actions that may be planned (``observe`` plans them all, and sends none)."""
        if self is Policy.CREATE_ONLY:
            return frozenset({Action.CREATE, Action.ADD})
        if self is Policy.UPSERT_ONLY:
            return frozenset({Action.CREATE, Action.ADD, Action.UPDATE, Action.REACTIVATE})
        return frozenset(Action)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most ``count`` (None: any number), and at most ``percent`` of the population (None: any share)."""

    count: int | None = None
    percent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one push may do before it is held.

    Percentages are of the *population* (linked, active Litmos users) and count only once that is at least
    ``minimum_population``. ``changes`` counts people who are updated, deactivated or reactivated. ``removals`` counts
    memberships and assignments taken away, those that go along with a team included, as a share of all those known. ``shrink_percent`` is how much smaller than
    the last accepted input a source may be; ``rejected_percent`` how many of its rows may be rejected.
    """

    deactivations: Limit = Limit(count=20, percent=5.0)
    changes: Limit = Limit(percent=30.0)
    creates: Limit = Limit()
    removals: Limit = Limit(percent=20.0)
    shrink_percent: float = 20.0
    rejected_percent: float = 5.0
    minimum_population: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One reason why a run is held: a stable ``code`` and a sentence with the numbers."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What the Limits are held against: numbers about the input and about what Litmos has now."""

    population: int
    holdings: int
    """memberships and assignments known now"""
    rows: int
    rejected: int
    last_rows: int | None
    """rows of the last accepted input, None if there was none"""


def permitted(changes: Iterable[Change], policy: Policy) -> tuple[Change, ...]:
    """The Changes that the Policy lets through."""
    return tuple(change for change in changes if change.action in policy.actions)


def holds(changes: Sequence[Change], limits: Limits, measure: Measure) -> tuple[Hold, ...]:
    """Every Limit that is exceeded; an empty tuple lets the run go. ``changes`` leave out the approved ones."""
    deactivated = sum(change.action is Action.DEACTIVATE for change in changes)
    created = sum(change.action is Action.CREATE and change.kind is ObjectKind.USER for change in changes)
    removed = sum(change.removals for change in changes)
    changed = len(
        {
            change.employee_id
            for change in changes
            if change.kind is ObjectKind.USER and change.action is not Action.CREATE
        }
    )
    floor = limits.minimum_population
    found = [
        _exceeded("deactivations", deactivated, limits.deactivations, measure.population, floor, "people"),
        _exceeded("changes", changed, limits.changes, measure.population, floor, "people"),
        _exceeded("creates", created, limits.creates, measure.population, floor, "people"),
        _exceeded(
            "removals", removed, limits.removals, measure.holdings, floor, "memberships and assignments"
        ),
        _shrunk(limits, measure),
        _rejected(limits, measure),
    ]
    return tuple(hold for hold in found if hold is not None)


def _exceeded(name: str, number: int, limit: Limit, base: int, floor: int, what: str) -> Hold | None:
    if number == 0:
        return None
    if limit.count is not None and number > limit.count:
        message = f"{number} {name} are more than push.limits.{name}.count = {limit.count}"
    elif limit.percent is not None and base >= floor and number * 100 > limit.percent * base:
        share = number * 100 / base
        message = (
            f"{number} {name} are {share:.1f} % of {base} {what}, "
            f"more than push.limits.{name}.percent = {limit.percent:g}"
        )
    else:
        return None
    return Hold(code=f"LIMIT-{name.upper()}", message=message)


def _shrunk(limits: Limits, measure: Measure) -> Hold | None:
    last = measure.last_rows
    if not last or (last - measure.rows) * 100 <= limits.shrink_percent * last:
        return None
    percent = (last - measure.rows) * 100 / last
    return Hold(
        code="LIMIT-SHRINK",
        message=f"the source has {measure.rows} rows, {percent:.1f} % fewer than the {last} of the last accepted input; "
        f"push.limits.shrink_percent = {limits.shrink_percent:g}",
    )


def _rejected(limits: Limits, measure: Measure) -> Hold | None:
    if measure.rows < limits.minimum_population or (
        measure.rejected * 100 <= limits.rejected_percent * measure.rows
    ):
        return None
    percent = measure.rejected * 100 / measure.rows
    return Hold(
        code="LIMIT-REJECTED",
        message=f"{measure.rejected} of {measure.rows} rows are rejected ({percent:.1f} %); "
        f"push.limits.rejected_percent = {limits.rejected_percent:g}",
    )
