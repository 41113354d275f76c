"""A session that cannot write: read-only by the database's own rules, with deadlines, always rolled back.

==================  =========================================================================================
database            what keeps it from writing, besides the query's own check and the final ROLLBACK
==================  =========================================================================================
PostgreSQL          ``default_transaction_read_only=on``, a REPEATABLE READ, READ ONLY transaction, ``statement_timeout``
SQLite              the file is opened ``mode=ro``, ``query_only``, and an authorizer that allows reading alone
MySQL, MariaDB      ``SET SESSION TRANSACTION READ ONLY``, one consistent snapshot
Oracle              ``SET TRANSACTION READ ONLY``, which is a snapshot, too; ``call_timeout``
SQL Server          nothing (``ApplicationIntent=ReadOnly`` is advice): the database user must be one that may only SELECT
==================  =========================================================================================

Rows are streamed by a cursor of the server in one transaction, of one moment (SQL Server: isolation level SNAPSHOT, which its database
must allow). Paging by a key (``sqlpages``) is for where no cursor can be held: within one snapshot it reads the same rows with more
work.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import DBAPIError

from syncd import databases
from syncd.databases import CONNECT_SECONDS, without_secrets
from syncd.errors import SourceError
from syncd.sources.settings import SqlSourceSettings

SQLITE_ALLOWED = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_TRANSACTION,
    }
)


def parse_url(settings: SqlSourceSettings) -> URL:
    """The URL, if it is one of a database that syncd knows; the error never shows it."""
    try:
        return databases.parse_url(settings.url(), "reads")
    except databases.UnusableError as error:
        raise SourceError(f"{settings.name}: {error}") from None


@contextmanager
def read_only_session(
    settings: SqlSourceSettings, *, monotonic: Callable[[], float] = time.monotonic
) -> Iterator[Connection]:
    """One connection in one read-only transaction, streaming its results; rolled back and closed whatever happens.

    Everything the database says against it comes out as a SourceError that shows no secret of the URL.
    """
    url = parse_url(settings)
    engine = _engine(settings, url, monotonic)
    try:
        with engine.connect() as connection:
            try:
                _begin(connection, url.get_backend_name())
                yield connection.execution_options(stream_results=True, no_parameters=True)
            finally:
                connection.rollback()
    except DBAPIError as error:
        raise _explained(settings, url, error) from None
    finally:
        engine.dispose()


def _engine(settings: SqlSourceSettings, url: URL, monotonic: Callable[[], float]) -> Engine:
    backend = url.get_backend_name()
    options = _options(settings, url)
    if backend == "sqlite":
        options["creator"] = _sqlite_opener(settings, url, monotonic)
    try:
        engine = databases.open_engine(url, options)
    except databases.UnusableError as error:
        raise SourceError(f"{settings.name}: {error}") from None
    prepare = PREPARING.get(backend)
    if prepare is not None:
        event.listen(engine, "connect", prepare(settings))
    return engine


def _options(settings: SqlSourceSettings, url: URL) -> dict[str, Any]:
    """What ``create_engine`` is given for this database."""
    backend = url.get_backend_name()
    if backend == "postgresql":
        given = url.query.get("options", "")
        milliseconds = max(1, int(settings.timeout_seconds * 1000))
        own = f"-c default_transaction_read_only=on -c statement_timeout={milliseconds} -c TimeZone=UTC"
        options = f"{given if isinstance(given, str) else ' '.join(given)} {own}".strip()
        return {
            "connect_args": {"options": options, "connect_timeout": CONNECT_SECONDS},
            "execution_options": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
        }
    if backend in {"mysql", "mariadb"}:
        return {
            "connect_args": {
                "connect_timeout": CONNECT_SECONDS,
                "read_timeout": max(1, int(settings.timeout_seconds))
                + 5,  # the server, which can say why, comes first
                "local_infile": False,
            }
        }
    if backend == "mssql" and settings.snapshot:
        return {"execution_options": {"isolation_level": "SNAPSHOT"}}
    return {}


def _sqlite_opener(
    settings: SqlSourceSettings, url: URL, monotonic: Callable[[], float]
) -> Callable[[], sqlite3.Connection]:
    path = url.database
    if not path or path == ":memory:" or path.startswith("file:"):
        raise SourceError(
            f"{settings.name}: the SQLite URL must name a file, as in sqlite:////var/lib/hr/hr.db."
        )

    if not Path(path).is_file():
        raise SourceError(f"{settings.name}: there is no SQLite file {path}. Check the path in the URL.")

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(path)}?mode=ro",
            uri=True,
            timeout=CONNECT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        deadline = monotonic() + settings.timeout_seconds
        connection.execute("PRAGMA query_only=ON")
        connection.set_progress_handler(lambda: monotonic() > deadline, 100_000)
        return connection

    return connect


def _sqlite_authorize(action: int, _first: str | None, second: str | None, *_context: str | None) -> int:
    """Allow reading, and nothing that changes, attaches, configures or loads anything."""
    if action == sqlite3.SQLITE_FUNCTION and second == "load_extension":
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in SQLITE_ALLOWED else sqlite3.SQLITE_DENY


def _mysql_on_connect(settings: SqlSourceSettings) -> Callable[[Any, Any], None]:
    def prepare(connection: Any, _record: Any) -> None:
        seconds = max(1, int(settings.timeout_seconds))
        with connection.cursor() as cursor:
            cursor.execute("SELECT VERSION()")
            mariadb = "mariadb" in str(cursor.fetchone()[0]).lower()
            limit = f"max_statement_time={seconds}" if mariadb else f"max_execution_time={seconds * 1000}"
            cursor.execute(f"SET SESSION {limit}, time_zone='+00:00'")
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SET SESSION TRANSACTION READ ONLY")

    return prepare


def _mssql_on_connect(settings: SqlSourceSettings) -> Callable[[Any, Any], None]:
    def prepare(connection: Any, _record: Any) -> None:
        if hasattr(connection, "timeout"):  # seconds for a statement: mssql-python, pyodbc
            connection.timeout = max(1, int(settings.timeout_seconds))
        cursor = connection.cursor()
        cursor.execute(f"SET LOCK_TIMEOUT {max(1, int(settings.timeout_seconds * 1000))}")
        cursor.close()

    return prepare


def _oracle_on_connect(settings: SqlSourceSettings) -> Callable[[Any, Any], None]:
    def prepare(connection: Any, _record: Any) -> None:
        connection.call_timeout = max(1, int(settings.timeout_seconds * 1000))

    return prepare


PREPARING: dict[str, Callable[[SqlSourceSettings], Callable[[Any, Any], None]]] = {
    "mysql": _mysql_on_connect,
    "mariadb": _mysql_on_connect,
    "mssql": _mssql_on_connect,
    "oracle": _oracle_on_connect,
}
"""What each database is told on a new connection, where its URL or its options cannot tell it."""


def _begin(connection: Connection, backend: str) -> None:
    """Begin the transaction in the database, so that all rows are of one moment."""
    connection.begin()
    statement = {
        "sqlite": "BEGIN",
        "mysql": "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        "mariadb": "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        "oracle": "SET TRANSACTION READ ONLY",
    }.get(backend)
    if statement:
        connection.exec_driver_sql(statement)
    if backend == "sqlite":  # only now: what SQLAlchemy asks when it connects (PRAGMAs) would be refused
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_authorizer(_sqlite_authorize)


def _explained(settings: SqlSourceSettings, url: URL, error: DBAPIError) -> SourceError:
    numbered = (
        error.orig.args[1:2] if error.orig and len(error.orig.args) == 2 else ()
    )  # PyMySQL: (1792, "...")
    said = without_secrets(str(numbered[0] if numbered else error.orig).strip().partition("\n")[0], url)
    lowered = said.lower()
    if any(
        word in lowered
        for word in (
            "statement timeout",
            "interrupted",
            "max_statement_time",
            "execution time",
            "call timeout",
            "query timeout",
        )
    ):
        return SourceError(
            f"{settings.name}: the query took longer than {settings.timeout_seconds:g} s and was stopped. "
            "Nothing was planned. Make it lighter, or raise the timeout."
        )
    if "snapshot isolation" in lowered:  # SQL Server, 3952
        return SourceError(
            f"{settings.name}: the database does not allow snapshots, without which rows may be missed ({said}). Nothing was "
            "planned. Let its owner set ALLOW_SNAPSHOT_ISOLATION ON, or set snapshot: false; then nobody's absence is believed."
        )
    if any(word in lowered for word in ("read-only", "read only", "readonly", "not authorized")):
        return SourceError(
            f"{settings.name}: the query tries to write, which the read-only session refused ({said}). "
            "Nothing was changed or planned. A source may only read."
        )
    where = url.host or url.database or "the database"
    return SourceError(f"{settings.name}: {where} said: {said}. Nothing was planned.")
