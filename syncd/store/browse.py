"""Browsing: lists that may be long, a page at a time. A page begins where the one before it ended, by key, not by counting."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    desc,
    false,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from syncd.core.match import comparable
from syncd.core.model import Action, ObjectKind
from syncd.store.among import is_among, rows_among
from syncd.store.mirror_tables import litmos_user
from syncd.store.runs import ONLY, PLANNED_ONLY
from syncd.store.schema import (
    IS_FAILED,
    IS_HELD,
    attempt,
    change,
    employee,
    input_,
    job,
    link,
    quarantine,
    run,
)

_HAS_CODE = change.c.code != literal_column("''")
"""Said with a constant, as in the index of codes."""


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
        with_failures = select(change.c.run_id).where(IS_FAILED)
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


CLOSED: Mapping[str, tuple[str, ...]] = {
    "kind": tuple(ObjectKind),
    "action": tuple(Action),
    "state": ("planned", "held", "queued", "done", "failed", "superseded", "cancelled"),
}
"""The columns of a Change that have few values, with all of these, in the order of their indexes."""
OPEN = ("employee_id", "code", "rule")
"""Those with many values: each has an index with the id behind it."""


def changes(
    conn: Connection, account: str, wanted: Wanted, *, before: int | None, limit: int
) -> list[RowMapping]:
    """Changes, newest first, with ids below ``before``."""
    newest = _newest(conn, account, wanted, before, limit)
    if newest is None:
        return []
    ids = list(conn.execute(newest).scalars())
    query = _with_runs().where(change.c.id.in_(ids)).order_by(change.c.id.desc())
    return list(conn.execute(query).mappings())


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
    # Looked up for each Change that is met, as in ``_owned``: else SQLite sorts all Changes of these Runs.
    made_at = select(run.c.created_at).where(run.c.id == change.c.run_id).scalar_subquery()
    since = [] if wanted.since is None else [made_at >= wanted.since]
    until = [] if wanted.until is None else [made_at < wanted.until]
    return [change.c.id.between(first, last), *since, *until]


def _names(conn: Connection, column: ColumnElement[Any], field: str) -> ColumnElement[bool]:
    """Whether an object of JSON has a member of this name."""
    if conn.dialect.name == "postgresql":
        return func.jsonb_exists(column, field)
    if '"' in field:  # no field is called so, and SQLite has no way to say it
        return false()
    return func.json_type(column, f'$."{field}"').is_not(None)


def _newest(
    conn: Connection, account: str, wanted: Wanted, before: int | None, limit: int
) -> Select[Any] | None:
    """The ids of what is wanted, newest first; None if there can be none.

    Of a kind, an action, a state or a Run, which many Changes share, the newest of each combination of kind, action and state are taken,
    each a piece of an index, and the newest of those: that takes as long for what is rare as for what is common. Each other filter is a
    piece of an index by itself.
    """
    query = select(change.c.id).where(_owned(account)).order_by(change.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(change.c.id < before)
    if wanted.run_id is not None:
        query = query.where(change.c.run_id == wanted.run_id)
    if (spanned := _spanned(conn, account, wanted)) is None:
        return None
    query = query.where(*spanned)
    if wanted.field:
        named = (_names(conn, change.c[name], wanted.field) for name in ("after", "before"))
        query = query.where(or_(*named))
    asked = {name: getattr(wanted, name) for name in CLOSED}
    narrow = {name: getattr(wanted, name) for name in OPEN if getattr(wanted, name)}
    for name, value in narrow.items():
        query = query.where(change.c[name] == value, *([_HAS_CODE] if name == "code" else []))
    if narrow or (wanted.run_id is None and not any(asked.values())):
        return query.where(*(change.c[name] == value for name, value in asked.items() if value))
    values = [[asked[name]] if asked[name] else CLOSED[name] for name in CLOSED]
    combinations = set(product(*values))
    if wanted.run_id is not None:
        combinations &= _combinations(conn, wanted.run_id)
    return _pieces(query, combinations).order_by(desc("id")).limit(limit)


def _pieces(query: Select[Any], combinations: Iterable[tuple[str, ...]]) -> Select[Any]:
    """What a query finds of each of these combinations of kind, action and state: ``id``."""
    pieces = [
        select(query.where(*map(_equal, CLOSED, combination)).subquery().c.id)
        for combination in sorted(combinations)
    ]
    return select((union_all(*pieces) if pieces else query.where(false())).subquery().c.id)


def _owned(account: str) -> ColumnElement[bool]:
    """Whether a Change is of this account: looked up for each Change that is met, and not the other way round, Run by Run."""
    return select(run.c.account).where(run.c.id == change.c.run_id).scalar_subquery() == account


def first_of_run(
    conn: Connection, run_id: int, tally: Mapping[str, Mapping[str, int]], limit: int
) -> list[RowMapping]:
    """A Run's first Changes in the Plan's order, in which they got their ids; ``tally`` is what ``changes.tally`` says of it."""
    query = select(change.c.id).where(change.c.run_id == run_id).order_by(change.c.id).limit(limit)
    combinations = [
        (kind, action, state)
        for what, states in tally.items()
        for action, _, kind in [what.partition(" ")]
        for state in states
    ]
    ids = list(conn.execute(_pieces(query, combinations).order_by("id").limit(limit)).scalars())
    found = select(change).where(change.c.id.in_(ids)).order_by(change.c.id)
    return list(conn.execute(found).mappings())


def _combinations(conn: Connection, run_id: int) -> set[tuple[str, ...]]:
    """Every kind, action and state that a Run's Changes have together: as many looks into an index as there are, not as Changes."""
    found: list[tuple[str, ...]] = [()]
    for column in (change.c[name] for name in CLOSED):
        found = [(*known, value) for known in found for value in _distinct(conn, run_id, known, column)]
    return set(found)


def _distinct(conn: Connection, run_id: int, known: tuple[str, ...], column: Column[str]) -> Iterator[str]:
    """The values of a column of a Run's Changes whose columns before it have the ``known`` values."""
    mine = [change.c.run_id == run_id, *map(_equal, CLOSED, known)]
    value: str | None = ""
    while True:
        following = select(column).where(*mine, column > value).order_by(column).limit(1)
        value = conn.execute(following).scalar()
        if value is None:
            return
        yield value


def _equal(name: str, value: str) -> ColumnElement[bool]:
    return change.c[name] == value


def one_change(conn: Connection, account: str, change_id: int) -> RowMapping | None:
    """One Change, or None."""
    query = _with_runs().where(change.c.id == change_id, run.c.account == account)
    return conn.execute(query).mappings().first()


def _with_runs() -> Select[Any]:
    return select(change, run.c.flow, run.c.created_at.label("run_created_at")).join(
        run, run.c.id == change.c.run_id
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
        .where(change.c.run_id == run_id, IS_FAILED)
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
        .where(_owned(account), IS_FAILED, ended_at >= since, ~taken_up.exists())
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
        .where(employee.c.account == account)
        .order_by(employee.c.employee_id)
        .limit(limit)
    )
    meant = _meant(conn, account, text, after, limit) if text else None
    if meant is not None:
        query = query.where(_beyond(after), is_among(conn, employee.c.employee_id, meant))
    elif text:
        query = query.where(employee.c.employee_id > after, _is_meant(conn, account, text))
    else:
        query = query.where(employee.c.employee_id > after)
    return [dict(row) for row in conn.execute(query).mappings()]


MANY = 2000
"""So many users whose UserName or e-mail address begins with a text are looked up by it; of more, employees are walked by id."""


def _meant(conn: Connection, account: str, text: str, after: str, limit: int) -> list[str] | None:
    """The employees whom a text means, from ``after`` on or before; None if they are very many: then one is soon met by walking all."""
    found: set[str] = set()
    for begins in _users_begin(conn, text):
        users = select(litmos_user.c.id).where(litmos_user.c.account == account, begins).limit(MANY + 1)
        ids = list(conn.execute(users).scalars())
        if len(ids) > MANY:
            return None
        theirs = select(link.c.employee_id).where(link.c.account == account)
        found.update(who for (who,) in rows_among(conn, theirs, link.c.user_id, ids))
    by_id = select(employee.c.employee_id).where(
        employee.c.account == account, _beyond(after), _begins(conn, employee.c.employee_id, text)
    )
    found.update(conn.execute(by_id.order_by(employee.c.employee_id).limit(limit)).scalars())
    return sorted(found)


def _is_meant(conn: Connection, account: str, text: str) -> ColumnElement[bool]:
    """Whether the listed employee is one whom a text means."""
    mine = and_(
        litmos_user.c.account == account, link.c.account == account, litmos_user.c.id == link.c.user_id
    )
    named = select(link.c.user_id).where(
        mine, link.c.employee_id == employee.c.employee_id, or_(*_users_begin(conn, text))
    )
    return or_(_begins(conn, employee.c.employee_id, text), named.correlate(employee).exists())


def _users_begin(conn: Connection, text: str) -> list[ColumnElement[bool]]:
    key = comparable(text)
    return [_begins(conn, column, key) for column in (litmos_user.c.username_key, litmos_user.c.email_key)]


def _beyond(after: str) -> ColumnElement[bool]:
    """Not a bare column: else everybody from there on is walked, and not those few who are meant looked up."""
    return func.coalesce(employee.c.employee_id, employee.c.employee_id) > after


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
        change.c.run_id == run_id,
        IS_HELD if state == "held" else change.c.state == state,
        change.c.action == "update",
    )
    found: dict[str, int] = {}
    for after in conn.execute(query).scalars():
        for name in after:
            found[name] = found.get(name, 0) + 1
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))
