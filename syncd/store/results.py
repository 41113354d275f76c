"""Results: the ledger. Versions are only ever added, each with the next ``seq`` of its account."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, and_, func, select, update
from sqlalchemy import Row as SqlRow

from syncd.core.completion import Completion
from syncd.core.results import DOUBT, Event, Status, Version, lapse, link
from syncd.store.batches import insert_many
from syncd.store.mirror import set_watermark
from syncd.store.result_tables import result_version
from syncd.store.schema import link as links
from syncd.store.schema import watermark as marks

__all__ = [
    "Filters",
    "add",
    "listed",
    "revise",
    "set_watermark",
    "settle",
    "totals",
    "versions_of",
    "watermark",
]

Item = TypeVar("Item")
CHUNK = 500
_TIMES = frozenset(field.name for field in fields(Completion) if field.name.endswith(("_at", "_until")))
_NAMES = (
    *("account", "result_id", "version", "seq", "is_current", "kind", "user_id", "employee_id", "object_id"),
    *("status", "event", "attempt", "reverses", "compliant_until", "data", "run_id", "made_at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which versions are listed: "" and 0 for any; without ``history`` only the current one of each result."""

    employee_id: str = ""
    kind: str = ""
    status: str = ""
    since: int = 0
    history: bool = False


def _by_chunk(items: Iterable[Item]) -> Iterator[list[Item]]:
    """These, not too many at once."""
    rest = iter(items)
    while some := list(islice(rest, CHUNK)):
        yield some


def watermark(conn: Connection, account: str, name: str) -> datetime | None:
    """A watermark, or None."""
    found: datetime | None = conn.execute(
        select(marks.c.value).where(marks.c.account == account, marks.c.name == name)
    ).scalar()
    return found


def versions_of(conn: Connection, account: str, result_ids: Collection[str]) -> dict[str, list[Version]]:
    """All versions of these results, oldest first."""
    found: dict[str, list[Version]] = {}
    for some in _by_chunk(dict.fromkeys(result_ids)):
        query = (
            select(result_version)
            .where(result_version.c.account == account, result_version.c.result_id.in_(some))
            .order_by(result_version.c.result_id, result_version.c.version)
        )
        for row in conn.execute(query):
            found.setdefault(row.result_id, []).append(version_of(row))
    return found


def revise(
    conn: Connection,
    account: str,
    run_id: int | None,
    found: Iterable[Completion],
    now: datetime,
    decide: Callable[[Sequence[Version], Completion], Version | None],
) -> list[Version]:
    """Let ``decide`` say what becomes of the ledger, in the order in which Litmos says it; returns the new versions."""
    employees = {
        row.user_id: row.employee_id
        for row in conn.execute(
            select(links.c.user_id, links.c.employee_id).where(links.c.account == account)
        )
    }
    made: list[Version] = []
    for some in _by_chunk(found):
        known = versions_of(conn, account, [one.result_id for one in some])
        fresh: list[Version] = []
        for said in some:
            history = known.setdefault(said.result_id, [])
            version = decide(history, said)
            if version is None:
                continue
            if not history:
                version = replace(version, employee_id=employees.get(said.user_id, ""))
            history.append(version)
            fresh.append(version)
        made += add(conn, account, run_id, fresh, now)
    return made


def settle(conn: Connection, account: str, run_id: int | None, now: datetime) -> list[Version]:
    """What becomes of results without a word of Litmos': completions that lapsed, and people who were linked since."""
    current = and_(result_version.c.account == account, result_version.c.is_current)
    lapsed = select(result_version).where(
        current,
        result_version.c.status == Status.COMPLETED.value,
        result_version.c.compliant_until <= now - DOUBT,
    )
    over = [version_of(row) for row in conn.execute(lapsed)]
    made = add(conn, account, run_id, [one for each in over if (one := lapse(each, now))], now)
    relinked = (
        select(result_version, links.c.employee_id.label("linked_to"))
        .join(links, and_(links.c.account == account, links.c.user_id == result_version.c.user_id))
        .where(current, links.c.employee_id != result_version.c.employee_id)
    )
    theirs = [(version_of(row), str(row.linked_to)) for row in conn.execute(relinked)]
    return made + add(conn, account, run_id, [one for each, who in theirs if (one := link(each, who))], now)


def add(
    conn: Connection, account: str, run_id: int | None, versions: Sequence[Version], now: datetime
) -> list[Version]:
    """Add versions, in this order; returns them with their ``seq``. Only one process may be at it (the turn to pull)."""
    last = conn.execute(
        select(func.coalesce(func.max(result_version.c.seq), 0)).where(result_version.c.account == account)
    ).scalar_one()
    numbered = [replace(one, seq=int(last) + number) for number, one in enumerate(versions, start=1)]
    for some in _by_chunk(dict.fromkeys(one.said.result_id for one in versions)):
        conn.execute(
            update(result_version)
            .where(
                result_version.c.account == account,
                result_version.c.result_id.in_(some),
                result_version.c.is_current,
            )
            .values(is_current=False)
        )
    newest = {one.said.result_id: one.version for one in versions}
    insert_many(
        conn,
        result_version,
        _NAMES,
        (
            (
                *(
                    account,
                    one.said.result_id,
                    one.version,
                    one.seq,
                    newest[one.said.result_id] == one.version,
                ),
                *(one.said.kind, one.said.user_id, one.employee_id, one.said.object_id, one.status.value),
                *(one.event.value, one.attempt, one.reverses, one.said.compliant_until, _to_json(one.said)),
                *(run_id, now),
            )
            for one in numbered
        ),
    )
    return numbered


def current_of(
    conn: Connection, account: str, kind: str, *, object_id: str = "", user_id: str = ""
) -> list[Version]:
    """The current versions of one kind, about an object or of a user, where these are given."""
    query = select(result_version).where(
        result_version.c.account == account, result_version.c.is_current, result_version.c.kind == kind
    )
    if object_id:
        query = query.where(result_version.c.object_id == object_id)
    if user_id:
        query = query.where(result_version.c.user_id == user_id)
    return [version_of(row) for row in conn.execute(query)]


def listed(conn: Connection, account: str, filters: Filters) -> Iterator[Version]:
    """Versions by rising ``seq``."""
    query = select(result_version).where(result_version.c.account == account)
    for column, value in (
        (result_version.c.employee_id, filters.employee_id),
        (result_version.c.kind, filters.kind),
        (result_version.c.status, filters.status),
    ):
        if value:
            query = query.where(column == value)
    if not filters.history:
        query = query.where(result_version.c.is_current)
    query = query.where(result_version.c.seq > filters.since).order_by(result_version.c.seq)
    for row in conn.execute(query):
        yield version_of(row)


def totals(conn: Connection, account: str) -> list[dict[str, Any]]:
    """How many results there are by kind and status, how many of them have no employee, and of how many versions."""
    current = func.sum(result_version.c.is_current.cast(_integer()))
    unlinked = func.sum(
        and_(result_version.c.is_current, result_version.c.employee_id == "").cast(_integer())
    )
    query = (
        select(
            result_version.c.kind,
            result_version.c.status,
            current.label("results"),
            unlinked.label("unlinked"),
            func.count().label("versions"),
        )
        .where(result_version.c.account == account)
        .group_by(result_version.c.kind, result_version.c.status)
        .order_by(result_version.c.kind, result_version.c.status)
    )
    return [
        {**row._mapping, "results": int(row.results), "unlinked": int(row.unlinked)}  # noqa: SLF001
        for row in conn.execute(query)
    ]


def _integer() -> Any:
    return result_version.c.version.type


def version_of(row: SqlRow[Any]) -> Version:
    """A version as stored."""
    return Version(
        version=row.version,
        event=Event(row.event),
        status=Status(row.status),
        attempt=row.attempt,
        said=_from_json(row.data),
        reverses=row.reverses,
        employee_id=row.employee_id,
        seq=row.seq,
    )


def _to_json(one: Completion) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(one).items()
    }


def _from_json(data: Mapping[str, Any]) -> Completion:
    values: dict[str, Any] = {
        name: datetime.fromisoformat(value) if name in _TIMES and value else value
        for name, value in data.items()
    }
    return Completion(**values)
