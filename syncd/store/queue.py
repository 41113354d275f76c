"""The queue: durable Jobs with fenced leases, real dependencies, and ``uncertain`` for what may have been applied.

Every statement about a running Job carries its ``owner`` and ``epoch``: whoever lost the lease changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, case, select, update
from sqlalchemy.sql import ColumnElement

from syncd.core.request import JobClass, Request, Stage
from syncd.store import attempts
from syncd.store.schema import IS_DUE, IS_UNSETTLED, change, job, job_dep, queue_pause, run

CHUNK = 1000
URGENT = 1
"""The rank of what a person waits for."""
NOTHING_GOES = ""
"""The class that is paused while Litmos refuses the key: ends by itself when it works again."""
ALL = "all"
"""The class that is paused when a person stops everything."""


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


def set_changes(conn: Connection, run_id: int, keys: Sequence[str], **values: Any) -> None:
    """Set columns of some Changes of a Run."""
    for start in range(0, len(keys), CHUNK):
        conn.execute(
            update(change)
            .where(change.c.run_id == run_id, change.c.key.in_(keys[start : start + CHUNK]))
            .values(**values)
        )


def _due() -> ColumnElement[bool]:
    """What may be claimed now: nothing if all is paused, and of a paused class only what must be settled."""
    here = queue_pause.c.account == bindparam("account")
    all_paused = (
        select(queue_pause.c.account).where(here, queue_pause.c["class"].in_([NOTHING_GOES, ALL])).exists()
    )
    paused = select(queue_pause.c["class"]).where(here)
    goes = job.c["class"].not_in(paused) | (job.c.state == "uncertain")
    mine = job.c.account == bindparam("account")
    return mine & IS_DUE & (job.c.available_at <= bindparam("now")) & goes & ~all_paused


# Made once: making them anew for each Job costs more than running them.
_ANY_DUE = select(job.c.id).where(_due()).limit(1)
_NEXT = (
    select(job.c.id, job.c.state, job.c.rank, job.c["class"])
    .where(_due())
    .order_by(job.c.rank, job.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_NEXT_OF_CLASS = _NEXT.where(job.c["class"] == bindparam("job_class"), job.c.stage < Stage.REMOVALS)
_TAKE = (
    update(job)
    .where(job.c.id == bindparam("job_id"), job.c.state == bindparam("was"))
    .values(
        state="running",
        owner=bindparam("by"),
        epoch=job.c.epoch + 1,
        lease_until=bindparam("until"),
        claimed_at=bindparam("now"),
        attempts=job.c.attempts + bindparam("more"),
    )
    .returning(
        job.c.id,
        job.c.run_id,
        job.c.kind,
        job.c.key,
        job.c.payload,
        job.c.changes,
        job.c.attempts,
        job.c.settle_reads,
        job.c.owner,
        job.c.epoch,
    )
)
_MINE = (
    update(job)
    .where(
        job.c.id == bindparam("job_id"),
        job.c.state == "running",
        job.c.owner == bindparam("by"),
        job.c.epoch == bindparam("in_epoch"),
    )
    .returning(job.c.claimed_at, job.c.sent_at)
)
_COMPLETED = _MINE.values(
    state="completed",
    owner="",
    lease_until=None,
    finished_at=bindparam("finished"),
    http_status=bindparam("status"),
)
_CHILDREN = select(job_dep.c.child_id).where(job_dep.c.parent_id == bindparam("parent"))


def has_due(conn: Connection, account: str, now: datetime) -> bool:
    """Whether a Job could be claimed now."""
    return conn.execute(_ANY_DUE, {"account": account, "now": now}).first() is not None


def rank_of(request: Request, *, urgent: bool) -> int:
    """Leavers come before everything, then what a person waits for, then all else by stage."""
    if request.stage == Stage.LEAVERS:
        return 0
    return URGENT if urgent else URGENT + request.stage


def claim(
    conn: Connection,
    account: str,
    owner: str,
    lease_seconds: float,
    now: datetime,
    *,
    turn_of: JobClass | None = None,
) -> Job | None:
    """Take the most urgent due Job, by rank and then age; None if there is none. One transaction of its own.

    ``turn_of`` is a class whose turn it is: its first Job goes before others that are not urgent, but for removals, which
    must not run ahead of what is given instead.
    """
    found = conn.execute(_NEXT, {"account": account, "now": now}).mappings().first()
    if found is None:
        return None
    if turn_of is not None and found["rank"] > URGENT and found["class"] != turn_of:
        values = {"account": account, "now": now, "job_class": turn_of.value}
        found = conn.execute(_NEXT_OF_CLASS, values).mappings().first() or found
    settling = found["state"] == "uncertain"
    values = {
        "job_id": found["id"],
        "was": found["state"],
        "by": owner,
        "until": now + timedelta(seconds=lease_seconds),
        "now": now,
        "more": 0 if settling else 1,
    }
    row = conn.execute(_TAKE, values).mappings().first()
    return None if row is None else _job(row, settling=settling)


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
    known = {"job_id": claimed.id, "by": claimed.owner, "in_epoch": claimed.epoch}
    row = conn.execute(_MINE.values(**values), known).mappings().first()
    if row is None:
        raise LostLeaseError
    return row


def touch(conn: Connection, claimed: Job, lease_seconds: float, *, sending: bool, now: datetime) -> None:
    """Renew the lease; ``sending`` commits, before the first byte of a write, that it may have been sent."""
    values: dict[str, Any] = {"lease_until": now + timedelta(seconds=lease_seconds)}
    if sending:
        values["sent_at"] = now
    _mine(conn, claimed, **values)


def keep_alive(conn: Connection, account: str, owner: str, lease_seconds: float, now: datetime) -> None:
    """The heartbeat of a process: what it has in hand is not taken for lost while it waits for a slot."""
    mine = (job.c.account == account) & IS_UNSETTLED & (job.c.state == "running") & (job.c.owner == owner)
    until = now + timedelta(seconds=lease_seconds)
    conn.execute(update(job).where(mine, job.c.lease_until > now).values(lease_until=until))


def complete(
    conn: Connection, claimed: Job, *, requests: int, note: str, now: datetime, status: int | None = None
) -> None:
    """Litmos did it; ``status`` is that of its last answer (None: there was nothing to ask)."""
    known = {"job_id": claimed.id, "by": claimed.owner, "in_epoch": claimed.epoch}
    row = conn.execute(_COMPLETED, {**known, "finished": now, "status": status}).mappings().first()
    if row is None:
        raise LostLeaseError
    attempts.log(
        conn,
        claimed.id,
        claimed.owner,
        row,
        "completed",
        now=now,
        detail=note,
        requests=requests,
        status=status,
    )
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
    drop_if_cancelled(conn, claimed.id, claimed.run_id, claimed.changes, now)


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
    requests: int = 0,
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
        conn,
        claimed.id,
        claimed.owner,
        row,
        "uncertain",
        now=now,
        code=code,
        detail=error,
        status=status,
        requests=requests,
    )


def drop_if_cancelled(conn: Connection, job_id: int, run_id: int, keys: Sequence[str], now: datetime) -> None:
    """A Job that would be sent (again) is not, if its Run was cancelled meanwhile."""
    state = conn.execute(
        select(run.c.state).where(run.c.id == run_id).with_for_update(key_share=True)
    ).scalar_one()
    if state != "cancelled":
        return
    unsent = job.c.id == job_id, job.c.state == "available"
    dropped = conn.execute(update(job).where(*unsent).values(state="cancelled", finished_at=now))
    if dropped.rowcount:
        set_changes(conn, run_id, keys, state="cancelled", message="the run was cancelled", finished_at=now)
        release_children(conn, job_id)


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
    drop_if_cancelled(conn, claimed.id, claimed.run_id, claimed.changes, now)


def release_children(conn: Connection, parent_id: int) -> None:
    """One parent less to wait for; whoever waits for none is available."""
    children = list(conn.execute(_CHILDREN, {"parent": parent_id}).scalars())
    for start in range(0, len(children), CHUNK):
        some = job.c.id.in_(children[start : start + CHUNK]) & (job.c.state == "blocked")
        conn.execute(update(job).where(some).values(waits=job.c.waits - 1))
        conn.execute(update(job).where(some, job.c.waits <= 0).values(state="available"))
