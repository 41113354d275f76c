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
from syncd.core.desired import Desired, desired_state
from syncd.core.diff import Difference, Rules
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
from syncd.core.plan import Plan, make_plan
from syncd.core.recommend import recommended
from syncd.core.reconcile import Reconciled, reconcile
from syncd.core.refusals import told, without_refused
from syncd.core.selection import EVERYTHING, Part
from syncd.core.suspicions import alike_but_zeros, spreadsheet_problem, suspicions, unsettled
from syncd.intake import Intake
from syncd.mirroring.shelves import reach_of
from syncd.planning.measuring import (
    done_lately,
    doubts_about,
    is_new,
    measure_of,
    pace_of,
    seen_before,
)
from syncd.planning.relations import Relations, relate, undecided
from syncd.store import (
    approvals,
    aside,
    cases,
    imports,
    links,
    mirror,
    people,
    refusals,
    unwanted,
)

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
    teams, since = related.forest.teams, now - KEPT_FOR
    current = mirror.current_state(conn, account, matching.links, teams, kept_since=since)
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
    difference = _sendable(conn, account, reconciled.difference)
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
            *_problems(reconciled, related, current, difference),
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


def _sendable(conn: Connection, account: str, difference: Difference) -> Difference:
    """What differs, without what must wait for a late import, and without what Litmos has refused as it is."""
    known = without_clashes(difference, imports.late_people(conn, account))
    return without_refused(known, refusals.load(conn, account))


def _problems(
    reconciled: Reconciled, related: Relations, current: State, difference: Difference
) -> tuple[str, ...]:
    """What the rules, the relations and the dates of this input make a person look at, as sentences."""
    return (
        *reconciled.desired.problems,
        *related.problems(reconciled.difference),
        *lifecycle.doubts(related.employees),
        *recommended(reconciled.desired, current, reconciled.difference.changes),
        *told(difference),
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
    new_input = is_new(conn, app, intake)
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
