"""Resets: the Changes that empty completions by rule, and the Skips that say why one is not emptied. Pure."""

from collections.abc import Mapping
from datetime import datetime

from syncd.core.desired import Desired
from syncd.core.model import (
    Action,
    Assignment,
    Change,
    Employee,
    FieldValue,
    ItemKey,
    ObjectKind,
    Skip,
    State,
    User,
)
from syncd.core.recertify import Decision, Result, Verdict, decide

UNTIL = "CompliantTill"
AT = "CompletedDate"
DUE = "ResetDue"
"""In ``Change.before`` of a reset: until when the completion counts, when it was made, from when it is reset; ISO, UTC."""
TOLD: Mapping[Verdict, tuple[str, str]] = {
    Verdict.UNDATED: ("RESET-UNDATED", "Litmos tells no date from which its rule could count"),
    Verdict.TOO_SHORT: (
        "RESET-TOO-SHORT",
        "it counts no longer than its rule resets it before, and would be reset without end",
    ),
}
"""Why a completion is never reset, though its rule is to: code and clause."""


def resets(
    employee: Employee, user: User | None, desired: Desired, current: State, at: datetime | None
) -> tuple[list[Change], list[Skip]]:
    """The courses of one active person in scope whose completions are due; ``at`` None: none is.

    Only what a rule with ``reset`` gives them. Nobody on leave, and nobody whose account is inactive, is to take anything.
    """
    if at is None or not desired.renewals or user is None or not user.active or employee.away:
        return [], []
    person = employee.employee_id
    held = current.assignments.get(person, {})
    changes: list[Change] = []
    skips: list[Skip] = []
    for item in sorted(desired.state.assignments.get(person, {})):
        rule = desired.item_rules[person][item]
        renewal = desired.renewals.get(rule)
        if renewal is None or item not in held:
            continue
        decision = decide(held[item].result, renewal, at)
        if decision.verdict is Verdict.RESET:
            changes.append(_reset(employee, user, held[item], decision, rule))
        elif decision.verdict in TOLD:
            code, why = TOLD[decision.verdict]
            message = f"{item.kind.label} {item.id} is completed, and not reset: {why}"
            skips.append(Skip(employee_id=person, code=code, message=message, key=key_of(person, item)))
    return changes, skips


def key_of(employee_id: str, item: ItemKey) -> str:
    """The key of the Change that resets somebody's course."""
    return f"reset:{employee_id}@{item}"


def result_of(change: Change) -> Result:
    """The completion that a reset was planned about."""
    until, at = (change.before.get(name) for name in (UNTIL, AT))
    return Result(
        completed=True,
        percent=100.0,
        compliant_until=datetime.fromisoformat(str(until)) if until else None,
        completed_at=datetime.fromisoformat(str(at)) if at else None,
    )


def _reset(employee: Employee, user: User, held: Assignment, decision: Decision, rule: str) -> Change:
    dates = {UNTIL: held.result.compliant_until, AT: held.result.completed_at, DUE: decision.due}
    before: dict[str, FieldValue] = {
        name: date.isoformat() for name, date in dates.items() if date is not None
    }
    return Change(
        key=key_of(employee.employee_id, held.item),
        action=Action.RESET,
        kind=ObjectKind.ASSIGNMENT,
        employee_id=employee.employee_id,
        user_id=user.id,
        item=held.item,
        before={"Completed": True, **before},
        after={"Completed": False},
        irreversible=True,
        reason=decision.because,
        rule=rule,
        origin=employee.origin,
    )
