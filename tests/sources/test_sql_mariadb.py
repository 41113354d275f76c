"""SQL sources on a real MariaDB: exact text, and read-only even if the parser missed something."""

import uuid

import pytest
from sqlalchemy import create_engine, make_url

from tests.needs import MARIADB_URL
from tests.sources.makers import in_session, read_sql, sql_error, texts

pytestmark = pytest.mark.mariadb


@pytest.fixture(scope="module")
def mariadb_url():
    name = f"syncd_sources_{uuid.uuid4().hex[:8]}"
    server = create_engine(MARIADB_URL, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        connection.exec_driver_sql(
            f"CREATE TABLE {name}.p (id varchar(9), d datetime, m decimal(9,2), b bit(1))"
        )
        connection.exec_driver_sql(
            f"INSERT INTO {name}.p VALUES ('007', '2026-01-02 03:04:05', 1.50, b'1'), ('é%%', NULL, NULL, NULL)"  # noqa: S608 - our own name
        )
    yield make_url(MARIADB_URL).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}")
    server.dispose()


def test_a_mariadb_result_as_records(tmp_path, mariadb_url):
    assert texts(
        read_sql(tmp_path, mariadb_url, "SELECT id, d, m FROM p WHERE id LIKE '%%' ORDER BY id")
    ) == [
        {"id": "007", "d": "2026-01-02T03:04:05", "m": "1.50"},
        {"id": "é%", "d": "", "m": ""},
    ]


def test_mariadb_refusals(tmp_path, mariadb_url):
    assert "column b cannot be read as text: it is binary" in sql_error(
        tmp_path, mariadb_url, "SELECT b FROM p"
    )
    assert "took longer than 1 s and was stopped" in sql_error(
        tmp_path, mariadb_url, "SELECT sleep(20) AS a", timeout_seconds=1
    )


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM p", "INSERT INTO p (id) VALUES ('x')", "CREATE TABLE q (a int)", "UPDATE p SET id = 'x'"],
)
def test_the_mariadb_session_refuses_what_the_parser_might_miss(mariadb_url, statement):
    for cursor in (True, False):
        assert "read-only session refused" in in_session(mariadb_url, statement, cursor=cursor)


def test_the_mariadb_session_stays_read_only(mariadb_url):
    said = in_session(mariadb_url, "SET TRANSACTION READ WRITE", cursor=False)
    assert "can't be changed while a transaction is in progress" in said


def test_mariadb_takes_one_statement_at_a_time(tmp_path, mariadb_url):
    for cursor in (True, False):
        said = in_session(mariadb_url, "SELECT id FROM p; DELETE FROM p", cursor=cursor)
        assert "You have an error in your SQL syntax" in said
        said = in_session(
            mariadb_url, "WITH x AS (DELETE FROM p RETURNING id) SELECT * FROM x", cursor=cursor
        )
        assert "You have an error in your SQL syntax" in said
    assert read_sql(tmp_path, mariadb_url, "SELECT id FROM p").rows == 2
