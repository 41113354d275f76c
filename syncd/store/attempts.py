"""Attempts: one row for each try of a Job, with its outcome."""

from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, insert, select

from syncd.store.schema import attempt


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
    """Record one Attempt at a Job; ``row`` is the Job's row after it, ``outcome`` what became of it."""
    number = conn.execute(select(func.count()).where(attempt.c.job_id == job_id)).scalar_one() + 1
    conn.execute(
        insert(attempt).values(
            job_id=job_id,
            number=number,
            owner=owner,
            started_at=row["claimed_at"],
            sent_at=row["sent_at"],
            finished_at=now,
            outcome=outcome,
            code=code,
            detail=detail,
            http_status=status,
            requests=requests,
        )
    )
