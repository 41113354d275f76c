"""Imports: the bulk imports that Litmos took and may still apply, and whom they name."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.sql import ColumnElement

from syncd.core.bulk import Late
from syncd.core.model import FieldValue
from syncd.core.request import RequestKind, Stage, names_of
from syncd.store.import_tables import bulk_import, import_name
from syncd.store.schema import IS_LIVE, UNSENT, change, job, run

REMEMBERED = timedelta(days=7)
"""How long people whom an import failed go singly, and how long a late import is waited for."""
CHUNK = 500
LIVING: ColumnElement[bool] = IS_LIVE
"""Jobs that have not ended."""
UNSETTLED: ColumnElement[bool] = LIVING & ~(job.c.state.in_(sorted(UNSENT)) & job.c.sent_at.is_(None))
"""Jobs that have not ended, and may have been sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The import of a Job: its id ("" if the answer never came), and when it was sent (None: not yet)."""

    import_id: str
    since: datetime | None


def save_names(conn: Connection, names: Mapping[int, Collection[str]]) -> None:
    """Whom the imports of these new Jobs name (``core.compile.names_of``)."""
    rows = [{"job_id": job_id, "name": name} for job_id, some in names.items() for name in sorted(some)]
    for start in range(0, len(rows), CHUNK):
        conn.execute(insert(import_name), rows[start : start + CHUNK])


def naming(
    conn: Connection, account: str, names: Iterable[str], *, which: ColumnElement[bool] = UNSETTLED
) -> dict[str, frozenset[int]]:
    """Each of these names that an import of ``which`` names -> the ids of all such Jobs."""
    wanted = sorted(names)
    found: dict[str, frozenset[int]] = {}
    mine = select(import_name.c.job_id).join(job, job.c.id == import_name.c.job_id)
    if (
        len(wanted) > CHUNK
        and conn.execute(mine.where(job.c.account == account, which).limit(1)).first() is None
    ):
        return found
    for start in range(0, len(wanted), CHUNK):
        rows = conn.execute(
            select(import_name.c.name, import_name.c.job_id)
            .join(job, job.c.id == import_name.c.job_id)
            .where(job.c.account == account, import_name.c.name.in_(wanted[start : start + CHUNK]), which)
        ).all()
        for row in rows:
            found[row.name] = found.get(row.name, frozenset()) | {row.job_id}
    return found


def in_flight(
    conn: Connection, account: str, *, which: ColumnElement[bool] = UNSETTLED
) -> dict[int, frozenset[str]]:
    """Jobs of ``which`` that write one user each: id -> whom they are about."""
    kinds = [RequestKind.CREATE_USER.value, RequestKind.PUT_USER.value]
    rows = conn.execute(
        select(job.c.id, job.c.kind, job.c.payload).where(
            job.c.account == account, job.c.kind.in_(kinds), which
        )
    ).all()
    return {row.id: names_of(row.kind, row.payload) for row in rows}


def stands_in_the_way(conn: Connection, account: str, kind: str, payload: Mapping[str, Any]) -> bool:
    """Whether a live Job, one of the two being an import, is about somebody whom this one is about."""
    names = names_of(kind, payload)
    if naming(conn, account, names, which=LIVING):
        return True
    singly = in_flight(conn, account, which=LIVING) if kind == RequestKind.IMPORT_USERS else {}
    return any(names & others for others in singly.values())


def save(conn: Connection, job_id: int, import_id: str, now: datetime) -> None:
    """Litmos took the import of this Job; said again, it changes nothing, and another import takes its place."""
    if find(conn, job_id).import_id != import_id:
        forget(conn, job_id)
        conn.execute(
            insert(bulk_import).values(job_id=job_id, import_id=import_id, submitted_at=now, late=False)
        )


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


def end(conn: Connection, account: str, job_id: int, now: datetime, *, late: bool) -> None:
    """The import's Job has ended, or is about to be sent anew; ``late`` True: Litmos may still apply what was sent."""
    taken = find(conn, job_id)
    forget(conn, job_id)
    if late:
        since = taken.since or now
        conn.execute(
            insert(bulk_import).values(
                job_id=job_id, import_id=taken.import_id, submitted_at=since, late=True
            )
        )
    release_leavers(conn, account, now)


def release_leavers(conn: Connection, account: str, now: datetime) -> None:
    """Deactivations that were put off because of imports, none of which is unsettled any more, are due.

    One that another transaction holds is left to it: a planner that is about to supersede it.
    """
    put_off = job.c.state.in_(sorted(UNSENT)) & (job.c.stage == Stage.LEAVERS) & (job.c.attempts == 0)
    waiting = conn.execute(
        select(job.c.id, job.c.payload)
        .where(job.c.account == account, put_off, job.c.available_at > now)
        .with_for_update(skip_locked=True)
    ).all()
    for row in waiting:
        names = {f"employee:{row.payload.get('employee_id')}", f"user:{row.payload.get('user_id')}"}
        if not naming(conn, account, names):
            conn.execute(update(job).where(job.c.id == row.id).values(available_at=now))


def late(conn: Connection, account: str, now: datetime) -> dict[int, str]:
    """The late imports by Job: the id of each, "" if it is unknown. What is older than ``REMEMBERED`` is let go."""
    mine = select(job.c.id).where(job.c.account == account)
    old = bulk_import.c.late & (bulk_import.c.submitted_at < now - REMEMBERED)
    conn.execute(delete(bulk_import).where(old, bulk_import.c.job_id.in_(mine)))
    rows = conn.execute(
        select(bulk_import.c.job_id, bulk_import.c.import_id).where(
            bulk_import.c.late, bulk_import.c.job_id.in_(mine)
        )
    ).all()
    return {row.job_id: row.import_id for row in rows}


def counts(conn: Connection, account: str) -> dict[str, int]:
    """How many imports are unsettled, and how many had their time and may still be applied (``late``)."""
    mine = (job.c.account == account) & (job.c.kind == RequestKind.IMPORT_USERS.value)
    unsettled = select(func.count()).select_from(job).where(mine, UNSETTLED)
    overdue = select(func.count()).select_from(job.join(bulk_import)).where(mine, bulk_import.c.late)
    return {
        "unsettled": conn.execute(unsettled).scalar_one(),
        "late": conn.execute(overdue).scalar_one(),
    }


def late_people(conn: Connection, account: str) -> tuple[Late, ...]:
    """Everybody in a late import."""
    rows = conn.execute(
        select(job.c.payload)
        .join(bulk_import, bulk_import.c.job_id == job.c.id)
        .where(job.c.account == account, bulk_import.c.late)
    ).scalars()
    return tuple(
        Late(employee_id=person["employee_id"], username=person["username"])
        for payload in rows
        for person in payload["rows"]
    )


def wanted(conn: Connection, account: str) -> dict[tuple[str, str], FieldValue]:
    """What unsettled imports set: (user id, field) -> value. A reading that finds it there has found no drift."""
    rows = conn.execute(
        select(job.c.payload).where(
            job.c.account == account, job.c.kind == RequestKind.IMPORT_USERS.value, UNSETTLED
        )
    ).scalars()
    return {
        (person["user_id"], name): value
        for payload in rows
        for person in payload["rows"]
        for name, value in person["fields"].items()
    }


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
