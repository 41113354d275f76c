"""Imports: users created and updated by one ``POST /bulkimports``, which Litmos applies later (litmos-api 4.2).

Neither Litmos' answer nor its counters prove anything about a row, so all users are read before the import and after
it, and each row is judged by what is there. An import is an upsert by UserName: sending it again makes nobody twice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from syncd.core.account import CASELESS_FIELDS
from syncd.core.bulk import ALWAYS, IMPORT_MEMBERS
from syncd.core.operation import Effects, ImportRow, ImportUsers
from syncd.core.protection import PROTECTED, Protection, refusal_of
from syncd.errors import Limited, LitmosError, Permanent, Transient, Unauthorized
from syncd.litmos import reading
from syncd.litmos.client import Calls, Row
from syncd.litmos.faults import MESSAGE_LENGTH, unknown_outcome
from syncd.litmos.wire import holds, identity, text_of
from syncd.log import redact_text

COMPLETED = "completed"
"""The one state, without regard to case, that is known to be an end [DOC]; any other is "not yet"."""
UNKNOWN = "unknown to Litmos"
"""Stands for the state of an import whose id Litmos does not know, or that was never learned."""
UNEXPLAINED = frozenset({"IMPORT-SILENT", "IMPORT-DIFFERS"})
"""The codes of rows that are not as they were to be, though Litmos says nothing of them."""

Verdict = tuple[str, str]
"""(code, message) of a row that is not as it was to be; ("", "") of one that is."""
AS_WANTED: Verdict = ("", "")


class Users:
    """All users of the account as they were just read, by id, by UserName and by link (casefolded)."""

    def __init__(self, profiles: Iterable[Row], link_field: str) -> None:
        """From full records."""
        self.profiles = tuple(profiles)
        self.by_id: Mapping[str, Row] = {str(row["Id"]): row for row in self.profiles}
        self.by_name: Mapping[str, Row] = {_folded(row["UserName"]): row for row in self.profiles}
        self.by_link: Mapping[str, Row] = {
            link: row for row in self.profiles if (link := _folded(row.get(link_field)))
        }

    def named(self, row: ImportRow) -> Row | None:
        """The user who has the UserName of a row, or None."""
        return self.by_name.get(_folded(row.username))

    def of(self, row: ImportRow) -> Row | None:
        """The user that a row is about, or None."""
        return self.by_id.get(row.user_id) if row.user_id else self.named(row)


def submit(calls: Calls, operation: ImportUsers) -> Effects:
    """Read all users, send the rows that can be applied and are not yet, and say that the import is pending.

    Never sent: a new user whose UserName or link somebody has already, for the import would overwrite that person or make
    a second one; an update of somebody who has another UserName by now, for it would make a second one; an update of
    somebody who is inactive by now, for what it does to them is unsettled; and one of somebody who is protected by now.
    """
    users = _read(calls, operation)
    body = [_body(row, users.of(row)) for row in operation.rows if _to_be_sent(row, users, operation)]
    if not body:
        return _ended(calls, operation, users, {}, timed_out=False)
    skip = {"skipfirstlogin": "true"} if operation.skip_first_login else {}
    answer = calls.write("POST", ("bulkimports",), body, skip)
    import_id = answer.get("Id") if isinstance(answer, dict) else None
    if not isinstance(import_id, str) or not import_id:
        raise unknown_outcome("Litmos took the bulk import but did not name its Id", 200)
    return Effects(
        import_id=import_id,
        pending=True,
        profiles=users.profiles,
        profiles_just_read=True,
        requests=calls.requests,
    )


def settle(calls: Calls, operation: ImportUsers) -> Effects | None:
    """Look after an import: pending, or ended with what became of each row, or None if it was not applied at all.

    ==========================  =======  ==============================================================
    the import is               overdue  so it is
    ==========================  =======  ==============================================================
    completed                   any      ended: each row judged by what is there; but what is missing
                                         without a word is looked for once more, for lists may be late
    in another state, or        no       pending
    nothing is said of it       yes      ended, and late
    of unknown id               no       ended if every row is there, else pending
    of unknown id, or unknown   yes      None if no row is there, else ended, and late
    to Litmos
    ==========================  =======  ==============================================================
    """
    status = _status(calls, operation.import_id) if operation.import_id else UNKNOWN
    done = status == COMPLETED
    if operation.import_id and not done and not operation.overdue:
        return _pending(calls, operation)
    said = _errors(calls, operation.import_id) if done else {}
    try:
        users = _read(calls, operation)
    except Permanent as refusal:
        raise Transient(str(refusal), status=refusal.status, code=refusal.code) from None
    ended = _ended(calls, operation, users, said, timed_out=not done)
    if done:
        silent = any(code in UNEXPLAINED for code, _ in ended.refused.values())
        return _pending(calls, operation, missed=True) if silent and not operation.missed else ended
    if not operation.overdue:
        return _pending(calls, operation) if ended.refused else ended
    if status == UNKNOWN and len(ended.refused) == len(operation.rows):
        return None
    return replace(ended, late=bool(ended.refused))


def is_over(calls: Calls, import_id: str) -> bool:
    """Whether a late import has ended, or Litmos does not know it (any more). One request; raises LitmosError."""
    return _status(calls, import_id) in {COMPLETED, UNKNOWN}


def _pending(calls: Calls, operation: ImportUsers, *, missed: bool = False) -> Effects:
    return Effects(import_id=operation.import_id, pending=True, missed=missed, requests=calls.requests)


def _read(calls: Calls, operation: ImportUsers) -> Users:
    return Users(reading.profiles(calls, lambda _what, _done, _total: None), operation.link_field)


def _to_be_sent(row: ImportRow, users: Users, operation: ImportUsers) -> bool:
    there = users.of(row)
    if not row.user_id:
        return there is None and _folded(row.fields.get(operation.link_field)) not in users.by_link
    if there is None or not _is_named(there, row) or not _is_active(there):
        return False
    if operation.protection.why(identity(row.user_id, there)):
        return False
    blank = any(not (row.fields.get(name) or text_of(there.get(name))) for name in ALWAYS)
    return not blank and not holds(there, row.fields, CASELESS_FIELDS)


def _is_named(there: Row, row: ImportRow) -> bool:
    return _folded(there.get("UserName")) == _folded(row.username)


def _is_active(there: Row) -> bool:
    return text_of(there.get("Active")).lower() == "true"


def _folded(value: object) -> str:
    return text_of(value).casefold()


def _body(row: ImportRow, there: Row | None) -> dict[str, Any]:
    """A row in the vendor's order [SPEC]; no member is null or blank: blank ones keep what is stored, null ones may fail."""
    always = {} if there is None else {name: text_of(there.get(name)) for name in ALWAYS}
    values = {**always, **row.fields}
    named = {member: values[name] for name, member in IMPORT_MEMBERS.items() if values.get(name)}
    return {"Username": row.username, **named}


def _status(calls: Calls, import_id: str) -> str:
    """The casefolded state of an import; UNKNOWN if Litmos does not know it: 400 [SPEC], or 404; "" if it will not say."""
    try:
        found = calls.find(("bulkimports", import_id))
    except Permanent as refusal:
        return UNKNOWN if refusal.status == HTTPStatus.BAD_REQUEST else ""
    return UNKNOWN if found is None else _folded(found.get("Status"))


def _errors(calls: Calls, import_id: str) -> Mapping[str, str]:
    """What Litmos says of rows that failed: casefolded UserName -> its words, redacted and cut.

    It only explains: where Litmos will not say, nothing is known, and the second look asks again.
    """
    names = ("Username", "ImportStatus", "ImporStatus")
    try:
        rows = calls.rows(("bulkimports", import_id, "usererrors"), key=(), also=names)
    except (Limited, Unauthorized):
        raise
    except LitmosError:
        return {}
    return {
        _folded(row.get("Username")): redact_text(text_of(row.get("ImportStatus") or row.get("ImporStatus")))[
            :MESSAGE_LENGTH
        ]
        for row in rows
    }


def _ended(
    calls: Calls, operation: ImportUsers, users: Users, said: Mapping[str, str], *, timed_out: bool
) -> Effects:
    made: dict[str, str] = {}
    refused: dict[str, Verdict] = {}
    for row in operation.rows:
        words = said.get(_folded(row.username))
        verdict = judge(
            row,
            users,
            words,
            link_field=operation.link_field,
            timed_out=timed_out,
            protection=operation.protection,
        )
        if verdict != AS_WANTED:
            refused[row.username] = verdict
        there = users.of(row)
        if not row.user_id and there is not None and _is_ours(row, there, operation.link_field):
            made[row.username] = str(there["Id"])
    return Effects(
        import_id=operation.import_id,
        made=made,
        refused=refused,
        profiles=users.profiles,
        profiles_just_read=True,
        requests=calls.requests,
    )


def judge(
    row: ImportRow,
    users: Users,
    said: str | None,
    *,
    link_field: str,
    timed_out: bool,
    protection: Protection,
) -> Verdict:
    """What became of one row: as wanted, or why not. What is there counts; what Litmos ``said`` only explains.

    ``said`` is None if it said nothing of the row; ``timed_out`` True: the import did not end in its time.
    """
    there = users.of(row)
    return (
        (_of_known(row, there, users) if row.user_id else _of_new(row, there, users, link_field))
        or _as_it_is(row, there)
        or _spared(row, there, protection)
        or _why_not(row, there, said, timed_out=timed_out)
    )


def _of_known(row: ImportRow, there: Row | None, users: Users) -> Verdict | None:
    if there is None:
        return "LITMOS-404-USER-GONE", "Litmos no longer knows this user"
    if not _is_named(there, row):
        stray = users.named(row)
        if stray is not None:
            return "IMPORT-STRAY", (
                f"somebody renamed the user in Litmos meanwhile, and the old UserName is that of user {stray['Id']} now: "
                "if that is a second account of this person, deactivate it in Litmos"
            )
        return "IMPORT-RENAMED", "somebody renamed the user in Litmos; the next push sees the new UserName"
    if not _is_active(there) and not holds(there, row.fields, CASELESS_FIELDS):
        return "IMPORT-INACTIVE", "somebody deactivated the user in Litmos; the next push sees it"
    return None


def _of_new(row: ImportRow, there: Row | None, users: Users, link_field: str) -> Verdict | None:
    if there is not None:
        if _is_ours(row, there, link_field):
            return None
        return "LITMOS-409-USERNAME-TAKEN", "the UserName belongs to a user who is not this employee"
    other = users.by_link.get(_folded(row.fields.get(link_field)))
    if other is not None:
        return "IMPORT-LINKED", f"Litmos user {other['Id']} has this employee's {link_field} already"
    return None


def _as_it_is(row: ImportRow, there: Row | None) -> Verdict | None:
    return AS_WANTED if there is not None and holds(there, row.fields, CASELESS_FIELDS) else None


def _spared(row: ImportRow, there: Row | None, protection: Protection) -> Verdict | None:
    """A user whom the import must not change was not in it."""
    why = protection.why(identity(row.user_id, there)) if row.user_id and there is not None else ""
    return (PROTECTED, refusal_of(why)) if why else None


def _why_not(row: ImportRow, there: Row | None, said: str | None, *, timed_out: bool) -> Verdict:
    if said is not None:
        return "IMPORT-REFUSED", f"Litmos refused this row of the bulk import: {said}"
    if timed_out:
        return (
            "IMPORT-TIMEOUT",
            "the bulk import did not end in time; the next push sends what is still missing",
        )
    if there is None:
        return "IMPORT-SILENT", "the bulk import ended without this user, and Litmos does not say why"
    wrong = [name for name, value in row.fields.items() if not holds(there, {name: value}, CASELESS_FIELDS)]
    return "IMPORT-DIFFERS", f"the bulk import left other values in {', '.join(sorted(wrong))}"


def _is_ours(row: ImportRow, there: Row, link_field: str) -> bool:
    """Whether a user with the UserName of a row that creates one is that employee, and not somebody else's account."""
    wanted = _folded(row.fields.get(link_field))
    if wanted:
        return _folded(there.get(link_field)) == wanted
    return holds(there, row.fields, CASELESS_FIELDS)
