"""Bulk: which Changes a bulk import may carry, as which row, and in which chunks. Pure.

``POST /bulkimports`` takes users by UserName, creates those it does not know and updates the others, later, and one by
one; a member that is missing or blank keeps what is stored (litmos-api 4.2). So it can create and update, but it can
clear nothing, rename nobody, and what it does to ``Active``, the manager or the access level is unsettled: those go
by ``POST`` and ``PUT``.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncd.core.diff import Difference
from syncd.core.model import Action, Change, FieldValue, ObjectKind, Skip
from syncd.core.request import Importing

IMPORT_MEMBERS: Mapping[str, str] = {
    "Email": "Email",
    "FirstName": "FirstName",
    "LastName": "LastName",
    "PhoneWork": "Phone",
    "PhoneMobile": "Mobile",
    "Skype": "Skype",
    "JobTitle": "Title",
    "CompanyName": "CompanyName",
    "Website": "WebSite",
    "Twitter": "Twitter",
    "Street1": "Address1",
    "Street2": "Address2",
    "City": "City",
    "State": "State",
    "PostalCode": "Zip",
    "Country": "Country",
    **{f"CustomField{number}": f"CustomField{number}" for number in range(1, 11)},
    "Brand": "Brand",
    "Culture": "Culture",
    "JobRole": "JobRole",
    "ExternalEmployeeId": "ExternalEmployeeId",
}
"""The capability table: profile field -> member of an import's row, in the order of the vendor's document [SPEC]."""
ALWAYS = ("Email", "FirstName", "LastName")
"""What each row must say besides Username [SPEC], though it may be as it was."""
AS_BORN: Mapping[str, tuple[FieldValue, ...]] = {
    "AccessLevel": ("", "Learner"),
    "DisableMessages": ("", False),
    "EnableTextNotification": ("", False),
    "IsCustomUsername": ("", False),
    "ManagerId": ("", "0"),
}
"""Values that somebody has who was created without them: a create needs not say them, so an import may make it."""
LARGEST = 1_900_000
"""Bytes of one import: Litmos takes 2000 KB [DOC], and whether a KB is 1000 or 1024 bytes nobody says."""
MOST_ROWS = 1500
"""Rows of one import: "nearly 2000 users" fit [DOC]."""
MEMBER_OVERHEAD = 400
"""Bytes that a row may grow by each member of ``ALWAYS`` that it does not have and that is only known when it is sent."""
NOT_SHOWN = frozenset({"JobRole"})
"""What an import sets and a date window may not show [SPEC]: only a full record proves it."""

_EMAIL_SHAPE = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_SKIP = "SkipFirstLogin"


def importable(fields: Mapping[str, FieldValue]) -> str:
    """The UserName under which an import can find a user with these fields to update; "" if it can't."""
    username = str(fields.get("UserName", ""))
    whole = all(fields.get(name) for name in ALWAYS)
    return username if whole and _EMAIL_SHAPE.fullmatch(username) else ""


def row_of(change: Change, importing: Importing) -> Mapping[str, Any] | None:
    """The row that carries this Change, or None if only a ``POST`` or ``PUT`` can.

    =======================================  ====================================
    Change                                   carried if
    =======================================  ====================================
    create, UserName is a free e-mail address each value is in the table, blank, or as born; e-mail and names are said
    update of somebody with such a UserName  each value is in the table, and not blank
    anything else, an invitation, or an      never
    import has failed that person
    =======================================  ====================================
    """
    if change.kind is not ObjectKind.USER or change.invite or change.employee_id in importing.singly:
        return None
    if change.action is Action.CREATE:
        username, fields = importable(change.after), _of_create(change.after)
        username = "" if username.casefold() in importing.taken else username
    elif change.action is Action.UPDATE:
        username, fields = importing.usernames.get(change.user_id, ""), _of_update(change.after)
    else:
        return None
    if not username or fields is None:
        return None
    return {
        "employee_id": change.employee_id,
        "user_id": change.user_id,
        "username": username,
        "fields": fields,
        "change": change.key,
    }


def _of_create(after: Mapping[str, FieldValue]) -> dict[str, FieldValue] | None:
    said = {name: value for name, value in after.items() if name not in {"UserName", _SKIP}}
    if any(
        name not in IMPORT_MEMBERS and value not in AS_BORN.get(name, ("",)) for name, value in said.items()
    ):
        return None
    return {name: value for name, value in said.items() if name in IMPORT_MEMBERS and value != ""}


def _of_update(after: Mapping[str, FieldValue]) -> dict[str, FieldValue] | None:
    if any(name not in IMPORT_MEMBERS or value == "" for name, value in after.items()):
        return None
    return dict(after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """Somebody in an import that has had its time and may still be applied: no other UserName may come between."""

    employee_id: str
    username: str


def clashes(change: Change, late: Iterable[Late]) -> bool:
    """Whether a Change gives somebody another UserName than a late import, or gives somebody else the same one.

    Were it sent, and the import applied after it, one person would have two accounts, or two people one.
    """
    username = change.after.get("UserName")
    if change.kind is not ObjectKind.USER or not isinstance(username, str):
        return False
    name = username.strip().casefold()
    return any(
        (one.employee_id == change.employee_id) is not (one.username.strip().casefold() == name)
        for one in late
    )


def without_clashes(difference: Difference, late: Sequence[Late]) -> Difference:
    """The same without the Changes that clash with a late import; a create takes all of that person's Changes with it."""
    clashing = {change.key: change for change in difference.changes if clashes(change, late)}
    unborn = {change.employee_id for change in clashing.values() if change.action is Action.CREATE}
    skips = tuple(
        Skip(
            employee_id=change.employee_id,
            code="IMPORT-LATE",
            message="a bulk import that Litmos has not ended may still give this person, or this UserName to somebody, "
            "another account; the next push asks again, for seven days",
        )
        for change in clashing.values()
    )
    if not skips:
        return difference
    kept = tuple(c for c in difference.changes if c.key not in clashing and c.employee_id not in unborn)
    return Difference(changes=kept, skips=(*difference.skips, *skips))


def candidates(
    changes: Sequence[Change], importing: Importing
) -> tuple[list[tuple[Change, Mapping[str, Any]]], int]:
    """The Changes that an import may carry, each with its row, and how many people others tell of who are written anyway.

    A person of whom more than one Change tells (updated and reactivated, say) is left to one ``PUT``; a UserName comes once.
    """
    times: dict[str, int] = {}
    for change in changes:
        if change.kind is ObjectKind.USER:
            times[change.employee_id] = times.get(change.employee_id, 0) + 1
    found: list[tuple[Change, Mapping[str, Any]]] = []
    seen: set[str] = set()
    others: set[str] = set()
    for change in changes:
        if change.kind is not ObjectKind.USER:
            continue
        row = row_of(change, importing) if times[change.employee_id] == 1 else None
        if row is not None and row["username"].casefold() not in seen:
            seen.add(row["username"].casefold())
            found.append((change, row))
        elif change.action in {Action.UPDATE, Action.REACTIVATE}:
            others.add(change.employee_id)
    return found, len(others)


def weight(row: Mapping[str, Any]) -> int:
    """The most bytes that a row takes in the body of an import."""
    said = {"Username": row["username"], **row["fields"]}
    missing = sum(name not in row["fields"] for name in ALWAYS)
    renamed = 2 * len(said)
    return len(json.dumps(said, ensure_ascii=False).encode()) + renamed + MEMBER_OVERHEAD * missing
