"""The rolling window at its limit: real processes against a real server that notes when each request arrived.

    python -m benchmarks.limiter [--window 6] [--windows 10] [--processes 1,6] [--delays 0,1,2] [--kills] [--json] [--check]

The window is scaled: 100 requests in any 6 s instead of 60 s, and so are the answers' delays, the deadline and the margin
(a "1" is up to 1 s of a 60 s window, drawn evenly; a "2" is 2 s each time). ``--window 60`` measures the true one. The floor is
the limit itself: ``percent`` is the rate at which so many windows' worth of requests arrived, after those of the first
one, of the rate that is allowed (from one request to that one so many windows of requests later, as they come in bursts);
``violations`` counts the requests that made any window of that length hold more than the limit, as the server saw it.
With ``--kills`` a process is killed with -9 once per window, and another one started.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.stores import judge, kinds_here, show, url_of_new
from syncd.errors import LitmosError
from syncd.litmos.client import LitmosClient
from syncd.litmos.endpoint import Endpoint
from syncd.store.database import open_database
from syncd.store.window import RollingWindow, WindowSettings

REQUESTS = 100
MINUTE = 60.0
BARS = {"percent": (">=", 95.0), "violations": ("<=", 0.0)}
CHECKED = {"percent": (">=", 80.0), "violations": ("<=", 0.0)}
"""What ``--check`` asks for in few, short windows on a machine that may be busy."""
STRICT = {"percent": (">=", 97.0), "violations": ("<=", 0.0)}
"""For answers that take at most a second."""


class Arrivals(ThreadingHTTPServer):
    """Answers ``{}`` after a delay, and knows when each request arrived (monotonic seconds)."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, longest: float, *, even: bool) -> None:
        """Delays are drawn from 0 to ``longest`` seconds, or (not ``even``) are always that long."""
        self.times: list[float] = []
        self._longest = longest
        self._even = even
        self._dice = random.Random(4711)  # noqa: S311 - delays are no secret
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """The base URL for clients."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1.svc"

    def delay(self) -> float:
        """How long the next answer takes."""
        return self._dice.uniform(0, self._longest) if self._even else self._longest


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # head and body leave together
    server: Arrivals

    def do_GET(self) -> None:
        self.server.times.append(time.monotonic())
        time.sleep(self.server.delay())
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        """Nothing: the times are kept."""


class Unwatched:
    """Nobody needs to know before a request leaves."""

    def before_send(self, *, write: bool) -> None:
        """Let it go."""


def client(url: str, base_url: str, window: float, senders: int) -> None:
    """A process of so many senders that ask for ever."""
    scale = window / MINUTE
    timeout = 25.0 * scale
    settings = WindowSettings(
        account="main",
        requests=REQUESTS,
        seconds=window,
        timeout=timeout,
        margin=5.0 * scale,
        start_free=True,
    )
    gate = RollingWindow(open_database(url), settings)
    litmos = LitmosClient(Endpoint(base_url=base_url, api_key=lambda: "key", timeout=timeout), gate)

    def ask() -> None:
        while True:
            try:
                litmos.calls(Unwatched()).find(["users", "1"])
            except LitmosError as error:
                print(error, file=sys.stderr)

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Crowd:
    """The processes; ``kill`` ends one as hard as can be, and starts another."""

    def __init__(self, number: int, *options: str) -> None:
        """Start so many."""
        self._options = options
        self._all = [self._start() for _ in range(number)]

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "benchmarks.limiter", "--client", *self._options]
        return subprocess.Popen(command, cwd=Path(__file__).parents[1])  # noqa: S603 - it is this file

    def kill(self, number: int) -> None:
        """Kill one, and start another in its place."""
        place = number % len(self._all)
        os.kill(self._all[place].pid, signal.SIGKILL)
        self._all[place].wait()
        self._all[place] = self._start()

    def end(self) -> None:
        """End all."""
        for each in self._all:
            each.kill()
        for each in self._all:
            each.wait()


def violations(times: list[float], window: float) -> tuple[int, int]:
    """How many requests made a window of that length hold more than allowed, and the most that any held."""
    found = most = first = 0
    ordered = sorted(times)
    for last, at in enumerate(ordered):
        while ordered[first] <= at - window:
            first += 1
        held = last - first + 1
        most = max(most, held)
        found += held > REQUESTS
    return found, most


def measure(options: argparse.Namespace, kind: str, processes: int, delay: float) -> dict[str, Any]:
    """One configuration: how much of the allowed rate arrives, and whether ever too much."""
    window = options.window
    server = Arrivals(delay * window / MINUTE, even=delay <= 1)
    with url_of_new(kind) as url:
        crowd = Crowd(processes, url, server.url, str(window), str(options.senders))
        try:
            while not server.times:
                time.sleep(0.01)
            ends = server.times[0] + window * (2 * options.windows + 1)
            kills_at = server.times[0] + 1.5 * window
            killed = 0
            while len(server.times) <= REQUESTS * (options.windows + 1) and time.monotonic() < ends:
                time.sleep(0.01)
                if options.kills and time.monotonic() > kills_at:
                    crowd.kill(killed)
                    killed += 1
                    kills_at += window
        finally:
            crowd.end()
    server.shutdown()
    server.server_close()
    counted = sorted(server.times)[REQUESTS : REQUESTS * (options.windows + 1) + 1]
    too_many, most = violations(server.times, window)
    return {
        "database": kind,
        "processes": processes,
        "answers_s": f"0-{delay:g}" if 0 < delay <= 1 else f"{delay:g}",
        "killed": killed,
        "percent": round((len(counted) - 1) * window / (counted[-1] - counted[0]), 1),
        "violations": too_many,
        "most_in_window": most,
    }


def main() -> int:
    """Run what is asked for; the exit code says whether the bars were met."""
    if sys.argv[1:2] == ["--client"]:
        url, base_url, window, senders = sys.argv[2:]
        client(url, base_url, float(window), int(senders))
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--window", type=float, default=6.0, help="seconds; 60 is the true one")
    parser.add_argument("--windows", type=int, default=10)
    parser.add_argument("--processes", default="1,6")
    parser.add_argument("--delays", default="0,1,2", help="seconds of a 60 s window; up to 1: drawn from 0")
    parser.add_argument("--senders", type=int, default=4, help="of each process")
    parser.add_argument("--kills", action="store_true", help="kill a process each window")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help="few windows, one delay, a bar with a margin")
    options = parser.parse_args()
    if options.check:
        options.windows, options.processes, options.delays, options.kills = 3, "3", "1", True
    cases = [
        (kind, int(processes), float(delay))
        for kind in kinds_here(options.database)
        for processes in options.processes.split(",")
        for delay in options.delays.split(",")
    ]
    results = []
    failed = 0
    for case in cases:
        results.append(measure(options, *case))
        bars = CHECKED if options.check else STRICT if case[2] <= 1 and not options.kills else BARS
        failed |= judge(results[-1:], bars)
        if not options.json:
            show(results[-1:], as_json=False)
    if options.json:
        show(results, as_json=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
