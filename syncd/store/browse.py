"""Browsing: lists that may be long, a page at a time. A page begins where the one before it ended, by key, not by counting."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, func, literal_column, or_, select

from syncd.core.match import comparable
from syncd.store.among import rows_among
from syncd.store.mirror_tables import litmos_user
from syncd.store.schema import change, employee, input_, job, link, quarantine, run

_FAILED = change.c.state == literal_column("'failed'")
"""Said with a constant, as in the index for it."""
_HAS_CODE = change.c.code != literal_column("''")
"""The same for the index of codes."""


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


def changes(
    conn: Connection, account: str, wanted: Wanted, *, before: int | None, limit: int
) -> list[RowMapping]:
    """Changes, newest first, with ids below ``before``."""
    query = _of_account(account).order_by(change.c.id.desc()).limit(limit)
    for name in ("employee_id", "action", "kind", "code", "rule"):
        if value := getattr(wanted, name):
            query = query.where(change.c[name] == value)
    if wanted.code:
        query = query.where(_HAS_CODE)
    if wanted.state:
        query = query.where(_FAILED if wanted.state == "failed" else change.c.state == wanted.state)
    if wanted.run_id is not None:
        query = query.where(change.c.run_id == wanted.run_id)
    if before is not None:
        query = query.where(change.c.id < before)
    return list(conn.execute(query).mappings())


def one_change(conn: Connection, account: str, change_id: int) -> RowMapping | None:
    """One Change, or None."""
    return conn.execute(_of_account(account).where(change.c.id == change_id)).mappings().first()


def _of_account(account: str) -> Select[Any]:
    return (
        select(change, run.c.flow, run.c.created_at.label("run_created_at"))
        .join(run, run.c.id == change.c.run_id)
        .where(run.c.account == account)
    )


def not_done(conn: Connection, account: str, employee_ids: Collection[str]) -> list[dict[str, Any]]:
    """The last Change of each thing of these employees, of those that were more than planned, where it is not done."""
    names = ("id", "employee_id", "key", "state", "code", "run_id")
    query = (
        select(*(change.c[name] for name in names))
        .join(run, run.c.id == change.c.run_id)
        .where(run.c.account == account, change.c.state != "planned")
    )
    rows = sorted(rows_among(conn, query, change.c.employee_id, employee_ids), key=lambda row: row.id)
    last = {(row.employee_id, row.key): row for row in rows}
    return [dict(row._mapping) for row in last.values() if row.state in {"held", "queued", "failed"}]  # noqa: SLF001 - SQLAlchemy's name for a public thing


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
