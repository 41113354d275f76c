"""Duplicates: what only all Records together show. Rows that claim the same identity reject each other."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from syncd.core.match import comparable
from syncd.core.model import Employee, Reason, Rejection, Status
from syncd.core.reasons import rejection_of

Outcome = Employee | Rejection
"""What the mapping made of one Record."""

_NAMED = 5
"""So many of the others a message names."""


def reject_shared_ids(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The same outcomes, in which all that share an employee id (whatever its case) are Rejections naming the others."""

    def key(outcome: Outcome) -> str:
        return comparable(outcome.employee_id)

    return _reject_groups(outcomes, key, lambda o: o.origin, "ID-DUPLICATE", "the employee id")


def reject_shared_values(outcomes: Sequence[Outcome], field: str) -> list[Outcome]:
    """The same outcomes, in which all active Employees that share the value of a Litmos field are Rejections.

    The value itself is quoted nowhere: who reads about one person learns nothing of another but id and line.
    """

    def key(outcome: Outcome) -> str:
        if isinstance(outcome, Employee) and outcome.status is Status.ACTIVE:
            return comparable(outcome.fields.get(field, ""))
        return ""

    return _reject_groups(
        outcomes, key, lambda o: f"employee {o.employee_id} ({o.origin})", "MATCH-KEY-SHARED", field
    )


def _reject_groups(
    outcomes: Sequence[Outcome],
    key: Callable[[Outcome], str],
    label: Callable[[Outcome], str],
    code: str,
    what: str,
) -> list[Outcome]:
    result = list(outcomes)
    for group in _groups(map(key, outcomes)).values():
        first = [(index, label(outcomes[index])) for index in group[: _NAMED + 1]]
        for index in group:
            others = [text for other, text in first if other != index][:_NAMED]
            more = len(group) - 1 - len(others)
            named = ", ".join(others) + (f" and {more} more" if more else "")
            reason = Reason(code=code, message=f"{what} is also that of {named}; none of them is applied")
            result[index] = _rejected(result[index], reason)
    return result


def _groups(keys: Iterable[str]) -> Mapping[str, list[int]]:
    """Where each key is, for keys that are there more than once; "" is no key."""
    first: dict[str, int] = {}
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        if key and first.setdefault(key, index) != index:
            groups[key] = groups[key] or [first[key]]
            groups[key].append(index)
    return groups


def _rejected(outcome: Outcome, reason: Reason) -> Rejection:
    if isinstance(outcome, Rejection):
        return replace(outcome, reasons=(*outcome.reasons, reason))
    return rejection_of(outcome, reason)
