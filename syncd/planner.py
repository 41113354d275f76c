"""The planner: mirror and Intake in, Plan out; and the one transaction that makes a Plan durable.

Deciding is ``core``'s: this module gathers what the core needs and stores what it said.
"""

from collections import abc
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from syncd.app import App
from syncd.core import lifecycle
from syncd.core.bulk import without_clashes
from syncd.core.cases import left_alone
from syncd.core.desired import Desired, desired_state
from syncd.core.diff import Difference, Rules
from syncd.core.holding import HoldMode
from syncd.core.lifecycle import Overlap
from syncd.core.limits import Policy
from syncd.core.mapping import Mapping
from syncd.core.match import Matching, match
from syncd.core.model import (
    Action,
    Employee,
    Item,
    NodeKey,
    ObjectKind,
    Rejection,
    State,
    Status,
    TeamKey,
    User,
)
from syncd.core.plan import Plan, make_plan
from syncd.core.recommend import recommended
from syncd.core.reconcile import Reconciled, reconcile
from syncd.core.selection import EVERYTHING, Part
from syncd.core.suspicions import alike_but_zeros, spreadsheet_problem, suspicions, unsettled
from syncd.failpoint import reach
from syncd.intake import Intake
from syncd.measuring import done_lately, doubts_about, fingerprint_of, measure_of, pace_of, seen_before
from syncd.relations import Relations, relate, undecided
from syncd.shelves import reach_of
from syncd.store import (
    approvals,
    aside,
    cases,
    changes,
    imports,
    inputs,
    lease,
    links,
    mirror,
    people,
    runs,
    ties,
    unwanted,
)
from syncd.store.enqueue import enqueue
from syncd.store.lease import Held

KEPT_FOR = timedelta(days=7)
"""So long nothing is tried again that Litmos refused to take, since a team or a learning path gives it as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A Plan with what it was made from: the Matching, and every Rejection of this input (mapping and matching).

    ``part`` is what was asked for, ``difference`` that part of what differs, before the Policy, and ``current`` what the
    mirror held.
    """

    plan: Plan
    part: Part
    difference: Difference
    current: State
    matching: Matching
    employees: abc.Mapping[str, Employee]
    rejections: tuple[Rejection, ...]
    untouched: frozenset[str]
    """Employees who stay as they were, whether this input names them or not: the rejected, the ignored, and whom a row of
    theirs, or a suspect one, may be about; "" among them says that a row without a readable id may be about anybody: nobody's absence counts."""
    item_names: abc.Mapping[str, str]
    """learning path or course as text -> name, for people to read"""
    desired: Desired
    granted: frozenset[tuple[str, str]]
    """what syncd gave or adopted, as the diff knew it"""
    ties: abc.Mapping[NodeKey, str] = field(default_factory=dict)
    """nodes of organisation trees -> the teams that they were found to be"""
    moved: abc.Mapping[str, str] = field(default_factory=dict)
    """``Relations.moved``"""


def draft(app: App, intake: Intake, part: Part = EVERYTHING) -> Draft:
    """Make the Plan for an Intake, or for a part of what differs, from the mirror as it is. Reads only."""
    with app.database.read() as conn:
        return _draft(conn, app, intake, part, app.database.now(conn))


def _draft(conn: Connection, app: App, intake: Intake, part: Part, now: datetime) -> Draft:
    account, settings = app.account, app.settings
    users = mirror.users(conn, account)
    matching, untouched, problems = _who_is_who(conn, app, intake, users)
    related = relate(conn, app, intake, matching.valid(intake.employees), users, matching.links)
    teams = related.forest.teams
    current = mirror.current_state(conn, account, matching.links, teams, kept_since=now - KEPT_FOR)
    items = mirror.items(conn, account)
    absent = _absent(conn, app, intake, untouched, now)
    desire = partial(_desired, settings.mapping, items, related.strict_teams)
    unsure = undecided(conn, app, intake, related, matching, current, untouched)
    rules = _rules(conn, app, related, matching.links, desire(related.employees), now, absent)
    reconciled = reconcile(
        related.employees,
        matching,
        current,
        replace(rules, undecided=unsure),
        desire=desire,
        users=users,
        policy=settings.policy,
        part=part,
        completed=related.completed,
    )
    rejections = (*intake.rejections, *reconciled.matching.rejections)
    difference = without_clashes(reconciled.difference, imports.late_people(conn, account))
    plan = make_plan(
        difference,
        policy=settings.policy,
        limits=settings.limits,
        measure=measure_of(current, settings.limits),
        doubts=doubts_about(conn, app, intake, rejections),
        pace=pace_of(conn, app, users, now),
        window=(settings.requests, settings.window),
        problems=(
            *seen_before(conn, app, intake),
            *intake.notes,
            *problems,
            *_problems(reconciled, related, current),
        ),
        approved=approvals.valid(conn, account, now),
        hold=settings.hold,
        recent=done_lately(conn, account, settings.limits, now),
    )
    return Draft(
        plan=plan,
        part=part,
        difference=difference,
        current=current,
        matching=reconciled.matching,
        employees={employee.employee_id: employee for employee in reconciled.employees},
        rejections=rejections,
        untouched=untouched
        | reconciled.matching.in_doubt
        | {case.employee_id for case in reconciled.matching.cases},
        item_names={str(item.key): item.name for item in items},
        desired=reconciled.desired,
        granted=rules.granted,
        ties=related.forest.learned,
        moved=related.moved,
    )


def _problems(reconciled: Reconciled, related: Relations, current: State) -> tuple[str, ...]:
    """What the rules, the relations and the dates of this input make a person look at, as sentences."""
    return (
        *reconciled.desired.problems,
        *related.problems(reconciled.difference),
        *lifecycle.doubts(related.employees),
        *recommended(reconciled.desired, current, reconciled.difference.changes),
    )


def _who_is_who(
    conn: Connection, app: App, intake: Intake, users: abc.Sequence[User]
) -> tuple[Matching, frozenset[str], tuple[str, ...]]:
    """The Matching, whom it leaves untouched (``Draft.untouched``), and sentences about the input as a whole."""
    account, mapping = app.account, app.settings.mapping
    resolutions = cases.resolutions(conn, account)
    known = people.known(conn, account, intake.source, guards=bool(mapping.same_person))
    suspected = unsettled(suspicions(intake.employees, known, intake.named), resolutions)
    matching = match(
        intake.employees,
        users,
        links.load(conn, account),
        keys=mapping.match,
        link_field=mapping.link_field,
        resolutions=resolutions,
        suspicions=suspected,
        protects=mapping.protection.why,
    )
    rejected = {rejection.employee_id for rejection in (*intake.rejections, *matching.rejections)}
    untouched = left_alone(resolutions).union(
        rejected,
        alike_but_zeros(rejected, known, intake.named),
        matching.in_doubt,
        *(suspicion.known_ids for suspicion in suspected.values()),
    )
    return matching, untouched, tuple(filter(None, [spreadsheet_problem(suspected, intake.rows)]))


def _desired(
    mapping: Mapping,
    items: abc.Sequence[Item],
    strict_teams: abc.Set[TeamKey],
    employees: abc.Iterable[Employee],
) -> Desired:
    return desired_state(
        employees,
        items,
        strict_item_names=mapping.strict_items,
        takeable_item_names=mapping.takeable_items,
        gift_rules=mapping.gift_rules,
        strict_team_keys=strict_teams,
    )


def _rules(
    conn: Connection,
    app: App,
    related: Relations,
    linked: abc.Mapping[str, str],
    desired: Desired,
    now: datetime,
    absent: abc.Mapping[str, str],
) -> Rules:
    """What the diff must know besides the two States, as it is stored; ``linked`` is employee_id -> user id."""
    account, mapping, policy = app.account, app.settings.mapping, app.settings.mapping.lifecycle
    return Rules(
        granted=related.granted(conn, account, linked),
        granted_roles=related.granted_roles(conn, account, linked),
        reach=reach_of(conn, account, desired.gifts, related.forest.teams),
        absent=absent,
        protection=mapping.protection,
        leaving_scope_deactivates=mapping.leaving_scope_deactivates,
        overlap=Overlap(length=policy.overlap, since=unwanted.load(conn, account, related.moved), at=now),
        had=aside.had(conn, account, linked, within=policy.give_back, now=now),
        muted=aside.muted(conn, account, linked),
        invites=mapping.invites,
    )


def _absent(
    conn: Connection, app: App, intake: Intake, untouched: abc.Set[str], now: datetime
) -> abc.Mapping[str, str]:
    """Whose absence now means deactivation: absent from N distinct, newer, complete inputs, this one included."""
    absence = app.settings.mapping.absence
    if not absence.deactivates or "" in untouched or not intake.complete:
        return {}
    new_input = _is_new(conn, app, intake)
    named = intake.named | untouched
    missed = people.missed(
        conn,
        app.account,
        intake.source,
        named=named,
        new_input=new_input,
        out_of_scope=app.settings.mapping.leaving_scope_deactivates,
    )
    reasons = {person: lifecycle.absent(one, absence, now) for person, one in missed.items()}
    return {person: reason for person, reason in reasons.items() if reason}


def _is_new(conn: Connection, app: App, intake: Intake) -> bool:
    """Whether this input is a witness of its own: other bytes than every accepted one before it, and complete."""
    before = inputs.last_accepted(conn, app.account, intake.source, sha256=intake.sha256)
    return intake.complete and before is None


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
        others = enqueue(
            conn, app.account, run_id, plan.requests, max_attempts=settings.max_attempts, now=now
        )
        for other in others:
            runs.finish_if_done(conn, other, now)
        state = runs.finish_if_done(conn, run_id, now)
    reach("plan-committed")
    return state


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
        new_input=_is_new(conn, app, intake) and "" not in made.untouched,
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
