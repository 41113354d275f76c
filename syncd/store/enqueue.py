"""Enqueue: the Jobs of a new Plan, beside those of older Plans that have not ended (``docs/decisions`` says why)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Connection, Text, bindparam, select, text, update

from syncd.core.request import ASIDE, Request, RequestKind, Stage
from syncd.store import imports
from syncd.store.batches import insert_many
from syncd.store.queue import CHUNK, rank_of, release_children, set_changes
from syncd.store.schema import IS_LIVE, UNSENT, change, job, job_dep

LEAVERS_WAIT = 600.0
"""Seconds: the longest that a deactivation waits for an unsettled import that names the person."""

_QUEUED = (
    update(change)
    .where(change.c.run_id == bindparam("of"), change.c.key == bindparam("of_key"))
    .values(state="queued", job_id=bindparam("by"))
)
_QUEUED_TOGETHER = text(
    "UPDATE change SET state = 'queued', job_id = queued.by FROM unnest(:keys, :ids) AS queued(key, by) "
    "WHERE change.run_id = :of AND change.key = queued.key"
).bindparams(bindparam("keys", type_=ARRAY(Text)), bindparam("ids", type_=ARRAY(BigInteger)))
"""The same of many at once, for PostgreSQL."""
_NEW = (
    *("run_id", "account", "kind", "key", "target", "payload", "changes", "stage", "class", "rank", "state"),
    *("waits", "max_attempts", "available_at", "created_at"),
)
"""The columns of a new Job."""


def enqueue(
    conn: Connection,
    account: str,
    run_id: int,
    requests: Sequence[Request],
    *,
    max_attempts: int,
    now: datetime,
    urgent: bool = False,
) -> frozenset[int]:
    """Make Jobs of the Requests of a Plan whose Changes are stored already.

    A Job that was never sent gives way to a new one for the same target (``superseded``), an import to a new one for
    anybody whom it names; one that is being sent, or is uncertain, stays, and the new Request is left out: the next push
    sees what is still to do. What would have waited for the new Request waits for that Job instead. A Request for a user
    whom an unsettled import names waits for the import, a deactivation for ``LEAVERS_WAIT`` seconds at most; an import
    waits for what is being sent to its users. A user who steps aside is written twice (``ASIDE``): the second write is never
    left out because of the first, but waits for it.

    ``urgent``: a person waits for it, and it goes before all but leavers. Returns the other Runs of which Jobs were superseded: they may have ended by that.
    """
    names = {name for request in requests for name in request.names}
    older = _older(conn, account, requests, names)
    robbed = {row.run_id for row in older if row.unsent}
    for row in older:
        if row.unsent:
            _give_way(conn, row, now)
    busy = {row.target: row.id for row in older if not row.unsent}
    importing = imports.naming(conn, account, names)
    elsewhere = {r.key: busy[target] for r in requests for target in _same_write(r.target) if target in busy}
    kept = [request for request in requests if request.key not in elsewhere]
    flying = imports.in_flight(conn, account)
    waits = {request.key: _waits(request, elsewhere, busy, importing, flying) for request in kept}
    due = _due(conn, kept, importing, older, now)
    ranks = {request.key: rank_of(request, urgent=urgent) for request in kept}
    ids = _insert(conn, account, run_id, kept, waits, due, ranks, max_attempts, now)
    imports.save_names(
        conn, {ids[one.key]: one.names for one in kept if one.kind is RequestKind.IMPORT_USERS}
    )
    edges = (
        (parent, ids[request.key])
        for request in kept
        for parent in (*waits[request.key], *(ids[key] for key in request.after if key in ids))
    )
    insert_many(conn, job_dep, ("parent_id", "child_id"), edges)
    _queue_changes(conn, run_id, {key: ids[one.key] for one in kept for key in one.changes})
    for request in requests:
        if request.key in elsewhere:
            message = "an earlier job for the same target is being sent; the next push sees what is left"
            set_changes(conn, run_id, request.changes, state="superseded", message=message, finished_at=now)
    return frozenset(robbed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Older:
    """A live Job of an older Plan for a target of the new one, or an import that names somebody in it."""

    id: int
    run_id: int
    target: str
    changes: Sequence[str]
    unsent: bool
    put_off: datetime | None


def _older(
    conn: Connection, account: str, requests: Sequence[Request], names: Collection[str]
) -> list[_Older]:
    """The older Jobs that matter, locked: one that ends meanwhile releases the children that are about to wait for it.

    They are locked in the order of their ids, as everybody locks a Job before its children: so nobody waits in a circle.
    """
    live = IS_LIVE
    written = {target for request in requests for target in (request.target, *request.covers)}
    written |= {target + ASIDE for target in written}
    targets = sorted(written)
    ids: set[int] = set()
    theirs = select(job.c.id, job.c.target).where(job.c.account == account, live)
    if len(targets) > CHUNK:  # one look at the whole queue costs less than many for a part of it
        ids |= {row.id for row in conn.execute(theirs) if row.target in written}
    else:
        ids |= set(conn.execute(theirs.where(job.c.target.in_(targets))).scalars())
    ids |= {job_id for some in imports.naming(conn, account, names, which=live).values() for job_id in some}
    found: list[_Older] = []
    for start in range(0, len(ids), CHUNK):
        rows = conn.execute(
            select(job)
            .where(job.c.id.in_(sorted(ids)[start : start + CHUNK]), live)
            .order_by(job.c.id)
            .with_for_update()
        ).mappings()
        found += [
            _Older(
                id=row["id"],
                run_id=row["run_id"],
                target=row["target"],
                changes=row["changes"],
                unsent=row["state"] in UNSENT and row["sent_at"] is None,
                put_off=row["available_at"] if row["stage"] == 0 and not row["attempts"] else None,
            )
            for row in rows
        ]
    return found


def _queue_changes(conn: Connection, run_id: int, job_ids: Mapping[str, int]) -> None:
    """Each of these Changes is carried by its Job from now on."""
    if job_ids and conn.dialect.name == "postgresql":
        keys, ids = list(job_ids), list(job_ids.values())
        conn.execute(_QUEUED_TOGETHER, {"of": run_id, "keys": keys, "ids": ids})
    elif job_ids:
        conn.execute(_QUEUED, [{"of": run_id, "of_key": key, "by": job_ids[key]} for key in job_ids])


def _same_write(target: str) -> tuple[str, ...]:
    """The targets that leave no room for this one: itself, and for stepping aside the write after it."""
    return tuple(dict.fromkeys((target, target.removesuffix(ASIDE))))


def _waits(
    request: Request,
    elsewhere: Mapping[str, int],
    busy: Mapping[str, int],
    importing: Mapping[str, frozenset[int]],
    flying: Mapping[int, frozenset[str]],
) -> frozenset[int]:
    """The older Jobs that a new Request waits for."""
    found = {elsewhere[key] for key in request.after if key in elsewhere}
    if (aside := busy.get(request.target + ASIDE)) is not None:
        found.add(aside)
    if request.kind is RequestKind.IMPORT_USERS:
        found |= {job_id for job_id, names in flying.items() if names & request.names}
    if request.stage != Stage.LEAVERS and importing:
        found |= {job_id for name in request.names for job_id in importing.get(name, ())}
    return frozenset(found)


def _due(
    conn: Connection,
    requests: Sequence[Request],
    importing: Mapping[str, frozenset[int]],
    older: Sequence[_Older],
    now: datetime,
) -> dict[str, datetime]:
    """When each Request may be sent: a deactivation of somebody in an unsettled import when that has had its time.

    Planning again does not make it wait longer.
    """
    put_off = {row.target: row.put_off for row in older if row.unsent and row.put_off is not None}
    due = dict.fromkeys((request.key for request in requests), now)
    for request in requests:
        names = request.names if request.stage == Stage.LEAVERS else ()
        for job_id in {job_id for name in names for job_id in importing.get(name, ())}:
            since = imports.find(conn, job_id).since or now
            ends = since + timedelta(seconds=LEAVERS_WAIT)
            due[request.key] = max(due[request.key], min(ends, put_off.get(request.target) or ends))
    return due


def _give_way(conn: Connection, older: _Older, now: datetime) -> None:
    """Supersede one Job: a newer Plan replaces it."""
    conn.execute(update(job).where(job.c.id == older.id).values(state="superseded", finished_at=now))
    message = "a newer plan replaces it"
    set_changes(conn, older.run_id, older.changes, state="superseded", message=message, finished_at=now)
    release_children(conn, older.id)


def _insert(
    conn: Connection,
    account: str,
    run_id: int,
    requests: Sequence[Request],
    older: Mapping[str, frozenset[int]],
    due: Mapping[str, datetime],
    ranks: Mapping[str, int],
    max_attempts: int,
    now: datetime,
) -> dict[str, int]:
    """Insert Jobs; each waits for its ``older`` ones and for those of its own Plan. Returns Request key -> id."""
    keys = {request.key for request in requests}

    def rows() -> Iterator[tuple[Any, ...]]:
        for request in requests:
            waits = len(older[request.key]) + sum(parent in keys for parent in request.after)
            yield (
                run_id,
                account,
                request.kind.value,
                request.key,
                request.target,
                dict(request.payload),
                list(request.changes),
                request.stage,
                request.job_class.value,
                ranks[request.key],
                "blocked" if waits else "available",
                waits,
                max_attempts,
                due[request.key],
                now,
            )

    insert_many(conn, job, _NEW, rows())
    if len(requests) > CHUNK and conn.dialect.name == "postgresql":
        # Else it takes the queue for short, and sorts all of it for each claim.
        conn.exec_driver_sql("ANALYZE job (account, state, rank, available_at)")
    found = conn.execute(
        select(job.c.key, job.c.id).where(job.c.run_id == run_id, job.c.created_at == now)
    ).all()
    return {row.key: row.id for row in found}
