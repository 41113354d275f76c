"""Sources: what reading HR whole and hashing every row takes, in memory and time, of each kind of text and database.

    python -m benchmarks.sources [--rows 1000000] [--kinds csv,csv.gz,json,sqlite,postgresql] [--json] [--check]

Made-up HR of 12 columns. What is measured runs in a process of its own: ``Source.read`` and all hashes, as a push takes them.
``peak_mb`` is the most memory that process ever had, ``grown_mb`` by how much that is more than before it read. ``sqlite since`` and
``postgresql since`` read what changed (1 row in 1000) over the last reading. ``json`` comes over HTTP on loopback, in pages.
"""

import argparse
import csv
import gzip
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import create_engine, make_url

from benchmarks.stores import PG_SERVER, judge, kinds_here, show

COLUMNS = (
    "employee_id", "first_name", "last_name", "email", "job_title", "department", "division", "location", "country",
    "status", "hire_date", "updated_at",
)  # fmt: skip
KINDS = ("csv", "csv.gz", "json", "sqlite", "sqlite since", "postgresql", "postgresql since")
QUERY = f"SELECT {', '.join(COLUMNS)} FROM people"
BARS = {"grown_mb": ("<=", 60.0)}
"""What any number of rows may take: pages, the cells of 10,000 rows, drivers; and 8 bytes for each key of ``since``."""
REDUCED = 100_000
PAGE = 10_000
"""Rows in a page of JSON."""


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(prog="benchmarks.sources", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help="a reduced size, the same bars")
    parser.add_argument("--read", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.read:
        print(json.dumps(read(*given.read)))
        return 0
    rows = REDUCED if given.check else given.rows
    there = kinds_here("both")
    kinds = [
        kind for kind in given.kinds.split(",") if not kind.startswith("postgresql") or "postgresql" in there
    ]
    results = [measured(kind, rows) for kind in kinds]
    show(results, as_json=given.json)
    return judge(results, BARS)


def people(first: int, last: int) -> Iterator[tuple[str, ...]]:
    """The people of these numbers."""
    for number in range(first, last):
        key = f"{number:08}"
        yield (
            key, f"First{number % 977}", f"Last{number % 7919}", f"person.{key}@example.com", f"Job {number % 311}",
            f"Department {number % 97}", f"Division {number % 7}", f"City {number % 53}", "SI", "Active", "2020-01-31",
            "2020-01-01 00:00:00" if number % 1000 else "2026-01-01 00:00:00",
        )  # fmt: skip


def measured(kind: str, rows: int) -> dict[str, Any]:
    """Read HR of this kind in a new process; with ``since`` twice, and the second reading is what counts."""
    with tempfile.TemporaryDirectory(prefix="syncd-benchmark-") as folder, place_of(kind, rows) as place:
        if kind.endswith(" since"):
            _read_apart(kind, place, folder)
            _touch(kind, place, rows)
        result = _read_apart(kind, place, folder)
    if result["rows"] != rows:
        raise RuntimeError(f"{kind}: {result['rows']} rows were read, not {rows}")
    return {"kind": kind, **result}


def _read_apart(kind: str, place: str, folder: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.sources", "--read", kind, place, folder]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this very module
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def place_of(kind: str, rows: int) -> Iterator[str]:
    """The path or the URL of made-up HR, which is gone afterwards."""
    base = kind.removesuffix(" since")
    with tempfile.TemporaryDirectory(prefix="syncd-benchmark-") as folder:
        path = Path(folder) / f"hr.{base}"
        if base == "postgresql":
            with _postgresql(rows) as url:
                yield url
        elif base == "json":
            with _server(rows) as url:
                yield url
        elif base == "sqlite":
            _fill_sqlite(path, rows)
            yield f"sqlite:///{path}"
        else:
            opened = gzip.open if base == "csv.gz" else open
            with opened(path, "wt", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([COLUMNS])
                csv.writer(file).writerows(people(0, rows))
            yield str(path)


def _fill_sqlite(path: Path, rows: int) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"CREATE TABLE people ({', '.join(f'{column} TEXT' for column in COLUMNS)})")
    marks = ", ".join("?" * len(COLUMNS))
    connection.executemany(f"INSERT INTO people VALUES ({marks})", people(0, rows))
    connection.commit()
    connection.close()


@contextmanager
def _postgresql(rows: int) -> Iterator[str]:
    server = create_engine(PG_SERVER, isolation_level="AUTOCOMMIT")
    name = f"syncd_benchmark_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    url = make_url(PG_SERVER).set(database=name).render_as_string(hide_password=False)
    own = create_engine(url)
    try:
        with own.begin() as connection:
            kinds = ", ".join(
                f"{column} {'timestamptz' if column == 'updated_at' else 'text'}" for column in COLUMNS
            )
            connection.exec_driver_sql(f"CREATE TABLE people ({kinds})")
            driver: Any = connection.connection.driver_connection
            with driver.cursor() as cursor, cursor.copy("COPY people FROM STDIN") as copy:
                for row in people(0, rows):
                    copy.write_row(row)
        yield url
    finally:
        own.dispose()
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        server.dispose()


def _touch(kind: str, place: str, rows: int) -> None:
    """Change one row in a thousand."""
    now = "datetime('2026-02-01')" if kind.startswith("sqlite") else "now()"
    some = ", ".join(f"'{number:08}'" for number in range(0, rows, 1000))
    engine = create_engine(place)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE people SET job_title = 'Lead', updated_at = {now} WHERE employee_id IN ({some})"
        )
    engine.dispose()


@contextmanager
def _server(rows: int) -> Iterator[str]:
    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            first = int(parse_qs(urlsplit(self.path).query).get("offset", ["0"])[0])
            found = [dict(zip(COLUMNS, row, strict=True)) for row in people(first, min(first + PAGE, rows))]
            body = json.dumps({"data": found, "total": rows}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/people"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def read(kind: str, place: str, folder: str) -> dict[str, Any]:
    """In this process: the Reading, and every hash of it."""
    source = _opened(kind, place, Path(folder))
    with tempfile.TemporaryDirectory(prefix="syncd-benchmark-") as workspace:
        before, wall, cpu = _peak(), time.perf_counter(), time.process_time()
        reading = source.read(Path(workspace))
        hashed = sum(len(some.hashes) for some in reading.raw.hashed())
        seconds, processor = time.perf_counter() - wall, time.process_time() - cpu
        return {
            "rows": hashed,
            "complete": reading.complete,
            "size_mb": round(reading.size_bytes / 1e6, 1),
            "seconds": round(seconds, 1),
            "cpu_seconds": round(processor, 1),
            "peak_mb": _peak(),
            "grown_mb": _peak() - before,
        }


def _opened(kind: str, place: str, folder: Path) -> Any:
    from syncd.sources import CsvSourceSettings, open_source
    from syncd.sources.json_settings import JsonSourceSettings, Paging
    from syncd.sources.settings import Since, SqlSourceSettings

    if kind.startswith("csv"):
        return open_source(CsvSourceSettings(name="hr", path=Path(place)))
    if kind == "json":
        return open_source(
            JsonSourceSettings(
                name="hr",
                link=lambda: place,
                rows="data",
                columns=COLUMNS,
                paging=Paging(kind="offset", param="offset", total="total"),
            )
        )
    since = Since(column="updated_at", key="employee_id", folder=folder)
    return open_source(
        SqlSourceSettings(
            name="hr", url=lambda: place, query=QUERY, since=since if kind.endswith(" since") else None
        )
    )


def _peak() -> int:
    """MiB. Where the system tells it, of this program alone: ``ru_maxrss`` begins with that of the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return round(int(line.split()[1]) / 1024)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    sys.exit(main())
