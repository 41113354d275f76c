"""Imports: the bulk imports that Litmos took and has not ended, and whom they name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from syncd.core.compile import RequestKind, person_target
from syncd.store.schema import LIVE, UNSENT, bulk_import, change, job, run

REMEMBERED = timedelta(days=7)
"""How long people whom an import failed go singly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The import of a Job: its id ("" if the answer never came), and when it was sent (None: not yet)."""

    import_id: str
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveImport:
    """An import Job that has not ended; ``names`` are the targets of its users, ``unsent`` that it was never sent."""

    job_id: int
    run_id: int
    changes: Sequence[str]
    names: frozenset[str]
    unsent: bool


def save(conn: Connection, job_id: int, import_id: str, now: datetime) -> None:
    """Litmos took the import of this Job; said again, it changes nothing, and another import takes its place."""
    if find(conn, job_id).import_id != import_id:
        forget(conn, job_id)
        conn.execute(insert(bulk_import).values(job_id=job_id, import_id=import_id, submitted_at=now))


def find(conn: Connection, job_id: int) -> Taken:
    """What is known of the import of this Job."""
    row = conn.execute(
        select(bulk_import.c.import_id, bulk_import.c.submitted_at, job.c.sent_at)
        .select_from(job.outerjoin(bulk_import, bulk_import.c.job_id == job.c.id))
        .where(job.c.id == job_id)
    ).one()
    return Taken(import_id=row.import_id or "", since=row.submitted_at or row.sent_at)


def forget(conn: Connection, job_id: int) -> None:
    """The import was not applied, or is over: what the Job sends next is another one."""
    conn.execute(delete(bulk_import).where(bulk_import.c.job_id == job_id))


def live(conn: Connection, account: str, *, locked: bool = True) -> list[LiveImport]:
    """The import Jobs that have not ended, oldest first; their rows are locked, unless not ``locked``."""
    query = (
        select(job.c.id, job.c.run_id, job.c.state, job.c.sent_at, job.c.changes, job.c.payload)
        .where(
            job.c.account == account,
            job.c.kind == RequestKind.IMPORT_USERS.value,
            job.c.state.in_(sorted(LIVE)),
        )
        .order_by(job.c.id)
    )
    return [
        LiveImport(
            job_id=row.id,
            run_id=row.run_id,
            changes=row.changes,
            names=frozenset(
                person_target(person["employee_id"], person["user_id"]) for person in row.payload["rows"]
            ),
            unsent=row.state in UNSENT and row.sent_at is None,
        )
        for row in conn.execute(query.with_for_update() if locked else query).all()
    ]


def is_named(conn: Connection, account: str, user_id: str) -> bool:
    """Whether an unsettled import names this user: what was read of them before may be overwritten any moment."""
    target = person_target("", user_id)
    return any(target in one.names for one in live(conn, account, locked=False) if not one.unsent)


def release_leavers(conn: Connection, account: str, now: datetime) -> None:
    """An import is settled: deactivations that were put off because of it, and of no other one, are due."""
    unsettled = {name for one in live(conn, account) if not one.unsent for name in one.names}
    waiting = conn.execute(
        select(job.c.id, job.c.target).where(
            job.c.account == account,
            job.c.state == "available",
            job.c.stage == 0,
            job.c.attempts == 0,
            job.c.available_at > now,
        )
    ).all()
    for row in waiting:
        if row.target not in unsettled:
            conn.execute(
                update(job).where(job.c.id == row.id, job.c.state == "available").values(available_at=now)
            )


def failed_lately(conn: Connection, account: str, now: datetime) -> frozenset[str]:
    """The employees for whom an import failed within ``REMEMBERED``: a Request of their own says what is wrong."""
    query = (
        select(change.c.employee_id)
        .join(run, run.c.id == change.c.run_id)
        .join(job, job.c.id == change.c.job_id)
        .where(
            run.c.account == account,
            run.c.created_at > now - REMEMBERED,
            change.c.state == "failed",
            job.c.kind == RequestKind.IMPORT_USERS.value,
        )
    )
    return frozenset(conn.execute(query).scalars())
