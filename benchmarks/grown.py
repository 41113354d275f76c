"""A grown database: syncd's own tables as years of use leave them, filled by a seed; for the benchmark of the pages, or to look at.

    python -m benchmarks.grown sqlite:////tmp/grown/syncd.db [--people 1000000] [--runs 5000] [--changes 2000000] [--seed 1]
    python -m benchmarks.grown postgresql://postgres@127.0.0.1/grown

The database must be there (SQLite makes its file) and hold no runs. Rows go in by COPY, or in batches; the indexes that no constraint needs
are made afterwards, and what the planner knows is brought up to date, as weeks of running would have done. ``benchmarks/company_runs.py`` and
``benchmarks/company_people.py`` have the rows.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy import Connection, Index, func, select, text, update

from benchmarks.company import ACCOUNT, Company
from benchmarks.company_people import tables_of_people
from benchmarks.company_runs import tables_of_runs
from syncd.core.plan import digest
from syncd.store import audit, changes
from syncd.store.batches import insert_many
from syncd.store.columns import metadata
from syncd.store.database import Database, open_database
from syncd.store.migrate import upgrade
from syncd.store.schema import run

AUDITED, ACTIONS = 5000, ("approve", "retry", "pause", "resume", "login", "decide")
UNTIL = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PART = 200_000
"""So many rows go into one transaction."""


def grow(database: Database, company: Company, *, told: bool = False) -> None:
    """Fill an empty database at head. ``told``: say what is done and how long it took."""
    with database.read() as conn:
        if conn.execute(select(run.c.id).limit(1)).first() is not None:
            raise SystemExit("there are runs in that database already; name an empty one")
    with _without_indexes(database):
        for table, names, waiting in (*tables_of_runs(company), *tables_of_people(company)):
            began, number = time.perf_counter(), 0
            while some := list(islice(waiting, PART)):
                with database.write() as conn:
                    insert_many(conn, table, names, some)
                number += len(some)
            if told:
                print(f"{table.name:20} {number:>9} rows  {time.perf_counter() - began:6.1f} s", flush=True)
    with database.write() as conn:
        _audit(conn, company)
        _digest(conn)
        _step_numbers(conn)
    _settle(database)


@contextmanager
def _without_indexes(database: Database) -> Iterator[None]:
    """Indexes are dropped for the while, and made again from the schema; those of a constraint stay."""
    indexes: list[Index] = [
        index for table in metadata.sorted_tables for index in table.indexes if not index.unique
    ]
    with database.write() as conn:
        for index in indexes:
            index.drop(conn)
    yield
    for index in indexes:
        with database.write() as conn:
            index.create(conn)


def _audit(conn: Connection, company: Company) -> None:
    """A sound chain: it is made as syncd makes it."""
    number = min(AUDITED, company.runs)
    for entry in range(number):
        run_id = 1 + entry * company.runs // number
        audit.record(
            conn,
            ACCOUNT,
            actor=("cli:ana", "web:bo", "token:grafana")[entry % 7 % 3],
            action=ACTIONS[entry % len(ACTIONS)],
            now=company.made_at(run_id),
            object_=f"run {run_id}",
            detail={"reason": "as agreed"},
        )


def _digest(conn: Connection) -> None:
    """A held Run's Plan has the digest of its Changes, or nobody could approve it."""
    for run_id in conn.execute(select(run.c.id).where(run.c.state == "held")).scalars().all():
        found = digest(changes.load(conn, run_id))
        conn.execute(update(run).where(run.c.id == run_id).values(plan_digest=found))


def _step_numbers(conn: Connection) -> None:
    """PostgreSQL's counters go on after the ids that were given."""
    if conn.dialect.name == "sqlite":
        return
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is None:
            continue
        highest = conn.execute(select(func.coalesce(func.max(column), 0) + 1)).scalar_one()
        statement = text("SELECT setval(pg_get_serial_sequence(:name, :column), :next, false)")
        conn.execute(statement, {"name": table.name, "column": column.name, "next": highest})


def _settle(database: Database) -> None:
    """As a database is after a night's rest: statistics, the visibility map, no log to be read."""
    if database.is_sqlite:
        raw = database.engine.raw_connection()  # a checkpoint waits for every transaction, its own too
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.close()
        return
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("VACUUM ANALYZE")


def main() -> int:
    """Fill the database that is named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url", help="of an empty database; its tables are made")
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5000)
    parser.add_argument("--changes", type=int, default=2_000_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    database = open_database(chosen.url)
    upgrade(database)
    began = time.perf_counter()
    grow(database, company_of(chosen.people, chosen.runs, chosen.changes, chosen.seed), told=True)
    database.close()
    print(f"done in {time.perf_counter() - began:.0f} s")
    return 0


def company_of(people: int, runs: int, changes: int, seed: int = 1, *, now: datetime = UNTIL) -> Company:
    """The company of these sizes; the same numbers and moment make the same rows."""
    return Company(people=people, runs=runs, changes=changes, now=now, seed=seed)


if __name__ == "__main__":
    sys.exit(main())
