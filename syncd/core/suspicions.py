"""Suspicions: employee ids that HR gives to somebody else, or whose leading zeros a spreadsheet has changed on the way."""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b

from syncd.core.cases import Resolution, Suspicion, Verdict
from syncd.core.match import comparable
from syncd.core.model import Employee, Reason, Rejection, User

_DIGITS = re.compile(r"[0-9]+")


def suspicions(
    employees: Iterable[Employee], known: Mapping[str, Mapping[str, str]], named: Collection[str]
) -> dict[str, Suspicion]:
    """Employee id -> what is suspect about it; the first line that fits decides.

    ``known`` are the employees of earlier inputs of this source, with the guard values that they had; ``named`` are all ids
    of this input, rejected ones too.

    ========  ==================================================================  =================
    id is     and                                                                 Suspicion
    ========  ==================================================================  =================
    known     there are guards, and every one was and is there, and has changed   ID-REUSED
    known     otherwise                                                           none
    new       a known id that this input does not name has more leading zeros     ID-ZEROS-LOST
    new       a known id that this input does not name has fewer leading zeros    ID-ZEROS-ADDED
    new       otherwise                                                           none
    ========  ==================================================================  =================

    If several known ids fit, the row may be about any of them.
    """
    by_value: defaultdict[str, list[str]] = defaultdict(list)
    for known_id in known:
        if _DIGITS.fullmatch(known_id):
            by_value[known_id.lstrip("0")].append(known_id)
    missing = {value: sorted(i for i in ids if i not in named) for value, ids in by_value.items()}
    found = {}
    for employee in employees:
        if employee.employee_id in known:
            suspicion = _reused(employee, known[employee.employee_id])
        else:
            suspicion = _mangled(employee.employee_id, missing)
        if suspicion is not None:
            found[employee.employee_id] = suspicion
    return found


def alike_but_zeros(ids: Iterable[str], known: Iterable[str], named: Collection[str]) -> set[str]:
    """The known ids not named by this input that differ from one of these ``ids`` by leading zeros, or by case, only."""
    values = {comparable(each).lstrip("0") for each in ids if each}
    return {each for each in known if each not in named and comparable(each).lstrip("0") in values}


def named_otherwise(
    rejections: Iterable[Rejection], users: Iterable[User], links: Mapping[str, str], keys: Iterable[str]
) -> set[str]:
    """Employees who may be in the input under another id: the linked ones to whose users a rejected row leads.

    By any of the match ``keys``, or by the UserName or the Email, which find nobody who is new, but are theirs all the same.
    ``links`` are employee_id -> user id.
    """
    asked = {*keys, "UserName", "Email"}
    values = {
        (name, comparable(value))
        for rejection in rejections
        for name, value in rejection.fields
        if name in asked and comparable(value)
    }
    if not values:
        return set()
    owners = {user_id: employee_id for employee_id, user_id in links.items()}
    names = {name for name, _ in values}
    return {
        owners[user.id]
        for user in users
        if user.id in owners
        if any((name, comparable(user.fields.get(name, ""))) in values for name in names)
    }


def unsettled(found: Mapping[str, Suspicion], resolutions: Mapping[str, Resolution]) -> dict[str, Suspicion]:
    """The Suspicions that no person has settled: only ``link`` and ``create`` do, as the answer to just this question."""

    def is_settled(employee_id: str, suspicion: Suspicion) -> bool:
        decided = resolutions.get(employee_id)
        return (
            decided is not None
            and decided.verdict is not Verdict.IGNORE
            and decided.answers == suspicion.question
        )

    return {
        employee_id: suspicion
        for employee_id, suspicion in found.items()
        if not is_settled(employee_id, suspicion)
    }


def spreadsheet_problem(found: Mapping[str, Suspicion], rows: int) -> str:
    """One sentence for a file of which most ids were changed by a spreadsheet; "" if they were not."""
    mangled = {i: suspicion for i, suspicion in found.items() if suspicion.reason.code.startswith("ID-ZEROS")}
    if 2 * len(mangled) <= rows:
        return ""
    example = min(mangled)
    return (
        f"{len(mangled)} of {rows} rows have ids that are not as before (such as {example} for "
        f"{mangled[example].known_ids[0]}): a spreadsheet has changed their leading zeros. "
        "None of these people is touched; export the file again with ids as text"
    )


def _reused(employee: Employee, before: Mapping[str, str]) -> Suspicion | None:
    now = {column: comparable(value) for column, value in employee.guards.items()}
    had = {column: comparable(before.get(column, "")) for column in now}
    if not now or any(not had[column] or not now[column] or had[column] == now[column] for column in now):
        return None
    columns = " and ".join(f'"{column}"' for column in now)
    message = (
        f"the id {employee.employee_id} is known, and {columns} have all changed at once "
        "(employee.same_person): HR may have given it to somebody else"
    )
    digest = blake2b(json.dumps(sorted(now.items())).encode(), digest_size=8).hexdigest()
    return Suspicion(
        reason=Reason(code="ID-REUSED", message=message), known_ids=(employee.employee_id,), question=digest
    )


def _mangled(employee_id: str, missing: Mapping[str, Sequence[str]]) -> Suspicion | None:
    if not _DIGITS.fullmatch(employee_id):
        return None
    others = tuple(missing.get(employee_id.lstrip("0"), ()))
    if not others:
        return None
    lost = len(others[0]) > len(employee_id)
    message = (
        f"{' and '.join(others)} {'is' if len(others) == 1 else 'are'} known, and not in this input: "
        f"the id {employee_id} has {'lost' if lost else 'gained'} leading zeros"
    )
    code = "ID-ZEROS-LOST" if lost else "ID-ZEROS-ADDED"
    return Suspicion(reason=Reason(code=code, message=message), known_ids=others, question=" ".join(others))
