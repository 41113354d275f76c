"""The pages of the sync log over a grown database: how long each takes to answer, asked over real sockets.

    python -m benchmarks.pages [--database both] [--people 1000000] [--runs 5000] [--changes 2000000] [--json] [--check]
    python -m benchmarks.pages --url sqlite:////tmp/grown/syncd.db     # one that benchmarks.grown made before

Every page of the router's table is asked, and each of its filters with a common value, a rare one, and one that nobody has;
deep pages, long pages, pairs of filters and some twins too: a new page or filter is measured by itself. ``median_ms``, ``best_ms`` and ``p95_ms`` are of
``--answers`` answers after one that warms up, ``floor_ms`` of a list of nothing asked in between, ``ratio`` the median by that floor (a page of 500
rows is 20 to 30 floors by its rows alone).
A scrape of ``/metrics`` is asked, too. Exit code 1 if a median is beyond 300 ms. ``--check`` takes a minute: it counts the steps that SQLite
takes for each page at two small sizes (``benchmarks/growth.py``), and times PostgreSQL's at the larger of them, without pairs.
"""

import argparse
import math
import os
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from benchmarks import growth
from benchmarks.grown import company_of, grow
from benchmarks.questions import Question, questions
from benchmarks.serving import SCRAPE, served
from benchmarks.stores import judge, kinds_here, show, url_of_new
from syncd.store.database import open_database

BARS = {"median_ms": ("<=", 300.0)}
CHECKED = {**BARS, "ratio": ("<=", 40.0), **growth.BARS}
"""What ``--check`` asks for: a page that looks at everybody takes far longer than a list of nothing even at its size."""
FLOOR = "/changes?run=0"


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
    wanted: Sequence[Question] = [
        one for one in (SCRAPE, *questions(database, pairs=pairs)) if only in one.path
    ]
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
    parser.add_argument(
        "--check", action="store_true", help="small sizes: how much grows on SQLite, times on PostgreSQL"
    )
    chosen = parser.parse_args()
    people, runs, changes, answers = chosen.people, chosen.runs, chosen.changes, chosen.answers
    if chosen.check:
        (people, runs, changes), answers = growth.LARGE, min(answers, 3)
    results: list[dict[str, Any]] = []
    if chosen.url:
        results = measure(chosen.url, answers, chosen.only, pairs=not chosen.check)
    else:
        for kind in kinds_here(chosen.database):
            if chosen.check and kind == "sqlite":
                results += growth.growth(chosen.only)
                continue
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
