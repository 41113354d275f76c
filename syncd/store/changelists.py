"""Lists of Changes, a page at a time, and what failed. A page begins where the one before it ended, by key, not by counting (ADR 0038)."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from syncd.core.model import Action, ObjectKind
from syncd.core.states import CHANGE_STATES
from syncd.store.among import rows_among
from syncd.store.queue import CHUNK
from syncd.store.schema import (
    IS_FAILED,
    change,
    run,
)

_HAS_CODE = change.c.code != literal_column("''")
"""Said with a constant, as in the index of codes."""


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
    above: int | None = None
    """Only with a higher id."""
    open_since: datetime | None = None
    """Only what failed since then and nothing took up."""


CLOSED: Mapping[str, tuple[str, ...]] = {
    "kind": tuple(ObjectKind),
    "action": tuple(Action),
    "state": CHANGE_STATES,
}
"""The columns of a Change that have few values, with all of these, in the order of their indexes."""


OPEN = ("employee_id", "code", "rule")
"""Those with many values: each has an index with the id behind it."""


def changes(
    conn: Connection, account: str, wanted: Wanted, *, before: int | None, limit: int
) -> list[RowMapping]:
    """Changes, newest first, with ids below ``before``."""
    if wanted.open_since is not None:  # what is open has failed
        if wanted.state not in ("", "failed"):
            return []
        wanted = replace(wanted, state="failed")
    newest = _newest(conn, account, wanted, before, limit)
    if newest is None:
        return []
    ids = list(conn.execute(newest).scalars())
    query = _with_runs().where(change.c.id.in_(ids)).order_by(change.c.id.desc())
    return list(conn.execute(query).mappings())


LOOKED_THROUGH = 20_000
"""So many ids a page looks through for a field, of which no index knows."""


def horizon(conn: Connection, account: str, wanted: Wanted, before: int | None) -> int | None:
    """The id down to which a page looks for ``wanted.field``, as ``above`` says it; None if that is all there is.

    It begins with the newest Change that all but the field is true of.
    """
    anything = replace(wanted, field="")
    newest = changes(conn, account, anything, before=before, limit=1)
    if not newest:
        return None
    low = newest[0]["id"] - LOOKED_THROUGH
    return low if changes(conn, account, anything, before=low + 1, limit=1) else None


MARGIN = timedelta(days=2)
"""Changes are stored in about the order in which their Runs began to work, which may be long after they were made: none is further off
than this.
"""


def _spanned(conn: Connection, account: str, wanted: Wanted) -> list[ColumnElement[bool]] | None:
    """What narrows Changes to an account and a span of time: their Runs, and the ids between which they lie, so that not all are walked.

    None if there are none.
    """
    if wanted.since is None and wanted.until is None:
        return [_owned(account)]
    if wanted.run_id is not None:  # all of its Changes, or none
        mine = select(run.c.id).where(run.c.account == account, run.c.id == wanted.run_id)
        since = [] if wanted.since is None else [run.c.created_at >= wanted.since]
        until = [] if wanted.until is None else [run.c.created_at < wanted.until]
        return None if conn.execute(mine.where(*since, *until)).first() is None else [_owned(account)]
    ids, made = [], []
    if wanted.since is not None:
        ids.append(change.c.id >= _first_since(conn, wanted.since - MARGIN))
        made.append(run.c.created_at >= wanted.since)
    if wanted.until is not None:
        begun = select(func.max(_BEGAN)).where(run.c.account == account, run.c.created_at < wanted.until)
        last = conn.execute(begun).scalar()
        if last is None:
            return None
        ids.append(change.c.id < _first_since(conn, last + MARGIN))
        made.append(run.c.created_at < wanted.until)
    return [*ids, _of_a_run(run.c.account == account, *made)]


_BEGAN = func.coalesce(run.c.started_at, run.c.created_at)
"""When a Run began to work."""


def _first_since(conn: Connection, at: datetime) -> int:
    """An id before which all Changes are of Runs that began before then, by halves: some twenty looks at single rows."""
    began = select(_BEGAN).where(run.c.id == change.c.run_id).scalar_subquery()
    looked = select(change.c.id, began.label("began")).order_by(change.c.id).limit(1)
    low, high = 0, (conn.execute(select(func.max(change.c.id))).scalar() or 0) + 1
    while low < high:
        middle = (low + high) // 2
        row = conn.execute(looked.where(change.c.id >= middle)).first()
        if row is None or row.began >= at:
            high = middle
        else:
            low = row.id + 1
    return low


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
    query = select(change.c.id).order_by(change.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(change.c.id < before)
    if wanted.above is not None:
        query = query.where(change.c.id > wanted.above)
    if wanted.run_id is not None:
        query = query.where(change.c.run_id == wanted.run_id)
    if (spanned := _spanned(conn, account, wanted)) is None:
        return None
    query = query.where(*spanned)
    if wanted.field:
        named = (_names(conn, change.c[name], wanted.field) for name in ("after", "before"))
        query = query.where(or_(*named))
    asked = {name: getattr(wanted, name) for name in CLOSED}
    query = query.where(*([] if wanted.open_since is None else _open(account, wanted.open_since)))
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
    """Whether a Change is of this account."""
    return _of_a_run(run.c.account == account)


def _of_a_run(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether this is true of a Change's Run: looked up for each Change that is met, and not the other way round, Run by Run."""
    return select(and_(*conditions)).where(run.c.id == change.c.run_id).scalar_subquery()


def first_of_run(conn: Connection, run_id: int, limit: int) -> list[RowMapping]:
    """A Run's first Changes in the Plan's order, in which they got their ids."""
    query = select(change.c.id).where(change.c.run_id == run_id).order_by(change.c.id).limit(limit)
    first = _pieces(query, _combinations(conn, run_id)).order_by("id").limit(limit)
    ids = list(conn.execute(first).scalars())
    found = _with_runs().where(change.c.id.in_(ids)).order_by(change.c.id)
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
    query = select(*(change.c[name] for name in names)).where(_owned(account), change.c.state != "planned")
    rows = sorted(rows_among(conn, query, change.c.employee_id, employee_ids), key=lambda row: row.id)
    last = {(row.employee_id, row.key): row for row in rows}
    return [dict(row._mapping) for row in last.values() if row.state in {"held", "queued", "failed"}]  # noqa: SLF001 - SQLAlchemy's name for a public thing


def problems(conn: Connection, account: str, since: datetime) -> list[dict[str, Any]]:
    """What failed since then and no later Change of the same thing has taken up, by code, the commonest first."""
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
        .where(_owned(account), *_open(account, since))
        .group_by(change.c.code)
        .order_by(func.count().desc(), change.c.code)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


def taken_up(conn: Connection, account: str, change_id: int) -> bool:
    """Whether a later Change of the same thing took up this one."""
    query = select(change.c.id).where(change.c.id == change_id, _later(account))
    return conn.execute(query).first() is not None


def any_taken_up(conn: Connection, account: str, run_id: int, keys: Sequence[str]) -> bool:
    """Whether a later Change took up any of these of a Run."""
    return any(
        conn.execute(
            select(change.c.id)
            .where(change.c.run_id == run_id, change.c.key.in_(keys[start : start + CHUNK]), _later(account))
            .limit(1)
        ).first()
        for start in range(0, len(keys), CHUNK)
    )


def _open(account: str, since: datetime) -> tuple[ColumnElement[bool], ...]:
    """Whether a Change failed since then and nothing took it up."""
    # Not a bare column: else all that ended since then is walked by its index, and not the few that failed by theirs.
    ended_at = func.coalesce(change.c.finished_at, change.c.finished_at)
    return IS_FAILED, ended_at >= since, ~_later(account)


def _later(account: str) -> ColumnElement[bool]:
    """Whether there is a later Change of the same thing in this account; what is only planned was not to be sent, and takes up nothing."""
    later = change.alias("later")
    owner = select(run.c.account).where(run.c.id == later.c.run_id).scalar_subquery()
    return exists().where(
        later.c.employee_id == change.c.employee_id,
        later.c.id > change.c.id,
        later.c.key == change.c.key,
        later.c.state != "planned",
        owner == account,
    )
