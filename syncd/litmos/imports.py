"""Imports: users created and updated by one ``POST /bulkimports``, which Litmos applies later (litmos-api 4.2).

Neither Litmos' answer nor its counters prove anything about a row, so users are read before the import and after it
(``litmos.around``), and each row is judged by what is there. An import is an upsert by UserName: sending it again makes
nobody twice.
"""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from syncd.core.account import CASELESS_FIELDS
from syncd.core.bulk import ALWAYS, IMPORT_MEMBERS
from syncd.core.operation import Effects, ImportRow, ImportUsers
from syncd.errors import Limited, LitmosError, Permanent, Transient, Unauthorized
from syncd.litmos import around
from syncd.litmos.around import View
from syncd.litmos.client import Calls
from syncd.litmos.faults import MESSAGE_LENGTH, unknown_outcome
from syncd.litmos.judging import (
    AS_WANTED,
    UNEXPLAINED,
    Row,
    Users,
    Verdict,
    active,
    folded,
    is_ours,
    judge,
    named,
)
from syncd.litmos.wire import holds, identity, text_of
from syncd.log import redact_text

COMPLETED = "completed"
"""The one state, without regard to case, that is known to be an end [DOC]; any other is "not yet"."""
UNKNOWN = "unknown to Litmos"
"""Stands for the state of an import whose id Litmos does not know, or that was never learned."""


def submit(calls: Calls, operation: ImportUsers) -> Effects:
    """Read users, send the rows that can be applied and are not yet, and say that the import is pending.

    Never sent: a new user whose UserName or link somebody has already, for the import would overwrite that person or make
    a second one; an update of somebody who has another UserName by now, for it would make a second one; an update of
    somebody who is inactive by now, for what it does to them is unsettled; and one of somebody who is protected by now.
    """
    view = around.before(calls, operation)
    users = view.users
    body = [_body(row, users.of(row)) for row in operation.rows if _to_be_sent(row, users, operation)]
    if not body:
        return _ended(calls, operation, view, {}, timed_out=False)
    skip = {"skipfirstlogin": "true"} if operation.skip_first_login else {}
    answer = calls.write("POST", ("bulkimports",), body, skip)
    import_id = answer.get("Id") if isinstance(answer, dict) else None
    if not isinstance(import_id, str) or not import_id:
        raise unknown_outcome("Litmos took the bulk import but did not name its Id", 200)
    return replace(view.effects, import_id=import_id, pending=True, requests=calls.requests)


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

    What the mirror holds by now of its people may prove all of them: another reading came upon them.
    """
    status = _status(calls, operation.import_id) if operation.import_id else UNKNOWN
    done = status == COMPLETED
    if operation.import_id and not done and not operation.overdue:
        return _pending(calls, operation)
    try:
        view = around.after(
            calls, operation, thorough=operation.overdue or (done and operation.missed), done=done
        )
    except Permanent as refusal:
        raise Transient(str(refusal), status=refusal.status, code=refusal.code) from None
    if view.unread:
        return _pending(calls, operation, view, missed=done)
    ended = _ended(calls, operation, view, {}, timed_out=not done)
    if done and ended.refused:
        said = _errors(calls, operation.import_id)
        ended = _ended(calls, operation, view, said, timed_out=False)
    if done:
        silent = any(code in UNEXPLAINED for code, _ in ended.refused.values())
        return _pending(calls, operation, view, missed=True) if silent and not operation.missed else ended
    if not operation.overdue:
        return _pending(calls, operation, view) if ended.refused else ended
    if status == UNKNOWN and len(ended.refused) == len(operation.rows):
        return None
    return replace(ended, late=bool(ended.refused))


def is_over(calls: Calls, import_id: str) -> bool:
    """Whether a late import has ended, or Litmos does not know it (any more). One request; raises LitmosError."""
    return _status(calls, import_id) in {COMPLETED, UNKNOWN}


def _pending(
    calls: Calls, operation: ImportUsers, view: View | None = None, *, missed: bool = False
) -> Effects:
    known = Effects() if view is None else view.effects
    return replace(known, import_id=operation.import_id, pending=True, missed=missed, requests=calls.requests)


def _to_be_sent(row: ImportRow, users: Users, operation: ImportUsers) -> bool:
    there = users.of(row)
    if not row.user_id:
        return there is None and folded(row.fields.get(operation.link_field)) not in users.by_link
    if there is None or not named(there, row) or not active(there):
        return False
    if operation.protection.why(identity(row.user_id, there)):
        return False
    blank = any(not (row.fields.get(name) or text_of(there.get(name))) for name in ALWAYS)
    return not blank and not holds(there, row.fields, CASELESS_FIELDS)


def _body(row: ImportRow, there: Row | None) -> dict[str, Any]:
    """A row in the vendor's order [SPEC]; no member is null or blank: blank ones keep what is stored, null ones may fail."""
    always = {} if there is None else {name: text_of(there.get(name)) for name in ALWAYS}
    values = {**always, **row.fields}
    said = {member: values[name] for name, member in IMPORT_MEMBERS.items() if values.get(name)}
    return {"Username": row.username, **said}


def _status(calls: Calls, import_id: str) -> str:
    """The casefolded state of an import; UNKNOWN if Litmos does not know it: 400 [SPEC], or 404; "" if it will not say."""
    try:
        found = calls.find(("bulkimports", import_id))
    except Permanent as refusal:
        return UNKNOWN if refusal.status == HTTPStatus.BAD_REQUEST else ""
    return UNKNOWN if found is None else folded(found.get("Status"))


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
        folded(row.get("Username")): redact_text(text_of(row.get("ImportStatus") or row.get("ImporStatus")))[
            :MESSAGE_LENGTH
        ]
        for row in rows
    }


def _ended(
    calls: Calls, operation: ImportUsers, view: View, said: Mapping[str, str], *, timed_out: bool
) -> Effects:
    made: dict[str, str] = {}
    refused: dict[str, Verdict] = {}
    for row in operation.rows:
        verdict = judge(
            row,
            view.users,
            said.get(folded(row.username)),
            link_field=operation.link_field,
            timed_out=timed_out,
            protection=operation.protection,
        )
        if verdict != AS_WANTED:
            refused[row.username] = verdict
        there = view.users.of(row)
        if not row.user_id and there is not None and is_ours(row, there, operation.link_field):
            made[row.username] = str(there["Id"])
    return replace(
        view.effects, import_id=operation.import_id, made=made, refused=refused, requests=calls.requests
    )
