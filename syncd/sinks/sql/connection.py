"""Connection: one transaction in the database of a sink, with deadlines; whatever it says against it is a SinkError.

What a database says may quote the rows (``Duplicate entry 'ana@example.com'``), so while rows are written its code alone is
told; what it says before that may quote the URL, and is told without its secrets.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from syncd import databases
from syncd.databases import CONNECT_SECONDS, without_secrets
from syncd.errors import SinkError
from syncd.sinks.settings import SqlSinkSettings

_DENIED = frozenset({"42501", "1044", "1142", "1143", "229", "1031", "1227"})
"""A permission is missing: PostgreSQL; MySQL; SQL Server; Oracle (ORA-01031); MySQL."""
_WAITED = frozenset({"57014", "55P03", "1205", "1213", "40P01", "3024", "1969", "1222"})
"""A lock was held, or time was up."""
_READ_ONLY = frozenset({"25006", "1290", "1792", "3906"})


@contextmanager
def transaction(settings: SqlSinkSettings, purpose: str) -> Iterator[Connection]:
    """One connection in one transaction: committed at the end, rolled back if anything goes wrong. Raises SinkError.

    ``purpose`` ends each message: what the error means for the rows.
    """
    url = parse_url(settings)
    engine = _engine(settings, url)
    try:
        try:
            connection = engine.connect()
        except (DBAPIError, SQLAlchemyError, OSError) as error:
            raise SinkError(f"{settings.name}: {_unreachable(url, error)} {purpose}") from None
        with connection:
            try:
                with connection.begin():
                    yield connection
            except SQLAlchemyError as error:
                raise SinkError(f"{settings.name}: {_refused(settings, url, error)} {purpose}") from None
    finally:
        engine.dispose()


def parse_url(settings: SqlSinkSettings) -> URL:
    """The URL, if it is one of a database that syncd writes; the error never shows it."""
    try:
        return databases.parse_url(settings.url(), "writes")
    except databases.UnusableError as error:
        raise SinkError(f"{settings.name}: {error}") from None


def place_of(url: URL) -> str:
    """The host, or the file, for messages."""
    return url.host or url.database or "the database"


def _engine(settings: SqlSinkSettings, url: URL) -> Engine:
    backend = url.get_backend_name()
    try:
        engine = databases.open_engine(url, _options(settings, url, backend))
    except databases.UnusableError as error:
        raise SinkError(f"{settings.name}: {error}") from None
    prepare = {"mysql": _mysql, "mariadb": _mysql, "oracle": _oracle}.get(backend)
    if prepare is not None:
        event.listen(engine, "connect", prepare(settings))
    return engine


def _options(settings: SqlSinkSettings, url: URL, backend: str) -> dict[str, Any]:
    seconds = int(settings.timeout)
    if backend == "postgresql":
        given = url.query.get("options", "")
        own = f"-c statement_timeout={seconds * 1000} -c lock_timeout={seconds * 1000} -c TimeZone=UTC"
        options = f"{given if isinstance(given, str) else ' '.join(given)} {own}".strip()
        return {"connect_args": {"options": options, "connect_timeout": CONNECT_SECONDS}}
    if backend in {"mysql", "mariadb"}:
        return {
            "connect_args": {
                "connect_timeout": CONNECT_SECONDS,
                "read_timeout": seconds + 5,  # the server, which can say why, comes first
                "write_timeout": seconds + 5,
                "local_infile": False,
            }
        }
    if backend == "sqlite":
        return {"creator": _sqlite_opener(settings, url)}
    return {"connect_args": {"tcp_connect_timeout": CONNECT_SECONDS}} if backend == "oracle" else {}


def _mysql(settings: SqlSinkSettings) -> Callable[[Any, Any], None]:
    """UTC, and refused instead of cut off what does not fit."""

    def prepare(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SET SESSION time_zone='+00:00', sql_mode=CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES'), "
                f"innodb_lock_wait_timeout={int(settings.timeout)}, lock_wait_timeout={int(settings.timeout)}"
            )

    return prepare


def _oracle(settings: SqlSinkSettings) -> Callable[[Any, Any], None]:
    def prepare(connection: Any, _record: Any) -> None:
        connection.call_timeout = int(settings.timeout * 1000)

    return prepare


def _sqlite_opener(settings: SqlSinkSettings, url: URL) -> Callable[[], sqlite3.Connection]:
    """Opens the file, and makes none: a typing mistake must not look like an empty database."""
    path = url.database
    if not path or path == ":memory:" or path.startswith("file:"):
        raise SinkError(
            f"{settings.name}: the SQLite URL must name a file, as in sqlite:////var/lib/hr/hr.db."
        )
    if not Path(path).is_file():
        raise SinkError(f"{settings.name}: there is no SQLite file {path}. Check the path in the URL.")

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{quote(path)}?mode=rw", uri=True, timeout=settings.timeout, check_same_thread=False
        )

    return connect


def _unreachable(url: URL, error: Exception) -> str:
    said = getattr(error, "orig", None) or error
    numbered = said.args[1:2] if len(getattr(said, "args", ())) == 2 else ()  # PyMySQL: (1045, "...")
    text = without_secrets(str(numbered[0] if numbered else said).strip().partition("\n")[0], url)
    return f"{place_of(url)} cannot be connected to: {text}. Check its address, user and password; then: syncd doctor."


def _refused(settings: SqlSinkSettings, url: URL, error: SQLAlchemyError) -> str:
    """Why the statements were refused: by the database's code, never by its words."""
    code, named = _code(error)
    kind = f"{url.get_backend_name()} {code}".strip() + (f", {named}" if named else "")
    if code in _DENIED:
        what = f"the user may not write {settings.table}: grant SELECT, INSERT and UPDATE on it"
    elif code in _WAITED or "locked" in str(getattr(error, "orig", "")):
        what = f"{settings.table} was locked, or slow, for {settings.timeout:g} s: end what holds it, or raise the timeout"
    elif code in _READ_ONLY:
        what = "the database is read-only: name the one that may be written"
    else:
        what = (
            "a row is against a rule of the table, or the connection broke; the database's own log says which"
        )
    return f"{place_of(url)} refused ({kind}); {what}."


def _code(error: SQLAlchemyError) -> tuple[str, str]:
    """The database's code of an error, and the constraint or column that it names, if it does so apart from its words."""
    said: Any = getattr(error, "orig", None)
    if said is None:
        return type(error).__name__, ""
    state = getattr(said, "sqlstate", None)
    if state:  # psycopg
        details = getattr(said, "diag", None)
        return str(state), getattr(details, "constraint_name", "") or getattr(
            details, "column_name", ""
        ) or ""
    first = said.args[0] if said.args else ""
    if isinstance(first, int):  # PyMySQL
        return str(first), ""
    name = getattr(said, "sqlite_errorname", "") or getattr(first, "full_code", "") or type(said).__name__
    return str(name).removeprefix("ORA-").lstrip("0") or str(name), ""
