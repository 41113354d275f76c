"""Browsing: lists that may be long, a page at a time. A page begins where the one before it ended, by key, not by counting."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    false,
    func,
    literal_column,
    or_,
    select,
)

from syncd.core.match import comparable
from syncd.store.mirror_tables import litmos_user
from syncd.store.runs import ONLY, PLANNED_ONLY
from syncd.store.schema import attempt, change, employee, input_, job, link, quarantine, run

_FAILED = change.c.state == literal_column("'failed'")
"""Said with a constant, as in the index for it."""
_HAS_CODE = change.c.code != literal_column("''")
"""The same for the index of codes."""


_CHANGED = select(change.c.id).where(change.c.run_id == run.c.id).exists()
"""Whether a Run has Changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRuns:
    """Which Runs are meant: made from ``since`` on and before ``until``; with Changes (``changed``); that ``failed``, or of
    which anything did. ``state`` is that which people read: ``planned`` is one of them.
    """

    flow: str = ""
    state: str = ""
    trigger: str = ""
    since: datetime | None = None
    until: datetime | None = None
    changed: bool = False
    failed: bool = False


def listed_runs(
    conn: Connection, account: str, wanted: WantedRuns, *, before: int | None, limit: int
) -> list[RowMapping]:
    """Runs, newest first, with ids below ``before``."""
    query = select(run).where(run.c.account == account).order_by(run.c.id.desc()).limit(limit)
    for name in ("flow", "trigger"):
        if value := getattr(wanted, name):
            query = query.where(run.c[name] == value)
    if wanted.state:
        mark = run.c.summary[PLANNED_ONLY].as_boolean()
        planned = wanted.state == "planned"
        query = query.where(run.c.state == ("succeeded" if planned else wanted.state))
        if wanted.state in {"planned", "succeeded"}:
            query = query.where(mark.is_not(None) if planned else mark.is_(None))
    if wanted.since is not None:
        query = query.where(run.c.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(run.c.created_at < wanted.until)
    if wanted.changed:
        query = query.where(_CHANGED)
    if wanted.failed:
        with_failures = select(change.c.run_id).where(_FAILED)
        query = query.where((run.c.state == "failed") | run.c.id.in_(with_failures))
    if before is not None:
        query = query.where(run.c.id < before)
    return list(conn.execute(query).mappings())


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which Changes are meant: all that each part names; an empty part names all."""

    run_id: int | None = None
    employee_id: str = ""
    action: str = ""
    kind: str = ""
    state: str = ""
    code: str = ""
    rule: str = ""
    field: str = ""
    """A Litmos field that ``before`` or ``after`` names."""
    since: datetime | None = None
    until: datetime | None = None
    """Of Runs that were made from ``since`` on, and before ``until``."""


def changes(
    conn: Connection, account: str, wanted: Wanted, *, before: int | None, limit: int
) -> list[RowMapping]:
    """Changes, newest first, with ids below ``before``."""
    query = _of_account(conn, account).order_by(change.c.id.desc()).limit(limit)
    for name in ("employee_id", "action", "kind", "code", "rule"):
        if value := getattr(wanted, name):
            query = query.where(change.c[name] == value)
    if wanted.code:
        query = query.where(_HAS_CODE)
    if wanted.state:
        query = query.where(_FAILED if wanted.state == "failed" else change.c.state == wanted.state)
    if wanted.run_id is not None:
        query = query.where(change.c.run_id == wanted.run_id)
    if wanted.field:
        query = query.where(
            or_(*(_names(conn, change.c[name], wanted.field) for name in ("after", "before")))
        )
    if before is not None:
        query = query.where(change.c.id < before)
    if (spanned := _spanned(conn, account, wanted)) is None:
        return []
    return list(conn.execute(query.where(*spanned)).mappings())


EDGE = 20
"""So many Runs at either end of a span of time are looked at for the ids of its Changes: Runs may be planned out of order."""


def _spanned(conn: Connection, account: str, wanted: Wanted) -> list[ColumnElement[bool]] | None:
    """What narrows Changes to a span of time: their Runs, and the ids between which they lie, so that not all are walked.

    None if there are none.
    """
    if wanted.since is None and wanted.until is None:
        return []
    mine = select(run.c.id).where(run.c.account == account)
    if wanted.since is not None:
        mine = mine.where(run.c.created_at >= wanted.since)
    if wanted.until is not None:
        mine = mine.where(run.c.created_at < wanted.until)
    edges = []
    for order, bound in ((run.c.id.asc(), func.min), (run.c.id.desc(), func.max)):
        some = list(conn.execute(mine.where(_CHANGED).order_by(order).limit(EDGE)).scalars())
        edges.append(conn.execute(select(bound(change.c.id)).where(change.c.run_id.in_(some))).scalar())
    first, last = edges
    if first is None:
        return None
    between = change.c.id.between(first, last)
    if conn.dialect.name != "sqlite":
        return [between, change.c.run_id.in_(mine)]
    made_at = _hidden(conn, run.c.created_at)
    since = [] if wanted.since is None else [made_at >= wanted.since]
    until = [] if wanted.until is None else [made_at < wanted.until]
    return [between, *since, *until]


def _names(conn: Connection, column: ColumnElement[Any], field: str) -> ColumnElement[bool]:
    """Whether an object of JSON has a member of this name."""
    if conn.dialect.name == "postgresql":
        return func.jsonb_exists(column, field)
    if '"' in field:  # no field is called so, and SQLite has no way to say it
        return false()
    return func.json_type(column, f'$."{field}"').is_not(None)


def one_change(conn: Connection, account: str, change_id: int) -> RowMapping | None:
    """One Change, or None."""
    return conn.execute(_of_account(conn, account).where(change.c.id == change_id)).mappings().first()


def _of_account(conn: Connection, account: str) -> Select[Any]:
    return (
        select(change, run.c.flow, run.c.created_at.label("run_created_at"))
        .join(run, run.c.id == change.c.run_id)
        .where(_hidden(conn, run.c.account) == account)
    )


def _hidden(conn: Connection, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column of a Run that SQLite must not look Runs up by: it would sort all their Changes, to show the newest few.

    PostgreSQL has statistics, and goes wrong without the bare column.
    """
    return func.coalesce(column, column) if conn.dialect.name == "sqlite" else column


def faults(conn: Connection, run_id: int) -> list[dict[str, Any]]:
    """What failed in a Run, by code, the commonest first, with one of its messages."""
    query = (
        select(change.c.code, func.count().label("number"), func.min(change.c.message).label("message"))
        .where(change.c.run_id == run_id, change.c.state == "failed")
        .group_by(change.c.code)
        .order_by(func.count().desc(), change.c.code)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


def problems(conn: Connection, account: str, since: datetime) -> list[dict[str, Any]]:
    """What failed since then and no later Change of the same thing has taken up, by code, the commonest first."""
    later = change.alias("later")
    taken_up = select(later.c.id).where(
        later.c.employee_id == change.c.employee_id, later.c.id > change.c.id, later.c.key == change.c.key
    )
    # Not a bare column: else all that ended since then is walked by its index, and not the few that failed by theirs.
    ended_at = func.coalesce(change.c.finished_at, change.c.finished_at)
    query = (
        select(
            change.c.code,
            func.count().label("number"),
            func.count(change.c.employee_id.distinct()).label("people"),
            func.min(change.c.finished_at).label("first_at"),
            func.max(change.c.finished_at).label("last_at"),
            func.max(change.c.run_id).label("run_id"),
            func.min(change.c.message).label("message"),
        )
        .join(run, run.c.id == change.c.run_id)
        .where(run.c.account == account, _FAILED, ended_at >= since, ~taken_up.exists())
        .group_by(change.c.code)
        .order_by(func.count().desc(), change.c.code)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


def employees(
    conn: Connection, account: str, text: str, *, after: str = "", limit: int
) -> list[dict[str, Any]]:
    """Employees by id from ``after`` on; those whose id, UserName or e-mail address in Litmos begins with a text."""
    linked = and_(link.c.account == account, link.c.employee_id == employee.c.employee_id)
    litmos = and_(litmos_user.c.account == account, litmos_user.c.id == link.c.user_id)
    query = (
        select(
            *(employee.c[name] for name in ("employee_id", "status", "present", "last_seen_at", "data")),
            link.c.user_id,
            litmos_user.c.active,
        )
        .outerjoin(link, linked)
        .outerjoin(litmos_user, litmos)
        .where(employee.c.account == account, employee.c.employee_id > after)
        .order_by(employee.c.employee_id)
        .limit(limit)
    )
    if text:
        key = comparable(text)
        of_users = (
            select(link.c.employee_id)
            .join(litmos_user, and_(litmos_user.c.account == account, litmos_user.c.id == link.c.user_id))
            .where(
                link.c.account == account,
                or_(
                    _begins(conn, litmos_user.c.username_key, key),
                    _begins(conn, litmos_user.c.email_key, key),
                ),
            )
        )
        query = query.where(
            or_(_begins(conn, employee.c.employee_id, text), employee.c.employee_id.in_(of_users))
        )
    return [dict(row) for row in conn.execute(query).mappings()]


def _begins(conn: Connection, column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """On SQLite as a range, which an index answers; PostgreSQL's order of texts is that of a language, which has no such range."""
    if conn.dialect.name == "sqlite":
        return and_(column >= text, column < text + "\U0010ffff")
    return column.startswith(text, autoescape=True)


def quarantined(conn: Connection, account: str, *, after: str = "", limit: int) -> list[dict[str, Any]]:
    """The quarantine by key, from ``after`` on."""
    query = (
        select(quarantine)
        .where(quarantine.c.account == account, quarantine.c.key > after)
        .order_by(quarantine.c.key, quarantine.c.source)
        .limit(limit)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


def runs_by_day(conn: Connection, account: str, since: datetime) -> dict[date, dict[str, int]]:
    """How many Runs that were made since then are in each state, by the day (UTC) on which they were made."""
    query = select(run.c.created_at, run.c.state).where(run.c.account == account, run.c.created_at >= since)
    found: dict[date, dict[str, int]] = {}
    for row in conn.execute(query):
        states = found.setdefault(row.created_at.date(), {})
        states[row.state] = states.get(row.state, 0) + 1
    return found


def requests_by_minute(conn: Connection, run_id: int) -> dict[datetime, int]:
    """How many requests the Attempts of a Run made, by the minute in which they ended; one at least for each that sent."""
    query = (
        select(attempt.c.finished_at, attempt.c.requests, attempt.c.sent_at)
        .join(job, job.c.id == attempt.c.job_id)
        .where(job.c.run_id == run_id)
    )
    found: dict[datetime, int] = {}
    for row in conn.execute(query):
        number = row.requests or int(row.sent_at is not None)
        if number:
            minute = row.finished_at.replace(second=0, microsecond=0)
            found[minute] = found.get(minute, 0) + number
    return found


def before_it(conn: Connection, account: str, run_id: int, flow: str) -> int | None:
    """The Run of the same flow before this one that made a Plan or ended well, and not for some people only; None: none did."""
    query = (
        select(func.max(run.c.id))
        .where(run.c.account == account, run.c.flow == flow, run.c.id < run_id)
        .where(
            (run.c.plan_digest != "") | (run.c.state == "succeeded"),
            run.c.summary[ONLY].as_string().is_(None),
        )
    )
    found: int | None = conn.execute(query).scalar()
    return found


def phases(conn: Connection, run_id: int) -> dict[str, datetime | None]:
    """When a Run's input was read, its first Job was made, and its last Job so far ended."""
    read = select(func.min(input_.c.read_at)).where(input_.c.run_id == run_id)
    jobs = select(func.min(job.c.created_at), func.max(job.c.finished_at)).where(job.c.run_id == run_id)
    first, last = conn.execute(jobs).one()
    return {"read_at": conn.execute(read).scalar(), "first_job_at": first, "last_job_at": last}


def fields_changed(conn: Connection, run_id: int, state: str) -> dict[str, int]:
    """How many of a Run's updates in a state change each Litmos field, the commonest first."""
    query = select(change.c.after).where(
        change.c.run_id == run_id, change.c.state == state, change.c.action == "update"
    )
    found: dict[str, int] = {}
    for after in conn.execute(query).scalars():
        for name in after:
            found[name] = found.get(name, 0) + 1
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))
