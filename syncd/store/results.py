"""Results: the ledger of Completions, and the outbox of batches per sink."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, and_, func, insert, select, update

from syncd.core.completion import Completion
from syncd.store.mirror import set_watermark
from syncd.store.schema import batch, batch_row, completion
from syncd.store.schema import watermark as marks

__all__ = ["mark_delivered", "open_batch", "pending", "rows", "save", "set_watermark", "totals", "watermark"]

_TIMES = frozenset(field.name for field in fields(Completion) if field.name.endswith(("_at", "_until")))


def watermark(conn: Connection, account: str, name: str) -> datetime | None:
    """A watermark, or None."""
    found: datetime | None = conn.execute(
        select(marks.c.value).where(marks.c.account == account, marks.c.name == name)
    ).scalar()
    return found


def save(
    conn: Connection, account: str, found: Iterable[Completion], employees: Mapping[str, str], now: datetime
) -> int:
    """Take results into the ledger; returns how many are new or say something new (a new version).

    ``employees`` is Litmos user id -> employee_id; the results of people who are not linked are kept without one.
    """
    known = {
        row.completion_id: (row.hash, row.version)
        for row in conn.execute(
            select(completion.c.completion_id, completion.c.hash, completion.c.version).where(
                completion.c.account == account
            )
        )
    }
    fresh = 0
    for one in found:
        employee_id = employees.get(one.user_id, "")
        data = _to_json(one)
        digest = blake2b(json.dumps([employee_id, data], sort_keys=True).encode(), digest_size=16).hexdigest()
        have = known.get(one.completion_id)
        if have is not None and have[0] == digest:
            continue
        values = {
            "kind": one.kind,
            "user_id": one.user_id,
            "employee_id": employee_id,
            "data": data,
            "hash": digest,
            "version": 1 if have is None else have[1] + 1,
            "changed_at": now,
        }
        if have is None:
            ids = {"account": account, "completion_id": one.completion_id}
            conn.execute(insert(completion).values(**ids, **values, first_seen_at=now))
        else:
            conn.execute(
                update(completion)
                .where(completion.c.account == account, completion.c.completion_id == one.completion_id)
                .values(**values)
            )
        known[one.completion_id] = (digest, values["version"])
        fresh += 1
    return fresh


def _to_json(one: Completion) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(one).items()
    }


def _from_json(data: Mapping[str, Any]) -> Completion:
    values: dict[str, Any] = {
        name: datetime.fromisoformat(value) if name in _TIMES and value else value
        for name, value in data.items()
    }
    return Completion(**values)


def open_batch(conn: Connection, account: str, sink: str, batch_id: str, run_id: int, now: datetime) -> int:
    """Put what this sink was not given yet (completed results of linked people) into a new batch; returns the rows."""
    given = and_(
        batch_row.c.account == completion.c.account,
        batch_row.c.sink == sink,
        batch_row.c.completion_id == completion.c.completion_id,
        batch_row.c.version == completion.c.version,
    )
    found = conn.execute(
        select(completion.c.completion_id, completion.c.version, completion.c.data)
        .select_from(completion.outerjoin(batch_row, given))
        .where(
            completion.c.account == account,
            completion.c.employee_id != "",
            batch_row.c.completion_id.is_(None),
        )
        .order_by(completion.c.completion_id)
    ).all()
    due = [row for row in found if row.data["completed"]]
    if not due:
        return 0
    conn.execute(
        insert(batch).values(
            account=account,
            id=batch_id,
            sink=sink,
            state="pending",
            rows=len(due),
            run_id=run_id,
            created_at=now,
        )
    )
    conn.execute(
        insert(batch_row),
        [
            {
                "account": account,
                "sink": sink,
                "completion_id": row.completion_id,
                "version": row.version,
                "batch_id": batch_id,
            }
            for row in due
        ],
    )
    return len(due)


def pending(conn: Connection, account: str, sink: str) -> list[str]:
    """The batches that a sink has not taken, oldest first."""
    query = (
        select(batch.c.id)
        .where(batch.c.account == account, batch.c.sink == sink, batch.c.state == "pending")
        .order_by(batch.c.created_at, batch.c.id)
    )
    return list(conn.execute(query).scalars())


def rows(
    conn: Connection, account: str, sink: str, batch_id: str, *, everything: bool
) -> list[tuple[Completion, str]]:
    """The results of a batch, or ``everything`` this sink was ever given, with their employee ids."""
    query = (
        select(completion.c.data, completion.c.employee_id, completion.c.completion_id)
        .join(
            batch_row,
            and_(
                batch_row.c.account == completion.c.account,
                batch_row.c.completion_id == completion.c.completion_id,
            ),
        )
        .where(completion.c.account == account, batch_row.c.sink == sink)
        .order_by(completion.c.completion_id)
    )
    if not everything:
        query = query.where(batch_row.c.batch_id == batch_id)
    seen: dict[str, tuple[Completion, str]] = {}
    for row in conn.execute(query):
        seen[row.completion_id] = (_from_json(row.data), row.employee_id)
    return list(seen.values())


def mark_delivered(conn: Connection, account: str, batch_id: str, now: datetime) -> int:
    """The sink has it; returns its rows."""
    done = conn.execute(
        update(batch)
        .where(batch.c.account == account, batch.c.id == batch_id)
        .values(state="delivered", delivered_at=now)
        .returning(batch.c.rows)
    )
    return int(done.scalar_one())


def totals(conn: Connection, account: str) -> dict[str, int]:
    """How many results the ledger holds, how many were delivered, how many wait in the outbox."""
    ledger = conn.execute(select(func.count()).where(completion.c.account == account)).scalar_one()
    sums = conn.execute(
        select(batch.c.state, func.sum(batch.c.rows))
        .where(batch.c.account == account)
        .group_by(batch.c.state)
    )
    by_state = {state: number for state, number in sums}  # noqa: C416 - dict() cannot be typed over rows
    return {
        "results": int(ledger),
        "delivered": int(by_state.get("delivered", 0)),
        "waiting": int(by_state.get("pending", 0)),
    }
