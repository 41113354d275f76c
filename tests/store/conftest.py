"""Fixtures of the tests of the store; ``database`` (each test on both databases) is in ``tests/conftest.py``."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from syncd.store.database import Database, open_database
from syncd.store.migrate import upgrade
from syncd.store.schema import metadata


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    """An empty PostgreSQL database at head, for what only row locks can get wrong."""
    opened = open_database(postgres_url)
    upgrade(opened)
    names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
    with opened.write() as conn:
        conn.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    yield opened
    opened.close()
