"""Events: what happened, as stored for ``syncd logs`` and the page of a Run; and removing what is old."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, delete, func, insert, literal_column, select, union

from syncd.store.database import Database
from syncd.store.event_tables import event
from syncd.store.schema import change

CHUNK = 1000
"""Rows that one transaction removes at most."""
NEARLY = 1000
"""Ids are given in the order of time but for this many: processes store theirs half a second apart."""
LONGEST = 2000
"""Characters of one text that are kept."""
LEVELS = ("info", "warning", "error")
"""From the least important one that is stored."""
_OWN = ("timestamp", "level", "event", "run_id", "job_id", "employee_id", "code")
_TROUBLE = event.c.level != literal_column("'info'")
"""Said with constants, as in the indexes for them."""
_HAS_CODE = event.c.code != literal_column("''")
_HAS_PERSON = event.c.employee_id != literal_column("''")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which events are meant: all that each part names; an empty part names all.

    ``level`` means that one and what is worse; ``employee_id`` whoever an event names, or the Changes of its Job;
    ``since`` from that time on.
    """

    run_id: int | None = None
    employee_id: str = ""
    level: str = ""
    code: str = ""
    event: str = ""
    since: datetime | None = None


def row_of(told: Mapping[str, Any], account: str, process: str) -> dict[str, Any]:
    """An event as the log tells it (``timestamp`` ISO 8601, ``level``, ``event``, facts) as a row."""
    facts = {name: value for name, value in told.items() if name not in _OWN}
    return {
        "account": account,
        "at": datetime.fromisoformat(str(told["timestamp"])),
        "level": "error" if told["level"] == "critical" else str(told["level"]),
        "event": _kept(told["event"]),
        "run_id": _number(told.get("run_id")),
        "job_id": _number(told.get("job_id")),
        "employee_id": _kept(told.get("employee_id") or ""),
        "code": _kept(told.get("code") or ""),
        "facts": _storable(facts),
        "process": process,
    }


def add(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store what ``row_of`` made."""
    conn.execute(insert(event), list(rows))


def listed(
    conn: Connection,
    account: str,
    sought: Sought,
    *,
    after: int | None = None,
    before: int | None = None,
    limit: int,
) -> list[RowMapping]:
    """Events, newest first, with ids above ``after`` and below ``before``."""
    mine = event.c.account == account
    query = select(event).where(mine).order_by(event.c.id.desc()).limit(limit)
    if sought.since is not None:
        first = select(event.c.id).where(mine, event.c.at >= sought.since).order_by(event.c.at).limit(1)
        # Not a bare column: else all since then is sorted, and not walked from its newest on.
        at = func.coalesce(event.c.at, event.c.at)
        query = query.where(event.c.id >= first.scalar_subquery() - NEARLY, at >= sought.since)
    if after is not None:
        query = query.where(event.c.id > after)
    if before is not None:
        query = query.where(event.c.id < before)
    return list(conn.execute(_narrowed(query, sought)).mappings())


def _narrowed(query: Select[Any], sought: Sought) -> Select[Any]:
    if sought.run_id is not None:
        query = query.where(event.c.run_id == sought.run_id)
    if sought.event and sought.run_id is None:
        query = query.where(event.c.event == sought.event)
    elif sought.event:
        # Not a bare column: else all such events since the Run are walked, and not the Run's own.
        query = query.where(func.coalesce(event.c.event, event.c.event) == sought.event)
    if sought.code:
        query = query.where(event.c.code == sought.code, _HAS_CODE)
    if sought.level and sought.level != LEVELS[0]:
        query = query.where(event.c.level.in_(LEVELS[LEVELS.index(sought.level) :]), _TROUBLE)
    if sought.employee_id:
        theirs = select(change.c.job_id).where(
            change.c.employee_id == sought.employee_id, change.c.job_id.is_not(None)
        )
        named = select(event.c.id).where(event.c.employee_id == sought.employee_id, _HAS_PERSON)
        of_jobs = select(event.c.id).where(event.c.job_id.is_not(None), event.c.job_id.in_(theirs))
        query = query.where(event.c.id.in_(union(named, of_jobs)))
    return query


def newest(conn: Connection, account: str) -> int:
    """The id of the newest event, 0 if there is none."""
    found = conn.execute(select(func.max(event.c.id)).where(event.c.account == account)).scalar()
    return int(found or 0)


def prune(database: Database, account: str, keep: float | None, *, dry_run: bool = False) -> int:
    """Remove events older than ``keep`` seconds (None: none), a chunk at a time; returns how many."""
    if keep is None:
        return 0
    with database.read() as conn:
        before = database.now(conn) - timedelta(seconds=keep)
        if dry_run:
            old = select(func.count()).where(event.c.account == account, event.c.at < before)
            return int(conn.execute(old).scalar_one())
    number = 0
    while True:
        with database.write() as conn:
            some = list(
                conn.execute(
                    select(event.c.id)
                    .where(event.c.account == account, event.c.at < before)
                    .order_by(event.c.at)
                    .limit(CHUNK)
                ).scalars()
            )
            if some:
                number += conn.execute(delete(event).where(event.c.id.in_(some))).rowcount
        if len(some) < CHUNK:
            return number


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _kept(value: object) -> str:
    """Text that both databases take: no NUL, no half characters, and not too long."""
    text = str(value)[:LONGEST].replace("\x00", "\ufffd")
    return text.encode("utf-8", "replace").decode()


def _storable(value: Any) -> Any:
    """The same as JSON that both databases take; what is no JSON becomes text."""
    return _cut(json.loads(json.dumps(value, default=str)))


def _cut(value: Any) -> Any:
    match value:
        case str():
            return _kept(value)
        case dict():
            return {_kept(name): _cut(one) for name, one in value.items()}
        case list():
            return [_cut(one) for one in value]
        case _:
            return value
