"""The queue: durable Jobs with fenced leases, real dependencies, and ``uncertain`` for what may have been applied.

Every statement about a running Job carries its ``owner`` and ``epoch``: whoever lost the lease changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, case, insert, select, update
from sqlalchemy.sql import ColumnElement

from syncd.core.request import ASIDE, Request
from syncd.store import attempts
from syncd.store.schema import change, job, job_dep, queue_pause

LIVE = frozenset({"blocked", "available", "running", "uncertain"})
"""The states of a Job that has not ended."""
CHUNK = 1000


class LostLeaseError(Exception):
    """The Job belongs to somebody else by now: what this worker knows of it must not be recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A claimed Job. ``settling`` says that its outcome was unknown, so Litmos is read first."""

    id: int
    run_id: int
    kind: str
    key: str
    payload: Mapping[str, Any]
    changes: tuple[str, ...]
    attempts: int
    settle_reads: int
    settling: bool
    owner: str
    epoch: int


def enqueue(
    conn: Connection,
    account: str,
    run_id: int,
    requests: Sequence[Request],
    *,
    max_attempts: int,
    now: datetime,
) -> frozenset[int]:
    """Make Jobs of the Requests of a Plan whose Changes are stored already.

    A Job that was never sent gives way to a new one for the same target (``superseded``); one that is being sent, or
    is uncertain, stays, and the new Request is left out: the next push sees what is still to do. What would have waited
    for the new Request waits for that Job instead. A user who steps aside is written twice (``ASIDE``): the second write
    is never left out because of the first, but waits for it.

    Returns the other Runs of which Jobs were superseded: they may have ended by that.
    """
    busy, robbed = _make_room(conn, account, [request.target for request in requests], now)
    elsewhere = {r.key: busy[target] for r in requests for target in _same_write(r.target) if target in busy}
    kept = [request for request in requests if request.key not in elsewhere]
    waits = {request.key: _waits(request, elsewhere, busy) for request in kept}
    ids = _insert(conn, account, run_id, kept, waits, max_attempts, now)
    edges = [
        {"parent_id": parent, "child_id": ids[request.key]}
        for request in kept
        for parent in (*waits[request.key], *(ids[key] for key in request.after if key in ids))
    ]
    for start in range(0, len(edges), CHUNK):
        conn.execute(insert(job_dep), edges[start : start + CHUNK])
    for request in kept:
        set_changes(conn, run_id, request.changes, state="queued", job_id=ids[request.key])
    for request in requests:
        if request.key in elsewhere:
            message = "an earlier job for the same target is being sent; the next push sees what is left"
            set_changes(conn, run_id, request.changes, state="superseded", message=message, finished_at=now)
    return frozenset(robbed)


def _same_write(target: str) -> tuple[str, ...]:
    """The targets that leave no room for this one: itself, and for stepping aside the write after it."""
    return tuple(dict.fromkeys((target, target.removesuffix(ASIDE))))


def _waits(request: Request, elsewhere: Mapping[str, int], busy: Mapping[str, int]) -> frozenset[int]:
    """The older Jobs that a new Request waits for."""
    found = {elsewhere[key] for key in request.after if key in elsewhere}
    if (aside := busy.get(request.target + ASIDE)) is not None:
        found.add(aside)
    return frozenset(found)


def _make_room(
    conn: Connection, account: str, targets: Sequence[str], now: datetime
) -> tuple[dict[str, int], set[int]]:
    """Supersede unsent live Jobs for these targets, and for the same users stepping aside.

    Returns target -> id of each Job that cannot give way, and the Runs of those that did. The rows are locked: a Job that ends meanwhile releases the children that are about to wait for it.
    """
    busy: dict[str, int] = {}
    robbed: set[int] = set()
    wanted = list(dict.fromkeys(each for target in targets for each in (target, target + ASIDE)))
    for start in range(0, len(wanted), CHUNK):
        rows = conn.execute(
            select(job.c.id, job.c.run_id, job.c.target, job.c.state, job.c.sent_at, job.c.changes)
            .where(
                job.c.account == account,
                job.c.target.in_(wanted[start : start + CHUNK]),
                job.c.state.in_(sorted(LIVE)),
            )
            .with_for_update()
        ).all()
        for row in rows:
            if row.state in {"blocked", "available"} and row.sent_at is None:
                conn.execute(
                    update(job).where(job.c.id == row.id).values(state="superseded", finished_at=now)
                )
                text = "a newer plan replaces it"
                set_changes(conn, row.run_id, row.changes, state="superseded", message=text, finished_at=now)
                release_children(conn, row.id)
                robbed.add(row.run_id)
            else:
                busy[row.target] = row.id
    return busy, robbed


def _insert(
    conn: Connection,
    account: str,
    run_id: int,
    requests: Sequence[Request],
    older: Mapping[str, frozenset[int]],
    max_attempts: int,
    now: datetime,
) -> dict[str, int]:
    """Insert Jobs; each waits for its ``older`` ones and for those of its own Plan. Returns Request key -> id."""
    rows = []
    keys = {request.key for request in requests}
    for request in requests:
        waits = len(older[request.key]) + sum(parent in keys for parent in request.after)
        rows.append(
            {
                "run_id": run_id,
                "account": account,
                "kind": request.kind.value,
                "key": request.key,
                "target": request.target,
                "payload": dict(request.payload),
                "changes": list(request.changes),
                "stage": request.stage,
                "state": "blocked" if waits else "available",
                "waits": waits,
                "max_attempts": max_attempts,
                "available_at": now,
                "created_at": now,
            }
        )
    for start in range(0, len(rows), CHUNK):
        conn.execute(insert(job), rows[start : start + CHUNK])
    found = conn.execute(
        select(job.c.key, job.c.id).where(job.c.run_id == run_id, job.c.created_at == now)
    ).all()
    return {row.key: row.id for row in found}


def set_changes(conn: Connection, run_id: int, keys: Sequence[str], **values: Any) -> None:
    """Set columns of some Changes of a Run."""
    for start in range(0, len(keys), CHUNK):
        conn.execute(
            update(change)
            .where(change.c.run_id == run_id, change.c.key.in_(keys[start : start + CHUNK]))
            .values(**values)
        )


def _due(account: str, now: datetime) -> ColumnElement[bool]:
    paused = select(queue_pause.c.account).where(queue_pause.c.account == account).exists()
    return (
        (job.c.account == account)
        & job.c.state.in_(["available", "uncertain"])
        & (job.c.available_at <= now)
        & ~paused
    )


def has_due(conn: Connection, account: str, now: datetime) -> bool:
    """Whether a Job could be claimed now."""
    return conn.execute(select(job.c.id).where(_due(account, now)).limit(1)).first() is not None


def claim(conn: Connection, account: str, owner: str, lease_seconds: float, now: datetime) -> Job | None:
    """Take the most urgent due Job, by stage and then age; None if there is none. One transaction of its own."""
    chosen = (
        select(job.c.id, job.c.state)
        .where(_due(account, now))
        .order_by(job.c.stage, job.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = conn.execute(chosen).first()
    if found is None:
        return None
    row = (
        conn.execute(
            update(job)
            .where(job.c.id == found.id, job.c.state == found.state)
            .values(
                state="running",
                owner=owner,
                epoch=job.c.epoch + 1,
                lease_until=now + timedelta(seconds=lease_seconds),
                claimed_at=now,
                attempts=job.c.attempts + (0 if found.state == "uncertain" else 1),
            )
            .returning(*job.c)
        )
        .mappings()
        .first()
    )
    return None if row is None else _job(row, settling=found.state == "uncertain")


def _job(row: RowMapping, *, settling: bool) -> Job:
    return Job(
        id=row["id"],
        run_id=row["run_id"],
        kind=row["kind"],
        key=row["key"],
        payload=row["payload"],
        changes=tuple(row["changes"]),
        attempts=row["attempts"],
        settle_reads=row["settle_reads"],
        settling=settling,
        owner=row["owner"],
        epoch=row["epoch"],
    )


def _mine(conn: Connection, claimed: Job, **values: Any) -> RowMapping:
    """Update the Job if it is still this worker's; raises LostLeaseError otherwise."""
    row = (
        conn.execute(
            update(job)
            .where(
                job.c.id == claimed.id,
                job.c.state == "running",
                job.c.owner == claimed.owner,
                job.c.epoch == claimed.epoch,
            )
            .values(**values)
            .returning(*job.c)
        )
        .mappings()
        .first()
    )
    if row is None:
        raise LostLeaseError
    return row


def touch(conn: Connection, claimed: Job, lease_seconds: float, *, sending: bool, now: datetime) -> None:
    """Renew the lease; ``sending`` commits, before the first byte of a write, that it may have been sent."""
    values: dict[str, Any] = {"lease_until": now + timedelta(seconds=lease_seconds)}
    if sending:
        values["sent_at"] = now
    _mine(conn, claimed, **values)


def complete(conn: Connection, claimed: Job, *, requests: int, note: str, now: datetime) -> None:
    """Litmos did it."""
    row = _mine(conn, claimed, state="completed", owner="", lease_until=None, finished_at=now)
    attempts.log(conn, claimed.id, claimed.owner, row, "completed", now=now, detail=note, requests=requests)
    release_children(conn, claimed.id)


def discard(
    conn: Connection, claimed: Job, *, code: str, error: str, status: int | None = None, now: datetime
) -> None:
    """Litmos refused it for good, or it was tried too often. Its children run without what it should have made."""
    row = _mine(
        conn,
        claimed,
        state="discarded",
        owner="",
        lease_until=None,
        finished_at=now,
        last_code=code,
        last_error=error,
        http_status=status,
    )
    attempts.log(
        conn, claimed.id, claimed.owner, row, "discarded", now=now, code=code, detail=error, status=status
    )
    release_children(conn, claimed.id)


def retry(
    conn: Connection,
    claimed: Job,
    *,
    delay: float,
    code: str,
    error: str,
    now: datetime,
    counts: bool,
    status: int | None = None,
) -> None:
    """Certainly not applied: again after ``delay`` seconds; ``counts`` False takes the Attempt back."""
    row = _mine(
        conn,
        claimed,
        state="available",
        owner="",
        lease_until=None,
        sent_at=None,
        settle_reads=0,
        available_at=now + timedelta(seconds=delay),
        attempts=job.c.attempts - (0 if counts or claimed.settling else 1),
        last_code=code,
        last_error=error,
        http_status=status,
    )
    attempts.log(
        conn, claimed.id, claimed.owner, row, "retry", now=now, code=code, detail=error, status=status
    )


def uncertain(
    conn: Connection,
    claimed: Job,
    *,
    delay: float,
    code: str,
    error: str,
    now: datetime,
    status: int | None = None,
    read: bool = False,
    counts: bool = True,
) -> None:
    """Perhaps applied: settle it by reading after ``delay`` seconds; ``counts`` False takes the Attempt back.

    ``read`` True counts a read that missed it.
    """
    row = _mine(
        conn,
        claimed,
        state="uncertain",
        owner="",
        lease_until=None,
        available_at=now + timedelta(seconds=delay),
        settle_reads=job.c.settle_reads + (1 if read else 0),
        attempts=job.c.attempts - (0 if counts or claimed.settling else 1),
        last_code=code,
        last_error=error,
        http_status=status,
    )
    attempts.log(
        conn, claimed.id, claimed.owner, row, "uncertain", now=now, code=code, detail=error, status=status
    )


def give_back(conn: Connection, claimed: Job, now: datetime) -> None:
    """As it was before the claim; but once a write was marked as sent, only reading can tell whether it was applied."""
    unsent = job.c.sent_at.is_(None)
    _mine(
        conn,
        claimed,
        state="uncertain" if claimed.settling else case((unsent, "available"), else_="uncertain"),
        owner="",
        lease_until=None,
        available_at=now,
        attempts=job.c.attempts - (0 if claimed.settling else case((unsent, 1), else_=0)),
    )


def release_children(conn: Connection, parent_id: int) -> None:
    """One parent less to wait for; whoever waits for none is available."""
    children = [
        row.child_id
        for row in conn.execute(select(job_dep.c.child_id).where(job_dep.c.parent_id == parent_id)).all()
    ]
    for start in range(0, len(children), CHUNK):
        some = job.c.id.in_(children[start : start + CHUNK]) & (job.c.state == "blocked")
        conn.execute(update(job).where(some).values(waits=job.c.waits - 1))
        conn.execute(update(job).where(some, job.c.waits <= 0).values(state="available"))
