"""Matching: which Litmos user is this employee? Link first, then the configured keys in order, and never a guess."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from syncd.core.model import Employee, Link, Reason, Rejection, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """The outcome: every Link that now holds (old and new), the new ones among them, and who could not be matched."""

    links: Mapping[str, str]
    """employee_id -> Litmos user id"""
    new: tuple[Link, ...]
    rejections: tuple[Rejection, ...]


def comparable(value: object) -> str:
    """The form in which match keys are compared: NFC, trimmed, casefolded."""
    return unicodedata.normalize("NFC", str(value)).strip().casefold()


def match(
    employees: Iterable[Employee],
    users: Sequence[User],
    links: Mapping[str, str],
    *,
    keys: Sequence[str],
    link_field: str,
) -> Matching:
    """Tie employees to users.

    A Link whose user is gone does not count. Then, per unlinked employee, the first key with a candidate decides:

    ==================================================  ========================
    candidates under that key                           outcome
    ==================================================  ========================
    none, under any key                                 not linked (a create)
    exactly one, free                                   new Link
    exactly one, but linked to somebody else            Rejection MATCH-TAKEN
    exactly one, but its link field names another id    Rejection MATCH-CONFLICT
    exactly one, wanted by two employees                Rejection MATCH-SHARED, both
    several                                             Rejection MATCH-AMBIGUOUS
    ==================================================  ========================
    """
    by_id = {user.id: user for user in users}
    kept = {employee_id: user_id for employee_id, user_id in links.items() if user_id in by_id}
    owner = {user_id: employee_id for employee_id, user_id in kept.items()}
    index = _index(users, keys)
    found: dict[str, tuple[Employee, str, str]] = {}
    rejections: list[Rejection] = []
    wanted_by: dict[str, list[str]] = defaultdict(list)
    for employee in employees:
        if employee.employee_id in kept:
            continue
        candidate = _candidate(employee, index, keys)
        if isinstance(candidate, Reason):
            rejections.append(_rejection(employee, candidate))
        elif candidate is not None:
            user_id, key = candidate
            reason = _objection(employee, by_id[user_id], owner.get(user_id), key, link_field)
            if reason is not None:
                rejections.append(_rejection(employee, reason))
            else:
                found[employee.employee_id] = (employee, user_id, key)
                wanted_by[user_id].append(employee.employee_id)
    new = []
    for employee, user_id, key in found.values():
        if len(wanted_by[user_id]) > 1:
            rejections.append(_rejection(employee, _shared(wanted_by[user_id], employee.employee_id, key)))
        else:
            new.append(Link(employee_id=employee.employee_id, user_id=user_id, made_by=key))
    return Matching(
        links={**kept, **{link.employee_id: link.user_id for link in new}},
        new=tuple(new),
        rejections=tuple(rejections),
    )


def _index(users: Sequence[User], keys: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    index: dict[str, dict[str, list[str]]] = {key: defaultdict(list) for key in keys}
    for user in users:
        for key in keys:
            value = comparable(user.fields.get(key, ""))
            if value:
                index[key][value].append(user.id)
    return index


def _candidate(
    employee: Employee, index: Mapping[str, Mapping[str, list[str]]], keys: Sequence[str]
) -> tuple[str, str] | Reason | None:
    for key in keys:
        value = comparable(employee.fields.get(key, ""))
        user_ids = index[key].get(value, []) if value else []
        if len(user_ids) > 1:
            return Reason(
                code="MATCH-AMBIGUOUS",
                message=f"{len(user_ids)} Litmos users have the same {key} as this employee "
                f"({', '.join(sorted(user_ids)[:5])}); make it unique in Litmos, then push again",
            )
        if user_ids:
            return user_ids[0], key
    return None


def _objection(employee: Employee, user: User, owner: str | None, key: str, link_field: str) -> Reason | None:
    if owner is not None:
        return Reason(
            code="MATCH-TAKEN",
            message=f"Litmos user {user.id} has this {key}, but is linked to employee {owner} already",
        )
    theirs = comparable(user.fields.get(link_field, ""))
    ours = comparable(employee.fields.get(link_field, ""))
    if theirs and ours and theirs != ours:
        return Reason(
            code="MATCH-CONFLICT",
            message=f"Litmos user {user.id} has this {key}, but its {link_field} names another employee",
        )
    return None


def _shared(employee_ids: list[str], own: str, key: str) -> Reason:
    others = ", ".join(sorted(other for other in employee_ids if other != own))
    return Reason(
        code="MATCH-SHARED", message=f"by {key} the same Litmos user also matches employee {others}"
    )


def _rejection(employee: Employee, reason: Reason) -> Rejection:
    return Rejection(origin=employee.origin, employee_id=employee.employee_id, reasons=(reason,))
