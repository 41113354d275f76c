"""Inquiry: one person, step by step: the rows, what every rule makes of them, the match, and what a push would do now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from syncd.app import App
from syncd.core.compile import Request
from syncd.core.diff import Skip
from syncd.core.limits import Policy
from syncd.core.mapping import columns_used, identify, map_record
from syncd.core.match import comparable
from syncd.core.model import Change, Employee, Reason, Record, Rejection
from syncd.core.selection import of_people
from syncd.core.trace import Trace, Traced
from syncd.intake import Intake, require, take_in
from syncd.planner import Draft, draft
from syncd.store import links, mirror


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
    mirror_read_at: datetime | None
    now: datetime


def preview(app: App, employee_id: str) -> Preview:
    """Look at one person. Only reads, and asks Litmos nothing.

    Raises Declined, naming ids that look alike, if no row has this employee id; SourceError, ConfigError.
    """
    records: list[Record] = []
    mapping = app.settings.mapping

    def tap(record: Record) -> None:
        if comparable(identify(mapping, record)) == comparable(employee_id):
            records.append(record)

    intake = take_in(app.source, mapping, tap=tap)
    require(intake, [employee_id])
    return _preview(app, employee_id, intake, records)


def _preview(app: App, employee_id: str, intake: Intake, records: Sequence[Record]) -> Preview:
    made = draft(app, intake)
    employee = made.employees.get(employee_id)
    origins = {record.origin for record in records}
    changes = of_people(made.plan.changes, {employee_id})
    keys = {change.key for change in changes}
    with app.database.read() as conn:
        return Preview(
            employee_id=employee_id,
            intake=intake,
            rows=tuple(_row(app, record) for record in records),
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
            mirror_read_at=mirror.readings(conn, app.account).last,
            now=app.database.now(conn),
        )


def _row(app: App, record: Record) -> Row:
    """Only the columns that the mapping names: nobody needs to see the salary beside them."""
    trace, mapping = Trace(), app.settings.mapping
    map_record(mapping, record, trace)
    named = [(column, record.fields[column]) for column in columns_used(mapping) if column in record.fields]
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
