"""A whole push against a simulated Litmos: what it asks for against what its Plan said, and how fast, as the server sees it.

    python -m benchmarks.push [--people 600] [--window 6] [--database sqlite|postgresql|both] [--json] [--check]

``syncd`` runs as people run it: a process for each command, with a configuration and an HR file, against the sandbox, which notes when
each request arrived. On the first day all people are new, in ten teams; on the next, 30 % have another title, 5 % another team, 5 %
have left, and a tenth as many are new. Each day is pushed twice, into accounts of their own: with everybody made and changed by a
request of their own (``singly``), and with bulk imports where those are cheaper (``imports``).

The floor is what the Plan said: ``used_low`` is the requests that arrived by the least that it promised, ``used_high`` by the most.
``percent`` is the rate at which they arrived, after those of the first window, of the rate that is allowed (100 in any window, which
is scaled from 60 s), where there are enough of them to say; ``violations`` counts the requests that made any window hold more than that.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.limiter import REQUESTS, violations
from benchmarks.stores import judge, kinds_here, show, url_of_new
from syncd.sandbox.server import Sandbox

TEAMS = 10
COLUMNS = ("employee_id", "first_name", "last_name", "email", "title", "department", "status")
CONFIG = """\
version: 1
database: {database}
litmos:
  base_url: {base_url}
  api_key: ${{env:LITMOS_API_KEY}}
  timeout: 5s
  settle_delay: 1s
  limit: {{requests: {requests}, window: {window:g}s}}
  bulk_imports: {bulk_imports}
source: {{type: csv, name: hr, path: hr.csv}}
employee:
  id: employee_id
  status: {{from: status, map: {{Active: active, Left: left}}}}
users:
  match: [ExternalEmployeeId, UserName]
  fields:
    ExternalEmployeeId: employee_id
    UserName: email
    Email: email
    FirstName: first_name
    LastName: last_name
    JobTitle: title
teams:
  - {{name: "{{department}}", parent: []}}
push:
  policy: sync
  limits:
    deactivations: {{count: null, percent: null}}
    changes: {{count: null, percent: null}}
    removals: {{count: null, percent: null}}
"""
WAYS = {"singly": '"off"', "imports": "auto"}
BARS = {
    "used_low": (">=", 1.0),
    "used_high": ("<=", 1.0),
    "percent": (">=", 95.0),
    "violations": ("<=", 0.0),
    "rejected": ("<=", 0.0),
}
CHECKED = {**BARS, "percent": (">=", 50.0)}
"""What ``--check`` asks for of few people on a machine that may be busy."""


def row(number: int, **changed: str) -> dict[str, str]:
    """One row of HR."""
    plain = (
        f"{number:05d}",
        f"First{number}",
        f"Last{number}",
        f"p{number}@example.com",
        "Clerk",
        f"Department {number % TEAMS}",
        "Active",
    )
    return {**dict(zip(COLUMNS, plain, strict=True)), **changed}


def next_day(people: int) -> Iterator[dict[str, str]]:
    """The rows a day later."""
    for number in range(people):
        place = number % 20
        if place == 0:
            yield row(number, status="Left")
        elif place == 1:
            yield row(number, department=f"Department {(number + 1) % TEAMS}")
        else:
            yield row(number, title="Manager") if place < 8 else row(number)
    yield from map(row, range(people, people + people // 10))


class Company:
    """A folder with a configuration and an HR file, and the commands that are run there."""

    def __init__(self, folder: Path, database: str, sandbox: Sandbox, way: str) -> None:
        """Write the configuration."""
        self._folder = folder
        self._sandbox = sandbox
        config = CONFIG.format(
            database=database,
            base_url=sandbox.base_url,
            requests=REQUESTS,
            window=sandbox.limiter.window,
            bulk_imports=WAYS[way],
        )
        (folder / "syncd.yaml").write_text(config, encoding="utf-8")

    def run(self, *arguments: str) -> dict[str, Any]:
        """What a command says with ``--json``."""
        root = str(Path(__file__).parents[1])
        done = subprocess.run(  # noqa: S603 - it is syncd
            [sys.executable, "-m", "syncd", *arguments, "--json"],
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": root, "LITMOS_API_KEY": self._sandbox.api_key},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def day(self, rows: Iterator[dict[str, str]]) -> dict[str, Any]:
        """Bring Litmos in step with these rows, and measure that."""
        with (self._folder / "hr.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        self.run("refresh")
        plan = self.run("plan")
        journal, window = self._sandbox.journal, self._sandbox.limiter.window
        before = len(journal.entries)
        began = time.perf_counter()
        self.run("push")
        took = time.perf_counter() - began
        entries = journal.entries
        times = [entry.at for entry in entries[before:]]
        low, high = plan["cost"]["requests"]
        too_many, most = violations([entry.at for entry in entries], window)
        return {
            "changes": len(plan["changes"]),
            "planned": f"{low}-{high}",
            "requests": len(times),
            "used_low": round(len(times) / low, 3),
            "used_high": round(len(times) / high, 3),
            **rate(times, window),
            "violations": too_many,
            "most_in_window": most,
            "rejected": sum(not entry.accepted for entry in entries),
            "took_s": round(took, 1),
        }


def rate(times: list[float], window: float) -> dict[str, float]:
    """``percent``: of the allowed rate, over all whole windows' worth of requests after the first; nothing if there are not two."""
    windows = (len(times) - 1) // REQUESTS - 1
    if windows < 2:
        return {}
    ordered = sorted(times)
    took = ordered[REQUESTS * (windows + 1)] - ordered[REQUESTS]
    return {"percent": round(100 * windows * window / took, 1)}


def measure(options: argparse.Namespace, kind: str, way: str) -> Iterator[dict[str, Any]]:
    """Both days of one company."""
    sandbox = Sandbox(limit=REQUESTS, window=options.window, bulk_delay=options.window / 60)
    with tempfile.TemporaryDirectory(prefix="syncd-benchmark-") as folder, url_of_new(kind) as url, sandbox:
        company = Company(Path(folder), url, sandbox, way)
        for day, rows in (("first", map(row, range(options.people))), ("next", next_day(options.people))):
            yield {"database": kind, "way": way, "day": day, **company.day(rows)}


def main() -> int:
    """Run what is asked for; the exit code says whether the bars were met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=600)
    parser.add_argument("--window", type=float, default=6.0, help="seconds; 60 is the true one")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="sqlite")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help="fewer people, and a bar with a margin")
    options = parser.parse_args()
    if options.check:
        options.people = 320
    results = []
    for kind in kinds_here(options.database):
        for way in WAYS:
            for found in measure(options, kind, way):
                results.append(found)
                if not options.json:
                    show(results[-1:], as_json=False)
    if options.json:
        show(results, as_json=True)
    return judge(results, CHECKED if options.check else BARS)


if __name__ == "__main__":
    sys.exit(main())
