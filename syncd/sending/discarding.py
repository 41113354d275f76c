"""Discarding: a Job is given up, in the transaction of the worker that says so."""

from datetime import datetime

from sqlalchemy import Connection

from syncd.core.request import RequestKind
from syncd.errors import LitmosError
from syncd.store import changes, imports, queue, runs
from syncd.store.queue import Job


def discard(conn: Connection, account: str, job: Job, error: LitmosError, now: datetime) -> dict[str, str]:
    """Its Changes failed by this error, and are returned as ``changes.end`` does; its Run ends if nothing else is left of it."""
    code, text = error.code, str(error)
    queue.discard(conn, job, code=code, error=text, status=error.status, now=now)
    failed = changes.end(conn, job.run_id, job.changes, "failed", code=code, message=text, now=now)
    if job.kind == RequestKind.IMPORT_USERS:
        imports.end(conn, account, job.id, now, late=job.settling)
    runs.finish_if_done(conn, job.run_id, now)
    return failed
