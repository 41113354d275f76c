"""Makers of sources for these tests."""

from pathlib import Path

import pytest

from syncd.errors import SourceError
from syncd.sources import open_source
from syncd.sources.base import Reading
from syncd.sources.settings import CsvSourceSettings, SqlSourceSettings
from syncd.sources.sqlsession import read_only_session


def read_csv(path: Path, content: bytes | None = None, **settings) -> Reading:
    """Write ``content`` to ``path`` (None: leave it) and read it through a workspace beside it."""
    if content is not None:
        path.write_bytes(content)
    if isinstance(settings.get("trailer"), str):
        settings["trailer"] = (settings["trailer"],)
    return open_source(CsvSourceSettings(name="hr", path=path, **settings)).read(workspace_of(path))


def csv_error(path: Path, content: bytes | None = None, **settings) -> str:
    """The message with which the file is refused; nothing of it may be left in the workspace."""
    before = set(workspace_of(path).iterdir())
    with pytest.raises(SourceError) as caught:
        read_csv(path, content, **settings)
    assert set(workspace_of(path).iterdir()) == before
    return str(caught.value)


def read_sql(workspace: Path, url: str, query: str, **settings) -> Reading:
    """Run the query as a source called hr."""
    return open_source(SqlSourceSettings(name="hr", url=lambda: url, query=query, **settings)).read(workspace)


def sql_error(workspace: Path, url: str, query: str, **settings) -> str:
    """The message with which the query is refused; no spool may be left in the workspace."""
    with pytest.raises(SourceError) as caught:
        read_sql(workspace, url, query, **settings)
    assert list(workspace.glob("source-*")) == []
    return str(caught.value)


def workspace_of(path: Path) -> Path:
    """The workspace that belongs to this file."""
    workspace = path.parent / "workspace"
    workspace.mkdir(exist_ok=True)
    return workspace


def texts(reading: Reading) -> list[dict[str, str]]:
    """The fields of all Records."""
    return [dict(record.fields) for record in reading.records]


def origins(reading: Reading) -> list[str]:
    """The origins of all Records."""
    return [record.origin for record in reading.records]


WRITES = [
    "DELETE FROM p",
    "INSERT INTO p (id) VALUES ('x')",
    "CREATE TABLE q (x int)",
    "DROP TABLE p",
    "WITH x AS (DELETE FROM p RETURNING id) SELECT * FROM x",
]
"""Statements that a source must never run, whoever lets them through."""


def in_session(url, *statements, cursor=True):
    """What the session alone says to statements that the parser never saw."""
    settings = SqlSourceSettings(name="hr", url=lambda: url, query="")
    with pytest.raises(SourceError) as caught:
        _run(settings, statements, cursor=cursor)
    return str(caught.value)


def _run(settings, statements, *, cursor):
    with read_only_session(settings) as connection:
        for statement in statements:
            connection.execution_options(stream_results=cursor).exec_driver_sql(statement).close()
