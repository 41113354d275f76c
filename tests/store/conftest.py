"""Fixtures of the tests of the store; ``database`` (each test on both databases) is in ``tests/conftest.py``."""

from collections.abc import Iterator

import pytest

from syncd.store.database import Database, open_database


@pytest.fixture
def postgres(postgres_url: str, emptying: str) -> Iterator[Database]:
    """An empty PostgreSQL database at head, for what only row locks can get wrong."""
    opened = open_database(postgres_url)
    with opened.write() as conn:
        conn.exec_driver_sql(emptying)
    yield opened
    opened.close()
