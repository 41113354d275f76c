"""Lists of Runs, a page at a time, and the numbers of one Run that its page shows."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    Text,
    case,
    cast,
    func,
    select,
    true,
)

from syncd.core.phases import Times, held_seconds, planned_of, worked_seconds
from syncd.store.runs import ONLY, PLANNED_ONLY
from syncd.store.schema import (
    IS_FAILED,
    IS_HELD,
    attempt,
    change,
    input_,
    job,
    run,
)

_CHANGED = select(change.c.id).where(change.c.run_id == run.c.id).exists()
"""Whether a Run has Changes."""


_WITH_FAILURES = select(change.c.run_id).where(IS_FAILED)
"""Runs of which a Change failed: out of the index of these alone, and not asked of each Run, whose Changes would be walked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRuns:
    """Which Runs are meant: made from ``since`` on and before ``until``; with Changes (``changed``); that ``failed``, or of
    which anything did. ``state`` is that which people read: ``planned`` is one of them.
    """

    flow: str = ""
    state: str = ""
    trigger: str = ""
    since: datetime | None = None
    until: datetime | None = None
    changed: bool = False
    failed: bool = False


def listed_runs(
    conn: Connection, account: str, wanted: WantedRuns, *, before: int | None, limit: int
) -> list[RowMapping]:
    """Runs, newest first, with ids below ``before``."""
    query = select(run).where(run.c.account == account).order_by(run.c.id.desc()).limit(limit)
    for name in ("flow", "trigger"):
        if value := getattr(wanted, name):
            query = query.where(run.c[name] == value)
    if wanted.state:
        mark = run.c.summary[PLANNED_ONLY].as_boolean()
        planned = wanted.state == "planned"
        query = query.where(run.c.state == ("succeeded" if planned else wanted.state))
        if wanted.state in {"planned", "succeeded"}:
            query = query.where(mark.is_not(None) if planned else mark.is_(None))
    if wanted.since is not None:
        query = query.where(run.c.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(run.c.created_at < wanted.until)
    if wanted.changed:
        query = query.where(_CHANGED)
    if wanted.failed:
        query = query.where((run.c.state == "failed") | run.c.id.in_(_WITH_FAILURES))
    if before is not None:
        query = query.where(run.c.id < before)
    return list(conn.execute(query).mappings())


def runs_by_day(
    conn: Connection, account: str, since: datetime, zone: tzinfo = UTC
) -> dict[date, dict[str, int]]:
    """How many Runs that were made since then are in each state, by the day in that zone on which they were made."""
    query = select(run.c.created_at, run.c.state).where(run.c.account == account, run.c.created_at >= since)
    found: dict[date, dict[str, int]] = {}
    for row in conn.execute(query):
        states = found.setdefault(row.created_at.astimezone(zone).date(), {})
        states[row.state] = states.get(row.state, 0) + 1
    return found


def requests_by_minute(conn: Connection, run_id: int) -> dict[datetime, int]:
    """How many requests the Attempts of a Run made, by the minute in which they ended; one at least for each that sent."""
    minute = (
        func.substr(cast(attempt.c.finished_at, Text), 1, 16)
        if conn.dialect.name == "sqlite"
        else func.to_char(func.timezone("UTC", attempt.c.finished_at), "YYYY-MM-DD HH24:MI")
    )
    made = case((attempt.c.requests > 0, attempt.c.requests), (attempt.c.sent_at.is_not(None), 1), else_=0)
    query = (
        select(minute.label("minute"), func.sum(made).label("number"))
        .join(job, job.c.id == attempt.c.job_id)
        .where(job.c.run_id == run_id)
        .group_by(minute)
    )
    return {
        datetime.fromisoformat(row.minute).replace(tzinfo=UTC): row.number
        for row in conn.execute(query)
        if row.number
    }


def before_it(conn: Connection, account: str, run_id: int, flow: str) -> int | None:
    """The Run of the same flow before this one that made a Plan or ended well, and not for some people only; None: none did."""
    query = (
        select(func.max(run.c.id))
        .where(run.c.account == account, run.c.flow == flow, run.c.id < run_id)
        .where(
            (run.c.plan_digest != "") | (run.c.state == "succeeded"),
            run.c.summary[ONLY].as_string().is_(None),
        )
    )
    found: int | None = conn.execute(query).scalar()
    return found


def times(conn: Connection, row: RowMapping) -> Times:
    """The times that a Run left. What it read is stored with its Plan, and when; else its summary says it."""
    of_run = job.c.run_id == row["id"]
    planned = select(func.min(input_.c.read_at)).where(input_.c.run_id == row["id"])
    first = select(func.min(job.c.created_at)).where(of_run)
    decided = row["decided_at"]
    was_held = _was_held(row)
    earlier = select(func.max(job.c.finished_at)).where(of_run)
    if decided is not None:
        earlier = earlier.where(job.c.created_at < decided)
    waits = was_held and (decided is not None or row["state"] == "held")
    return Times(
        created=row["created_at"],
        started=row["started_at"],
        planned=conn.execute(planned).scalar() or planned_of(row["summary"]),
        first_job=conn.execute(first).scalar(),
        idle=conn.execute(earlier).scalar() if waits else None,
        decided=decided,
        finished=row["finished_at"],
        was_held=was_held,
    )


def spent(conn: Connection, row: RowMapping, now: datetime) -> tuple[float | None, float]:
    """For how many seconds a Run worked (None: it has not ended), and for how many it only waited for a person, until ``now`` if it still does."""
    if _was_held(row):
        found = times(conn, row)
        return worked_seconds(found), round(held_seconds(found, now), 3)
    return worked_seconds(
        Times(created=row["created_at"], started=row["started_at"], finished=row["finished_at"])
    ), 0.0


def _was_held(row: RowMapping) -> bool:
    return bool(row["holds"]) and row["expires_at"] is not None


def faults(conn: Connection, run_id: int) -> list[dict[str, Any]]:
    """What failed in a Run, by code, the commonest first, with one of its messages."""
    query = (
        select(change.c.code, func.count().label("number"), func.min(change.c.message).label("message"))
        .where(change.c.run_id == run_id, IS_FAILED)
        .group_by(change.c.code)
        .order_by(func.count().desc(), change.c.code)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


def held_fields(conn: Connection, run_id: int) -> dict[str, int]:
    """How many of the updates that a Run holds change each Litmos field, the commonest first."""
    each = (
        func.json_each(change.c.after).table_valued("key")
        if conn.dialect.name == "sqlite"
        else func.jsonb_object_keys(change.c.after).table_valued("key").render_derived()
    )
    named = each.c.key
    number = func.count()
    query = (
        select(named.label("field"), number.label("number"))
        .select_from(change.join(each, true()))
        .where(change.c.run_id == run_id, IS_HELD, change.c.action == "update")
        .group_by(named)
        .order_by(number.desc(), named)
    )
    return {row.field: row.number for row in conn.execute(query)}
