"""Jobs as people see them: listing, counting, pausing the queue, retrying and cancelling."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from syncd.store import imports
from syncd.store.queue import CHUNK, release_children, set_changes
from syncd.store.schema import LIVE, attempt, job, queue_pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Why and since when nothing is sent."""

    code: str
    reason: str
    since: datetime


def pause(conn: Connection, account: str, *, code: str, reason: str, now: datetime) -> None:
    """Stop sending; what is queued stays queued."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    conn.execute(
        dialect.insert(queue_pause)
        .values(account=account, code=code, reason=reason, since=now)
        .on_conflict_do_nothing(index_elements=["account"])
    )


def resume(conn: Connection, account: str) -> bool:
    """Send again; True if it was paused."""
    return bool(conn.execute(queue_pause.delete().where(queue_pause.c.account == account)).rowcount)


def paused(conn: Connection, account: str) -> Pause | None:
    """Why nothing is sent, or None."""
    row = conn.execute(select(queue_pause).where(queue_pause.c.account == account)).first()
    return None if row is None else Pause(code=row.code, reason=row.reason, since=row.since)


def counts(conn: Connection, account: str, run_id: int | None = None) -> dict[str, int]:
    """How many Jobs are in each state, of one Run or of all."""
    query = select(job.c.state, func.count()).where(job.c.account == account).group_by(job.c.state)
    if run_id is not None:
        query = query.where(job.c.run_id == run_id)
    return {row[0]: row[1] for row in conn.execute(query)}


def list_jobs(
    conn: Connection, account: str, *, run_id: int | None = None, state: str | None = None, limit: int = 100
) -> list[RowMapping]:
    """Jobs, newest first."""
    query = select(job).where(job.c.account == account).order_by(job.c.id.desc()).limit(limit)
    if run_id is not None:
        query = query.where(job.c.run_id == run_id)
    if state is not None:
        query = query.where(job.c.state == state)
    return list(conn.execute(query).mappings())


def list_attempts(conn: Connection, job_id: int) -> list[RowMapping]:
    """The Attempts of one Job, oldest first."""
    return list(
        conn.execute(select(attempt).where(attempt.c.job_id == job_id).order_by(attempt.c.id)).mappings()
    )


def retry_discarded(conn: Connection, account: str, job_ids: Sequence[int], now: datetime) -> list[int]:
    """A person wants discarded Jobs tried again; returns those that will be.

    A Job whose target has a live Job is left as it is, and so is one that shares a name with a live import, and an import
    that shares one with any live Job that writes users; of several for one target only the newest is tried.
    """
    live = select(job.c.target).where(job.c.account == account, job.c.state.in_(sorted(LIVE)))
    newest: dict[str, RowMapping] = {}
    for start in range(0, len(job_ids), CHUNK):
        rows = conn.execute(
            select(job.c.id, job.c.run_id, job.c.kind, job.c.target, job.c.payload, job.c.changes)
            .where(
                job.c.account == account,
                job.c.id.in_(job_ids[start : start + CHUNK]),
                job.c.state == "discarded",
                job.c.target.not_in(live),
            )
            .order_by(job.c.id)
            .with_for_update()
        ).mappings()
        for row in rows:
            if imports.stands_in_the_way(conn, account, row["kind"], row["payload"]):
                continue
            if row["target"] not in newest or newest[row["target"]]["id"] < row["id"]:
                newest[row["target"]] = row
    again = sorted(newest.values(), key=lambda row: int(row["id"]))
    for row in again:
        conn.execute(
            update(job)
            .where(job.c.id == row["id"])
            .values(
                state="available",
                attempts=0,
                settle_reads=0,
                sent_at=None,
                available_at=now,
                finished_at=None,
            )
        )
        set_changes(
            conn, row["run_id"], row["changes"], state="queued", code="", message="", finished_at=None
        )
    return [row["id"] for row in again]


def cancel_run(conn: Connection, run_id: int, now: datetime) -> int:
    """Cancel what is not being sent of a Run; returns how many Jobs. What other Runs have waiting for them goes on.

    The rows are locked: a worker that claims one just now keeps it.
    """
    rows = conn.execute(
        select(job.c.id, job.c.changes)
        .where(job.c.run_id == run_id, job.c.state.in_(["blocked", "available"]))
        .order_by(job.c.id)
        .with_for_update()
    ).all()
    for row in rows:
        conn.execute(update(job).where(job.c.id == row.id).values(state="cancelled", finished_at=now))
        set_changes(conn, run_id, row.changes, state="cancelled", finished_at=now)
    for row in rows:
        release_children(conn, row.id)
    return len(rows)
