"""Runs: one row for each execution of a Flow, and the guarded steps from state to state."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from syncd.core.limits import Hold
from syncd.core.plan import Plan
from syncd.errors import Busy
from syncd.store.schema import IS_FAILED, IS_HELD, IS_LIVE, change, job, run

CHUNK = 500
UNFINISHED = ("queued", "running")
FOR_THE_DAEMON = ("schedule", "page")
"""What began the queued Runs that the daemon takes up: a schedule, or a person on a page."""
ONLY = "only"
"""The key in the summary of a Run that is about some employees: their ids."""
PLANNED_ONLY = "planned_only"
"""The key in the summary of a Run that was to make a Plan and to send nothing."""
OBSERVED = "observed"
"""The key in the summary of such a Run that was a push, and that the Policy let send nothing."""
_WAITS = select(change.c.id).where(change.c.run_id == run.c.id, IS_HELD).exists()
"""Whether Changes of a Run wait for a person."""
HOLDS = run.c.state.in_(["held", "running"]) & ((run.c.state == "held") | _WAITS)
"""Whether a Run holds something for a person, even while others of its Changes are being sent."""
_LOCKED = select(run.c.state).where(run.c.id == bindparam("run_id")).with_for_update(key_share=True)
_ANY_LIVE = select(job.c.id).where(job.c.run_id == bindparam("run_id"), IS_LIVE).limit(1)


def lease_name(account: str, flow: str) -> str:
    """The lease that the process holds which reads and plans a Run: one for refresh and push, one for pull."""
    return f"{'pull' if flow == 'pull' else 'planner'}:{account}"


def create(
    conn: Connection,
    account: str,
    flow: str,
    *,
    trigger: str,
    actor: str,
    now: datetime,
    schedule: str | None = None,
    slot: str | None = None,
    people: Sequence[str] = (),
) -> int | None:
    """A new queued Run, about some ``people`` if any are named; None if this schedule's slot has its Run already (any replica may fire, one wins)."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    made = conn.execute(
        dialect.insert(run)
        .values(
            account=account,
            flow=flow,
            state="queued",
            trigger=trigger,
            actor=actor,
            schedule=schedule,
            slot=slot,
            created_at=now,
            summary={ONLY: list(people)} if people else {},
            holds=[],
        )
        .on_conflict_do_nothing(index_elements=["account", "schedule", "slot"])
        .returning(run.c.id)
    ).scalar()
    return None if made is None else int(made)


def get(conn: Connection, run_id: int) -> RowMapping | None:
    """One Run, or None."""
    return conn.execute(select(run).where(run.c.id == run_id)).mappings().first()


def must_get(conn: Connection, run_id: int) -> RowMapping:
    """A Run that is known to exist."""
    return conn.execute(select(run).where(run.c.id == run_id)).mappings().one()


def listed(
    conn: Connection,
    account: str,
    *,
    flow: str | None = None,
    state: str | None = None,
    planned_only: bool | None = None,
    trigger: str | None = None,
    before: int | None = None,
    limit: int = 20,
) -> list[RowMapping]:
    """Runs, newest first: all, or (``planned_only``) those that were to make a Plan and send nothing, or the others.

    Those that a ``trigger`` began; with ids below ``before``, for the next page.
    """
    query = select(run).where(run.c.account == account).order_by(run.c.id.desc()).limit(limit)
    if trigger is not None:
        query = query.where(run.c.trigger == trigger)
    if before is not None:
        query = query.where(run.c.id < before)
    if flow is not None:
        query = query.where(run.c.flow == flow)
    if state is not None:
        query = query.where(run.c.state == state)
    if planned_only is not None:
        mark = run.c.summary[PLANNED_ONLY].as_boolean()
        query = query.where(mark.is_not(None) if planned_only else mark.is_(None))
    return list(conn.execute(query).mappings())


def last(
    conn: Connection,
    account: str,
    flow: str,
    state: str | None = "succeeded",
    *,
    planned_only: bool = False,
) -> RowMapping | None:
    """The newest Run of a Flow in a state (None: any), or None; a mere Plan is asked for by itself (``planned_only``)."""
    return next(iter(listed(conn, account, flow=flow, state=state, planned_only=planned_only, limit=1)), None)


def newest(conn: Connection, account: str, flow: str) -> RowMapping | None:
    """The newest Run of a Flow that was to do what the Policy lets it, in whatever state; None if there was none.

    A push that may only observe is one; a mere Plan that a person asked for is none.
    """
    planned, observed = run.c.summary[PLANNED_ONLY].as_boolean(), run.c.summary[OBSERVED].as_boolean()
    query = select(run).where(
        run.c.account == account, run.c.flow == flow, planned.is_(None) | observed.is_not(None)
    )
    return conn.execute(query.order_by(run.c.id.desc()).limit(1)).mappings().first()


def shown_state(row: RowMapping) -> str:
    """The state as people read it: ``planned`` for a Run that succeeded and was to send nothing."""
    state = str(row["state"])
    return "planned" if state == "succeeded" and PLANNED_ONLY in row["summary"] else state


def next_queued(conn: Connection, account: str) -> RowMapping | None:
    """The oldest queued Run for the daemon, or None (what a person asked for by a command, that person's process does)."""
    mine = run.c.account == account, run.c.state == "queued", run.c.trigger.in_(FOR_THE_DAEMON)
    return conn.execute(select(run).where(*mine).order_by(run.c.id).limit(1)).mappings().first()


def start(conn: Connection, run_id: int, *, owner: str, now: datetime) -> bool:
    """Queued -> running; False if it is not queued any more."""
    done = conn.execute(
        update(run)
        .where(run.c.id == run_id, run.c.state == "queued")
        .values(state="running", owner=owner, started_at=now)
    )
    return bool(done.rowcount)


def started_at(conn: Connection, run_id: int) -> datetime:
    """When the Run began, or was created."""
    row = conn.execute(select(run.c.started_at, run.c.created_at).where(run.c.id == run_id)).one()
    found: datetime = row.started_at or row.created_at
    return found


def set_plan(
    conn: Connection,
    run_id: int,
    plan: Plan,
    *,
    config_digest: str,
    rejected: int,
    about: Mapping[str, Any] | None = None,
) -> None:
    """Keep what the Plan said, in numbers; and ``about`` it, what part of everything it is."""
    conn.execute(
        update(run)
        .where(run.c.id == run_id)
        .values(
            plan_digest=plan.digest,
            config_digest=config_digest,
            summary={
                "counts": {kind: dict(actions) for kind, actions in plan.counts.items()},
                "withheld": plan.withheld,
                "rejected": rejected,
                "skipped": len({skip.employee_id for skip in plan.skips}),
                "skips": dict(sorted(Counter(skip.code for skip in plan.skips).items())),
                "problems": list(plan.problems),
                "requests": [plan.cost.low, plan.cost.high],
                "minutes": [round(plan.cost.low_minutes, 2), round(plan.cost.high_minutes, 2)],
                **(about or {}),
            },
        )
    )


def note(conn: Connection, run_id: int, more: Mapping[str, Any]) -> None:
    """Add to what the summary of a Run says."""
    summary = conn.execute(select(run.c.summary).where(run.c.id == run_id).with_for_update()).scalar_one()
    conn.execute(update(run).where(run.c.id == run_id).values(summary={**summary, **more}))


def hold(
    conn: Connection, run_id: int, holds: Sequence[Hold], *, expires_at: datetime, whole: bool = True
) -> bool:
    """Running -> held, with every reason; False if it has ended meanwhile.

    Not ``whole``: a part of it goes on, and it is held once that is done (``finish_if_done``).
    """
    note_holds(conn, run_id, holds)
    done = conn.execute(
        update(run)
        .where(run.c.id == run_id, run.c.state == "running")
        .values(state="held" if whole else "running", expires_at=expires_at)
    )
    return bool(done.rowcount)


def note_holds(conn: Connection, run_id: int, holds: Sequence[Hold]) -> None:
    """Keep why a Run is held, or would be if anything of it were to be sent."""
    reasons = [{"code": one.code, "message": one.message} for one in holds]
    conn.execute(update(run).where(run.c.id == run_id).values(holds=reasons))


def expire_held(conn: Connection, account: str, *, now: datetime, superseded_by: int | None = None) -> int:
    """What is held is superseded: that whose time is up, or all of it because a newer Plan takes its place.

    Held Runs are expired; one of which a part is being sent goes on with that. Returns how many Runs it were.
    """
    query = (run.c.account == account) & HOLDS
    if superseded_by is None:
        query &= run.c.expires_at <= now
    found = list(conn.execute(select(run.c.id).where(query)).scalars())
    reason = "nobody decided in time" if superseded_by is None else f"run {superseded_by} has a newer plan"
    for run_id in found:
        decide(conn, run_id, "expired", actor="", reason=reason, now=now)
        conn.execute(
            update(change)
            .where(change.c.run_id == run_id, change.c.state == "held")
            .values(state="superseded", message=reason, finished_at=now)
        )
    return len(found)


def supersede_people(
    conn: Connection, account: str, people: Collection[str], *, superseded_by: int, now: datetime
) -> None:
    """What older Runs hold of these employees is superseded; a held Run of which nothing else waits is expired."""
    if not people:
        return
    reason = f"run {superseded_by} has a newer plan for them"
    for found in holding(conn, account, limit=None):
        older = found["id"]
        theirs = (change.c.run_id == older) & (change.c.state == "held")
        wanted = sorted(people)
        for start in range(0, len(wanted), CHUNK):
            some = theirs & change.c.employee_id.in_(wanted[start : start + CHUNK])
            conn.execute(
                update(change).where(some).values(state="superseded", message=reason, finished_at=now)
            )
        if found["state"] == "held" and not holds_any(conn, older):
            decide(conn, older, "expired", actor="", reason=reason, now=now)


def holding(conn: Connection, account: str, *, limit: int | None = 10) -> list[RowMapping]:
    """The Runs that hold something for a person, newest first, even while others of their Changes are being sent.

    None as the ``limit``: all of them.
    """
    # Not by the bare column: else SQLite walks all Runs in that order, and not the few in these states.
    newest = func.coalesce(run.c.id, 0).desc()
    query = select(run).where(run.c.account == account, HOLDS).order_by(newest).limit(limit)
    return list(conn.execute(query).mappings())


def holds_any(conn: Connection, run_id: int) -> bool:
    """Whether an unfinished Run holds Changes for a person, even while others of it are being sent."""
    query = select(run.c.id).where(run.c.id == run_id, run.c.state.in_(["running", "held"]), _WAITS)
    return conn.execute(query).first() is not None


def decide(conn: Connection, run_id: int, state: str, *, actor: str, reason: str, now: datetime) -> bool:
    """Say what was decided about what a Run holds; a held Run becomes ``running``, ``cancelled`` or ``expired``.

    One that is running, since a part of it is being sent, goes on. Where some of its Changes failed before, it is ``failed``
    instead of the latter two. False if it holds nothing.
    """
    if state != "running" and _failed(conn, run_id):
        state = "failed"
    values: dict[str, Any] = {"decided_by": actor, "decided_at": now, "decision_reason": reason}
    ended = {} if state == "running" else {"finished_at": now}
    mine = update(run).where(run.c.id == run_id)
    decided = conn.execute(mine.where(run.c.state == "held").values(**values, **ended, state=state))
    if decided.rowcount:
        return True
    return bool(conn.execute(mine.where(run.c.state == "running", _WAITS).values(**values)).rowcount)


def _failed(conn: Connection, run_id: int) -> int:
    return int(conn.execute(select(func.count()).where(change.c.run_id == run_id, IS_FAILED)).scalar_one())


def finish(
    conn: Connection,
    run_id: int,
    state: str,
    *,
    now: datetime,
    error: str = "",
    summary: Mapping[str, Any] | None = None,
) -> bool:
    """End an unfinished Run; False if it has ended already."""
    values: dict[str, Any] = {"state": state, "finished_at": now, "error": error}
    if summary is not None:
        values["summary"] = dict(summary)
    done = conn.execute(update(run).where(run.c.id == run_id, run.c.state.in_(UNFINISHED)).values(**values))
    return bool(done.rowcount)


def cancel(conn: Connection, run_id: int, *, actor: str, now: datetime) -> bool:
    """End a Run that has not ended as ``cancelled``, whatever is still being sent of it; False if it has ended.

    Its row is locked before any Job's: whoever puts a Job back meanwhile sees that it is cancelled, or has put it back.
    """
    values = {"decided_by": actor, "decided_at": now, "decision_reason": "cancelled", "finished_at": now}
    done = conn.execute(
        update(run)
        .where(run.c.id == run_id, run.c.state.in_([*UNFINISHED, "held"]))
        .values(**values, state="cancelled")
    )
    return bool(done.rowcount)


def finish_if_done(conn: Connection, run_id: int, now: datetime) -> str:
    """End a running push whose last Job has ended: ``succeeded``, or ``failed`` if a Change failed. Returns its state.

    Where Changes of it wait for a person, it is ``held`` instead.

    The Run's row is locked first: of two Jobs that end at once, one must see that the other has ended.
    """
    state = conn.execute(_LOCKED, {"run_id": run_id}).scalar_one()
    if conn.execute(_ANY_LIVE, {"run_id": run_id}).first() is None:
        failed = _failed(conn, run_id)
        total = conn.execute(select(func.count()).where(change.c.run_id == run_id)).scalar_one()
        holds = update(run).where(run.c.id == run_id, run.c.state == "running", _WAITS).values(state="held")
        if not conn.execute(holds).rowcount:
            _end(conn, run_id, failed, total, now)
        state = conn.execute(select(run.c.state).where(run.c.id == run_id)).scalar_one()
    return str(state)


def _end(conn: Connection, run_id: int, failed: int, total: int, now: datetime) -> None:
    if failed:
        finish(conn, run_id, "failed", error=f"{failed} of {total} changes failed", now=now)
    else:
        finish(conn, run_id, "succeeded", now=now)


def reopen(conn: Connection, run_ids: Sequence[int]) -> None:
    """Jobs of these ended Runs are tried again: they run once more."""
    conn.execute(
        update(run)
        .where(run.c.id.in_(run_ids), run.c.state.in_(["failed", "succeeded", "cancelled"]))
        .values(state="running", finished_at=None, error="")
    )


def reopen_of_jobs(conn: Connection, job_ids: Sequence[int]) -> None:
    """These Jobs are tried again, so the ended Runs they belong to run once more."""
    reopen(conn, list(conn.execute(select(job.c.run_id).where(job.c.id.in_(job_ids)).distinct()).scalars()))


def must_be_running(conn: Connection, run_id: int) -> None:
    """Lock the Run; raises Busy if it has ended meanwhile, taken for dead: its Plan must not be stored then."""
    state = conn.execute(select(run.c.state).where(run.c.id == run_id).with_for_update()).scalar_one()
    if state != "running":
        raise Busy(
            f"run {run_id} is {state} by now; nothing of it was stored or sent: syncd runs show {run_id}"
        )


def abandon_dead(conn: Connection, account: str, is_lost: Callable[[str, str], bool], now: datetime) -> int:
    """Runs fail that a lost process was reading or planning; those with live Jobs go on, for anyone sends them.

    ``is_lost`` is asked with a Run's owner and its Flow.
    """
    rows = conn.execute(
        select(run.c.id, run.c.owner, run.c.flow).where(run.c.account == account, run.c.state == "running")
    ).all()
    found = 0
    for row in rows:
        if not row.owner or not is_lost(row.owner, row.flow):
            continue
        has_jobs = conn.execute(select(job.c.id).where(job.c.run_id == row.id).limit(1)).first()
        if has_jobs is None:
            error = "the process died before the plan was stored; nothing was sent"
            found += finish(conn, row.id, "failed", error=error, now=now)
        else:
            finish_if_done(conn, row.id, now)
    return found
