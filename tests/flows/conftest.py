"""The flows commit a few hundred times a test: nobody cuts the power there, so that no commit waits for the disk."""

from collections.abc import Iterator
from typing import Any

import pytest

from syncd.store import database


@pytest.fixture(scope="module", autouse=True)
def commits_that_do_not_wait() -> Iterator[None]:
    """SQLite in this process hands its commits to the system, which keeps them whatever becomes of the process.

    What syncd itself asks of SQLite is tested in ``tests/store/test_database.py``; the processes that tests kill do ask it.
    """
    as_shipped = database._on_connect

    def connect(dbapi: Any, record: Any) -> None:
        as_shipped(dbapi, record)
        dbapi.execute("PRAGMA synchronous=OFF")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(database, "_on_connect", connect)
        yield
