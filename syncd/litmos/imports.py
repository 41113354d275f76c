"""Imports: users created and updated by one ``POST /bulkimports``, which Litmos applies later (litmos-api 4.2).

Neither Litmos' answer nor its counters prove anything about a row, so all users are read before the import and after
it, and each row is judged by what is there. An import is an upsert by UserName: sending it again makes nobody twice.
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from syncd.core.bulk import ALWAYS, IMPORT_MEMBERS
from syncd.core.diff import CASELESS_FIELDS
from syncd.core.operation import Effects, ImportRow, ImportUsers
from syncd.errors import Permanent
from syncd.litmos import reading
from syncd.litmos.client import Calls, Row
from syncd.litmos.faults import MESSAGE_LENGTH, unknown_outcome
from syncd.litmos.wire import holds, text_of
from syncd.log import redact_text

COMPLETED = "completed"
"""The one state, without regard to case, that is known to be an end [DOC]; any other is "not yet"."""
_LINK = "ExternalEmployeeId"

UNEXPLAINED = frozenset({"IMPORT-SILENT", "IMPORT-DIFFERS"})
"""The codes of rows that are not as they were to be, though Litmos says nothing of them."""

Verdict = tuple[str, str]
"""(code, message) of a row that is not as it was to be; ("", "") of one that is."""
AS_WANTED: Verdict = ("", "")


class Users:
    """All users of the account as they were just read, by id and by UserName (casefolded)."""

    def __init__(self, profiles: Iterable[Row]) -> None:
        """From full records."""
        self.profiles = tuple(profiles)
        self.by_id: Mapping[str, Row] = {str(row["Id"]): row for row in self.profiles}
        self.by_name: Mapping[str, Row] = {text_of(row["UserName"]).casefold(): row for row in self.profiles}

    def of(self, row: ImportRow) -> Row | None:
        """The user that a row is about, or None."""
        if row.user_id:
            return self.by_id.get(row.user_id)
        return self.by_name.get(row.username.strip().casefold())


def submit(calls: Calls, operation: ImportUsers) -> Effects:
    """Read all users, send the rows that can be applied and are not yet, and say that the import is pending.

    Never sent: a new user whose UserName somebody has already, for the import would overwrite that person; and an
    update of somebody who has another UserName by now, for it would create a second person.
    """
    users = _read(calls)
    body = [_body(row, users.of(row)) for row in operation.rows if _to_be_sent(row, users)]
    if not body:
        return _ended(calls, operation, users, {})
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

    ==================  =======  ====================================================================
    the import          overdue  is
    ==================  =======  ====================================================================
    completed           no       ended: each row judged by what is there; but what is missing without
                                 a word is looked for once more, for lists may be late
    in any other state  no       pending
    of unknown id       no       ended if every row is there, else pending
    unknown to Litmos   no       None if no row is there, else ended
    of unknown id       yes      None if no row is there, else ended
    any other           yes      ended
    ==================  =======  ====================================================================
    """
    said: Mapping[str, str] = {}
    lost = not operation.import_id and operation.overdue
    if operation.import_id and not operation.overdue:
        status = _status(calls, operation.import_id)
        lost = status is None
        if status == COMPLETED:
            said = _errors(calls, operation.import_id)
        elif not lost:
            return _pending(calls, operation)
    users = _read(calls)
    ended = _ended(calls, operation, users, said)
    if lost and len(ended.refused) == len(operation.rows):
        return None
    if operation.overdue or not ended.refused:
        return ended
    if not operation.import_id:
        return _pending(calls, operation)
    silent = any(code in UNEXPLAINED for code, _ in ended.refused.values())
    return _pending(calls, operation, missed=True) if silent and not operation.missed else ended


def _pending(calls: Calls, operation: ImportUsers, *, missed: bool = False) -> Effects:
    return Effects(import_id=operation.import_id, pending=True, missed=missed, requests=calls.requests)


def _read(calls: Calls) -> Users:
    return Users(reading.profiles(calls, lambda _what, _done, _total: None))


def _to_be_sent(row: ImportRow, users: Users) -> bool:
    there = users.of(row)
    if not row.user_id:
        return there is None
    if there is None or not _named(there, row):
        return False
    blank = any(not (row.fields.get(name) or text_of(there.get(name))) for name in ALWAYS)
    return not blank and not holds(there, row.fields, CASELESS_FIELDS)


def _named(there: Row, row: ImportRow) -> bool:
    return text_of(there.get("UserName")).casefold() == row.username.strip().casefold()


def _body(row: ImportRow, there: Row | None) -> dict[str, Any]:
    """A row in the vendor's order [SPEC]; no member is null or blank: blank ones keep what is stored, null ones may fail."""
    always = {} if there is None else {name: text_of(there.get(name)) for name in ALWAYS}
    values = {**always, **row.fields}
    named = {member: values[name] for name, member in IMPORT_MEMBERS.items() if values.get(name)}
    return {"Username": row.username, **named}


def _status(calls: Calls, import_id: str) -> str | None:
    """The casefolded state of an import; None if Litmos does not know it: 400 [SPEC], or 404."""
    try:
        found = calls.find(("bulkimports", import_id))
    except Permanent as refusal:
        if refusal.status != HTTPStatus.BAD_REQUEST:
            raise
        return None
    return None if found is None else text_of(found.get("Status")).casefold()


def _errors(calls: Calls, import_id: str) -> Mapping[str, str]:
    """What Litmos says of rows that failed: casefolded UserName -> its words, redacted and cut.

    It only explains: where Litmos refuses to say, nothing is known.
    """
    names = ("Username", "ImportStatus", "ImporStatus")
    try:
        rows = calls.rows(("bulkimports", import_id, "usererrors"), key=(), also=names)
    except Permanent:
        return {}
    return {
        text_of(row.get("Username")).casefold(): redact_text(
            text_of(row.get("ImportStatus") or row.get("ImporStatus"))
        )[:MESSAGE_LENGTH]
        for row in rows
    }


def _ended(calls: Calls, operation: ImportUsers, users: Users, said: Mapping[str, str]) -> Effects:
    made: dict[str, str] = {}
    refused: dict[str, Verdict] = {}
    for row in operation.rows:
        there = users.of(row)
        verdict = judge(row, there, said.get(row.username.strip().casefold()), overdue=operation.overdue)
        if verdict != AS_WANTED:
            refused[row.username] = verdict
        if not row.user_id and there is not None and _is_ours(row, there):
            made[row.username] = str(there["Id"])
    return Effects(
        import_id=operation.import_id,
        made=made,
        refused=refused,
        profiles=users.profiles,
        profiles_just_read=True,
        requests=calls.requests,
    )


def judge(row: ImportRow, there: Row | None, said: str | None, *, overdue: bool) -> Verdict:
    """What became of one row: as wanted, or why not. What is there counts; what Litmos ``said`` only explains.

    ``said`` is None if it said nothing of the row.
    """
    if there is None and row.user_id:
        return "LITMOS-404-USER-GONE", "Litmos no longer knows this user"
    if there is not None and row.user_id and not _named(there, row):
        return "IMPORT-RENAMED", "somebody renamed the user in Litmos; the next push sees the new UserName"
    if there is not None and not row.user_id and not _is_ours(row, there):
        return "LITMOS-409-USERNAME-TAKEN", "the UserName belongs to a user who is not this employee"
    if there is not None and holds(there, row.fields, CASELESS_FIELDS):
        return AS_WANTED
    if said is not None:
        return "IMPORT-REFUSED", f"Litmos refused this row of the bulk import: {said}"
    if overdue:
        return (
            "IMPORT-TIMEOUT",
            "the bulk import did not end in time; the next push sends what is still missing",
        )
    if there is None:
        return "IMPORT-SILENT", "the bulk import ended without this user, and Litmos does not say why"
    wrong = [name for name, value in row.fields.items() if not holds(there, {name: value}, CASELESS_FIELDS)]
    return "IMPORT-DIFFERS", f"the bulk import left other values in {', '.join(sorted(wrong))}"


def _is_ours(row: ImportRow, there: Row) -> bool:
    """Whether a user with the UserName of a row that creates one is that employee, and not somebody else's account."""
    wanted = text_of(row.fields.get(_LINK))
    if wanted:
        return text_of(there.get(_LINK)) == wanted
    return holds(there, row.fields, CASELESS_FIELDS)
