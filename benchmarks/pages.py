"""The pages of the sync log over a grown database: how long each takes to answer, asked over real sockets.

    python -m benchmarks.pages [--database both] [--people 1000000] [--runs 5000] [--changes 2000000] [--json] [--check]
    python -m benchmarks.pages --url sqlite:////tmp/grown/syncd.db     # one that benchmarks.grown made before

Every page of the router's table is asked, and each of its filters with a common value, a rare one, and one that nobody has;
deep pages, long pages, pairs of filters and some twins too: a new page or filter is measured by itself. ``median_ms``, ``best_ms`` and ``p95_ms`` are of
``--answers`` answers after one that warms up, ``floor_ms`` of a list of nothing asked in between, ``ratio`` the median by that floor (a page of 500
rows is 20 to 30 floors by its rows alone).
Exit code 1 if a median is beyond 300 ms. ``--check`` is a fiftieth of the size and leaves pairs out, and
asks that no page takes much longer than the floor.
"""

import argparse
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from benchmarks.grown import company_of, grow
from benchmarks.questions import Question, questions
from benchmarks.stores import judge, kinds_here, show, url_of_new
from syncd.config import load
from syncd.store.database import open_database
from syncd.web.listening import Listening
from syncd.web.pages import create_web
from syncd.web.site import Site
from syncd.wiring import wire

BARS = {"median_ms": ("<=", 300.0)}
CHECKED = {"median_ms": ("<=", 300.0), "ratio": ("<=", 40.0)}
"""What ``--check`` asks for: a page that looks at everybody takes far longer than a list of nothing even at its size."""
FLOOR = "/changes?run=0"
CONFIG = """\
version: 1
database: {url}
litmos: {{base_url: "http://127.0.0.1:9", api_key: "${{env:SYNCD_BENCHMARK_KEY}}"}}
source: {{type: csv, name: hr, path: {folder}/hr.csv}}
employee: {{id: employee_id}}
users:
  match: [ExternalEmployeeId, UserName]
  fields: {{ExternalEmployeeId: employee_id, UserName: email, FirstName: first, LastName: last, Email: email}}
"""


@contextmanager
def served(url: str) -> Iterator[httpx.Client]:
    """The pages over a database, on a port of their own, and a client that stays connected as a browser does."""
    with tempfile.TemporaryDirectory(prefix="syncd-benchmark-") as folder:
        path = Path(folder) / "syncd.yaml"
        path.write_text(CONFIG.format(url=url, folder=folder), encoding="utf-8")
        config = load(path, environ={"SYNCD_BENCHMARK_KEY": "none"})
        app = wire(config)
        site = Site(app=app, config=config, alive=lambda: True)
        listening = Listening(create_web(site, hosts=["127.0.0.1"], pages=True), "127.0.0.1", 0)
        listening.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{listening.port}", timeout=120) as client:
                yield client
        finally:
            listening.end()
            app.close()


def asked(client: httpx.Client, path: str) -> tuple[float, int]:
    """The milliseconds of one answer, and its size; endless if it is not as it should be, which is told at once."""
    began = time.perf_counter()
    answer = client.get(path)
    spent = 1000 * (time.perf_counter() - began)
    if answer.status_code != 200:
        print(f"{path} answers {answer.status_code}: {answer.text[:300]}", file=sys.stderr)
        return math.inf, 0
    return spent, len(answer.content)


def measure(url: str, answers: int, only: str, *, pairs: bool) -> list[dict[str, Any]]:
    """Every question to the pages over this database, the slowest first; each answer with a floor beside it, for the machine may be busy."""
    database = open_database(url)
    wanted: Sequence[Question] = [one for one in questions(database, pairs=pairs) if only in one.path]
    kind = database.engine.dialect.name
    database.close()
    results = []
    with served(url) as client:
        asked(client, FLOOR)
        for one in wanted:
            size = asked(client, one.path)[1]
            floors, spent = [], []
            for _ in range(answers):
                floors.append(asked(client, FLOOR)[0])
                spent.append(asked(client, one.path)[0])
            spent.sort()
            median, floor = statistics.median(spent), statistics.median(floors)
            results.append(
                {
                    "database": kind,
                    "page": one.page,
                    "path": one.path,
                    "median_ms": round(median, 1),
                    "best_ms": round(spent[0], 1),
                    "p95_ms": round(spent[min(len(spent) - 1, int(len(spent) * 0.95))], 1),
                    "floor_ms": round(floor, 1),
                    "ratio": round(median / floor, 1),
                    "kilobytes": round(size / 1024),
                }
            )
    return sorted(results, key=lambda one: -one["median_ms"])


def main() -> int:
    """Make the databases unless one is named, ask, print, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5000)
    parser.add_argument("--changes", type=int, default=2_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--url", help="a database that benchmarks.grown has filled, instead of new ones")
    parser.add_argument("--answers", type=int, default=9)
    parser.add_argument("--only", default="", help="ask only what has this in its address")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help="a fiftieth of the size, ratios too")
    chosen = parser.parse_args()
    people, runs, changes, answers = chosen.people, chosen.runs, chosen.changes, chosen.answers
    if chosen.check:
        people, runs, changes = min(people, 20_000), min(runs, 1000), min(changes, 100_000)
        answers = min(answers, 7)
    results: list[dict[str, Any]] = []
    if chosen.url:
        results = measure(chosen.url, answers, chosen.only, pairs=not chosen.check)
    else:
        for kind in kinds_here(chosen.database):
            with url_of_new(kind) as url:
                database = open_database(url)
                grow(database, company_of(people, runs, changes, now=datetime.now(UTC)))
                database.close()
                results += measure(url, answers, chosen.only, pairs=not chosen.check)
    show(results, as_json=chosen.json)
    load_average = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    if not chosen.json:
        print(f"{len(results)} questions; load average {load_average}")
    return judge(results, CHECKED if chosen.check else BARS)


if __name__ == "__main__":
    sys.exit(main())
