"""Revisions: that of a database, and those that this code knows, without alembic, which takes longer to load than a command to run."""

import re
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import column, inspect, select, table

import syncd
from syncd.errors import StoreError
from syncd.store.database import Database, open_database

_SAYS = re.compile(r'^(revision|down_revision) = (?:"(\w+)"|None)$', re.MULTILINE)
_VERSION = table("alembic_version", column("version_num"))


def folder() -> Path:
    """Where the migrations are: beside the package (installed) or in the checkout."""
    package = Path(syncd.__file__).resolve().parent
    for place in (package / "migrations", package.parent / "migrations"):
        if (place / "env.py").is_file():
            return place
    raise StoreError("the migrations are missing from this installation; install syncd again")


def known() -> Sequence[str]:
    """The revisions of this code, from the first to the one that it needs. Raises StoreError if they are no chain."""
    after: dict[str | None, str] = {}
    for file in sorted((folder() / "versions").glob("*.py")):
        said = {name: value or None for name, value in _SAYS.findall(file.read_text(encoding="utf-8"))}
        if revision := said.get("revision"):
            after[said.get("down_revision")] = revision
    chain: list[str] = []
    while (follows := after.pop(chain[-1] if chain else None, None)) is not None:
        chain.append(follows)
    if after or not chain:
        raise StoreError("the migrations of this installation are no chain; install syncd again")
    return chain


def revisions(database: Database) -> tuple[str | None, str]:
    """The database's revision (None: empty) and the one this code needs."""
    with database.read() as conn:
        has_one = inspect(conn).has_table(_VERSION.name)
        have = conn.execute(select(_VERSION.c.version_num)).scalar() if has_one else None
    return have, known()[-1]


def check(database: Database) -> None:
    """Raise StoreError, with the command to type, unless the database is at the revision that this code needs."""
    have, need = revisions(database)
    if have == need:
        return
    if have is None:
        raise StoreError("the database is empty; make its tables with: syncd db upgrade")
    if have not in known():
        raise StoreError(
            f"the database is newer than this syncd (revision {have}); install the newer syncd again"
        )
    raise StoreError(f"the database is at revision {have}, this syncd needs {need}; run: syncd db upgrade")


def is_at_head(database: Database) -> bool:
    """Whether the database is at the revision that this code needs."""
    have, need = revisions(database)
    return have == need


def open_at_head(url: str, *, migrate: bool = False) -> Database:
    """Open a database and see that it is at head. A new SQLite database gets its tables; ``migrate``: any other one, too.

    Raises StoreError.
    """
    path = url.removeprefix("sqlite:///")
    new = url.startswith("sqlite:///") and (not Path(path).exists() or not Path(path).stat().st_size)
    database = open_database(url)
    try:
        if (migrate or new) and not is_at_head(database):
            from syncd.store.migrate import upgrade

            upgrade(database)
        else:
            check(database)
    except StoreError:
        database.close()
        raise
    return database
