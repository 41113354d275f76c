"""Committing: the one transaction that makes a Plan durable: its Changes and Jobs, the input, and who HR says there is."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection

from syncd.app import App
from syncd.core.holding import HoldMode
from syncd.core.limits import Policy
from syncd.core.phases import PLANNED_AT
from syncd.core.selection import Part
from syncd.failpoint import reach
from syncd.garbage import uncollected
from syncd.intake import Intake
from syncd.log import get_logger
from syncd.planning.accepting import accept, put_off
from syncd.planning.measuring import fingerprint_of
from syncd.planning.planner import Draft
from syncd.sending.endings import ending
from syncd.store import awaited, cases, changes, configurations, inputs, lease, people, runs
from syncd.store.enqueue import enqueue
from syncd.store.lease import Held

log = get_logger(__name__)


@uncollected()
def commit(app: App, run_id: int, intake: Intake | None, made: Draft, *, send: bool, mine: Held) -> str:
    """Store Run, Plan, Changes and Jobs in one transaction; returns the Run's new state.

    ``intake`` is None for a Plan that was not made from HR. ``send`` False (``syncd plan``), like policy ``observe``, stores
    the Plan, marks the Run as one that was to send nothing, and ends it. What a Limit holds stays ``held``, and where nothing
    may go, so is the Run. The input is accepted unless all is held, or it is doubted: then what it says is kept with the Run
    until a person has decided. What older Runs hold expires; of a Plan for some people, what they hold of these.

    Raises Busy, and stores nothing, if the lease ``mine`` was lost or the Run has ended meanwhile.
    """
    plan, settings = made.plan, app.settings
    sends = send and settings.policy is not Policy.OBSERVE
    with ending(app.database, app.account) as conn:
        lease.fence(conn, mine)
        runs.must_be_running(conn, run_id)
        now = app.database.now(conn)
        read: dict[str, int] = {}
        for one in intake.inputs if intake is not None else ():
            fingerprint = fingerprint_of(one, made.rejections)
            read[one.source] = inputs.save(conn, app.account, run_id, one, fingerprint, now)
        runs.set_plan(
            conn,
            run_id,
            plan,
            config_digest=settings.config_digest,
            rejected=len(made.rejections) + len(made.training.rejections),
            about=_about(made.part, send=send, sends=sends) | ({} if read else {PLANNED_AT: now.isoformat()}),
        )
        configurations.save(conn, app.account, settings.config_digest, settings.config_shown, now)
        if intake is not None:
            refused = (*made.rejections, *made.training.rejections)
            people.save_quarantine(conn, app.account, refused, run_id=run_id, now=now)
            if made.part.is_whole:
                cases.save(conn, app.account, made.matching.cases, run_id=run_id, now=now)
        if not sends:
            changes.insert_all(conn, run_id, plan.changes, state="planned", approved=plan.approved)
            runs.note_holds(conn, run_id, plan.holds)
            runs.finish(conn, run_id, "succeeded", now=now)
            return "succeeded"
        _take_the_place(conn, app, made.part, run_id=run_id, now=now)
        expires_at = now + timedelta(seconds=settings.hold_expires)
        if plan.holds:
            runs.hold(conn, run_id, plan.holds, expires_at=expires_at, whole=plan.waits)
        believed = (settings.hold is HoldMode.SLICE and not plan.doubted) or not plan.holds
        if intake is not None:
            take = accept if believed else partial(put_off, run_id=run_id)
            take(conn, app, intake=intake, made=made, read=read, now=now)
        changes.insert_all(
            conn, run_id, plan.changes, state="planned", held=plan.held, approved=plan.approved
        )
        state = "held" if plan.waits else _queue(conn, app, run_id, made, now)
    if not plan.waits:
        reach("plan-committed")
    if plan.holds:
        codes = sorted({hold.code for hold in plan.holds})
        log.warning("run_held", codes=codes, expires_at=expires_at.isoformat())
    return state


def _about(part: Part, *, send: bool, sends: bool) -> dict[str, Any]:
    """What the Run says of itself: what part of everything it is, and whether it was to send nothing, and why."""
    planned = {} if sends else {runs.PLANNED_ONLY: True}
    observed = {runs.OBSERVED: True} if send and not sends else {}
    return {**part.about, **planned, **observed}


def _queue(conn: Connection, app: App, run_id: int, made: Draft, now: datetime) -> str:
    """Make Jobs of the Plan's Requests; what is for some people goes first. Returns the Run's state."""
    others = enqueue(
        conn,
        app.account,
        run_id,
        made.plan.requests,
        max_attempts=app.settings.max_attempts,
        now=now,
        urgent=not made.part.is_whole,
    )
    for other in others:
        runs.finish_if_done(conn, other, now)
    return runs.finish_if_done(conn, run_id, now)


def _take_the_place(conn: Connection, app: App, part: Part, *, run_id: int, now: datetime) -> None:
    """What older Runs hold is superseded by this Plan: all of it, or what is held of its people."""
    if part.is_whole:
        runs.expire_held(conn, app.account, superseded_by=run_id, now=now)
    else:
        runs.supersede_people(conn, app.account, part.people, superseded_by=run_id, now=now)
    awaited.drop_decided(conn, app.account)
