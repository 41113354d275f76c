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
from hashlib import blake2b
from typing import Any

from syncd.core.diff import Difference
from syncd.core.model import Action, Change, FieldValue, ObjectKind, Skip
from syncd.core.request import PAGE, Importing, Request, RequestKind, Stage, person_target

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
ROW_OVERHEAD = 1200
"""Bytes that a row may grow by what is only known when it is sent: the three members of ``ALWAYS``, in any script."""
PATIENCE = 600.0
"""Seconds that an import may take; what has not ended then is late."""
FIRST_LOOK = 5.0
"""Seconds after which an import is looked at first."""
POLLS = 24
"""The most times that one import is looked at in its 10 minutes, as ``next_look`` and a delay of 30 s have it."""

_EMAIL_SHAPE = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_SKIP = "SkipFirstLogin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """The rows of one import, as JSON, and the keys of the Changes that they carry, in the same order."""

    rows: tuple[Mapping[str, Any], ...]
    changes: tuple[str, ...]
    skip_first_login: bool


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


def chunks(changes: Sequence[Change], importing: Importing, *, pages: tuple[int, int]) -> tuple[Chunk, ...]:
    """The imports that are surely cheaper than a request for each person: at their dearest below the others' least.

    ``pages`` are the requests that reading all users takes, at least and at most. A person of whom more than one Change tells (updated and
    reactivated, say) is left to one ``PUT``; a UserName comes once in an import.
    """
    times: dict[str, int] = {}
    for change in changes:
        if change.kind is ObjectKind.USER:
            times[change.employee_id] = times.get(change.employee_id, 0) + 1
    found: dict[bool, list[Mapping[str, Any]]] = {False: [], True: []}
    seen: set[str] = set()
    for change in changes:
        row = row_of(change, importing) if times.get(change.employee_id) == 1 else None
        if row is None or row["username"].casefold() in seen:
            continue
        seen.add(row["username"].casefold())
        skips = change.action is Action.CREATE and change.after.get(_SKIP) is True
        found[skips].append(row)
    return tuple(
        Chunk(rows=tuple(rows), changes=tuple(row["change"] for row in rows), skip_first_login=skips)
        for skips, some in found.items()
        for rows in _split(some)
        if len(rows) > cost(pages, len(rows))[1]
    )


def cost(pages: tuple[int, int], rows: int) -> tuple[int, int]:
    """HTTP requests of one import, at least and at most.

    At least all users before it, the import, one look at its state, its errors, and all users after it; at most all
    looks, errors and all users twice, for what is missing without a word is looked for once more.
    """
    least, most = pages
    errors = rows // 1000 + 1
    return least + 1 + 1 + 1 + least, most + 1 + POLLS + 2 * errors + 2 * most


def import_requests(changes: Sequence[Change], importing: Importing, *, users: int) -> list[Request]:
    """The imports that carry some of these Changes, in an account of so many ``users``."""
    created = sum(change.action is Action.CREATE and change.kind is ObjectKind.USER for change in changes)
    pages = (users // PAGE + 1, (users + created) // PAGE + 1)
    return [
        _import(chunk, number, pages) for number, chunk in enumerate(chunks(changes, importing, pages=pages))
    ]


def _import(chunk: Chunk, number: int, pages: tuple[int, int]) -> Request:
    people = blake2b("\n".join(sorted(chunk.changes)).encode(), digest_size=8).hexdigest()
    low, high = cost(pages, len(chunk.rows))
    return Request(
        key=f"import:{number}",
        kind=RequestKind.IMPORT_USERS,
        stage=Stage.CREATES,
        target=f"import:{people}",
        payload={"rows": [dict(row) for row in chunk.rows], "skip_first_login": chunk.skip_first_login},
        changes=chunk.changes,
        covers=tuple(person_target(row["employee_id"], row["user_id"]) for row in chunk.rows),
        low=low,
        high=high,
        waits=(FIRST_LOOK, PATIENCE),
    )


def next_look(elapsed: float, *, longest: float) -> float:
    """Seconds until an import that was sent ``elapsed`` seconds ago is looked at again: half of that, within bounds."""
    return min(longest, max(FIRST_LOOK, elapsed / 2))


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


def _split(rows: Iterable[Mapping[str, Any]]) -> Iterable[list[Mapping[str, Any]]]:
    some: list[Mapping[str, Any]] = []
    size = 0
    for row in rows:
        weight = ROW_OVERHEAD + len(
            json.dumps({"Username": row["username"], **row["fields"]}, ensure_ascii=False).encode()
        )
        if some and (size + weight > LARGEST or len(some) >= MOST_ROWS):
            yield some
            some, size = [], 0
        some.append(row)
        size += weight
    if some:
        yield some
