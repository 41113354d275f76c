"""Databases for the benchmarks: a new one of each kind, at head, gone afterwards; and how results are printed and judged."""

import json
import os
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from syncd.store.database import Database, open_database
from syncd.store.migrate import upgrade

PG_SERVER = os.environ.get("SYNCD_TEST_PG", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
KINDS = ("sqlite", "postgresql")


@contextmanager
def url_of_new(kind: str) -> Iterator[str]:
    """The URL of an empty database at head, in a folder of its own or on ``SYNCD_TEST_PG``."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="syncd-benchmark-") as folder:
            yield _upgraded(f"sqlite:///{Path(folder) / 'syncd.db'}")
        return
    server = create_engine(PG_SERVER, isolation_level="AUTOCOMMIT")
    name = f"syncd_benchmark_{uuid.uuid4().hex[:12]}"
    with server.connect() as conn:
        conn.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        yield _upgraded(PG_SERVER.rsplit("/", 1)[0] + f"/{name}")
    finally:
        with server.connect() as conn:
            conn.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        server.dispose()


@contextmanager
def new_database(kind: str) -> Iterator[Database]:
    """The same, open."""
    with url_of_new(kind) as url:
        database = open_database(url)
        try:
            yield database
        finally:
            database.close()


def _upgraded(url: str) -> str:
    database = open_database(url)
    upgrade(database)
    database.close()
    return url


def kinds_here(wanted: str) -> list[str]:
    """``both`` means those that are there: PostgreSQL is left out, and said so, where no server answers."""
    if wanted != "both":
        return [wanted]
    try:
        with create_engine(PG_SERVER, connect_args={"connect_timeout": 2}).connect():
            return list(KINDS)
    except OperationalError:
        print("no PostgreSQL at SYNCD_TEST_PG: it is left out")
        return ["sqlite"]


def show(results: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """The results as JSON, or as one line each."""
    if as_json:
        print(json.dumps(list(results), indent=2))
        return
    for result in results:
        print("  ".join(f"{name} {value}" for name, value in result.items()), flush=True)


def judge(results: Sequence[Mapping[str, Any]], bars: Mapping[str, tuple[str, float]]) -> int:
    """The exit code: 1 if a value is beyond its bar (``name: ("<=" or ">=", bar)``), and says so; else 0."""
    failed = [
        f"{name} is {result[name]}, not {side} {bar}: {dict(result)}"
        for result in results
        for name, (side, bar) in bars.items()
        if name in result and not (result[name] <= bar if side == "<=" else result[name] >= bar)
    ]
    for line in failed:
        print(f"FAILED {line}")
    return 1 if failed else 0
