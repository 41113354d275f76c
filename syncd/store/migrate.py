"""Migrations: bring the database to the schema of this code, once, whatever the number of processes that start."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

import syncd
from syncd.errors import StoreError
from syncd.store.database import Database

_LOCK = 7_302_115_001
"""Any number will do: the advisory lock of PostgreSQL under which syncd migrates."""


def folder() -> Path:
    """Where the migrations are: beside the package (installed) or in the checkout."""
    package = Path(syncd.__file__).resolve().parent
    for place in (package / "migrations", package.parent / "migrations"):
        if (place / "env.py").is_file():
            return place
    raise StoreError("the migrations are missing from this installation; install syncd again")


def configuration(conn: Connection | None = None) -> Config:
    """An alembic configuration without a file; ``conn`` is the connection to migrate."""
    config = Config()
    config.set_main_option("script_location", str(folder()).replace("%", "%%"))
    config.attributes["connection"] = conn
    return config


def revisions(database: Database) -> tuple[str | None, str]:
    """The database's revision (None: empty) and the one this code needs."""
    head = ScriptDirectory.from_config(configuration()).get_current_head()
    with database.read() as conn:
        return MigrationContext.configure(conn).get_current_revision(), str(head)


def check(database: Database) -> None:
    """Raise StoreError, with the command to type, unless the database is at the revision that this code needs."""
    have, need = revisions(database)
    if have == need:
        return
    if have is None:
        raise StoreError("the database is empty; make its tables with: syncd db upgrade")
    known = {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}
    if have not in known:
        raise StoreError(
            f"the database is newer than this syncd (revision {have}); install the newer syncd again"
        )
    raise StoreError(f"the database is at revision {have}, this syncd needs {need}; run: syncd db upgrade")


def upgrade(database: Database) -> bool:
    """Bring the database to head; False if it was there already. Raises StoreError if it is newer than this code."""
    have, need = revisions(database)
    if have == need:
        return False
    if have is not None:
        known = {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}
        if have not in known:
            check(database)
    with database.write() as conn:
        if not database.is_sqlite:
            conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        command.upgrade(configuration(conn), "head")
    return True
