"""The database: one engine, short transactions, and its own clock. SQLite (one host) or PostgreSQL (many replicas)."""

import math
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    NoSuchModuleError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from syncd.errors import StoreError, TooSlow, Unreachable
from syncd.store.columns import decoded
from syncd.store.filesystem import shared_kind
from syncd.store.turns import Turns

BUSY_TIMEOUT_MS = 10_000
STANDSTILL_MS = 15_000
"""A process that stands still (a frozen machine) in the middle of a write holds its row locks no longer than that."""
RESTED = 5.0
"""Seconds after which a connection to PostgreSQL that nobody used may have been lost without anybody's noticing."""
CONNECT_TIMEOUT = 10
"""Seconds after which a PostgreSQL that does not answer is given up for now, unless the URL says otherwise."""


NO_TABLES = "the database has not all its tables: syncd db upgrade"


class Database:
    """One database of syncd. Thread-safe.

    ``ahead`` is how far its clock is put forward: none, but where days are rehearsed that have not come.
    """

    def __init__(self, engine: Engine, path: Path | None) -> None:
        """Over an engine; ``path`` is the SQLite file, None for PostgreSQL. Use ``open_database``."""
        self.engine = engine
        self.path = path
        self.ahead = timedelta()
        self._patience: float | None = None
        self._inode = None if path is None else _inode_of(path)
        self._writing = Turns()

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite: one host, one writer at a time."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that writes; on SQLite it excludes other writers from its start. Raises StoreError."""
        with self._turn(), _as_store_error(), self.engine.begin() as conn:
            yield conn

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """On SQLite the writers of one process queue here: its own waiting is by polling, with ever longer sleeps."""
        if not self.is_sqlite:
            yield
            return
        if not self._writing.acquire(BUSY_TIMEOUT_MS / 1000):
            raise StoreError("this process is writing to the database for more than 10 s; it is tried again")
        try:
            yield
        finally:
            self._writing.release()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that reads one consistent state, whatever others commit meanwhile. Raises StoreError, TooSlow."""
        options = {"sqlite_begin": "BEGIN"} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with _as_store_error(), self.engine.connect() as opened:
            conn = opened.execution_options(**options)
            with conn.begin(), _within(conn, self._patience):
                if not self.is_sqlite:
                    conn.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
                yield conn

    def see_in_place(self) -> None:
        """Raise StoreError if the SQLite file is not any more where it was opened: what is written would be lost with the process."""
        if self.path is not None and _inode_of(self.path) != self._inode:
            raise StoreError(
                "the database's file was moved, removed or replaced under a running syncd: stop it before anything else is lost"
            )

    def within(self, seconds: float) -> "Database":
        """The same database, whose reading is stopped when it takes longer (PostgreSQL: one statement; SQLite: all of it).

        Whoever waits for an answer gives up long before, and the next who asks must not find it still at work. Not to be closed.
        """
        other = copy(self)
        other._patience = seconds  # noqa: SLF001 - its own kind
        return other

    def now(self, conn: Connection) -> datetime:
        """The database's time now, aware UTC: the only clock for leases, slots and schedules."""
        if self.is_sqlite:
            value = conn.execute(text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")).scalar_one()
            return datetime.fromisoformat(value).replace(tzinfo=UTC) + self.ahead
        found: datetime = conn.execute(text("SELECT clock_timestamp()")).scalar_one()
        return found.astimezone(UTC) + self.ahead

    def at(self, moment: datetime) -> "Database":
        """The same database with a clock that begins at ``moment``; not to be closed."""
        other = copy(self)
        with self.read() as conn:
            other.ahead = self.ahead + (moment - self.now(conn))
        return other

    def empty_log(self) -> None:
        """On SQLite, what was overwritten is in the write-ahead log until that is emptied; others read on, and it may take their end."""
        if not self.is_sqlite:
            return
        with self._turn(), _as_store_error():
            opened = self.engine.raw_connection()
            try:
                opened.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                opened.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


CHECKED_EVERY = 20_000
"""So many steps SQLite takes, in a millisecond or so, before it asks whether to go on."""


@contextmanager
def _within(conn: Connection, seconds: float | None) -> Iterator[None]:
    """No statement takes longer; no limit if that is None."""
    if seconds is None:
        yield
    elif conn.dialect.name == "sqlite":
        raw, until = cast(sqlite3.Connection, conn.connection.dbapi_connection), time.monotonic() + seconds
        raw.set_progress_handler(lambda: time.monotonic() > until, CHECKED_EVERY)
        try:
            yield
        finally:
            raw.set_progress_handler(None, 0)
    else:
        conn.exec_driver_sql(f"SET LOCAL statement_timeout = {round(seconds * 1000)}")
        # What a page asks is short or soon stopped: making machine code of it takes longer than doing it.
        conn.exec_driver_sql("SET LOCAL jit = off")
        yield


def open_database(url: str) -> Database:
    """Open ``sqlite:///PATH`` or ``postgresql://...``; the SQLite file is made private (0600). Raises StoreError."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _open_sqlite(parsed.database, url)
        if parsed.get_backend_name() != "postgresql":
            raise StoreError(
                f"database: {parsed.get_backend_name()} is not supported; use sqlite:/// or postgresql://"
            )
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if "connect_timeout" not in parsed.query:
            parsed = parsed.update_query_dict({"connect_timeout": str(CONNECT_TIMEOUT)})
        return Database(_postgres_engine(parsed), None)
    except ArgumentError:
        raise StoreError(
            "database: not a database URL; use sqlite:///PATH or postgresql://USER@HOST/NAME"
        ) from None
    except (ImportError, NoSuchModuleError):
        raise StoreError(
            "database: the PostgreSQL driver is missing; pip install 'syncd[postgres]'"
        ) from None


def _postgres_engine(url: URL) -> Engine:
    """Connections of which each is asked whether it still works before it is used again after a rest.

    What can be said once for a connection is not said in each transaction: a sender's time is that of its round trips.
    """
    engine = create_engine(url, hide_parameters=True, json_deserializer=decoded)

    def begins(dbapi: Any, _record: Any) -> None:
        dbapi.execute(f"SET idle_in_transaction_session_timeout = {STANDSTILL_MS}")
        dbapi.commit()

    def rests(_dbapi: Any, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    def is_taken(dbapi: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("rests_since", math.inf) < RESTED:
            return
        try:
            engine.dialect.do_ping(dbapi)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error  # so that the pool makes another one

    event.listen(engine, "connect", begins)
    event.listen(engine, "checkin", rests)
    event.listen(engine, "checkout", is_taken)
    return engine


def _open_sqlite(database: str | None, url: str) -> Database:
    if not database or database == ":memory:":
        raise StoreError(
            "database: SQLite needs a file (sqlite:///PATH), for the queue must survive the process"
        )
    path = Path(database)
    if kind := shared_kind(path.parent):
        raise StoreError(
            f"database: {path} is on a shared file system ({kind}), where SQLite loses data; "
            "use a local disk, or PostgreSQL"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _create(path)
    except OSError as error:
        raise StoreError(f"database: cannot open {path}: {error.strerror}") from None
    engine = create_engine(
        url, hide_parameters=True, json_deserializer=decoded, connect_args={"check_same_thread": False}
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return Database(engine, path)


def _create(path: Path) -> None:
    """Make the file, private, if it is not there. Never opens one that is: closing it would drop SQLite's locks on it."""
    if not path.exists():
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _inode_of(path: Path) -> int | None:
    """Which file is there; None if there is none."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _on_connect(dbapi: Any, _record: Any) -> None:
    """FULL: an acknowledged ``sent_at`` must survive a power cut; it costs one fsync per commit. ``secure_delete``: what is
    taken away is overwritten, whatever this SQLite was built with, so that a purge has no more to find than it knows of.
    """
    dbapi.isolation_level = None
    dbapi.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    mode = dbapi.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        raise StoreError(
            f"database: SQLite stays in journal mode {mode} here, and needs WAL; use another disk, or PostgreSQL"
        )
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "temp_store=FILE", "secure_delete=ON"):
        dbapi.execute(f"PRAGMA {pragma}")


def _on_begin(conn: Connection) -> None:
    """IMMEDIATE: a transaction that reads first and writes later would fail at once when another one wrote meanwhile."""
    conn.exec_driver_sql(conn.get_execution_options().get("sqlite_begin", "BEGIN IMMEDIATE"))


@contextmanager
def _as_store_error() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if (
            str(error.orig)
            .lower()
            .startswith(("interrupted", "canceling statement due to statement timeout"))
        ):
            raise TooSlow("looking that up took too long, and was stopped") from None
        raise _explained(str(error.orig)) from None
    except PoolTimeout:
        raise StoreError(
            "the database: all connections of this process were busy for 30 s; try again"
        ) from None
    except ProgrammingError as error:
        if "does not exist" in str(error.orig):
            raise StoreError(NO_TABLES) from None
        raise
    except IntegrityError:
        raise StoreError(
            "two transactions wrote the same row at once; the second one is tried again"
        ) from None
    except DBAPIError as error:
        # The subclasses of DatabaseError are faults of a statement or a connection, the class itself one of the file.
        damaged = type(error) is DatabaseError
        if error.connection_invalidated or damaged:
            raise _explained(str(error.orig)) from None
        raise


def _explained(message: str) -> StoreError:
    """The error for what a database said."""
    known = _explain(message)
    return (
        StoreError(known) if known else Unreachable(f"the database cannot be used: {message.splitlines()[0]}")
    )


def _explain(message: str) -> str:
    """What a database error means and what to do, without SQL or parameters; "" if it is not known."""
    lower = message.lower()
    if "disk is full" in lower or "no space left" in lower or "disk i/o error" in lower:
        return "the database's disk is full (or failing): make room; nothing is sent meanwhile and nothing is lost"
    if "deadlock" in lower:
        return "two transactions waited for each other, and the database ended this one; it is tried again"
    if "is locked" in lower:
        return (
            "the database is locked by another process for more than 10 s; is a backup or a shell holding it?"
        )
    if "no such table" in lower:
        return NO_TABLES
    if "lock timeout" in lower:
        return "another process has the database locked, perhaps to migrate it; try again when it has ended"
    if "readonly" in lower or "unable to open" in lower:
        return (
            f"the database file cannot be written ({message}); check its owner and the folder's permissions"
        )
    return ""
