"""Sizes: how large the database is, and each table of it."""

from pathlib import Path

from sqlalchemy import func, select, text

from syncd.store.database import Database
from syncd.store.schema import metadata


def rows(database: Database) -> dict[str, int]:
    """How many rows each table has, by name."""
    with database.read() as conn:
        return {
            table.name: int(conn.execute(select(func.count()).select_from(table)).scalar_one())
            for table in sorted(metadata.sorted_tables, key=lambda table: table.name)
        }


def size_bytes(database: Database) -> int:
    """What it takes on the disk, with what SQLite has not folded in yet."""
    if database.path is None:
        with database.read() as conn:
            return int(conn.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    beside = (Path(f"{database.path}{suffix}") for suffix in ("", "-wal"))
    return sum(path.stat().st_size for path in beside if path.exists())
