"""What SQL Server and Oracle are told, as far as no server shows it: options, statements, and what is made of their errors."""

from types import SimpleNamespace

import pytest
from sqlalchemy import make_url
from sqlalchemy.dialects import mssql
from sqlalchemy.exc import DBAPIError

from syncd.errors import SourceError
from syncd.sources import sqlsession
from syncd.sources.settings import SqlSourceSettings

MSSQL = "mssql+mssqlpython://reader:s3cret@hr/hr"
ORACLE = "oracle+oracledb://reader:s3cret@hr/?service_name=hr"


class Told:
    """A connection of a driver, and what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.timeout = 0
        self.call_timeout = 0

    def cursor(self):
        return SimpleNamespace(execute=self.said.append, close=lambda: None)

    exec_driver_sql = execute = lambda self, text: self.said.append(text)

    def begin(self) -> None:
        self.said.append("begin")


def settings_for(url: str, **changed) -> SqlSourceSettings:
    return SqlSourceSettings(name="hr", url=lambda: url, query="SELECT 1 AS a", timeout_seconds=90, **changed)


def test_sql_server_reads_one_moment_within_the_time(monkeypatch):
    settings, told = settings_for(MSSQL), Told()
    options = sqlsession._options(settings, make_url(MSSQL))
    level = options["execution_options"]["isolation_level"]
    assert level in mssql.base.MSDialect().get_isolation_level_values(None)
    sqlsession.PREPARING["mssql"](settings)(told, None)
    assert (told.timeout, told.said) == (90, ["SET LOCK_TIMEOUT 90000"])
    assert sqlsession._options(settings_for(MSSQL, snapshot=False), make_url(MSSQL)) == {}


def test_oracle_reads_in_a_read_only_transaction_within_the_time():
    settings, told = settings_for(ORACLE), Told()
    sqlsession.PREPARING["oracle"](settings)(told, None)
    assert told.call_timeout == 90_000
    sqlsession._begin(told, "oracle")  # type: ignore[arg-type]  # as much of a Connection as it asks for
    assert told.said == ["begin", "SET TRANSACTION READ ONLY"]


@pytest.mark.parametrize(
    ("url", "theirs", "ours"),
    [
        (ORACLE, "DPY-4024: call timeout of 90000 ms exceeded", "took longer than 90 s and was stopped"),
        (ORACLE, "ORA-01456: may not perform insert/delete/update operation inside a READ ONLY transaction", "refused"),
        (MSSQL, "Query timeout expired", "took longer than 90 s and was stopped"),
        (MSSQL, "Snapshot isolation transaction failed accessing database 'hr'", "ALLOW_SNAPSHOT_ISOLATION ON"),
        (MSSQL, "Login failed for user reader, s3cret", "hr said: Login failed for user reader, ***"),
    ],
)  # fmt: skip
def test_what_they_say_is_explained(url, theirs, ours):
    error = DBAPIError("SELECT 1", None, Exception(theirs))
    assert ours in str(sqlsession._explained(settings_for(url), make_url(url), error))


@pytest.mark.parametrize("url", [MSSQL, ORACLE])
def test_a_missing_driver_is_named_with_its_extra(url, monkeypatch):
    backend = make_url(url).get_backend_name()
    driver = {"mssql": "mssql_python", "oracle": "oracledb"}[backend]
    monkeypatch.setitem(__import__("sys").modules, driver, None)
    with (
        pytest.raises(SourceError, match=rf"pip install \"syncd\[{backend}\]\""),
        sqlsession.read_only_session(settings_for(url)),
    ):
        pass
