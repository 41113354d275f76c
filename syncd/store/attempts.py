"""Attempts: one row for each try of a Job, with its outcome."""

from datetime import datetime

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select

from syncd.store.schema import attempt

_BEFORE = attempt.alias("before")
_LOG = insert(attempt).values(
    number=select(func.count() + 1).where(_BEFORE.c.job_id == bindparam("of_job")).scalar_subquery()
)


def log(
    conn: Connection,
    job_id: int,
    owner: str,
    row: RowMapping,
    outcome: str,
    *,
    now: datetime,
    code: str = "",
    detail: str = "",
    status: int | None = None,
    requests: int = 0,
) -> None:
    """Record one Attempt at a Job; ``row`` has ``claimed_at`` and ``sent_at`` as they are after it, ``outcome`` what became of it."""
    values = {
        "of_job": job_id,
        "job_id": job_id,
        "owner": owner,
        "started_at": row["claimed_at"],
        "sent_at": row["sent_at"],
        "finished_at": now,
        "outcome": outcome,
        "code": code,
        "detail": detail,
        "http_status": status,
        "requests": requests,
    }
    conn.execute(_LOG, values)
