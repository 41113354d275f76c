"""Jobs as people see them: listing, counting, pausing the queue, retrying and cancelling."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from syncd.store import changelists, imports
from syncd.store.queue import ALL, CHUNK, NOTHING_GOES, release_children, set_changes
from syncd.store.schema import IS_DISCARDED, IS_LIVE, IS_UNSETTLED, attempt, job, queue_pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Why and since when nothing is sent: of one class, of ``all``, or ("") of anything since the key is refused."""

    job_class: str
    code: str
    reason: str
    since: datetime


def pause(
    conn: Connection, account: str, *, code: str, reason: str, now: datetime, job_class: str = NOTHING_GOES
) -> bool:
    """Stop sending; what is queued stays queued. False if it was paused before."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    made = conn.execute(
        dialect.insert(queue_pause)
        .values({"account": account, "class": job_class, "code": code, "reason": reason, "since": now})
        .on_conflict_do_nothing(index_elements=["account", "class"])
        .returning(queue_pause.c.account)
    )
    return made.first() is not None


def resume(conn: Connection, account: str, *, job_class: str = NOTHING_GOES) -> bool:
    """Send again; True if it was paused."""
    mine = (queue_pause.c.account == account) & (queue_pause.c["class"] == job_class)
    return bool(conn.execute(queue_pause.delete().where(mine)).rowcount)


def paused(conn: Connection, account: str, *, job_class: str = NOTHING_GOES) -> Pause | None:
    """Why nothing of a class (or nothing at all) is sent, or None."""
    return next((one for one in pauses(conn, account) if one.job_class == job_class), None)


def pauses(conn: Connection, account: str) -> list[Pause]:
    """All that is paused, the whole queue first."""
    rows = conn.execute(
        select(queue_pause).where(queue_pause.c.account == account).order_by(queue_pause.c["class"])
    ).mappings()
    return [
        Pause(job_class=row["class"], code=row["code"], reason=row["reason"], since=row["since"])
        for row in rows
    ]


def counts(conn: Connection, account: str, run_id: int | None = None) -> dict[str, int]:
    """How many Jobs are in each state, of one Run or of all."""
    query = select(job.c.state, func.count()).where(job.c.account == account).group_by(job.c.state)
    if run_id is not None:
        query = query.where(job.c.run_id == run_id)
    return {row[0]: row[1] for row in conn.execute(query)}


def live_counts(conn: Connection, account: str) -> dict[str, int]:
    """How many Jobs that have not ended are in each state."""
    query = select(job.c.state, func.count()).where(job.c.account == account, IS_LIVE).group_by(job.c.state)
    return {row[0]: row[1] for row in conn.execute(query)}


def tally(conn: Connection, account: str) -> list[dict[str, object]]:
    """How many Jobs that have not ended, or were given up, are of each kind, state and last code."""
    parts = (job.c.kind, job.c.state, job.c.last_code)
    found: list[dict[str, object]] = []
    for which in (IS_LIVE, IS_DISCARDED):
        query = select(*parts, func.count().label("number")).where(job.c.account == account, which)
        found += map(dict, conn.execute(query.group_by(*parts).order_by(*parts)).mappings())
    return found


def is_unsettled(conn: Connection, account: str) -> bool:
    """Whether anything is being sent, or its outcome unknown."""
    return (
        conn.execute(select(job.c.id).where(job.c.account == account, IS_UNSETTLED).limit(1)).first()
        is not None
    )


def unsettled_of_others(conn: Connection, account: str, run_id: int) -> set[int]:
    """The ids of Jobs of other Runs than this one that are being sent, or whose outcome is unknown."""
    query = select(job.c.id).where(job.c.account == account, IS_UNSETTLED, job.c.run_id != run_id)
    return set(conn.execute(query).scalars())


def going_on(conn: Connection, account: str, ids: Collection[int]) -> set[int]:
    """Those of these Jobs that are being sent or settled, or will be without a person."""
    if not ids:
        return set()
    query = select(job.c.id).where(job.c.account == account, IS_LIVE, _goes(_stopped(conn, account)))
    wanted = sorted(ids)
    some = (wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK))
    return {one for part in some for one in conn.execute(query.where(job.c.id.in_(part))).scalars()}


def goes_on(conn: Connection, account: str, run_id: int) -> bool:
    """Whether a Job of a Run is being sent or settled, or will be without a person, who has paused nothing of it."""
    stopped = _stopped(conn, account)
    if not stopped:
        return True
    query = select(job.c.id).where(job.c.run_id == run_id, IS_LIVE, _goes(stopped))
    return conn.execute(query.limit(1)).first() is not None


def _stopped(conn: Connection, account: str) -> set[str]:
    return {one.job_class for one in pauses(conn, account) if one.job_class}


def _goes(stopped: Collection[str]) -> ColumnElement[bool]:
    goes: ColumnElement[bool] = IS_UNSETTLED
    if ALL not in stopped:
        goes = goes | (job.c.state == "available") & job.c["class"].not_in(stopped)
    return goes


def list_jobs(
    conn: Connection, account: str, *, run_id: int | None = None, state: str | None = None, limit: int = 100
) -> list[RowMapping]:
    """Jobs, newest first."""
    query = select(job).where(job.c.account == account).order_by(job.c.id.desc()).limit(limit)
    if run_id is not None:
        query = query.where(job.c.run_id == run_id)
    if state is not None:
        query = query.where(job.c.state == state)
    return list(conn.execute(query).mappings())


def one(conn: Connection, account: str, job_id: int) -> RowMapping | None:
    """One Job, or None."""
    query = select(job).where(job.c.account == account, job.c.id == job_id)
    return conn.execute(query).mappings().first()


def list_attempts(conn: Connection, job_id: int) -> list[RowMapping]:
    """The Attempts of one Job, oldest first."""
    return list(
        conn.execute(select(attempt).where(attempt.c.job_id == job_id).order_by(attempt.c.id)).mappings()
    )


def retry_discarded(conn: Connection, account: str, job_ids: Sequence[int], now: datetime) -> list[int]:
    """A person wants discarded Jobs tried again; returns those that will be.

    A Job whose target has a live Job is left as it is, and so is one that shares a name with a live import, and an import
    that shares one with any live Job that writes users; of several for one target only the newest is tried. What a later Run took
    up is not, either: its values are of then, and who was to be deactivated may have come back.
    """
    live = select(job.c.target).where(job.c.account == account, IS_LIVE)
    newest: dict[str, RowMapping] = {}
    for start in range(0, len(job_ids), CHUNK):
        rows = conn.execute(
            select(job.c.id, job.c.run_id, job.c.kind, job.c.target, job.c.payload, job.c.changes)
            .where(
                job.c.account == account,
                job.c.id.in_(job_ids[start : start + CHUNK]),
                job.c.state == "discarded",
                job.c.target.not_in(live),
            )
            .order_by(job.c.id)
            .with_for_update()
        ).mappings()
        for row in rows:
            if imports.stands_in_the_way(conn, account, row["kind"], row["payload"]):
                continue
            if changelists.any_taken_up(conn, account, row["run_id"], row["changes"]):
                continue
            if row["target"] not in newest or newest[row["target"]]["id"] < row["id"]:
                newest[row["target"]] = row
    again = sorted(newest.values(), key=lambda row: int(row["id"]))
    for row in again:
        conn.execute(
            update(job)
            .where(job.c.id == row["id"])
            .values(
                state="available",
                attempts=0,
                settle_reads=0,
                sent_at=None,
                available_at=now,
                finished_at=None,
            )
        )
        set_changes(
            conn, row["run_id"], row["changes"], state="queued", code="", message="", finished_at=None
        )
    return [row["id"] for row in again]


def cancel_run(conn: Connection, run_id: int, now: datetime) -> int:
    """Cancel what is not being sent of a Run; returns how many Jobs. What other Runs have waiting for them goes on.

    The rows are locked: a worker that claims one just now keeps it.
    """
    rows = conn.execute(
        select(job.c.id, job.c.changes)
        .where(job.c.run_id == run_id, job.c.state.in_(["blocked", "available"]))
        .order_by(job.c.id)
        .with_for_update()
    ).all()
    for row in rows:
        conn.execute(update(job).where(job.c.id == row.id).values(state="cancelled", finished_at=now))
        set_changes(
            conn, run_id, row.changes, state="cancelled", message="the run was cancelled", finished_at=now
        )
    for row in rows:
        release_children(conn, row.id)
    return len(rows)
