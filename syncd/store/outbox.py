"""The outbox: what each sink is to be given of the ledger, in batches whose ids are committed before they are delivered."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, insert, select, union, update

from syncd.core.due import due
from syncd.core.results import Status, Version
from syncd.store.result_tables import identity_given, result_version, sink_cursor
from syncd.store.results import version_of, versions_of
from syncd.store.schema import batch, batch_row


def open_batches(
    conn: Connection,
    account: str,
    sink: str,
    batch_id: str,
    run_id: int,
    now: datetime,
    statuses: Collection[Status] = (Status.COMPLETED, Status.EXPIRED),
) -> int:
    """Put what this sink is due into new batches, and move its cursor; returns the rows.

    No batch holds two versions of one result, so that a receiver may merge it in any order: a withdrawal goes in
    ``batch_id``, what holds instead in ``batch_id-2``.
    """
    cursor = cursor_of(conn, account, sink)
    newest = conn.execute(
        select(func.coalesce(func.max(result_version.c.seq), 0)).where(result_version.c.account == account)
    ).scalar_one()
    touched = select(result_version.c.result_id).where(
        result_version.c.account == account, result_version.c.seq > cursor
    )
    known = versions_of(conn, account, conn.execute(touched.distinct()).scalars().all())
    given = _given(conn, account, sink, cursor)
    waves: dict[int, list[Version]] = defaultdict(list)
    for result_id, versions in sorted(known.items()):
        for number, one in enumerate(due(versions, given.get(result_id, ()), cursor, statuses)):
            waves[number].append(one)
    for number, rows in sorted(waves.items()):
        name = batch_id if number == 0 else f"{batch_id}-{number + 1}"
        _open(conn, account, sink, name, run_id, now, len(rows))
        conn.execute(
            insert(batch_row),
            [
                {
                    "account": account,
                    "sink": sink,
                    "result_id": one.said.result_id,
                    "version": one.version,
                    "batch_id": name,
                }
                for one in rows
            ],
        )
    _set_cursor(conn, account, sink, int(newest))
    return sum(map(len, waves.values()))


def _open(
    conn: Connection, account: str, sink: str, batch_id: str, run_id: int, now: datetime, rows: int
) -> None:
    conn.execute(
        insert(batch).values(
            account=account,
            id=batch_id,
            sink=sink,
            state="pending",
            rows=rows,
            run_id=run_id,
            created_at=now,
        )
    )


def _given(conn: Connection, account: str, sink: str, cursor: int) -> Mapping[str, set[int]]:
    """What the sink has of the results that were touched since its cursor."""
    touched = select(result_version.c.result_id).where(
        result_version.c.account == account, result_version.c.seq > cursor
    )
    query = select(batch_row.c.result_id, batch_row.c.version).where(
        batch_row.c.account == account, batch_row.c.sink == sink, batch_row.c.result_id.in_(touched)
    )
    found: dict[str, set[int]] = defaultdict(set)
    for row in conn.execute(query):
        found[row.result_id].add(row.version)
    return found


def cursor_of(conn: Connection, account: str, sink: str) -> int:
    """Up to which ``seq`` it was decided what this sink is given; 0 for a new one."""
    found = conn.execute(
        select(sink_cursor.c.seq).where(sink_cursor.c.account == account, sink_cursor.c.sink == sink)
    ).scalar()
    return int(found or 0)


def _set_cursor(conn: Connection, account: str, sink: str, seq: int) -> None:
    conn.execute(delete(sink_cursor).where(sink_cursor.c.account == account, sink_cursor.c.sink == sink))
    conn.execute(insert(sink_cursor).values(account=account, sink=sink, seq=seq))


def pending(conn: Connection, account: str, sink: str) -> list[str]:
    """The batches that a sink has not taken, oldest first."""
    query = (
        select(batch.c.id)
        .where(batch.c.account == account, batch.c.sink == sink, batch.c.state == "pending")
        .order_by(batch.c.created_at, batch.c.id)
    )
    return list(conn.execute(query).scalars())


def rows(
    conn: Connection,
    account: str,
    sink: str,
    batch_id: str,
    *,
    everything: bool,
    statuses: Collection[Status] = (Status.COMPLETED, Status.EXPIRED),
) -> list[Version]:
    """The versions of a batch; or, for ``everything``, what holds today of all results this sink was ever given.

    What was withdrawn, or is of a status that it does not want, is not in everything.
    """
    query = (
        select(result_version)
        .where(result_version.c.account == account)
        .order_by(result_version.c.result_id, result_version.c.version)
    )
    if everything:
        given = select(batch_row.c.result_id).where(batch_row.c.account == account, batch_row.c.sink == sink)
        query = query.where(
            result_version.c.is_current,
            result_version.c.status.in_([one.value for one in statuses]),
            result_version.c.result_id.in_(given),
        )
    else:
        query = query.join(
            batch_row,
            and_(
                batch_row.c.account == result_version.c.account,
                batch_row.c.result_id == result_version.c.result_id,
                batch_row.c.version == result_version.c.version,
            ),
        ).where(batch_row.c.sink == sink, batch_row.c.batch_id == batch_id)
    return [version_of(row) for row in conn.execute(query)]


def mark_delivered(conn: Connection, account: str, batch_id: str, now: datetime) -> int:
    """The sink has it; returns its rows."""
    done = conn.execute(
        update(batch)
        .where(batch.c.account == account, batch.c.id == batch_id)
        .values(state="delivered", delivered_at=now)
        .returning(batch.c.rows)
    )
    return int(done.scalar_one())


def redeliver(conn: Connection, account: str, sink: str, since: int) -> int:
    """Forget that this sink was given versions after ``since``, so that the next pull gives it what holds today.

    Returns how many versions it had. Batches that wait are dropped: what they held is due again.
    """
    is_later = exists().where(
        result_version.c.account == batch_row.c.account,
        result_version.c.result_id == batch_row.c.result_id,
        result_version.c.version == batch_row.c.version,
        result_version.c.seq > since,
    )
    forgotten = conn.execute(
        delete(batch_row).where(batch_row.c.account == account, batch_row.c.sink == sink, is_later)
    ).rowcount
    _set_cursor(conn, account, sink, min(since, cursor_of(conn, account, sink)))
    counts = select(func.count()).where(
        batch_row.c.account == account, batch_row.c.sink == sink, batch_row.c.batch_id == batch.c.id
    )
    conn.execute(
        update(batch)
        .where(batch.c.account == account, batch.c.sink == sink, batch.c.state == "pending")
        .values(rows=counts.scalar_subquery())
    )
    conn.execute(
        delete(batch).where(
            batch.c.account == account, batch.c.sink == sink, batch.c.state == "pending", batch.c.rows == 0
        )
    )
    return int(forgotten)


def totals(conn: Connection, account: str, sinks: Collection[str]) -> dict[str, Any]:
    """How many results the ledger holds, and how many were delivered and wait, for these sinks together.

    ``removed`` is how many rows wait for a sink that is none of them, by its name: nobody gives them to it.

    Identities, whose batches have no rows of results, are not counted.
    """
    ledger = conn.execute(
        select(func.count()).where(result_version.c.account == account, result_version.c.is_current)
    ).scalar_one()
    is_of_results = exists().where(batch_row.c.account == batch.c.account, batch_row.c.batch_id == batch.c.id)
    query = (
        select(batch.c.sink, batch.c.state, func.sum(batch.c.rows).label("number"))
        .where(batch.c.account == account, is_of_results)
        .group_by(batch.c.sink, batch.c.state)
        .order_by(batch.c.sink)
    )
    counts: Counter[str] = Counter()
    removed: dict[str, int] = {}
    for row in conn.execute(query):
        if row.state == "pending" and row.sink not in sinks:
            removed[row.sink] = int(row.number)
        else:
            counts[row.state] += int(row.number)
    return {
        "results": int(ledger),
        "delivered": counts["delivered"],
        "waiting": counts["pending"],
        "removed": removed,
    }


def known_sinks(conn: Connection, account: str) -> list[str]:
    """The names of all sinks that were ever given something, or were to be."""
    tables = (sink_cursor, batch, identity_given)
    names = union(*(select(table.c.sink).where(table.c.account == account) for table in tables))
    return sorted(conn.execute(names).scalars())


def forget(conn: Connection, account: str, sink: str) -> int:
    """Forget a sink: what waits for it, and what it was given. Returns how many rows waited.

    Under the same name it is a new sink, and is given all that the ledger holds.
    """
    waits = select(func.coalesce(func.sum(batch.c.rows), 0)).where(
        batch.c.account == account, batch.c.sink == sink, batch.c.state == "pending"
    )
    waiting = int(conn.execute(waits).scalar_one())
    for table in (batch_row, batch, sink_cursor, identity_given):
        conn.execute(delete(table).where(table.c.account == account, table.c.sink == sink))
    return waiting


def reconciled(conn: Connection, account: str, sink: str, statuses: Collection[Status]) -> dict[str, int]:
    """Where every result of the ledger is, for one sink: the numbers add up to ``results``.

    ``delivered``: the sink has what holds today; ``waiting``: it is in a batch that was not taken, or the next pull gives it;
    ``withdrawn``: the sink had it and was told that it does not hold any more; ``unlinked``: nobody in HR is linked to the
    person; ``not_wanted``: of a status that this sink is not given.
    """
    had = {
        (row.result_id, row.version): row.state
        for row in conn.execute(
            select(batch_row.c.result_id, batch_row.c.version, batch.c.state)
            .join(batch, and_(batch.c.account == batch_row.c.account, batch.c.id == batch_row.c.batch_id))
            .where(batch_row.c.account == account, batch_row.c.sink == sink)
        )
    }
    ever = {result_id for result_id, _version in had}
    wanted = {one.value for one in statuses}
    counts = dict.fromkeys(("results", "delivered", "waiting", "withdrawn", "unlinked", "not_wanted"), 0)
    current = select(
        result_version.c.result_id,
        result_version.c.version,
        result_version.c.status,
        result_version.c.employee_id,
    ).where(result_version.c.account == account, result_version.c.is_current)
    for row in conn.execute(current):
        state = had.get((row.result_id, row.version), "")
        counts["results"] += 1
        counts[_where(row, state, ever=row.result_id in ever, wanted=row.status in wanted)] += 1
    return counts


def _where(row: Any, state: str, *, ever: bool, wanted: bool) -> str:
    if wanted and state == "delivered":
        return "delivered"
    if state == "pending" or (wanted and row.employee_id):
        return "waiting"
    if ever:
        return "withdrawn"
    return "unlinked" if wanted else "not_wanted"


def identities_given(conn: Connection, account: str, sink: str) -> dict[str, str]:
    """Fingerprints of what this sink was told of people, by employee."""
    query = select(identity_given.c.employee_id, identity_given.c.hash).where(
        identity_given.c.account == account, identity_given.c.sink == sink
    )
    return {row.employee_id: row.hash for row in conn.execute(query)}


def open_identities(
    conn: Connection, account: str, sink: str, batch_id: str, run_id: int, now: datetime, rows: int
) -> str:
    """The batch under which identities are delivered: one that was not taken before goes on, with the rows of now."""
    left = pending(conn, account, sink)
    if left:
        conn.execute(update(batch).where(batch.c.account == account, batch.c.id == left[0]).values(rows=rows))
        return left[0]
    _open(conn, account, sink, batch_id, run_id, now, rows)
    return batch_id


def identities_taken(conn: Connection, account: str, sink: str, hashes: Mapping[str, str]) -> None:
    """The sink knows these people as they are now."""
    if not hashes:
        return
    conn.execute(
        delete(identity_given).where(
            identity_given.c.account == account,
            identity_given.c.sink == sink,
            identity_given.c.employee_id == bindparam("of"),
        ),
        [{"of": employee_id} for employee_id in hashes],
    )
    conn.execute(
        insert(identity_given),
        [
            {"account": account, "sink": sink, "employee_id": employee_id, "hash": digest}
            for employee_id, digest in hashes.items()
        ],
    )
