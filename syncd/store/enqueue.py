"""Enqueue: the Jobs of a new Plan, beside those of older Plans that have not ended (``docs/decisions`` says why)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from syncd.core.compile import Request
from syncd.store import imports
from syncd.store.queue import CHUNK, release_children, set_changes
from syncd.store.schema import LIVE, UNSENT, job, job_dep

LEAVERS_WAIT = 600.0
"""Seconds: the longest that a deactivation waits for an unsettled import that names the person."""


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

    A Job that was never sent gives way to a new one for the same target (``superseded``), an import to a new one for
    anybody whom it names; one that is being sent, or is uncertain, stays, and the new Request is left out: the next push
    sees what is still to do. What would have waited for the new Request waits for that Job instead. A Request for a user
    whom an unsettled import names waits for the import, a deactivation for ``LEAVERS_WAIT`` seconds at most; an import
    waits for what is being sent to its users.

    Returns the other Runs of which Jobs were superseded: they may have ended by that.
    """
    targets = [target for request in requests for target in (request.target, *request.covers)]
    importing, robbed = _imports_make_room(conn, account, frozenset(targets), now)
    busy = _make_room(conn, account, targets, robbed, now)
    kept = [request for request in requests if request.target not in busy]
    elsewhere = {request.key: busy[request.target] for request in requests if request.target in busy}
    waits = {request.key: _waits(request, elsewhere, busy, importing) for request in kept}
    later = now + timedelta(seconds=LEAVERS_WAIT)
    due = {r.key: later if r.stage == 0 and r.target in importing else now for r in kept}
    ids = _insert(conn, account, run_id, kept, waits, due, max_attempts, now)
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
        if request.target in busy:
            message = "an earlier job for the same target is being sent; the next push sees what is left"
            set_changes(conn, run_id, request.changes, state="superseded", message=message, finished_at=now)
    return frozenset(robbed)


def _waits(
    request: Request, elsewhere: Mapping[str, int], busy: Mapping[str, int], importing: Mapping[str, int]
) -> frozenset[int]:
    """The older Jobs that a new Request waits for."""
    found = {elsewhere[key] for key in request.after if key in elsewhere}
    found |= {busy[target] for target in request.covers if target in busy}
    if request.stage > 0:
        found |= {importing[target] for target in (request.target, *request.covers) if target in importing}
    return frozenset(found)


def _imports_make_room(
    conn: Connection, account: str, targets: frozenset[str], now: datetime
) -> tuple[dict[str, int], set[int]]:
    """Supersede unsent imports that name one of these targets.

    Returns target of a user -> id of the unsettled import that names them, and the Runs of those superseded. Imports are
    locked before any other Job, here as where they end.
    """
    importing: dict[str, int] = {}
    robbed: set[int] = set()
    for one in imports.live(conn, account):
        if not one.unsent:
            importing |= dict.fromkeys(one.names, one.job_id)
        elif one.names & targets:
            _give_way(conn, one.job_id, one.run_id, one.changes, now)
            robbed.add(one.run_id)
    return importing, robbed


def _make_room(
    conn: Connection, account: str, targets: Sequence[str], robbed: set[int], now: datetime
) -> dict[str, int]:
    """Supersede unsent live Jobs for these targets; the Runs of those that gave way are put into ``robbed``.

    Returns target -> id of each Job that cannot give way. The rows are locked: a Job that ends meanwhile releases the
    children that are about to wait for it.
    """
    busy: dict[str, int] = {}
    for start in range(0, len(targets), CHUNK):
        rows = conn.execute(
            select(job.c.id, job.c.run_id, job.c.target, job.c.state, job.c.sent_at, job.c.changes)
            .where(
                job.c.account == account,
                job.c.target.in_(targets[start : start + CHUNK]),
                job.c.state.in_(sorted(LIVE)),
            )
            .with_for_update()
        ).all()
        for row in rows:
            if row.state in UNSENT and row.sent_at is None:
                _give_way(conn, row.id, row.run_id, row.changes, now)
                robbed.add(row.run_id)
            else:
                busy[row.target] = row.id
    return busy


def _give_way(conn: Connection, job_id: int, run_id: int, keys: Sequence[str], now: datetime) -> None:
    """Supersede one Job: a newer Plan replaces it."""
    conn.execute(update(job).where(job.c.id == job_id).values(state="superseded", finished_at=now))
    text = "a newer plan replaces it"
    set_changes(conn, run_id, keys, state="superseded", message=text, finished_at=now)
    release_children(conn, job_id)


def _insert(
    conn: Connection,
    account: str,
    run_id: int,
    requests: Sequence[Request],
    older: Mapping[str, frozenset[int]],
    due: Mapping[str, datetime],
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
                "available_at": due[request.key],
                "created_at": now,
            }
        )
    for start in range(0, len(rows), CHUNK):
        conn.execute(insert(job), rows[start : start + CHUNK])
    found = conn.execute(
        select(job.c.key, job.c.id).where(job.c.run_id == run_id, job.c.created_at == now)
    ).all()
    return {row.key: row.id for row in found}
