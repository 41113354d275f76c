"""Importing: a bulk import's Job, in the transactions of the worker: pending, settled, or given up."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from syncd.core.import_cost import next_look
from syncd.core.model import FieldValue
from syncd.core.operation import Effects
from syncd.core.request import RequestKind
from syncd.store import changes, imports, links, queue
from syncd.store.queue import Job

WAITING = "IMPORT-WAITING"
"""The code of an Attempt that found the import not ended."""


def write_pending(
    conn: Connection, job: Job, effects: Effects, *, delay: float, status: int | None, now: datetime
) -> None:
    """Litmos has the import and has not ended it: look again, after ``delay`` seconds at most; ``status`` was its last answer's."""
    if effects.import_id:
        imports.save(conn, job.id, effects.import_id, now)
    since = imports.find(conn, job.id).since or now
    others = job.payload.get("imports", 1)
    wait = (
        delay if effects.missed else next_look((now - since).total_seconds(), longest=delay, imports=others)
    )
    queue.uncertain(
        conn,
        job,
        delay=wait,
        code=WAITING,
        error="",
        status=status,
        now=now,
        read=effects.missed,
        requests=effects.requests,
    )


def write_settled(
    conn: Connection, account: str, job: Job, effects: Effects, now: datetime
) -> dict[str, str]:
    """Link everybody whom an import made, and say of each row that is not as wanted why; returns the Changes that failed, as ``changes.end``.

    Nothing for a Job of another kind.
    """
    if job.kind != RequestKind.IMPORT_USERS:
        return {}
    taken = set(links.load(conn, account).values())
    refused = dict(effects.refused)
    failed: dict[str, str] = {}
    for row in job.payload["rows"]:
        username = row["username"]
        user_id = effects.made.get(username)
        if user_id and not links.find(conn, account, row["employee_id"]):
            if user_id in taken:
                refused[username] = ("LITMOS-409-USERNAME-TAKEN", "the UserName belongs to another employee")
            else:
                links.save(conn, account, row["employee_id"], user_id, "import", now)
        if username in refused:
            code, message = refused[username]
            mine = [row["change"]]
            failed |= changes.end(conn, job.run_id, mine, "failed", code=code, message=message, now=now)
    imports.end(conn, account, job.id, now, late=effects.late)
    return failed


def own_values(conn: Connection, account: str, job: Job) -> Mapping[tuple[str, str], FieldValue]:
    """What this Job and the unsettled imports set: (user id, field) -> value. To find it in Litmos is no drift."""
    mine = {
        (row["user_id"], name): value
        for row in (job.payload["rows"] if job.kind == RequestKind.IMPORT_USERS else ())
        for name, value in row["fields"].items()
    }
    return {**imports.wanted(conn, account), **mine}
