"""Fixtures for all tests: a database of each kind that is there."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from syncd.store.database import Database, open_database
from syncd.store.migrate import upgrade
from syncd.store.schema import metadata
from tests import needs


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before its fixtures: a test marked with what it needs is skipped, with what to install, or fails if that is demanded."""
    for marker in needs.MARKERS.keys() & {mark.name for mark in item.iter_markers()}:
        needs.need_marked(marker)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL database of this test process alone."""
    needs.need_marked("postgres")
    server = create_engine(needs.POSTGRES_URL, isolation_level="AUTOCOMMIT")
    name = f"syncd_test_{uuid.uuid4().hex[:12]}"
    with server.connect() as conn:
        conn.execute(text(f'CREATE DATABASE "{name}"'))
        conn.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))  # no test cuts the power
    yield needs.POSTGRES_URL.rsplit("/", 1)[0] + f"/{name}"
    with server.connect() as conn:
        conn.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
    server.dispose()


@pytest.fixture(scope="session")
def sqlite_at_head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite file at head, to be copied: migrating one for each test takes a hundred times as long."""
    path = tmp_path_factory.mktemp("head") / "syncd.db"
    opened = open_database(f"sqlite:///{path}")
    upgrade(opened)
    opened.close()
    return path


@pytest.fixture(scope="session")
def emptying(postgres_url: str) -> str:
    """What empties the PostgreSQL database of this process and numbers its rows anew, thirty times as fast as TRUNCATE."""
    opened = open_database(postgres_url)
    upgrade(opened)
    with opened.read() as conn:
        sequences = conn.execute(
            text("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")
        ).scalars()
        statements = [
            "SET LOCAL session_replication_role = replica",  # else the triggers of the audit keep its rows
            *(f'DELETE FROM "{table.name}"' for table in reversed(metadata.sorted_tables)),  # noqa: S608 - our own names
            *(f'ALTER SEQUENCE "{name}" RESTART' for name in sequences),
        ]
    opened.close()
    return "; ".join(statements)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database at head: SQLite, then PostgreSQL."""
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_at_head"), tmp_path / "syncd.db")
        return f"sqlite:///{tmp_path / 'syncd.db'}"
    url: str = request.getfixturevalue("postgres_url")
    statements = request.getfixturevalue("emptying")
    opened = open_database(url)
    with opened.write() as conn:
        conn.exec_driver_sql(statements)
    opened.close()
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open, empty database at head."""
    opened = open_database(database_url)
    yield opened
    opened.close()
