"""Vacuuming: on PostgreSQL what was erased stays on disk as old row versions until its table is vacuumed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from syncd.store.database import Database

_OLD = text("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relid = CAST(:name AS regclass)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacuumed:
    """Tables by what became of their old row versions: all are gone; some ``stay``; the database ``refused`` to look."""

    done: tuple[str, ...] = ()
    stay: tuple[str, ...] = ()
    """a transaction that began earlier may still see them, or the table was written to meanwhile"""
    refused: tuple[str, ...] = ()
    """only a table's owner may"""

    @property
    def statement(self) -> str:
        """What somebody is to type into psql for the tables that are left; "" if none is."""
        left = sorted((*self.stay, *self.refused))
        return f"VACUUM {', '.join(left)};" if left else ""


def vacuum(database: Database, tables: Sequence[str]) -> Vacuumed:
    """Vacuum these tables of syncd, each by itself, beside whoever is at work; nothing on SQLite, which overwrites what it deletes.

    No FULL, which would lock everybody out. Raises nothing: what was erased is erased.
    """
    if database.is_sqlite:
        return Vacuumed()
    became: dict[str, str] = {}
    try:
        for name in tables:
            became[name] = _vacuum(database, name)
    except SQLAlchemyError:
        became |= {name: "refused" for name in tables if name not in became}
    of = {
        each: tuple(name for name in tables if became[name] == each) for each in ("done", "stay", "refused")
    }
    return Vacuumed(done=of["done"], stay=of["stay"], refused=of["refused"])


def _vacuum(database: Database, name: str) -> str:
    said: list[str] = []

    def hear(told: Any) -> None:
        said.append(told.severity_nonlocalized)  # read now: it is gone with the answer

    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        driver: Any = conn.connection.driver_connection
        driver.add_notice_handler(hear)
        try:
            conn.exec_driver_sql(f'VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF) "{name}"')
        finally:
            driver.remove_notice_handler(hear)
        if "WARNING" in said:
            return "refused"
        return "stay" if conn.execute(_OLD, {"name": f'"{name}"'}).scalar() else "done"
