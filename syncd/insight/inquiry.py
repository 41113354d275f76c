"""Inquiry: one person: what the mapping makes of the rows now, and everything that is known and was done. Only reads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from syncd.app import App
from syncd.core.columns import all_columns
from syncd.core.facts import Facts, Granted
from syncd.core.finding import Finding, Health
from syncd.core.limits import Policy
from syncd.core.mapping import identify, map_record
from syncd.core.match import comparable
from syncd.core.model import (
    Change,
    Employee,
    Reason,
    Record,
    Rejection,
    Skip,
    State,
    team_key,
    team_label,
    team_text,
)
from syncd.core.recertify import decide
from syncd.core.request import Request
from syncd.core.selection import of_people
from syncd.core.subject import Subject, SubjectKind, find_subject
from syncd.core.team_names import team_names
from syncd.core.trace import Trace, Traced
from syncd.core.training import TrainingRule, person_of
from syncd.errors import SourceError
from syncd.insight.lessons import Lesson, lessons
from syncd.intake import Intake, alike, read_hr, require
from syncd.mirroring import shelves
from syncd.planning.planner import Draft, draft
from syncd.planning.training import read_training
from syncd.store import history, jobs, links, mirror, people, peoplelists, training
from syncd.store.current import current_state


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a person: where it is, its cells in the columns that the mapping names, and every rule's steps."""

    origin: str
    cells: tuple[tuple[str, str], ...]
    rules: tuple[Traced, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which user a person is: ``made_by`` is how the Link was made, or would be (``made_at`` None).

    ``user_id`` "" means that nobody in Litmos is this person.
    """

    user_id: str
    made_by: str = ""
    made_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What the mapping makes of one person now, and what a push would do for her with the mirror as it is.

    ``employee`` is None if she is rejected, or not in the input; ``reasons`` then say why. ``withheld`` are Changes that
    the Policy does not let through; ``requests`` are all that carry her Changes, others' with them.
    """

    employee_id: str
    intake: Intake
    rows: tuple[Row, ...]
    employee: Employee | None
    reasons: tuple[Reason, ...]
    match: Match
    changes: tuple[Change, ...]
    withheld: tuple[Change, ...]
    skips: tuple[Skip, ...]
    requests: tuple[Request, ...]
    policy: Policy
    draft: Draft
    lessons: tuple[Lesson, ...]
    mirror_read_at: datetime | None
    now: datetime


def preview(app: App, employee_id: str) -> Preview:
    """Look at one person. Only reads, and asks Litmos nothing.

    Raises Declined, naming ids that look alike, if no row has this employee id; SourceError, ConfigError.
    """
    intake, records = _read(app, employee_id)
    if not records:
        require(intake, [employee_id], next_step=f"what is known of them: syncd why {employee_id}")
    return _preview(app, employee_id, intake, records)


def _read(app: App, employee_id: str) -> tuple[Intake, list[Record]]:
    """HR, and the rows that claim this employee id, whatever its case."""
    records: list[Record] = []
    mapping, wanted = app.settings.mapping, comparable(employee_id)

    def tap(record: Record) -> None:
        if comparable(identify(mapping, record)) == wanted:
            records.append(record)

    return read_hr(app, tap), records


def _preview(app: App, asked: str, intake: Intake, records: Sequence[Record]) -> Preview:
    taught: list[tuple[TrainingRule, Record]] = []

    def tap(rule: TrainingRule, record: Record) -> None:
        if comparable(person_of(rule, record)) == comparable(asked):
            taught.append((rule, record))

    made = draft(app, intake, training=read_training(app, tap=tap))
    employee_id = identify(app.settings.mapping, records[0]) if records else asked
    employee = made.employees.get(employee_id)
    origins = {record.origin for record in records}
    changes = of_people(made.plan.changes, {employee_id})
    keys = {change.key for change in changes}
    with app.database.read() as conn:
        return Preview(
            employee_id=employee_id,
            intake=intake,
            rows=tuple(_row(app, record, app.database.now(conn)) for record in records),
            employee=employee,
            reasons=_reasons(made.rejections, employee_id, origins),
            match=_match(made, links.how(conn, app.account, employee_id), employee_id),
            changes=changes,
            withheld=tuple(
                change
                for change in of_people(made.difference.changes, {employee_id})
                if change.key not in keys
            ),
            skips=tuple(skip for skip in made.plan.skips if skip.employee_id == employee_id),
            requests=tuple(request for request in made.plan.requests if keys.intersection(request.changes)),
            policy=app.settings.policy,
            draft=made,
            lessons=lessons(conn, app.account, taught, made, app.database.now(conn)),
            mirror_read_at=mirror.readings(conn, app.account).last,
            now=app.database.now(conn),
        )


def inquire(app: App, employee_id: str, about: str = "") -> Facts:
    """Everything known about one person; ``about`` a field, a team (``Sales``, ``EMEA > Sales``), a learning path or a course.

    HR that cannot be read is one of the facts. Raises Declined if ``about`` names nothing that is known; ConfigError.
    """
    try:
        intake, records = _read(app, employee_id)
    except SourceError as error:
        return _stored(app, employee_id, about, unreadable=str(error))
    return _inquired(app, _preview(app, employee_id, intake, records), about)


def _inquired(app: App, found: Preview, about: str) -> Facts:
    made = found.draft
    facts = _stored(app, found.employee_id, about, user_id=found.match.user_id, employee=found.employee)
    known = replace(
        facts,
        alike=() if found.rows else alike(found.intake, found.employee_id) or facts.alike,
        input_name=found.intake.name,
        input_rows=found.intake.rows,
        origins=tuple(row.origin for row in found.rows),
        rules=_deciding(found).rules if found.rows else (),
        reasons=found.reasons,
        is_case=any(case.employee_id == found.employee_id for case in made.matching.cases),
        employee=found.employee,
        linked_by=found.match.made_by or facts.linked_by,
        linked_at=found.match.made_at,
        changes=found.changes,
        withheld=found.withheld,
        skips=found.skips,
        training=(*_refused(made, found.employee_id), *facts.training),
        holds=made.plan.holds,
        held=frozenset(made.plan.held),
        problems=made.plan.problems,
    )
    renewal = app.settings.mapping.renewals.get(known.given())
    if renewal is None:
        return known
    return replace(known, reset=decide(known.results.get(known.subject.key), renewal, known.now))


def _deciding(found: Preview) -> Row:
    """The row that the person is mapped by; the first one if they are rejected."""
    origin = "" if found.employee is None else found.employee.origin
    return next((row for row in found.rows if row.origin == origin), found.rows[0])


def _stored(
    app: App,
    employee_id: str,
    about: str,
    *,
    user_id: str = "",
    employee: Employee | None = None,
    unreadable: str = "",
) -> Facts:
    """What the store knows; ``user_id`` is whom the person would be linked with, ``employee`` what the mapping makes."""
    account, settings = app.account, app.settings
    with app.database.read() as conn:
        link, paused = links.how(conn, account, employee_id), jobs.paused(conn, account)
        facts = Facts(
            employee_id=employee_id,
            alike=tuple(peoplelists.with_zeros(conn, account, employee_id)),
            subject=Subject(kind=SubjectKind.PERSON),
            now=app.database.now(conn),
            input_name=" and ".join(source.name for source in app.sources),
            unreadable=unreadable,
            reasons=tuple(
                Reason(code=reason["code"], message=reason["message"])
                for row in people.quarantined(conn, account, employee_id)
                if row["source"] not in {rule.source for rule in settings.training}
                for reason in row["reasons"]
            ),
            known=history.known(conn, account, employee_id),
            absence=settings.mapping.absence,
            user_id=user_id or links.find(conn, account, employee_id),
            linked_by="" if link is None else link[0],
            linked_at=None if link is None else link[1],
            policy=settings.policy,
            paused="" if paused is None else paused.reason,
            history=history.happened(conn, account, employee_id),
            training=tuple(map(_recorded, training.of_person(conn, account, employee_id))),
        )
        return _with_litmos(conn, app, facts, about, employee)


def _refused(made: Draft, employee_id: str) -> Iterator[Finding]:
    """The rows of training of a person that cannot be followed."""
    for one in made.training.rejections:
        if one.employee_id == employee_id:
            told = "; ".join(f"{reason.code}: {reason.message}" for reason in one.reasons)
            yield Finding(check="training", state=Health.PROBLEM, seen=f"{one.origin} is rejected: {told}")


def _recorded(row: Mapping[str, Any]) -> Finding:
    """What was recorded of a person's training."""
    said = "".join(f", {name.lower()} {row['said'][name]}" for name in ("Score",) if row["said"].get(name))
    day = f" of {row['date'][:10]}" if row["date"] else ""
    note = f" ({row['note']})" if row["note"] else ""
    seen = f"{row['record']} {row['object_id']}{day}{said}: recorded by run {row['run_id']}{note}"
    return Finding(check="training", state=Health.OK, seen=seen, facts={"run": row["run_id"]})


def _along(conn: Connection, account: str, state: State, facts: Facts) -> list[Granted]:
    """What comes to the person with a team, and not from syncd or somebody else."""
    came = shelves.along(conn, account, state.memberships.get(facts.employee_id, frozenset()))
    return [
        Granted(kind="assignment", object_id=item, run_id=None, at=facts.now, team=team)
        for item, team in came.items()
    ]


def _with_litmos(conn: Connection, app: App, facts: Facts, about: str, employee: Employee | None) -> Facts:
    """The same with what Litmos has, as the mirror knows it; and with what is asked about, which may be one of these."""
    account, person, user_id = app.account, facts.employee_id, facts.user_id
    state = current_state(conn, account, {person: user_id} if user_id else {})
    items = mirror.items(conn, account)
    names = team_names(mirror.team_facts(conn, account))
    texts = {team_id: team_text(team_key(chain)) for team_id, chain in names.items()}
    teams = {team_text(key): team_label(state.teams[key].names) for key in state.memberships.get(person, ())}
    wishes = {team_text(wish.key): wish.names for wish in employee.teams} if employee else {}
    read = mirror.lists_read(conn, account)
    unread = [texts.get(team_id, "") for team_id, at in read.teams.items() if at is None]
    return replace(
        facts,
        subject=find_subject(
            about,
            teams=(*wishes.values(), *names.values()),
            own={*wishes, *teams},
            items=items,
            ruled=app.settings.mapping.item_names,
        ),
        user=state.users.get(person),
        mirror_read_at=mirror.readings(conn, account).last,
        teams=teams,
        items={str(item): one.started for item, one in state.assignments.get(person, {}).items()},
        results={str(item): one.result for item, one in state.assignments.get(person, {}).items()},
        roles=_roles(state, person),
        unread=frozenset([*unread, *(str(item) for item, at in read.items.items() if at is None)]),
        item_names={str(item.key): item.name for item in items},
        grants=(*history.granted(conn, account, user_id), *_along(conn, account, state, facts)),
        drift=history.drifted(conn, account, user_id, texts),
    )


def _roles(state: State, employee_id: str) -> dict[str, tuple[str, ...]]:
    """Team text -> the roles that the person has there besides member."""
    found: dict[str, tuple[str, ...]] = {}
    for team, role in sorted(state.roles.get(employee_id, ())):
        found[team_text(team)] = (*found.get(team_text(team), ()), role.value)
    return found


def _row(app: App, record: Record, now: datetime) -> Row:
    """Only the columns that the mapping names: nobody needs to see the salary beside them."""
    trace, mapping = Trace(), app.settings.mapping
    map_record(mapping, record, trace, now=now)
    named = [(column, record.fields[column]) for column in all_columns(mapping) if column in record.fields]
    return Row(origin=record.origin, cells=tuple(named), rules=tuple(trace.rules))


def _reasons(rejections: Sequence[Rejection], employee_id: str, origins: set[str]) -> tuple[Reason, ...]:
    return tuple(
        reason
        for rejection in rejections
        if rejection.employee_id == employee_id or rejection.origin in origins
        for reason in rejection.reasons
    )


def _match(made: Draft, known: tuple[str, datetime] | None, employee_id: str) -> Match:
    user_id = made.matching.links.get(employee_id, "")
    new = next((link for link in made.matching.new if link.employee_id == employee_id), None)
    if new is not None:
        return Match(user_id=user_id, made_by=new.made_by)
    if user_id and known is not None:
        return Match(user_id=user_id, made_by=known[0], made_at=known[1])
    return Match(user_id=user_id)
