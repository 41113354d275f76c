"""Sourcing: one crowd out of several sources in order of priority, and what a source that is not sure leaves undecided."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from syncd.core.lifecycle import Missed
from syncd.core.model import Employee, Reason, Rejection, Status
from syncd.core.reasons import rejection_of

Outcome = Employee | Rejection
"""What the mapping made of one Record."""
_NAMED = 5
"""So many people a sentence names."""


def first_named(outcomes: Iterable[Outcome]) -> tuple[list[Outcome], list[Outcome]]:
    """Of each id what the first source that names it says, valid or not; and what is passed over.

    The outcomes come source by source, the first source first. A row without a readable id is never passed over.

    =====================  =====================  ==========================
    the first that names   a later one            outcome
    =====================  =====================  ==========================
    valid                  valid or rejected      the first; the later is passed over
    rejected               valid or rejected      rejected: a row that is wrong is not replaced by another source's
    does not name them     valid                  the later
    =====================  =====================  ==========================
    """
    taken: list[Outcome] = []
    passed: list[Outcome] = []
    source_of: dict[str, str] = {}
    for outcome in outcomes:
        who = outcome.employee_id
        mine = not who or source_of.setdefault(who, outcome.source) == outcome.source
        (taken if mine else passed).append(outcome)
    return taken, passed


def contradictions(employees: Iterable[Employee], passed: Iterable[Outcome]) -> tuple[str, ...]:
    """One sentence about people who have left by the source that decides, and work by one that is passed over."""
    at_work = {
        outcome.employee_id: outcome.origin
        for outcome in passed
        if isinstance(outcome, Employee) and outcome.status is Status.ACTIVE
    }
    left = sorted(
        f"{employee.employee_id} ({employee.origin}, {at_work[employee.employee_id]})"
        for employee in employees
        if employee.employee_id in at_work and employee.status is Status.LEFT
    )
    if not left:
        return ()
    more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
    people = "1 person has" if len(left) == 1 else f"{len(left)} people have"
    sentence = (
        f"{people} left by the source that comes first, and work by a later one: {', '.join(left[:_NAMED])}{more}; "
        "the first one decides, unless employee.employments makes rows of one id employments of one person"
    )
    return (sentence,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Whom one source names now, by their ids; ``sure`` says that it is complete and every row of it has a readable id."""

    source: str
    named: Collection[str]
    sure: bool


def unsure(
    employees: Iterable[Employee], last_in: Mapping[str, str], told: Sequence[Told], *, employments: bool
) -> tuple[Rejection, ...]:
    """Those whom another source would take over only because their own one is not sure; the first line that fits decides.

    ``last_in`` is employee id -> the source in which they were last; ``told`` are all sources, the first one first.

    =====================================================  =========
    the source in which they were last                     outcome
    =====================================================  =========
    is the one that names them now, or is configured no    taken
    more, or was never
    names them still                                       taken
    is sure                                                taken: they have moved
    comes after the one that names them, and there are no  taken: that one decides anyway
    employments
    otherwise                                              rejected: SOURCE-UNSURE
    =====================================================  =========
    """
    rank = {one.source: number for number, one in enumerate(told)}
    found = []
    for employee in employees:
        before = last_in.get(employee.employee_id, "")
        if before == employee.source or before not in rank:
            continue
        own = told[rank[before]]
        if own.sure or employee.employee_id in own.named:
            continue
        if not employments and rank[before] > rank[employee.source]:
            continue
        message = (
            f"was last in {before}, which may lack a row now (its end is missing, or a row of it has no readable id), "
            f"so {employee.origin} is not taken instead"
        )
        found.append(rejection_of(employee, Reason(code="SOURCE-UNSURE", message=message)))
    return tuple(found)


def heard_since(missed: Missed, written: Mapping[str, float | None]) -> bool:
    """Whether every other source was written after somebody was first missed, and so could have named them.

    ``written`` is source -> when, in seconds since 1970; None for one that is read as it is at that very moment.
    """
    since = missed.since.timestamp()
    return all(at is None or at > since for source, at in written.items() if source != missed.source)
