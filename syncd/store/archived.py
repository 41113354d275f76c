"""Archived: which inputs of which Runs are kept in the archive, and under which hash."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, RowMapping, delete, insert, select

from syncd.store.archived_tables import archived_input
from syncd.store.runs import UNFINISHED
from syncd.store.schema import input_, run


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """One input of a Run that is kept, with all that planning it again needs besides its rows.

    ``of_nodes``: its rows are nodes of an organisation, and ``source`` is their space. ``reading`` is a hash of what the source
    made of the bytes that ``sha256`` stands for, ``content`` the one under which that is kept. ``read_at`` is the moment as of
    which it was mapped.
    """

    run_id: int
    source: str
    of_nodes: bool
    sha256: str
    reading: str
    content: str
    size_bytes: int
    rows: int
    place: str
    complete: bool
    modified_at: datetime | None
    dated: date | None
    read_at: datetime
    config_digest: str


def save(conn: Connection, account: str, one: Archived) -> None:
    """Keep it, in place of what the Run has read of this source before."""
    table = archived_input.c
    same = (table.account == account) & (table.run_id == one.run_id) & (table.source == one.source)
    conn.execute(delete(archived_input).where(same, table.of_nodes.is_(one.of_nodes)))
    values = {name: getattr(one, name) for name in Archived.__slots__}
    values["dated"] = "" if one.dated is None else one.dated.isoformat()
    conn.execute(insert(archived_input).values(account=account, **values))


def same_reading(conn: Connection, account: str, reading: str) -> tuple[str, int] | None:
    """The content and its size under which this very reading is kept already, or None."""
    query = select(archived_input.c.content, archived_input.c.size_bytes).where(
        archived_input.c.account == account, archived_input.c.reading == reading
    )
    found = conn.execute(query.limit(1)).first()
    return None if found is None else (found.content, found.size_bytes)


def of_run(conn: Connection, account: str, run_id: int) -> list[Archived]:
    """What is kept of a Run, in the order in which it read it."""
    query = select(archived_input).where(
        archived_input.c.account == account, archived_input.c.run_id == run_id
    )
    return [_to_archived(row) for row in conn.execute(query.order_by(archived_input.c.id)).mappings()]


def newest(conn: Connection, account: str, limit: int) -> list[Archived]:
    """What is kept of the newest Runs of which anything is, so many Runs at most, the newest first."""
    mine = archived_input.c.account == account
    runs = select(archived_input.c.run_id).where(mine).group_by(archived_input.c.run_id)
    runs = runs.order_by(archived_input.c.run_id.desc()).limit(limit)
    query = select(archived_input).where(mine, archived_input.c.run_id.in_(runs))
    rows = conn.execute(query.order_by(archived_input.c.run_id.desc(), archived_input.c.id)).mappings()
    return [_to_archived(row) for row in rows]


def read_lately(conn: Connection, account: str, limit: int) -> list[RowMapping]:
    """What the newest Runs have read of HR, kept or not, newest first: run_id, source, name (of the file), rows, size_bytes, sha256, read_at."""
    columns = (
        input_.c.run_id,
        input_.c.source,
        input_.c.name,
        input_.c.rows,
        input_.c.sha256,
        input_.c.read_at,
        input_.c.size_bytes,
    )
    query = select(*columns).where(input_.c.account == account)
    return list(conn.execute(query.order_by(input_.c.id.desc()).limit(limit)).mappings())


def expired(conn: Connection, account: str, before: datetime) -> list[int]:
    """The ids of what was read before then, of Runs that are not waiting for anything any more."""
    waiting = select(run.c.id).where(run.c.account == account, run.c.state.in_([*UNFINISHED, "held"]))
    query = select(archived_input.c.id).where(
        archived_input.c.account == account,
        archived_input.c.read_at <= before,
        archived_input.c.run_id.not_in(waiting),
    )
    return list(conn.execute(query).scalars())


def forget(conn: Connection, ids: Collection[int]) -> int:
    """Remove these rows; returns how many there were."""
    return conn.execute(delete(archived_input).where(archived_input.c.id.in_(sorted(ids)))).rowcount


def all_of(conn: Connection, account: str) -> list[Archived]:
    """Everything that is kept."""
    query = select(archived_input).where(archived_input.c.account == account)
    return [_to_archived(row) for row in conn.execute(query).mappings()]


def forget_contents(conn: Connection, account: str, found: Collection[str]) -> int:
    """Nothing refers to what is kept under these hashes any more; returns how many rows did."""
    mine = (archived_input.c.account == account) & archived_input.c.content.in_(sorted(found))
    return conn.execute(delete(archived_input).where(mine)).rowcount


def contents(conn: Connection, account: str) -> frozenset[str]:
    """The hashes under which something is kept that a Run has read."""
    query = select(archived_input.c.content).where(archived_input.c.account == account).distinct()
    return frozenset(conn.execute(query).scalars())


def by_run(found: Sequence[Archived]) -> dict[int, list[Archived]]:
    """The same by Run, in the same order."""
    sorted_out: dict[int, list[Archived]] = {}
    for one in found:
        sorted_out.setdefault(one.run_id, []).append(one)
    return sorted_out


def _to_archived(row: RowMapping) -> Archived:
    values = {name: row[name] for name in Archived.__slots__}
    return Archived(**{**values, "dated": date.fromisoformat(row["dated"]) if row["dated"] else None})
