"""The planner: mirror and Intake in, Plan out; and the one transaction that makes a Plan durable.

Deciding is ``core``'s: this module gathers what the core needs and stores what it said.
"""

from collections import abc
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from syncd.app import App
from syncd.core.cases import left_alone
from syncd.core.compare import compare
from syncd.core.compile import Pace
from syncd.core.diff import Rules
from syncd.core.doubts import doubts, spreadsheet_problem, unsettled
from syncd.core.limits import Measure, Policy
from syncd.core.match import Matching, match
from syncd.core.model import Employee, Rejection, State
from syncd.core.plan import Plan, make_plan
from syncd.failpoint import reach
from syncd.intake import Intake
from syncd.store import approvals, cases, changes, grants, inputs, lease, links, mirror, people, queue, runs
from syncd.store.lease import Held


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A Plan with what it was made from: the Matching, and every Rejection of this input (mapping and matching)."""

    plan: Plan
    matching: Matching
    employees: abc.Mapping[str, Employee]
    rejections: tuple[Rejection, ...]
    untouched: frozenset[str]
    """Employees who stay as they were, whether this input names them or not: the rejected, the ignored, and whom a doubtful
    row may be about; "" among them says that a row may be about anybody, so that nobody's absence counts."""
    path_names: abc.Mapping[str, str]
    """learning path id -> name, for people to read"""


def draft(app: App, intake: Intake) -> Draft:
    """Make the Plan for an Intake from the mirror as it is. Reads only."""
    with app.database.read() as conn:
        return _draft(conn, app, intake, app.database.now(conn))


def _draft(conn: Connection, app: App, intake: Intake, now: datetime) -> Draft:
    account, settings = app.account, app.settings
    mapping = settings.mapping
    users = mirror.users(conn, account)
    resolutions = cases.resolutions(conn, account)
    known = people.known(conn, account, intake.source, guards=bool(mapping.same_person))
    doubted = unsettled(doubts(intake.employees, known, intake.named), resolutions)
    matching = match(
        intake.employees,
        users,
        links.load(conn, account),
        keys=mapping.match,
        link_field=mapping.link_field,
        resolutions=resolutions,
        doubts=doubted,
    )
    current = mirror.current_state(conn, account, matching.links)
    paths = mirror.paths(conn, account)
    untouched = left_alone(resolutions) | {
        *(rejection.employee_id for rejection in (*intake.rejections, *matching.rejections)),
        *(doubt.known_id for doubt in doubted.values()),
    }
    rules = Rules(
        granted=grants.load(conn, account, matching.links),
        team_paths=mirror.team_paths(conn, account),
        absent=_absent(conn, app, intake, untouched, now),
        protection=mapping.protection,
        leaving_scope_deactivates=mapping.leaving_scope_deactivates,
    )
    compared = compare(
        intake.employees,
        matching,
        current,
        rules,
        mapping=mapping,
        users=users,
        paths=paths,
        policy=settings.policy,
    )
    rejections = (*intake.rejections, *compared.matching.rejections)
    plan = make_plan(
        compared.difference,
        policy=settings.policy,
        limits=settings.limits,
        measure=_measure(conn, app, intake, current, rejections),
        pace=Pace(users=len(users), per_minute=settings.per_minute),
        window=(settings.requests, settings.window),
        problems=(*filter(None, [spreadsheet_problem(doubted, intake.rows)]), *compared.desired.problems),
        approved=approvals.valid(conn, account, now),
    )
    return Draft(
        plan=plan,
        matching=compared.matching,
        employees={employee.employee_id: employee for employee in compared.employees},
        rejections=rejections,
        untouched=untouched | {case.employee_id for case in compared.matching.cases},
        path_names={path.id: path.name for path in paths},
    )


def _measure(
    conn: Connection, app: App, intake: Intake, current: State, rejections: tuple[Rejection, ...]
) -> Measure:
    last = inputs.last_accepted(conn, app.account, intake.source)
    return Measure(
        population=sum(user.active for user in current.users.values()),
        holdings=sum(map(len, current.memberships.values())) + sum(map(len, current.assignments.values())),
        rows=intake.rows,
        rejected=len(rejections),
        last_rows=None if last is None else last["rows"],
    )


def _absent(
    conn: Connection, app: App, intake: Intake, untouched: abc.Set[str], now: datetime
) -> abc.Mapping[str, str]:
    """Whose absence now means deactivation: absent from N distinct, newer, complete inputs, this one included."""
    absence = app.settings.mapping.absence
    if not absence.deactivates or "" in untouched or not intake.complete:
        return {}
    return people.absent_long_enough(
        conn,
        app.account,
        intake.source,
        named=intake.named | untouched,
        new_input=_is_new(conn, app, intake),
        files=absence.after_files,
        since=now - timedelta(hours=absence.after_hours),
    )


def _is_new(conn: Connection, app: App, intake: Intake) -> bool:
    """Whether this input is a witness of its own: other bytes than the last accepted one, and complete."""
    last = inputs.last_accepted(conn, app.account, intake.source)
    return intake.complete and (last is None or last["sha256"] != intake.sha256)


def commit(app: App, run_id: int, intake: Intake, made: Draft, *, send: bool, mine: Held) -> str:
    """Store Run, Plan, Changes and Jobs in one transaction; returns the Run's new state.

    ``send`` False (``syncd plan``), like policy ``observe``, stores the Plan and ends the Run. A Plan with holds makes
    the Run ``held``: nothing of it is sent, and its input is not accepted. Older held Runs expire.

    Raises Busy, and stores nothing, if the lease ``mine`` was lost or the Run has ended meanwhile.
    """
    plan, settings = made.plan, app.settings
    with app.database.write() as conn:
        lease.fence(conn, mine)
        runs.must_be_running(conn, run_id)
        now = app.database.now(conn)
        input_id = inputs.save(conn, app.account, run_id, intake, now)
        runs.set_plan(
            conn,
            run_id,
            plan,
            input_id=input_id,
            config_digest=settings.config_digest,
            rejected=len(made.rejections),
        )
        cases.save(conn, app.account, made.matching.cases, run_id=run_id, now=now)
        people.save_quarantine(conn, app.account, intake.source, made.rejections, run_id=run_id, now=now)
        if not send or settings.policy is Policy.OBSERVE:
            changes.insert_all(conn, run_id, plan.changes, state="planned")
            runs.finish(conn, run_id, "succeeded", now=now)
            return "succeeded"
        runs.expire_held(conn, app.account, superseded_by=run_id, now=now)
        if plan.holds:
            changes.insert_all(conn, run_id, plan.changes, state="held")
            runs.hold(conn, run_id, plan.holds, expires_at=now + timedelta(seconds=settings.hold_expires))
            return "held"
        _accept(conn, app, intake, made, input_id=input_id, now=now)
        changes.insert_all(conn, run_id, plan.changes, state="planned")
        others = queue.enqueue(
            conn, app.account, run_id, plan.requests, max_attempts=settings.max_attempts, now=now
        )
        for other in others:
            runs.finish_if_done(conn, other, now)
        state = runs.finish_if_done(conn, run_id, now)
    reach("plan-committed")
    return state


def _accept(conn: Connection, app: App, intake: Intake, made: Draft, *, input_id: int, now: datetime) -> None:
    """Take the input for good: people as HR now has them, new Links, and whose absence is counted."""
    for employee_id in made.matching.dropped:
        links.forget(conn, app.account, employee_id)
    links.save_all(conn, app.account, made.matching.new, now)
    people.save(
        conn,
        app.account,
        intake.source,
        made.employees.values(),
        rejected=made.untouched,
        input_id=input_id,
        new_input=_is_new(conn, app, intake) and "" not in made.untouched,
        now=now,
    )
    inputs.accept(conn, input_id)
