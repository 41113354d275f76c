"""Scratch: a database of one's own for trying something out, with the learning paths, courses and teams of a real one."""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Table, event, insert, select

from syncd.store.columns import metadata
from syncd.store.database import Database, open_database
from syncd.store.mirror_tables import litmos_item, litmos_team, litmos_team_item
from syncd.store.schema import team_tie
from syncd.store.training_tables import litmos_module, litmos_session

_COPIED = (litmos_item, litmos_team, litmos_team_item, team_tie, litmos_module, litmos_session)
_WHERE_NAMED = ("modules_read_at", "sessions_read_at")
"""What is read of those courses alone that rows of training name: of the others nothing is known."""
_CHUNK = 500


def open_scratch(path: Path) -> Database:
    """A new, empty database in a file that nobody needs to survive anything."""
    database = open_database(f"sqlite:///{path}")
    event.listen(database.engine, "connect", _in_a_hurry)
    with database.write() as conn:
        metadata.create_all(conn)
    return database


def copy_of(database: Database, path: Path) -> Database:
    """A copy of a scratch database, in another file."""
    with closing(sqlite3.connect(path)) as target, database.read() as conn:
        cast(sqlite3.Connection, conn.connection.dbapi_connection).backup(target)
    return open_scratch(path)


def furnish(scratch: Database, real: Connection, account: str, now: datetime) -> None:
    """Give a scratch database what there is to learn, and the teams, as if all lists had been read ``now``. No people."""
    with scratch.write() as conn:
        for table in _COPIED:
            rows = real.execute(select(table).where(table.c.account == account)).mappings()
            copied = [_as_read(table, dict(row), now) for row in rows]
            for start in range(0, len(copied), _CHUNK):
                conn.execute(insert(table), copied[start : start + _CHUNK])


def _as_read(table: Table, row: dict[str, Any], now: datetime) -> dict[str, Any]:
    read = {name: now for name in table.columns.keys() if name.endswith("_read_at") or name == "changed_at"}  # noqa: SIM118 - no dict
    unread = dict.fromkeys(name for name in _WHERE_NAMED if name in read and row[name] is None)
    return {**row, **read, **unread}


def _in_a_hurry(dbapi: Any, _record: Any) -> None:
    dbapi.execute("PRAGMA synchronous=OFF")
