"""Migrations: bring the database to the schema of this code, once, whatever the number of processes that start."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import cast

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from syncd.errors import StoreError
from syncd.store.database import Database
from syncd.store.revisions import check, folder, known, revisions

_LOCK = 7_302_115_001
"""Any number will do: the advisory lock of PostgreSQL under which syncd migrates."""

_PATIENCE = 60
"""Seconds to wait for another process that migrates."""


def configuration(conn: Connection | None = None) -> Config:
    """An alembic configuration without a file; ``conn`` is the connection to migrate."""
    config = Config()
    config.set_main_option("script_location", str(folder()).replace("%", "%%"))
    config.attributes["connection"] = conn
    return config


def upgrade(database: Database) -> bool:
    """Bring the database to head; False if it was there already.

    A SQLite file that has tables is copied beside itself first (``syncd.db.before-REVISION``). Raises StoreError if the
    database is newer than this code, or another process has been migrating it for a minute.
    """
    have, need = revisions(database)
    if have == need:
        return False
    if have is not None:
        if have not in known():
            check(database)
        back_up(database, need)
    with database.write() as conn:
        if not database.is_sqlite:
            conn.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}s'"))
            conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        command.upgrade(configuration(conn), "head")
    return True


def back_up(database: Database, revision: str) -> Path | None:
    """Copy a SQLite file, private, to ``NAME.before-REVISION`` and return that; PostgreSQL is its owner's to back up.

    A copy that is there already stays: it is from before an earlier try. Raises StoreError if there is no room for it.
    """
    if database.path is None:
        return None
    copy = database.path.with_name(f"{database.path.name}.before-{revision}")
    if copy.exists():
        return copy
    half = copy.with_name(f"{copy.name}.part")
    half.unlink(missing_ok=True)
    try:
        os.close(os.open(half, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(half)) as target, database.read() as conn:
            cast(sqlite3.Connection, conn.connection.dbapi_connection).backup(target)
        half.replace(copy)
    except (OSError, sqlite3.Error) as error:
        half.unlink(missing_ok=True)
        raise StoreError(
            f"the database was not migrated, for it cannot be copied to {copy} first: {error}; make room there"
        ) from None
    return copy
