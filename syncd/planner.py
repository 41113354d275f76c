"""The planner: mirror and Intake in, Plan out; and the one transaction that makes a Plan durable.

Deciding is ``core``'s: this module gathers what the core needs and stores what it said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from syncd.app import App
from syncd.core.compile import Pace
from syncd.core.desired import desired_state
from syncd.core.diff import Rules, diff
from syncd.core.limits import Measure, Policy
from syncd.core.match import Matching, match
from syncd.core.model import Employee, Rejection, State
from syncd.core.plan import Plan, make_plan
from syncd.failpoint import reach
from syncd.intake import Intake
from syncd.store import approvals, changes, grants, inputs, links, mirror, people, queue, runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A Plan with what it was made from: the Matching, and every Rejection of this input (mapping and matching)."""

    plan: Plan
    matching: Matching
    employees: Mapping[str, Employee]
    rejections: tuple[Rejection, ...]


def draft(conn: Connection, app: App, intake: Intake, now: datetime) -> Draft:
    """Make the Plan for an Intake from the mirror as it is. Reads only."""
    account, mapping = app.account, app.config.mapping
    users = mirror.users(conn, account)
    matching = match(
        intake.employees,
        users,
        links.load(conn, account),
        keys=mapping.match,
        link_field=mapping.link_field,
    )
    refused = {rejection.employee_id for rejection in matching.rejections}
    valid = [employee for employee in intake.employees if employee.employee_id not in refused]
    current = mirror.current_state(conn, account, matching.links)
    paths = mirror.paths(conn, account)
    desired = desired_state(valid, paths, strict_path_names=mapping.strict_paths)
    rejections = (*intake.rejections, *matching.rejections)
    rules = Rules(
        granted=grants.load(conn, account, matching.links),
        absent=_absent(conn, app, intake, rejections, now),
        protected_levels=mapping.protected_levels,
        protected_usernames=mapping.protected_usernames,
        leaving_scope_deactivates=mapping.leaving_scope_deactivates,
    )
    plan = make_plan(
        diff(desired, current, rules),
        policy=app.config.push.policy,
        limits=app.config.push.limits,
        measure=_measure(conn, app, intake, current, rejections),
        pace=Pace(users=len(users), per_minute=app.per_minute),
        window=(app.config.litmos.limit.usable, app.config.litmos.limit.window),
        problems=desired.problems,
        approved=approvals.valid(conn, account, now),
    )
    return Draft(
        plan=plan,
        matching=matching,
        employees={employee.employee_id: employee for employee in valid},
        rejections=rejections,
    )


def _measure(
    conn: Connection, app: App, intake: Intake, current: State, rejections: tuple[Rejection, ...]
) -> Measure:
    return Measure(
        population=sum(user.active for user in current.users.values()),
        holdings=sum(map(len, current.memberships.values())) + sum(map(len, current.assignments.values())),
        rows=intake.rows,
        rejected=len(rejections),
        last_rows=inputs.last_accepted_rows(conn, app.account, intake.source),
    )


def _absent(
    conn: Connection, app: App, intake: Intake, rejections: tuple[Rejection, ...], now: datetime
) -> Mapping[str, str]:
    """Whose absence now means deactivation: absent from N distinct, newer, complete inputs, this one included."""
    absence = app.config.mapping.absence
    if not absence.deactivates or any(not rejection.employee_id for rejection in rejections):
        return {}
    named = {e.employee_id for e in intake.employees} | {r.employee_id for r in rejections}
    return people.absent_long_enough(
        conn,
        app.account,
        intake.source,
        named=named,
        sha256=intake.sha256,
        files=absence.after_files,
        since=now - timedelta(hours=absence.after_hours),
    )


def commit(app: App, run_id: int, intake: Intake, made: Draft, *, send: bool) -> str:
    """Store Run, Plan, Changes and Jobs in one transaction; returns the Run's new state.

    ``send`` False (``syncd plan``, policy ``observe``) stores the Plan and ends the Run. A Plan with holds makes the
    Run ``held``: nothing of it is sent, the input does not count as accepted, and older held Runs expire.
    """
    plan = made.plan
    with app.database.write() as conn:
        now = app.database.now(conn)
        input_id = inputs.save(conn, app.account, run_id, intake.facts, now)
        runs.set_plan(conn, run_id, plan, input_id=input_id, config_digest=app.config.digest)
        people.save_quarantine(conn, app.account, intake.source, made.rejections, run_id=run_id, now=now)
        if not send or app.config.push.policy is Policy.OBSERVE:
            changes.insert(conn, run_id, plan.changes, state="planned")
            runs.finish(conn, run_id, "succeeded", now=now)
            return "succeeded"
        runs.expire_held(conn, app.account, but=run_id, now=now)
        if plan.holds:
            changes.insert(conn, run_id, plan.changes, state="held")
            runs.hold(conn, run_id, plan.holds, expires_at=now + timedelta(seconds=app.config.push.hold_expires), now=now)
            return "held"
        accept(conn, app, intake, made, run_id=run_id, input_id=input_id, now=now)
        changes.insert(conn, run_id, plan.changes, state="planned")
        queue.enqueue(conn, app.account, run_id, plan.requests, max_attempts=app.config.litmos.max_attempts, now=now)
        if not runs.finish_if_done(conn, run_id, now):
            state = "running"
        else:
            state = "succeeded"
    reach("plan-committed")
    return state


def accept(
    conn: Connection, app: App, intake: Intake, made: Draft, *, run_id: int, input_id: int, now: datetime
) -> None:
    """Take the input for good: people as HR now has them, new Links, and whose absence is counted."""
    links.save_all(conn, app.account, made.matching.new, now)
    people.save(
        conn,
        app.account,
        intake.source,
        made.employees.values(),
        rejected=[rejection.employee_id for rejection in made.rejections if rejection.employee_id],
        input_id=input_id,
        now=now,
    )
    inputs.accept(conn, input_id)

