"""Employments: several rows of one person. One of them is the primary one; they have left only when all have ended."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Protocol

from syncd.core.account import OFF
from syncd.core.conditions import Condition, Fields, cell
from syncd.core.dates import ISO, read_date
from syncd.core.lifecycle import LEAVE_RULE
from syncd.core.model import Employee, FieldValue, Reason, Rejection, Status
from syncd.core.reasons import rejection_of
from syncd.core.rules import Column, Place
from syncd.core.transforms import Refused
from syncd.core.values import shown

Outcome = Employee | Rejection
"""What the mapping made of one Record."""
Rank = tuple[int | Decimal, ...]
"""How much a row is preferred, by each rule in turn; more is better."""
Order = tuple[bool, int, bool, bool, Rank]
"""By what rows are compared before the rules are asked; more is better."""

STANDING = ("left", "leaving", "future", "unclear", "leave", "active")
"""The statuses, from the one that counts least: somebody who works here in one employment works here."""


class Preference(Protocol):
    """One rule by which one employment is preferred to another."""

    def rank(self, cells: Fields) -> int | Decimal:
        """How much this row is preferred; raises Refused if its cell cannot be judged."""
        ...

    def columns(self) -> Iterable[tuple[str, str]]:
        """Every column it reads, with the place that names it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferred:
    """Rows for which a condition holds come before the others."""

    when: Condition

    def rank(self, cells: Fields) -> int:
        """1 if it holds, else 0."""
        return int(self.when.holds(cells))

    def columns(self) -> Iterable[tuple[str, str]]:
        """The columns of the condition."""
        return self.when.columns()


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """The later date comes first; a blank one last."""

    column: Column
    form: str = ISO

    def rank(self, cells: Fields) -> int:
        """The day, counted; 0 for a blank cell."""
        text = cell(cells, self.column.name)
        return read_date(text, self.form).toordinal() if text else 0

    def columns(self) -> Iterable[tuple[str, str]]:
        """The one column."""
        return ((self.column.name, self.column.where),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Highest:
    """The greater number comes first; a blank one last. A comma may stand for the decimal point."""

    column: Column

    def rank(self, cells: Fields) -> Decimal:
        """The number; minus infinity for a blank cell."""
        text = cell(cells, self.column.name)
        if not text:
            return Decimal("-Infinity")
        try:
            number = Decimal(text.replace(",", "."))
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            raise Refused("NUMBER-INVALID", f"{shown(text)} is no number")
        return number

    def columns(self) -> Iterable[tuple[str, str]]:
        """The one column."""
        return ((self.column.name, self.column.where),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Employments:
    """``employee.employments``: the rules that choose the primary one, in order."""

    place: Place
    primary: tuple[Preference, ...] = ()

    def ranked(self, outcome: Outcome, cells: Fields) -> tuple[Outcome, Rank]:
        """What one row became, and how much it is preferred; a Rejection, for this reason too, if that cannot be judged."""
        try:
            return outcome, tuple(preference.rank(cells) for preference in self.primary)
        except Refused as refused:
            message = f"{self.place.key} ({self.place.where}): {refused.why}"
            reason = Reason(code=refused.code, message=message)
            if isinstance(outcome, Rejection):
                return replace(outcome, reasons=(*outcome.reasons, reason)), ()
            return rejection_of(outcome, reason), ()


def one_person_each(rows: Sequence[tuple[Outcome, Rank]]) -> list[Outcome]:
    """Of every id one Employee or one Rejection; the first line that fits decides. Rows come source by source.

    =================================================  ==============================================
    the rows of one id                                 outcome
    =================================================  ==============================================
    one                                                as it is
    one of them is rejected                            rejected: it might be the primary one
    one is preferred: by what it leaves to them, then  that one
    by the rules
    several are preferred alike, in several sources    as below, those of the first of these sources
    several are preferred alike, and say the same      one of them
    several are preferred alike, and all have left     one of them
    several are preferred alike                        rejected: EMPLOYMENTS-TIED
    =================================================  ==============================================
    """
    groups: dict[str, list[tuple[Outcome, Rank]]] = {}
    for number, (outcome, rank) in enumerate(rows):
        groups.setdefault(outcome.employee_id or f"\n{number}", []).append((outcome, rank))
    return [group[0][0] if len(group) == 1 else _merged(group) for group in groups.values()]


def _merged(group: Sequence[tuple[Outcome, Rank]]) -> Outcome:
    reasons = tuple(
        Reason(code=reason.code, message=f"{outcome.origin}: {reason.message}")
        for outcome, _ in group
        if isinstance(outcome, Rejection)
        for reason in outcome.reasons
    )
    people = [(outcome, rank) for outcome, rank in group if isinstance(outcome, Employee)]
    if not reasons:
        best = max(_order(person, rank) for person, rank in people)
        first = [person for person, rank in people if _order(person, rank) == best]
        first = [person for person in first if person.source == first[0].source]
        bare = [replace(person, origin="", guards={}) for person in first]
        if all(person == bare[0] for person in bare) or bare[0].status is Status.LEFT:
            return min(first, key=lambda person: person.origin)
        message = (
            f"{len(first)} employments are preferred alike ({', '.join(person.origin for person in first)}); "
            "employee.employments.primary must tell them apart"
        )
        reasons = (Reason(code="EMPLOYMENTS-TIED", message=message),)
    return Rejection(
        origin=", ".join(outcome.origin for outcome, _ in group),
        employee_id=group[0][0].employee_id,
        reasons=reasons,
        source=group[0][0].source,
        fields=frozenset().union(*(_fields(outcome) for outcome, _ in group)),
        begins_on=min((outcome.begins_on for outcome, _ in group if outcome.begins_on), default=None),
    )


def _fields(outcome: Outcome) -> Iterable[tuple[str, FieldValue]]:
    return outcome.fields if isinstance(outcome, Rejection) else outcome.fields.items()


def _order(person: Employee, rank: Rank) -> Order:
    """What keeps access, in scope, comes before all that does not; at work before on leave, even where leave keeps access."""
    at_work = person.decided_by != LEAVE_RULE
    keeps_access = person.in_scope and person.status not in OFF
    return keeps_access, STANDING.index(person.status.value), person.in_scope, at_work, rank
