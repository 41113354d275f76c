"""Cases: what matching must not guess. Who might be meant, with the evidence, and what a person decided about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from syncd.core.model import Employee, FieldValue, Reason, Rejection


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A Litmos user who may be the employee: the match keys that agree, and the employee who is linked to them ("": nobody)."""

    user_id: str
    keys: tuple[str, ...] = ()
    linked_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An employee whom matching could not place: ``reason`` says why; they are rejected until it is gone or resolved."""

    employee_id: str
    origin: str
    reason: Reason
    candidates: tuple[Candidate, ...] = ()
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    """What HR says, so that a person can compare."""
    question: str = ""
    """Of a Suspicion: what the decision must answer."""
    source: str = ""
    begins_on: date | None = None

    @property
    def rejection(self) -> Rejection:
        """The same as a Rejection, which says what to type to decide: the current State is kept."""
        message = f"{self.reason.message}; to decide: syncd cases show {self.employee_id}"
        return Rejection(
            origin=self.origin,
            employee_id=self.employee_id,
            reasons=(Reason(code=self.reason.code, message=message),),
            source=self.source,
            fields=frozenset(self.fields.items()),
            begins_on=self.begins_on,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """Why a row may not be about whom its id says.

    ``known_ids`` are the employees that it may be about, the row's own id for one that may be re-used; ``question`` is what
    a Resolution must answer to settle it: another suspicion about the same id is another question.
    """

    reason: Reason
    known_ids: tuple[str, ...]
    question: str


def open_case(
    employee: Employee, reason: Reason, candidates: tuple[Candidate, ...], question: str = ""
) -> Case:
    """The Case of an employee."""
    return Case(
        employee_id=employee.employee_id,
        origin=employee.origin,
        reason=reason,
        candidates=candidates,
        fields=employee.fields,
        question=question,
        source=employee.source,
        begins_on=employee.begins_on,
    )


class Verdict(StrEnum):
    """What a person decided: it is this user, it is none of the candidates, or the employee is left alone."""

    LINK = "link"
    CREATE = "create"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """A person's decision about one employee, which holds until it is undone.

    ``user_id`` is whom ``link`` means; ``refused`` are the users whom ``create`` says it is not;
    ``answers`` is the question of the Suspicion that it settles, if there was one.
    """

    verdict: Verdict
    user_id: str = ""
    refused: frozenset[str] = frozenset()
    answers: str = ""


class CaseState(StrEnum):
    """Where a case stands: nobody decided (or it did not help), the next push follows the decision, or it is settled."""

    OPEN = "open"
    DECIDED = "decided"
    RESOLVED = "resolved"


def case_state(seen_at: datetime | None, decided_at: datetime | None) -> CaseState:
    """The state by when a plan last met the case, and when a person decided.

    ==========  ====================  ==========
    seen        decided               state
    ==========  ====================  ==========
    yes         no                    open
    yes         after it was seen     decided
    yes         before it was seen    open: the decision could not be followed
    no          yes                   resolved
    ==========  ====================  ==========
    """
    if seen_at is None:
        return CaseState.RESOLVED
    return CaseState.DECIDED if decided_at is not None and decided_at >= seen_at else CaseState.OPEN


def left_alone(resolutions: Mapping[str, Resolution]) -> frozenset[str]:
    """The employees whom a person said to leave alone."""
    return frozenset(e for e, found in resolutions.items() if found.verdict is Verdict.IGNORE)
