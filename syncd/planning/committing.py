"""Committing: the one transaction that makes a Plan durable: its Changes and Jobs, the input, and who HR says there is."""

from collections import abc
from datetime import datetime, timedelta

from sqlalchemy import Connection

from syncd.app import App
from syncd.core.holding import HoldMode
from syncd.core.limits import Policy
from syncd.core.model import Action, ObjectKind, Status
from syncd.core.selection import Part
from syncd.failpoint import reach
from syncd.intake import Intake
from syncd.planning.measuring import fingerprint_of, is_new
from syncd.planning.planner import Draft
from syncd.store import cases, changes, inputs, lease, links, people, runs, ties, unwanted
from syncd.store.enqueue import enqueue
from syncd.store.lease import Held


def commit(app: App, run_id: int, intake: Intake | None, made: Draft, *, send: bool, mine: Held) -> str:
    """Store Run, Plan, Changes and Jobs in one transaction; returns the Run's new state.

    ``intake`` is None for a Plan that was not made from HR. ``send`` False (``syncd plan``), like policy ``observe``, stores
    the Plan, marks the Run as one that was to send nothing, and ends it. What a Limit holds stays ``held``, and where nothing
    may go, so is the Run. The input is accepted unless all is held, or it is doubted. What older Runs hold expires; of a Plan
    for some people, what they hold of these.

    Raises Busy, and stores nothing, if the lease ``mine`` was lost or the Run has ended meanwhile.
    """
    plan, settings = made.plan, app.settings
    sends = send and settings.policy is not Policy.OBSERVE
    with app.database.write() as conn:
        lease.fence(conn, mine)
        runs.must_be_running(conn, run_id)
        now = app.database.now(conn)
        input_id = None
        if intake is not None:
            fingerprint = fingerprint_of(intake, made.rejections)
            input_id = inputs.save(conn, app.account, run_id, intake, fingerprint, now)
        runs.set_plan(
            conn,
            run_id,
            plan,
            input_id=input_id,
            config_digest=settings.config_digest,
            rejected=len(made.rejections),
            about=made.part.about if sends else {**made.part.about, runs.PLANNED_ONLY: True},
        )
        if intake is not None:
            people.save_quarantine(conn, app.account, intake.source, made.rejections, run_id=run_id, now=now)
            if made.part.is_whole:
                cases.save(conn, app.account, made.matching.cases, run_id=run_id, now=now)
        if not sends:
            changes.insert_all(conn, run_id, plan.changes, state="planned", approved=plan.approved)
            runs.note_holds(conn, run_id, plan.holds)
            runs.finish(conn, run_id, "succeeded", now=now)
            return "succeeded"
        _take_the_place(conn, app, made.part, run_id=run_id, now=now)
        if plan.holds:
            expires_at = now + timedelta(seconds=settings.hold_expires)
            runs.hold(conn, run_id, plan.holds, expires_at=expires_at, whole=plan.waits)
        believed = (settings.hold is HoldMode.SLICE and not plan.doubted) or not plan.holds
        if believed and intake is not None and input_id is not None:
            _accept(conn, app, intake, made, input_id=input_id, now=now)
        changes.insert_all(
            conn, run_id, plan.changes, state="planned", held=plan.held, approved=plan.approved
        )
        if plan.waits:
            return "held"
        state = _queue(conn, app, run_id, made, now)
    reach("plan-committed")
    return state


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


def _accept(conn: Connection, app: App, intake: Intake, made: Draft, *, input_id: int, now: datetime) -> None:
    """Take the input for good: people as HR now has them, new Links, and whose absence is counted.

    If only some people are pushed, only they are taken: the input is not accepted, and nobody's absence counts.
    """
    if not made.part.is_whole:
        _accept_people(conn, app, intake, made, input_id=input_id, now=now)
        return
    for employee_id in made.matching.dropped:
        links.forget(conn, app.account, employee_id)
    links.save_all(conn, app.account, made.matching.new, now)
    ties.save(conn, app.account, made.ties, now)
    people.save(
        conn,
        app.account,
        intake.source,
        made.employees.values(),
        rejected=made.untouched,
        input_id=input_id,
        new_input=is_new(conn, app, intake) and "" not in made.untouched,
        now=now,
    )
    _remember_overlap(conn, app, made, made.employees, now)
    inputs.accept(conn, input_id)


def _accept_people(
    conn: Connection, app: App, intake: Intake, made: Draft, *, input_id: int, now: datetime
) -> None:
    """Take the people of the Plan as HR now has them, and their new Links."""
    chosen = made.part.people
    for employee_id in made.matching.dropped & chosen:
        links.forget(conn, app.account, employee_id)
    links.save_all(conn, app.account, (link for link in made.matching.new if link.employee_id in chosen), now)
    people.save(
        conn,
        app.account,
        intake.source,
        [employee for employee_id, employee in made.employees.items() if employee_id in chosen],
        rejected=(),
        input_id=input_id,
        new_input=False,
        now=now,
    )
    _remember_overlap(conn, app, made, chosen, now)


def _remember_overlap(
    conn: Connection, app: App, made: Draft, people: abc.Collection[str], now: datetime
) -> None:
    """Since when those of these people who moved have memberships that no rule gives them."""
    if not app.settings.mapping.lifecycle.overlap:
        return
    ending = {
        change.key: change.employee_id
        for change in made.plan.changes
        if change.kind is ObjectKind.MEMBERSHIP and change.action is Action.REMOVE
    }
    kept = {skip.key: skip.employee_id for skip in made.plan.skips if skip.code == "OVERLAP"}
    active = {one for one in people if one in made.employees and made.employees[one].status is Status.ACTIVE}
    unwanted.save(conn, app.account, {**ending, **kept}, made.moved, looked_at=active, now=now)
