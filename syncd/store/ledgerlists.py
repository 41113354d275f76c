"""Lists of the ledger of results, a page at a time, newest first, and where each result and each sink stands."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

from sqlalchemy import Connection, Select, and_, desc, func, select, union_all

from syncd.core.completion import ResultKind
from syncd.core.results import Status, Version
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


CLOSED: Mapping[str, tuple[str, ...]] = {"kind": tuple(ResultKind), "status": tuple(Status)}
"""The columns that have few values, with all of these, in the order of their indexes."""


def newest(
    conn: Connection, account: str, asked: Asked, *, before: int | None, limit: int
) -> list[tuple[Version, datetime]]:
    """What holds today, newest first, with a ``seq`` below ``before``; each with when syncd learned of it.

    As with Changes (ADR 0038) the newest of each kind and status are pieces of an index. What was learned later has the
    higher ``seq``: so those since a moment are the first of the newest, and are not searched for.
    """
    mine = result_version.c.account == account, result_version.c.is_current
    query = select(result_version.c.seq).where(*mine).order_by(result_version.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(result_version.c.seq < before)
    if asked.object_id:
        query = query.where(result_version.c.object_id == asked.object_id)
    given_values = {name: getattr(asked, name) for name in CLOSED}
    if asked.employee_id:
        exact = {name: value for name, value in given_values.items() if value}
        query = query.where(
            result_version.c.employee_id == asked.employee_id,
            *(result_version.c[name] == value for name, value in exact.items()),
        )
    elif asked.object_id or any(given_values.values()):
        query = _pieces(query, given_values).order_by(desc("seq")).limit(limit)
    chosen = select(result_version).where(
        *mine, result_version.c.seq.in_(list(conn.execute(query).scalars()))
    )
    rows = conn.execute(chosen.order_by(result_version.c.seq.desc()))
    return [
        (version_of(row), row.made_at) for row in rows if asked.since is None or row.made_at >= asked.since
    ]


def _pieces(query: Select[Any], asked: Mapping[str, str]) -> Select[Any]:
    """What a query finds of each kind and status that is asked for: ``seq``."""
    values = [[asked[name]] if asked[name] else CLOSED[name] for name in CLOSED]
    pieces = [
        select(query.where(result_version.c.kind == kind, result_version.c.status == status).subquery().c.seq)
        for kind, status in product(*values)
    ]
    return select(union_all(*pieces).subquery().c.seq)


def totals(conn: Connection, account: str) -> list[dict[str, Any]]:
    """How many results there are today by ``kind`` and ``status``, and how many of them are nobody's: ``results``, ``unlinked``.

    Both are counted in an index; of how many versions they are takes a look at each row (``results.totals``).
    """
    by = result_version.c.kind, result_version.c.status
    query = (
        select(*by, func.count().label("number"))
        .where(result_version.c.account == account, result_version.c.is_current)
        .group_by(*by)
        .order_by(*by)
    )
    unlinked = {
        (row.kind, row.status): row.number
        for row in conn.execute(query.where(result_version.c.employee_id == ""))
    }
    return [
        {
            "kind": row.kind,
            "status": row.status,
            "results": row.number,
            "unlinked": unlinked.get((row.kind, row.status), 0),
        }
        for row in conn.execute(query)
    ]


def given(
    conn: Connection, account: str, result_ids: Collection[str]
) -> dict[tuple[str, int], dict[str, str]]:
    """What became of versions of these results: (result id, version) -> sink -> delivered or pending."""
    query = (
        select(batch_row.c.result_id, batch_row.c.version, batch_row.c.sink, batch.c.state)
        .join(batch, and_(batch.c.account == batch_row.c.account, batch.c.id == batch_row.c.batch_id))
        .where(batch_row.c.account == account, batch_row.c.sink.in_(_sinks(conn, account)))
    )
    found: dict[tuple[str, int], dict[str, str]] = {}
    for row in rows_among(conn, query, batch_row.c.result_id, result_ids):
        found.setdefault((row.result_id, row.version), {})[row.sink] = row.state
    return found


def _sinks(conn: Connection, account: str) -> list[str]:
    """Whoever was given anything, by leaps from one to the next in the key, which has the sink before the result."""
    found: list[str] = []
    sink: str | None = ""
    while True:
        after = select(func.min(batch_row.c.sink)).where(
            batch_row.c.account == account, batch_row.c.sink > sink
        )
        sink = conn.execute(after).scalar()
        if sink is None:
            return found
        found.append(sink)


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
