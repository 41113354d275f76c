"""Lists of the ledger of results, a page at a time, newest first, and where each result and each sink stands."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, select

from syncd.core.results import Version
from syncd.store.among import rows_among
from syncd.store.result_tables import result_version
from syncd.store.results import version_of
from syncd.store.schema import batch, batch_row


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which results are meant: all that each part names; "" names all. ``since`` is when syncd learned of it."""

    employee_id: str = ""
    object_id: str = ""
    kind: str = ""
    status: str = ""
    since: datetime | None = None


def newest(
    conn: Connection, account: str, asked: Asked, *, before: int | None, limit: int
) -> list[tuple[Version, datetime]]:
    """What holds today, newest first, with a ``seq`` below ``before``; each with when syncd learned of it."""
    query = select(result_version).where(result_version.c.account == account, result_version.c.is_current)
    for name in ("employee_id", "object_id", "kind", "status"):
        if value := getattr(asked, name):
            query = query.where(result_version.c[name] == value)
    if asked.since is not None:
        query = query.where(result_version.c.made_at >= asked.since)
    if before is not None:
        query = query.where(result_version.c.seq < before)
    rows = conn.execute(query.order_by(result_version.c.seq.desc()).limit(limit))
    return [(version_of(row), row.made_at) for row in rows]


def given(
    conn: Connection, account: str, result_ids: Collection[str]
) -> dict[tuple[str, int], dict[str, str]]:
    """What became of versions of these results: (result id, version) -> sink -> delivered or pending."""
    query = (
        select(batch_row.c.result_id, batch_row.c.version, batch_row.c.sink, batch.c.state)
        .join(batch, and_(batch.c.account == batch_row.c.account, batch.c.id == batch_row.c.batch_id))
        .where(batch_row.c.account == account)
    )
    found: dict[tuple[str, int], dict[str, str]] = {}
    for row in rows_among(conn, query, batch_row.c.result_id, result_ids):
        found.setdefault((row.result_id, row.version), {})[row.sink] = row.state
    return found


def standing(conn: Connection, account: str, sink: str) -> dict[str, Any]:
    """When a sink last took a batch, and the batches and rows that it has not taken, since when."""
    here = (batch.c.account == account) & (batch.c.sink == sink)
    last = select(func.max(batch.c.delivered_at)).where(here, batch.c.state == "delivered")
    waits = select(func.count(), func.coalesce(func.sum(batch.c.rows), 0), func.min(batch.c.created_at))
    number, rows, since = conn.execute(waits.where(here, batch.c.state == "pending")).one()
    return {
        "sink": sink,
        "delivered_at": conn.execute(last).scalar(),
        "waiting_batches": int(number),
        "waiting_rows": int(rows),
        "waiting_since": since,
    }
