"""Settled: the people of the last accepted input, by the hash of their row, and with whom nothing was left to do.

As long as the row, the mirror, the configuration and, where dates matter, the day are the same, nothing is left to do with
whoever is at rest, and a push need not look at them. Whoever writes something that a Plan rests on says so here
(``disturb_...``), in the same transaction. Who is disturbed is only looked at once more: to disturb too many costs time, and
nothing else.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    delete,
    insert,
    literal,
    literal_column,
    select,
    update,
)

from syncd.store.among import rows_among
from syncd.store.batches import insert_many
from syncd.store.schema import IS_LIVE, change, employee, job
from syncd.store.settled_tables import settled, settled_under

CHUNK = 500
FETCHED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """One of them: the hash of their row, which mapped columns it fills in (a bit each), and until when, if dates matter.

    ``at_rest`` False: they are to be looked at. ``user_id`` is "" for somebody without a Litmos user, ``id_key`` the
    employee id as ids are compared, ``manager`` what HR names as theirs.
    """

    employee_id: str
    row_hash: bytes
    filled: int
    at_rest: bool
    due_at: datetime | None = None
    user_id: str = ""
    id_key: str = ""
    manager: str = ""


_NAMES = tuple(field.name for field in fields(Settled))
_values = attrgetter(*_NAMES)


def facts_under(conn: Connection, account: str, source: str, digest: str) -> Mapping[str, Any] | None:
    """What was kept along with the people of this source, if they were settled under the same ``digest``."""
    here = (settled_under.c.account == account) & (settled_under.c.source == source)
    row = conn.execute(select(settled_under).where(here)).first()
    return None if row is None or row.digest != digest else row.facts


def keep_facts(conn: Connection, account: str, source: str, digest: str, facts: Mapping[str, Any]) -> None:
    """From now on the people of this source are settled under this ``digest``."""
    here = (settled_under.c.account == account) & (settled_under.c.source == source)
    conn.execute(delete(settled_under).where(here))
    conn.execute(
        insert(settled_under).values(account=account, source=source, digest=digest, facts=dict(facts))
    )


def forget_facts(conn: Connection, account: str) -> None:
    """Nobody is at rest any more: an input was taken of which that was not remembered."""
    conn.execute(delete(settled_under).where(settled_under.c.account == account))


def hashes(conn: Connection, account: str, source: str, now: datetime) -> dict[bytes, int]:
    """Row hash -> filled columns of everybody who is at rest at ``now``; read without a row object for each.

    They are in the order in which they were stored, which is most likely that of the file: those that are looked up one
    after the other are neighbours in memory, too.
    """
    at_rest = select(settled.c.row_hash, settled.c.filled).where(settled.c.at_rest.is_(True))
    query = at_rest.where(_of(account, source))
    if conn.dialect.name == "sqlite":  # "+" keeps it from going by an index, in the order of the hashes
        here = (literal_column("+settled.account") == account) & (settled.c.source == source)
        query = at_rest.where(here).order_by(literal_column("settled.rowid"))
    found: dict[bytes, int] = {}
    for rows in _pages(conn, query):
        found.update(rows)
    for row_hash, _filled in conn.execute(at_rest.where(_of(account, source), settled.c.due_at <= now)):
        found.pop(row_hash, None)
    return found


def _pages(conn: Connection, query: Select[tuple[bytes, int]]) -> Iterator[Sequence[Any]]:
    """The rows of a query, some at a time; SQLite's as its driver has them, which takes half as long."""
    if conn.dialect.name == "sqlite":
        with conn.execute(query) as result:
            while rows := result.cursor.fetchmany(FETCHED):
                yield rows
    else:
        with conn.execution_options(yield_per=FETCHED).execute(query) as result:
            yield from result.partitions()  # what the driver buffers is not for others to read


def disturbed(conn: Connection, account: str, source: str, now: datetime) -> set[str]:
    """The employee ids of those who are not at rest at ``now``."""
    query = select(settled.c.employee_id).where(_of(account, source))
    restless = conn.execute(query.where(settled.c.at_rest.is_(False))).scalars()
    due = conn.execute(query.where(settled.c.at_rest.is_(True), settled.c.due_at <= now)).scalars()
    return {*restless, *due}


def named(conn: Connection, account: str, row_hashes: Collection[bytes]) -> set[str]:
    """The employee ids of those with one of these row hashes."""
    values = list(row_hashes)
    return {
        found
        for start in range(0, len(values), CHUNK)
        for found in conn.execute(
            select(settled.c.employee_id).where(
                _here(account), settled.c.row_hash.in_(values[start : start + CHUNK])
            )
        ).scalars()
    }


class Known(NamedTuple):
    """Where to find the row of somebody: its hash, and which mapped columns it fills in."""

    employee_id: str
    row_hash: bytes
    filled: int


def people(
    conn: Connection,
    account: str,
    *,
    id_keys: Iterable[str] = (),
    user_ids: Iterable[str] = (),
    employee_ids: Iterable[str] = (),
) -> set[Known]:
    """Those at rest with one of these ids as they are compared, users or ids."""
    query = select(settled.c.employee_id, settled.c.row_hash, settled.c.filled).where(
        _here(account), settled.c.at_rest.is_(True)
    )
    found: set[Known] = set()
    for column, wanted in (
        (settled.c.id_key, id_keys),
        (settled.c.user_id, user_ids),
        (settled.c.employee_id, employee_ids),
    ):
        found.update(Known(*row) for row in rows_among(conn, query, column, set(wanted) - {""}))
    return found


def save(
    conn: Connection, account: str, source: str, found: Iterable[Settled], *, gone: Collection[str] | None
) -> None:
    """What is known of these now, in the place of what was; ``gone`` are not in the input any more, None: nobody else is."""
    every = list(found)
    if gone is None:
        conn.execute(delete(settled).where(_here(account)))
    over = sorted({one.employee_id for one in every}.union(gone)) if gone is not None else []
    for start in range(0, len(over), CHUNK):
        conn.execute(
            delete(settled).where(_here(account), settled.c.employee_id.in_(over[start : start + CHUNK]))
        )
    rows = ((account, source, *_values(one)) for one in every)
    insert_many(conn, settled, ("account", "source", *_NAMES), rows)


def expect(conn: Connection, account: str, source: str, among: Collection[str] | None) -> None:
    """Whoever HR last had (``among`` these; None: of all) and is not known here is to be looked at, and so is missed once their
    row is gone: they were rejected, or their absence could not be counted, or they were taken without everybody else.
    """
    is_known = (
        select(settled.c.employee_id)
        .where(_here(account), settled.c.employee_id == employee.c.employee_id)
        .exists()
    )
    unknown = select(
        employee.c.account,
        employee.c.employee_id,
        literal(source),
        literal(False),
        literal(b""),
        literal(0),
    ).where(employee.c.account == account, employee.c.present.is_(True), ~is_known)
    columns = ["account", "employee_id", "source", "at_rest", "row_hash", "filled"]
    values = [None] if among is None else sorted(among)
    for start in range(0, len(values), CHUNK):
        some = (
            unknown
            if among is None
            else unknown.where(employee.c.employee_id.in_(values[start : start + CHUNK]))
        )
        conn.execute(insert(settled).from_select(columns, some))


def worked_on(conn: Connection, account: str, since: datetime) -> set[str]:
    """The employees about whom a Job has ended since then."""
    query = (
        select(change.c.employee_id)
        .join(job, job.c.id == change.c.job_id)
        .where(job.c.account == account, job.c.finished_at >= since)
    )
    return set(conn.execute(query).scalars())


def at_work(conn: Connection, account: str) -> frozenset[str]:
    """The employees about whom a Job has not ended."""
    query = select(change.c.employee_id).join(job, job.c.id == change.c.job_id)
    return frozenset(conn.execute(query.where(job.c.account == account, IS_LIVE).distinct()).scalars())


def disturb_people(conn: Connection, account: str, employee_ids: Collection[str]) -> None:
    """These are to be looked at."""
    _disturb(conn, account, settled.c.employee_id, employee_ids)


def disturb_users(conn: Connection, account: str, user_ids: Collection[str]) -> None:
    """Something about these users has changed, in Litmos, or in what syncd knows of them."""
    _disturb(conn, account, settled.c.user_id, user_ids)


def disturb_reports(conn: Connection, account: str, employee_ids: Collection[str]) -> None:
    """These have another Litmos user now, or none: whoever has one of them as a manager is to be looked at."""
    _disturb(conn, account, settled.c.manager, employee_ids)


def disturb_unlinked(conn: Connection, account: str) -> None:
    """There are new users in Litmos, or some are called otherwise: one may be somebody's who was without."""
    here = _here(account) & (settled.c.user_id == "") & settled.c.at_rest.is_(True)
    conn.execute(update(settled).where(here).values(at_rest=False))


def disturb_all(conn: Connection, account: str) -> None:
    """Something has changed that a Plan rests on for anybody: a learning path, the name of a team."""
    conn.execute(update(settled).where(_here(account)).values(at_rest=False))


def _disturb(conn: Connection, account: str, column: ColumnElement[str], wanted: Collection[str]) -> None:
    values = [value for value in set(wanted) if value]
    for start in range(0, len(values), CHUNK):
        some = _here(account) & column.in_(values[start : start + CHUNK])
        conn.execute(update(settled).where(some, settled.c.at_rest.is_(True)).values(at_rest=False))


def _here(account: str) -> ColumnElement[bool]:
    return settled.c.account == account


def _of(account: str, source: str) -> ColumnElement[bool]:
    return _here(account) & (settled.c.source == source)
