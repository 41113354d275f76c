"""Exchanges: what was sent and answered in each Attempt, as the core masked it; kept for a while, and then removed."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from syncd.store.columns import Json
from syncd.store.database import Database
from syncd.store.schema import attempt, exchange, job

CHUNK = 500
_SAVE = insert(exchange).from_select(
    ["attempt_id", "at", "made"],
    select(attempt.c.id, attempt.c.finished_at, bindparam("made", type_=Json))
    .where(attempt.c.job_id == bindparam("of_job"))
    .order_by(attempt.c.id.desc())
    .limit(1),
)


def save(conn: Connection, job_id: int, made: Sequence[Mapping[str, Any]]) -> None:
    """Keep what the newest Attempt at a Job sent; in the transaction that logged it."""
    if made:
        conn.execute(_SAVE, {"of_job": job_id, "made": list(made)})


def of_job(conn: Connection, job_id: int) -> dict[int, list[dict[str, Any]]]:
    """The Exchanges of a Job by the id of the Attempt, as far as they are still kept."""
    query = select(exchange.c.attempt_id, exchange.c.made).join(
        attempt, attempt.c.id == exchange.c.attempt_id
    )
    return {row.attempt_id: row.made for row in conn.execute(query.where(attempt.c.job_id == job_id))}


def prune(database: Database, account: str, keep: float | None) -> int:
    """Remove what is older than ``keep`` seconds (None: nothing), a chunk at a time; returns of how many Attempts."""
    number = 0
    while keep is not None:
        with database.write() as conn:
            before = database.now(conn) - timedelta(seconds=keep)
            mine = (
                select(exchange.c.attempt_id)
                .join(attempt, attempt.c.id == exchange.c.attempt_id)
                .join(job, job.c.id == attempt.c.job_id)
                .where(exchange.c.at <= before, job.c.account == account)
                .limit(CHUNK)
            )
            some = list(conn.execute(mine).scalars())
            if some:
                number += conn.execute(delete(exchange).where(exchange.c.attempt_id.in_(some))).rowcount
        if len(some) < CHUNK:
            break
    return number
