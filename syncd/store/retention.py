"""Retention: what has ended is kept for a while and then removed, in small transactions that hold nobody up.

Never removed: a Run that has not ended, or of which a Job has not; one with an import that Litmos may still apply; the newest
Run of each Flow in each state, and of each schedule; the last accepted inputs. Links, grants, the mirror and results are no history.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ColumnElement

from syncd.store import configurations, events, messages, tries
from syncd.store.database import Database
from syncd.store.import_tables import bulk_import
from syncd.store.mirror_tables import litmos_drift
from syncd.store.runs import PLANNED_ONLY, UNFINISHED
from syncd.store.schema import IS_LIVE, approval, change, input_, job, run, watermark

CHUNK = 500
"""Rows that one transaction removes at most; what hangs on a Job goes with it."""
KEPT_INPUTS = 1000
"""So many of a source's accepted inputs are always kept: bytes that were accepted before are no new witness of absence."""
OFTEN = timedelta(hours=20)
"""The daemons remove once a day, whichever comes first."""
LAST = "pruned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Seconds for which pushes, and all other Runs, are kept after they ended, and events; None: for ever."""

    pushes: float | None
    others: float | None
    events: float | None = None


def prune(database: Database, account: str, keep: Retention, *, dry_run: bool = False) -> dict[str, int]:
    """Remove what is older than it is to be kept; returns how many of each. With ``dry_run`` only counts the Runs."""
    counted = (
        "runs",
        "changes",
        "jobs",
        "drift",
        "inputs",
        "approvals",
        "events",
        "messages",
        "configurations",
    )
    gone = dict.fromkeys(counted, 0)
    with database.read() as conn:
        doomed = _ended(conn, account, keep, database.now(conn))
    gone["events"] = events.prune(database, account, keep.events, dry_run=dry_run)
    if dry_run:
        return {"runs": len(doomed), "events": gone["events"]}
    for run_id in doomed:
        for name, table in (("jobs", job), ("changes", change), ("drift", litmos_drift)):
            gone[name] += _all(database, table, table.c.run_id == run_id)
        with database.write() as conn:
            conn.execute(delete(run).where(run.c.id == run_id))
        gone["runs"] += 1
    with database.read() as conn:
        now = database.now(conn)
        old = _old_inputs(conn, account, keep, now)
    for start in range(0, len(old), CHUNK):
        gone["inputs"] += _all(database, input_, input_.c.id.in_(old[start : start + CHUNK]))
    with database.write() as conn:
        mine = approval.c.account == account
        if keep.others is not None:
            gone["messages"] = messages.prune(conn, account, now - timedelta(seconds=keep.others))
        if keep.pushes is not None:
            before = now - timedelta(seconds=keep.pushes)
            gone["configurations"] = configurations.prune(conn, account, before)
        tries.prune(conn, now)
        gone["approvals"] = conn.execute(delete(approval).where(mine, approval.c.expires_at <= now)).rowcount
    return gone


def is_due(conn: Connection, account: str, now: datetime) -> bool:
    """Whether it is time to remove again; the first process that asks is told so, and the others not."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    mark = dialect.insert(watermark).values(account=account, name=LAST, value=now)
    done = conn.execute(
        mark.on_conflict_do_update(
            index_elements=["account", "name"],
            set_={"value": now},
            where=watermark.c.value <= now - OFTEN,
        ).returning(watermark.c.value)
    )
    return done.first() is not None


def _ended(conn: Connection, account: str, keep: Retention, now: datetime) -> list[int]:
    """The Runs that may go, oldest first."""
    planned_only = run.c.summary[PLANNED_ONLY].as_boolean().is_not(None)
    is_push = (run.c.flow == "push") & ~planned_only
    mine = run.c.account == account
    newest = select(func.max(run.c.id)).where(mine).group_by(run.c.flow, run.c.state, planned_only)
    of_schedule = select(func.max(run.c.id)).where(mine, run.c.schedule.is_not(None)).group_by(run.c.schedule)
    living = select(job.c.run_id).where(job.c.account == account, IS_LIVE)
    importing = select(job.c.run_id).join(bulk_import, bulk_import.c.job_id == job.c.id)
    query = select(run.c.id).where(
        mine,
        run.c.state.not_in([*UNFINISHED, "held"]),
        run.c.id.not_in(newest),
        run.c.id.not_in(of_schedule),
        run.c.id.not_in(living),
        run.c.id.not_in(importing),
    )
    found: set[int] = set()
    for seconds, kind in ((keep.pushes, is_push), (keep.others, ~is_push)):
        if seconds is not None:
            before = run.c.finished_at <= now - timedelta(seconds=seconds)
            found |= set(conn.execute(query.where(kind, before)).scalars())
    return sorted(found)


def _old_inputs(conn: Connection, account: str, keep: Retention, now: datetime) -> list[int]:
    """Inputs that no Run and no comparison needs any more."""
    if keep.pushes is None:
        return []
    mine = input_.c.account == account
    rank = func.row_number().over(
        partition_by=(input_.c.source, input_.c.accepted), order_by=input_.c.id.desc()
    )
    ranked = (
        select(input_.c.id, input_.c.accepted, input_.c.read_at, input_.c.run_id, rank.label("rank"))
        .where(mine)
        .subquery()
    )
    kept = {row.id for row in conn.execute(select(run.c.id).where(run.c.account == account))}
    rows = conn.execute(select(ranked).where(ranked.c.read_at <= now - timedelta(seconds=keep.pushes))).all()
    return [
        row.id for row in rows if row.run_id not in kept and not (row.accepted and row.rank <= KEPT_INPUTS)
    ]


def _all(database: Database, table: Table, which: ColumnElement[bool]) -> int:
    """Remove these rows, a chunk at a time; returns how many."""
    number = 0
    while True:
        with database.write() as conn:
            some: Collection[int] = list(conn.execute(select(table.c.id).where(which).limit(CHUNK)).scalars())
            if some:
                number += conn.execute(delete(table).where(table.c.id.in_(some))).rowcount
        if len(some) < CHUNK:
            return number
