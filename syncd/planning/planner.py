"""The planner: mirror and Intake in, Plan out. Deciding is ``core``'s: this module gathers what the core needs."""

from collections import abc
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from syncd.app import App
from syncd.core import lifecycle
from syncd.core.bulk import without_clashes
from syncd.core.cases import left_alone
from syncd.core.counts import Measure
from syncd.core.desired import Desired, desired_state
from syncd.core.diff import Difference, Rules
from syncd.core.flapping import damped, problem
from syncd.core.lifecycle import Overlap
from syncd.core.mapping import Mapping
from syncd.core.match import Matching, match
from syncd.core.model import (
    Employee,
    Item,
    NodeKey,
    Rejection,
    State,
    TeamKey,
    User,
)
from syncd.core.narrowing import AtRest
from syncd.core.plan import Plan, make_plan
from syncd.core.recommend import recommended
from syncd.core.reconcile import Reconciled, reconcile
from syncd.core.recording import NOTHING, Outcome
from syncd.core.refusals import told, without_refused
from syncd.core.roles import Grant
from syncd.core.selection import EVERYTHING, Part
from syncd.core.sourcing import heard_since, unsure
from syncd.core.suspicions import alike_but_zeros, named_otherwise, spreadsheet_problem, suspicions, unsettled
from syncd.garbage import uncollected
from syncd.intake import Intake
from syncd.mirroring.shelves import reach_of
from syncd.planning.measuring import (
    damper_of,
    done_lately,
    doubts_about,
    measure_of,
    pace_of,
    seen_before,
    witnesses,
)
from syncd.planning.narrowing import surroundings
from syncd.planning.relations import Relations, given_before, relate, undecided
from syncd.planning.training import NO_TRAINING, Training, with_training
from syncd.store import (
    approvals,
    aside,
    cases,
    imports,
    mirror,
    people,
    pseudonyms,
    refusals,
    settled,
    unwanted,
)
from syncd.store.current import current_state

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
    granted_roles: frozenset[Grant] = frozenset()
    """the same of roles in teams"""
    ties: abc.Mapping[NodeKey, str] = field(default_factory=dict)
    """nodes of organisation trees -> the teams that they were found to be"""
    as_of: datetime
    """when the mirror was as the Plan rests on"""
    underway: frozenset[str] = frozenset()
    """employees about whom a Job had not ended at that time"""
    measure: Measure
    """what the Limits were shares of"""
    moved: abc.Mapping[str, str] = field(default_factory=dict)
    """``Relations.moved``"""
    training: Outcome = NOTHING
    """what becomes of training that HR knows of; its Changes and Skips are in ``difference``, too"""
    unchanged: int = 0
    """rows that were not looked at: as they were when nothing was left to do with their people"""


@uncollected()
def draft(app: App, intake: Intake, part: Part = EVERYTHING, training: Training = NO_TRAINING) -> Draft:
    """Make the Plan for an Intake, or for a part of what differs, from the mirror as it is. Reads only."""
    with app.database.read() as conn:
        made = _draft(conn, app, _decided(conn, app, intake), part, training, app.database.now(conn))
        return replace(made, underway=settled.at_work(conn, app.account))


def _draft(
    conn: Connection, app: App, intake: Intake, part: Part, training: Training, now: datetime
) -> Draft:
    account, settings = app.account, app.settings
    users, linked = surroundings(conn, app, intake)
    matching, untouched, problems = _who_is_who(conn, app, intake, users, linked)
    related = relate(conn, app, intake, matching.valid(intake.employees), users, matching.links)
    current = _current(conn, account, matching.links, related, users, now)
    items = mirror.items(conn, account)
    measure = intake.at_rest.measure if intake.at_rest else measure_of(current, settings.limits)
    desire = partial(_desired, settings.mapping, items, related.strict_teams, intake.at_rest)
    desired = desire(related.employees)
    absent = _absent(conn, app, intake, untouched, now)
    rules = _rules(conn, app, related, current, matching.links, desired, now, absent)
    reconciled = reconcile(
        related.employees,
        matching,
        current,
        replace(rules, undecided=undecided(conn, app, related, matching, current, untouched)),
        desire=desire,
        users=users,
        policy=settings.policy,
        part=part,
        desired=desired,
        completed=related.completed,
    )
    rejections = (*intake.rejections, *reconciled.matching.rejections)
    untouched |= reconciled.matching.doubtful
    learnt, found = with_training(
        conn, app, training, reconciled, named=intake.named, untouched=untouched, now=now
    )
    difference = _possible(conn, app, part.of(found), part, now)
    whole = None if intake.at_rest else current
    said = (*problems, *training.problems, *_problems(reconciled, related, whole))
    return Draft(
        plan=_plan(conn, app, intake, difference, rejections, measure, users, said, now),
        part=part,
        difference=difference,
        current=current,
        matching=reconciled.matching,
        employees={employee.employee_id: employee for employee in reconciled.employees},
        rejections=rejections,
        untouched=untouched,
        item_names={str(item.key): item.name for item in items},
        desired=reconciled.desired,
        granted=rules.granted,
        granted_roles=rules.granted_roles,
        ties=related.forest.learned,
        moved=related.moved,
        as_of=now,
        measure=measure,
        training=learnt,
        unchanged=intake.at_rest.unchanged if intake.at_rest else 0,
    )


def _plan(
    conn: Connection,
    app: App,
    intake: Intake,
    difference: Difference,
    rejections: abc.Sequence[Rejection],
    measure: Measure,
    users: abc.Sequence[User],
    problems: abc.Sequence[str],
    now: datetime,
) -> Plan:
    """The Plan of what may be done of what differs; ``problems`` are what a person should look at, besides what it shows."""
    settings = app.settings
    of_input = (*seen_before(conn, app, intake), *intake.notes)
    return make_plan(
        difference,
        policy=settings.policy,
        limits=settings.limits,
        measure=measure,
        doubts=doubts_about(conn, app, intake, rejections),
        pace=pace_of(conn, app, users, now),
        window=(settings.requests, settings.window),
        problems=(*of_input, *problems, *problem(difference.skips), *told(difference)),
        approved=approvals.valid(conn, app.account, now),
        hold=settings.hold,
        recent=done_lately(conn, app.account, settings.limits, now),
    )


def _current(
    conn: Connection,
    account: str,
    linked: abc.Mapping[str, str],
    related: Relations,
    users: abc.Sequence[User],
    now: datetime,
) -> State:
    """By the names that teams are about to have, and with what Litmos refused to take lately."""
    return current_state(conn, account, linked, related.forest.teams, kept_since=now - KEPT_FOR, users=users)


def _possible(conn: Connection, app: App, found: Difference, part: Part, now: datetime) -> Difference:
    """What may be done now of what differs: nothing that a late import may still do, that Litmos refused as it is, or
    that flaps.
    """
    clear = without_clashes(found, imports.late_people(conn, app.account))
    clear = without_refused(clear, refusals.load(conn, app.account))
    return damped(clear, damper_of(conn, app.account, app.settings.limits, part, now))


def _problems(reconciled: Reconciled, related: Relations, current: State | None) -> tuple[str, ...]:
    """What the rules, the relations and the dates of this input make a person look at, as sentences; and what could be had for
    less, where ``current`` is of everybody.
    """
    found = reconciled.difference
    return (
        *reconciled.desired.problems,
        *related.problems(found),
        *lifecycle.doubts(related.employees),
        *(() if current is None else recommended(reconciled.desired, current, found.changes)),
    )


def _decided(conn: Connection, app: App, intake: Intake) -> Intake:
    """The Intake without those whom a source would take over only because another one is not sure."""
    told = [one.told for one in intake.inputs]
    if len(told) == 1 or all(one.sure for one in told):
        return intake
    employments = app.settings.mapping.employments is not None
    refused = unsure(intake.employees, people.last_in(conn, app.account), told, employments=employments)
    gone = {one.employee_id for one in refused}
    return replace(
        intake,
        employees=tuple(one for one in intake.employees if one.employee_id not in gone),
        rejections=(*intake.rejections, *refused),
    )


def _who_is_who(
    conn: Connection, app: App, intake: Intake, users: abc.Sequence[User], linked: abc.Mapping[str, str]
) -> tuple[Matching, frozenset[str], tuple[str, ...]]:
    """The Matching, whom it leaves untouched (``Draft.untouched``), and sentences about the input as a whole."""
    account, mapping = app.account, app.settings.mapping
    resolutions = cases.resolutions(conn, account)
    among = None if intake.at_rest is None else intake.looked_at
    known = people.known(conn, account, guards=bool(mapping.same_person), among=among)
    found = suspicions(intake.employees, known, intake.named)
    found |= pseudonyms.returning(conn, account, intake.employees)
    suspected = unsettled(found, resolutions)
    matching = match(
        intake.employees,
        users,
        linked,
        keys=mapping.match,
        link_field=mapping.link_field,
        resolutions=resolutions,
        suspicions=suspected,
        protects=mapping.protection.why,
    )
    rejections = (*intake.rejections, *matching.rejections)
    rejected = {rejection.employee_id for rejection in rejections}
    untouched = left_alone(resolutions).union(
        rejected,
        alike_but_zeros(rejected, known, intake.named),
        named_otherwise(rejections, users, matching.links, mapping.match) - intake.named,
        matching.in_doubt,
        *(suspicion.known_ids for suspicion in suspected.values()),
    )
    return matching, untouched, tuple(filter(None, [spreadsheet_problem(suspected, intake.rows)]))


def _desired(
    mapping: Mapping,
    items: abc.Sequence[Item],
    strict_teams: abc.Set[TeamKey],
    at_rest: AtRest | None,
    employees: abc.Iterable[Employee],
) -> Desired:
    """``at_rest`` are those who are not among the employees, and for whom rules name teams and roles all the same."""
    found = desired_state(
        employees,
        items,
        strict_item_names=mapping.strict_items,
        takeable_item_names=mapping.takeable_items,
        gift_rules=mapping.gift_rules,
        strict_team_keys=strict_teams if at_rest is None else strict_teams | at_rest.strict,
        renewals=mapping.renewals,
    )
    return found if at_rest is None else replace(found, ruled_roles=found.ruled_roles | at_rest.managed.roles)


def _rules(
    conn: Connection,
    app: App,
    related: Relations,
    current: State,
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
        overlap=Overlap(
            length=policy.overlap,
            given=given_before(conn, app, related, desired, current),
            since=unwanted.load(conn, account, related.moved),
            at=now,
        ),
        had=aside.had(conn, account, linked, within=policy.give_back, now=now),
        muted=aside.muted(conn, account, linked),
        invites=mapping.invites,
        empties_leavers=policy.empties_leavers,
        at=now,
    )


def _absent(
    conn: Connection, app: App, intake: Intake, untouched: abc.Set[str], now: datetime
) -> abc.Mapping[str, str]:
    """Whose absence now means deactivation: absent from N distinct, newer, complete inputs, this one included, and from every
    other source as it was written since.
    """
    absence = app.settings.mapping.absence
    if not absence.deactivates or "" in untouched or not intake.complete:
        return {}
    written = {one.source: one.written for one in intake.inputs}
    missed = people.missed(
        conn,
        app.account,
        written.keys(),
        named=intake.named | untouched,
        witnesses=witnesses(conn, app, intake),
        out_of_scope=app.settings.mapping.leaving_scope_deactivates,
    )
    reasons = {
        person: lifecycle.absent(one, absence, now)
        for person, one in missed.items()
        if heard_since(one, written)
    }
    return {person: reason for person, reason in reasons.items() if reason}
