"""SQL sources on a real SQLite file: exact text, read-only by parser and by session."""

import sqlite3
import uuid
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest

from syncd.databases import without_secrets
from syncd.sources.settings import SqlSourceSettings
from syncd.sources.sqlsession import parse_url
from syncd.sources.sqlvalue import as_text
from tests.sources.makers import WRITES, in_session, origins, read_sql, sql_error, texts


@pytest.fixture
def sqlite_url(tmp_path):
    path = tmp_path / "hr.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE p (id TEXT, age INTEGER, pay REAL, photo BLOB)")
    rows = [("007", 5, 1.5, None), ("é\n,\"'", None, 1e22, None)]
    connection.executemany("INSERT INTO p VALUES (?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()
    return f"sqlite:///{path}"


def test_a_sqlite_result_as_records(tmp_path, sqlite_url):
    reading = read_sql(tmp_path, sqlite_url, "SELECT id, age, pay FROM p ORDER BY rowid;")
    assert reading.columns == ("id", "age", "pay")
    assert (
        texts(reading)
        == texts(reading)
        == [
            {"id": "007", "age": "5", "pay": "1.5"},
            {"id": "é\n,\"'", "age": "", "pay": "10000000000000000000000"},
        ]
    )
    assert origins(reading) == ["hr:row 1", "hr:row 2"]
    assert (reading.rows, reading.complete, reading.modified_at) == (2, True, None)
    (spool,) = tmp_path.glob("source-*")
    assert spool.stat().st_mode & 0o777 == 0o600
    assert reading.size_bytes == spool.stat().st_size


def test_the_hash_is_of_the_content_not_of_the_order(tmp_path, sqlite_url):
    forth = read_sql(tmp_path, sqlite_url, "SELECT id FROM p ORDER BY id")
    back = read_sql(tmp_path, sqlite_url, "SELECT id FROM p ORDER BY id DESC")
    other = read_sql(tmp_path, sqlite_url, "SELECT id FROM p LIMIT 1")
    renamed = read_sql(tmp_path, sqlite_url, "SELECT id AS key FROM p")
    assert forth.sha256 == back.sha256
    assert len({forth.sha256, other.sha256, renamed.sha256}) == 3


REFUSED = {
    "SELECT id, id FROM p": "hr: the query names id more than once. Give each column its own name with AS.",
    "SELECT id FROM p WHERE 1 = 0": "hr: the query gives not one row. An empty answer is never taken for 'nobody works "
    "here'. Nothing was planned. Check the query and its database.",
    "SELECT id, x'00ff' AS photo FROM p": "hr:row 1: column photo cannot be read as text: it is binary; "
    "select its text, or leave the column out.",
    "SELECT 9e999 AS n": "hr:row 1: column n cannot be read as text: it is inf, which is no number; "
    "cast it to text in the query.",
    "SELECT 'a' || char(0) AS n": "hr:row 1: column n cannot be read as text: it holds a NUL character.",
    "SELECT * FROM q": "no such table: q",
    "SELECT load_extension('x') AS n": "the query tries to write, which the read-only session refused",
    "DROP TABLE p": "hr: query line 1: the query begins with 'DROP'",
}


@pytest.mark.parametrize(("query", "message"), REFUSED.items(), ids=REFUSED)
def test_refused_with_this_message(tmp_path, sqlite_url, query, message):
    assert message in sql_error(tmp_path, sqlite_url, query)


def test_more_rows_than_allowed_are_refused_not_cut_off(tmp_path, sqlite_url):
    assert read_sql(tmp_path, sqlite_url, "SELECT id FROM p", max_rows=2).rows == 2
    for spool in tmp_path.glob("source-*"):
        spool.unlink()
    assert sql_error(tmp_path, sqlite_url, "SELECT id FROM p", max_rows=1) == (
        "hr: the query gives more than 1 rows. Nothing was planned. Check its joins, or raise the row limit."
    )


ENDLESS = "WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a) SELECT count(*) AS n FROM a"


def test_an_endless_query_is_stopped(tmp_path, sqlite_url):
    assert sql_error(tmp_path, sqlite_url, ENDLESS, timeout_seconds=0.05) == (
        "hr: the query took longer than 0.05 s and was stopped. Nothing was planned. "
        "Make it lighter, or raise the timeout."
    )


@pytest.mark.parametrize("statement", [*WRITES[:-1], "ATTACH 'x.db' AS x", "PRAGMA query_only=OFF"])
def test_the_sqlite_session_refuses_what_the_parser_might_miss(sqlite_url, statement):
    assert "read-only session refused" in in_session(sqlite_url, statement)


def test_no_message_shows_the_password(tmp_path):
    secret = "s3/cr@t"
    urls = [
        "postgresql+psycopg://hr:s3%2Fcr%40t@127.0.0.1:1/hr",
        "postgresql+psycopg://hr@127.0.0.1:1/hr?password=s3%2Fcr%40t",
        "mysql+nodriver://hr:s3%2Fcr%40t@127.0.0.1:1/hr",
        "nonsense://hr:s3%2Fcr%40t@127.0.0.1:1/hr",
        "hr:s3/cr@t",
        "sqlite:///nowhere/s3",
    ]
    for url in urls:
        message = sql_error(tmp_path, url, "SELECT 1 AS a")
        assert secret not in message
        assert "s3%2Fcr%40t" not in message
    settings = SqlSourceSettings(name="hr", url=lambda: urls[0], query="SELECT 1")
    assert "s3" not in repr(settings)
    assert without_secrets(f"no {secret}, no s3%2Fcr%40t", parse_url(settings)) == "no ***, no ***"


def test_unreachable_unknown_and_misspelt_databases(tmp_path):
    assert "Connection refused" in sql_error(
        tmp_path, "postgresql+psycopg://hr@127.0.0.1:1/hr", "SELECT 1 AS a"
    )
    assert "'nonsense' is no database that syncd reads" in sql_error(
        tmp_path, "nonsense://h/x", "SELECT 1 AS a"
    )
    assert "the database URL is not understood" in sql_error(tmp_path, "hr", "SELECT 1 AS a")
    assert "there is no SQLite file /nowhere/hr.db" in sql_error(
        tmp_path, "sqlite:////nowhere/hr.db", "SELECT 1 AS a"
    )
    assert "must name a file" in sql_error(tmp_path, "sqlite://", "SELECT 1 AS a")


def test_a_missing_driver_is_named_with_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pymysql", None)
    assert sql_error(tmp_path, "mysql+pymysql://hr:x@127.0.0.1/hr", "SELECT 1 AS a") == (
        "hr: the driver 'pymysql' for mysql is not installed. Install it with: pip install \"syncd[mysql]\""
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (" 007 ", " 007 "),
        (True, "true"),
        (False, "false"),
        (12345678901234567890, "12345678901234567890"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1.50"), "1.50"),
        (date(2026, 1, 2), "2026-01-02"),
        (time(8, 30), "08:30:00"),
        (datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05"),  # noqa: DTZ001 - as databases give it
        (datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2))), "2026-01-01T22:00:00+00:00"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_values_as_text(value, text):
    assert as_text(value) == text


@pytest.mark.parametrize(
    "value", [b"x", float("nan"), Decimal("Infinity"), [1], {"a": 1}, timedelta(1), "\0"]
)
def test_values_that_are_no_text(value):
    with pytest.raises(ValueError, match=r"it (is|holds) "):
        as_text(value)
