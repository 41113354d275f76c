"""SQL sources on a real PostgreSQL: exact text, and read-only even if the parser missed something."""

import uuid

import pytest
from sqlalchemy import create_engine, make_url

from syncd.errors import SourceError
from syncd.sources.settings import SqlSourceSettings
from syncd.sources.sql import SqlSource
from tests.needs import POSTGRES_URL
from tests.sources.makers import WRITES, in_session, origins, read_sql, sql_error

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def postgres_url():
    server = create_engine(POSTGRES_URL, isolation_level="AUTOCOMMIT")
    name = f"syncd_sources_{uuid.uuid4().hex[:8]}"
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    url = make_url(POSTGRES_URL).set(database=name).render_as_string(hide_password=False)
    own = create_engine(url)
    with own.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE p (id text, n int)")
        connection.exec_driver_sql("INSERT INTO p SELECT 'E' || g, g FROM generate_series(1, 2500) g")
        connection.exec_driver_sql("CREATE SEQUENCE s")
    own.dispose()
    yield url
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    server.dispose()


def test_a_slow_result_is_stopped_between_pages(tmp_path, postgres_url):
    ticks = iter([0.0, 4.0, 11.0])
    settings = SqlSourceSettings(
        name="hr", url=lambda: postgres_url, query="SELECT id FROM p", timeout_seconds=10
    )
    with pytest.raises(SourceError, match="reading took longer than 10 s and was stopped"):
        SqlSource(settings, monotonic=lambda: next(ticks)).read(tmp_path)


@pytest.mark.parametrize("statement", [*WRITES, "SELECT nextval('s')", "SELECT 1 AS a; DELETE FROM p"])
def test_the_postgresql_session_refuses_what_the_parser_might_miss(postgres_url, statement, tmp_path):
    said = in_session(postgres_url, statement)
    assert "read-only session refused" in said or "Nothing was planned" in said
    assert read_sql(tmp_path, postgres_url, "SELECT count(*) AS n FROM p").raw.__iter__().__next__() == (
        1,
        ["2500"],
    )


def test_the_postgresql_session_is_read_only_without_a_cursor_too(postgres_url):
    off = ["SET TRANSACTION READ WRITE", "SELECT set_config('transaction_read_only', 'off', true)"]
    for statement in [*WRITES, *off]:
        said = in_session(postgres_url, "SELECT 1", statement, "DELETE FROM p", cursor=False)
        assert "read-only" in said or "read-write mode" in said


def test_a_postgresql_result_as_records(tmp_path, postgres_url):
    query = """
        SELECT id, 'a:b %' AS "text", 1.50::numeric AS pay, true AS works, date '2026-01-02' AS since,
               timestamptz '2026-03-01 10:00+02' AS seen, NULL::int AS boss
        FROM p WHERE id LIKE 'E%' ORDER BY n
    """
    reading = read_sql(tmp_path, postgres_url, query)
    assert reading.rows == 2500
    assert next(iter(reading.records)).fields == {
        "id": "E1",
        "text": "a:b %",
        "pay": "1.50",
        "works": "true",
        "since": "2026-01-02",
        "seen": "2026-03-01T08:00:00+00:00",
        "boss": "",
    }
    assert origins(reading)[-1] == "hr:row 2500"


def test_postgresql_refusals(tmp_path, postgres_url):
    assert "gives no name to column 1, 3 of 3. Add AS and a name." in sql_error(
        tmp_path, postgres_url, "SELECT 1, 2 AS b, 3"
    )
    assert "column a cannot be read as text: it is a list; cast it" in sql_error(
        tmp_path, postgres_url, "SELECT '{1}'::int[] AS a"
    )
    assert sql_error(tmp_path, postgres_url, "SELECT pg_sleep(30) AS a", timeout_seconds=0.05) == (
        "hr: the query took longer than 0.05 s and was stopped. Nothing was planned. "
        "Make it lighter, or raise the timeout."
    )
