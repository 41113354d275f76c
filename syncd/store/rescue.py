"""Rescue: what becomes of the Jobs of a process that died, or that was silent for longer than its lease."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, func, select, update

from syncd.core.request import RequestKind
from syncd.store import attempts, changes, imports, runs
from syncd.store.owner import is_dead
from syncd.store.queue import drop_if_cancelled, release_children
from syncd.store.schema import IS_DUE, IS_UNSETTLED, attempt, job

FURTHEST = 3600.0
"""Seconds: no lease of a Job, and no delay before its next try, is that long."""
DIED = "WORKER-DIED"
"""The code of an Attempt whose process died."""


def rescue(conn: Connection, account: str, now: datetime) -> int:
    """Jobs whose lease ran out or whose owner is certainly dead: unsent ones go back, others become uncertain.

    A time further ahead than any that syncd sets is from before the clock was set back, and counts as past.

    A Job that has ended so as often as it may be tried is discarded: it may be what kills the process. Returns how many
    were found. The rows are locked: an owner that wakes just now must not mark as sent what is taken for unsent.
    """
    rows = (
        conn.execute(
            select(job)
            .where(job.c.account == account, IS_UNSETTLED, job.c.state == "running")
            .order_by(job.c.id)
            .with_for_update(skip_locked=True)
        )
        .mappings()
        .all()
    )
    beyond = now + timedelta(seconds=FURTHEST)
    lost = [row for row in rows if not now < row["lease_until"] <= beyond or is_dead(row["owner"])]
    waiting = IS_DUE & (job.c.available_at > beyond)
    conn.execute(update(job).where(job.c.account == account, waiting).values(available_at=now))
    for row in lost:
        _rescue(conn, row, now)
    return len(lost)


def _rescue(conn: Connection, row: RowMapping, now: datetime) -> None:
    deaths = (
        1
        + conn.execute(
            select(func.count()).where(attempt.c.job_id == row["id"], attempt.c.code == DIED)
        ).scalar_one()
    )
    gives_up = deaths >= row["max_attempts"]
    state = "discarded" if gives_up else "available" if row["sent_at"] is None else "uncertain"
    text = f"its process died or was silent for too long, {deaths} times by now"
    conn.execute(
        update(job)
        .where(job.c.id == row["id"])
        .values(
            state=state,
            owner="",
            lease_until=None,
            available_at=now,
            finished_at=now if gives_up else None,
            last_code=DIED,
            last_error=text,
        )
    )
    outcome = "retry" if state == "available" else state
    attempts.log(conn, row["id"], row["owner"], row, outcome, now=now, code=DIED, detail=text)
    if state == "available":
        drop_if_cancelled(conn, row["id"], row["run_id"], row["changes"], now)
    if gives_up:
        if row["kind"] == RequestKind.IMPORT_USERS.value:
            imports.end(conn, row["account"], row["id"], now, late=row["sent_at"] is not None)
        changes.set_state(conn, row["run_id"], row["changes"], "failed", code=DIED, message=text, now=now)
        release_children(conn, row["id"])
        runs.finish_if_done(conn, row["run_id"], now)
