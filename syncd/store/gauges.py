"""Gauges: numbers about the moment, each by an index, for metrics."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from syncd.store import runs
from syncd.store.schema import IS_DUE, IS_UNSETTLED, job


def oldest_due(conn: Connection, account: str) -> datetime | None:
    """When the oldest Job was made that may be claimed, or settled; None if there is none."""
    oldest = select(func.min(job.c.id)).where(job.c.account == account, IS_DUE).scalar_subquery()
    found: datetime | None = conn.execute(select(job.c.created_at).where(job.c.id == oldest)).scalar()
    return found


def uncertain_changes(conn: Connection, account: str) -> int:
    """How many Changes the Jobs carry whose outcome is unknown: an import has up to a thousand of them."""
    length = func.json_array_length if conn.dialect.name == "sqlite" else func.jsonb_array_length
    carried = select(func.coalesce(func.sum(length(job.c.changes)), 0))
    mine = (job.c.account == account) & IS_UNSETTLED & (job.c.state == "uncertain")
    return int(conn.execute(carried.where(mine)).scalar_one())


def holding(conn: Connection, account: str) -> list[datetime]:
    """When each Run was made that holds something for a person."""
    return [row["created_at"] for row in runs.holding(conn, account, limit=None)]


def first_expiry(conn: Connection, account: str) -> datetime | None:
    """When the first Run that holds something for a person expires; None if none holds anything."""
    ends = [row["expires_at"] for row in runs.holding(conn, account, limit=None) if row["expires_at"]]
    return min(ends, default=None)
