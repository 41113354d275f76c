"""Pages: a query read by a key gives what a cursor gives, on real servers; what pages would miss is refused."""

import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.dialects import mssql, oracle

from syncd.errors import SourceError
from syncd.sources.base import Reading
from syncd.sources.settings import Page, SqlSourceSettings
from syncd.sources.sql import SqlSource
from syncd.sources.sqlpages import page_after
from tests.needs import MARIADB_URL, POSTGRES_URL

ROWS = [(number, f"E{number:03}", number % 2 or None) for number in range(1, 26)]
QUERY = "SELECT id, code, odd FROM people WHERE code LIKE 'E%'"


def fill(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE people (id int, code varchar(9), odd int)")
        for row in ROWS:
            connection.exec_driver_sql(
                f"INSERT INTO people VALUES ({row[0]}, '{row[1]}', {row[2] or 'NULL'})"  # noqa: S608 - our own rows
            )
    engine.dispose()


@pytest.fixture(
    scope="module",
    params=[
        "sqlite",
        pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ],
)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        made = f"sqlite:///{tmp_path_factory.mktemp('pages') / 'hr.db'}"
        fill(made)
        yield made
        return
    server_url = POSTGRES_URL if request.param == "postgres" else MARIADB_URL
    name = f"syncd_pages_{uuid.uuid4().hex[:8]}"
    server = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    made = make_url(server_url).set(database=name).render_as_string(hide_password=False)
    fill(made)
    yield made
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}")
    server.dispose()


def read(folder: Path, url: str, page: Page | None, query: str = QUERY) -> Reading:
    return SqlSource(SqlSourceSettings(name="hr", url=lambda: url, query=query, page=page)).read(folder)


@pytest.mark.parametrize("page", [Page(by="id", size=7), Page(by="code", size=5), Page(by="id", size=100)])
def test_pages_give_what_one_cursor_gives(tmp_path: Path, url: str, page: Page) -> None:
    whole, paged = read(tmp_path, url, None), read(tmp_path, url, page)
    assert paged.sha256 == whole.sha256
    assert sorted(cells for _, cells in paged.raw) == sorted(cells for _, cells in whole.raw)
    assert [number for number, _ in paged.raw] == list(range(1, 26))
    assert paged.complete


@pytest.mark.parametrize(
    ("page", "query", "said"),
    [
        (Page(by="odd", size=7), QUERY, "odd"),
        (
            Page(by="id", size=3),
            "SELECT 5 AS id FROM people",
            "hr:row 2: column id is that of the row before",
        ),
        (
            Page(by="id", size=1),
            "SELECT odd AS id FROM people WHERE id IN (1, 3)",
            "1 rows came page by page, and the query has 2",
        ),
        (Page(by="idd"), QUERY, "idd"),
    ],
)
def test_what_pages_would_miss_is_refused(
    tmp_path: Path, url: str, page: Page, query: str, said: str
) -> None:
    with pytest.raises(SourceError, match=said) as caught:
        read(tmp_path, url, page, query)
    assert "Nothing was planned" in str(caught.value)
    assert list(tmp_path.glob("source-*")) == []


def test_a_key_that_the_server_takes_for_another_is_found_by_counting(tmp_path: Path) -> None:
    path = tmp_path / "hr.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE people (code TEXT COLLATE NOCASE)")
        connection.executemany("INSERT INTO people VALUES (?)", [("a",), ("A",), ("b",)])
    with pytest.raises(
        SourceError, match="2 rows came page by page, and the query has 3: column code is NULL"
    ):
        read(tmp_path, f"sqlite:///{path}", Page(by="code", size=1), "SELECT code FROM people")


@pytest.mark.parametrize(
    ("dialect", "behind", "end"),
    [
        (
            mssql.dialect(),
            "SELECT TOP 100 syncd_page.*",
            "WHERE syncd_page.[Id] > 41 ORDER BY syncd_page.[Id]",
        ),
        (oracle.dialect(), "SELECT syncd_page.*", 'ORDER BY syncd_page."Id" \n FETCH FIRST 100 ROWS ONLY'),
    ],
    ids=["SQL Server", "Oracle"],
)
def test_the_statement_of_a_page_where_no_server_is(dialect, behind: str, end: str) -> None:
    connection = SimpleNamespace(dialect=dialect)
    statement = page_after(connection, "SELECT Id FROM people", Page(by="Id", size=100), 41)  # type: ignore[arg-type]  # only its dialect is asked
    told = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    assert told.startswith(behind)
    assert " ".join(end.split()) in " ".join(told.split())
