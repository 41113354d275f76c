"""A workbench: a folder with a configuration and an HR file, a sandbox beside it, and syncd as a process, as people run it."""

import contextlib
import csv
import fcntl
import json
import logging
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from typer.testing import CliRunner

from syncd.cli.main import app
from syncd.config import Config, load
from syncd.sandbox.server import Sandbox
from syncd.store import runs
from syncd.store.database import Database, open_database
from tests.flows.rig import COLUMNS, person

KEY = "CANARY-key-51c1"
"""The API key of every workbench: it must show up nowhere."""

CONFIG = """\
version: 1
database: sqlite:///syncd.db
litmos:
  base_url: {base_url}
  api_key: ${{env:LITMOS_API_KEY}}
  timeout: {timeout}
  settle_delay: 1s
  limit: {{requests: {requests}, window: {window}}}
source: {{type: csv, name: hr, path: hr.csv}}
employee:
  id: employee_id
  status: {{from: status, map: {{Active: active, Left: left}}}}
users:
  match: [ExternalEmployeeId, UserName]
  fields:
    ExternalEmployeeId: employee_id
    UserName: {{from: email, transform: lower}}
    Email: {{from: email, transform: lower}}
    FirstName: first_name
    LastName: last_name
    JobTitle: title
teams:
  - {{name: "{{department}}", parent: []}}
learning_paths:
  - path: Onboarding
push: {{policy: sync}}
pull:
  sinks:
    - name: results
      path: results.csv
      columns: {{employee_id: employee_id, title: object_name}}
schedules: {{refresh: null, push: null, pull: null}}
web: {{port: 0}}
"""


@dataclass
class Workbench:
    """``folder`` holds syncd.yaml, hr.csv and syncd.db; commands run there, with the key in the environment."""

    folder: Path
    sandbox: Sandbox
    environ: dict[str, str] = field(default_factory=dict)
    in_process: bool = False

    @property
    def config_file(self) -> Path:
        return self.folder / "syncd.yaml"

    @property
    def hr_file(self) -> Path:
        return self.folder / "hr.csv"

    def configure(self, *changes: tuple[str, str], timeout: str = "5s") -> None:
        """Write the configuration with some texts replaced by others."""
        text = CONFIG.format(
            base_url=self.sandbox.base_url,
            timeout=timeout,
            requests=self.sandbox.limiter.limit,
            window=f"{self.sandbox.limiter.window:g}s",
        )
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        self.config_file.write_text(text, encoding="utf-8")

    def write_hr(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Write the HR file."""
        with self.hr_file.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)

    def staff(self, number: int, **changed: str) -> list[dict[str, str]]:
        """Write an HR file of so many people, and return their rows."""
        rows = [person(each, **changed) for each in range(1, number + 1)]
        self.write_hr(rows)
        return rows

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "syncd", *arguments]

    @property
    def env(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        root = str(Path(__file__).parents[1])
        return {**kept, "PYTHONPATH": root, "LITMOS_API_KEY": KEY, **self.environ}

    def run(self, *arguments: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; its exit code must be ``expect`` (None: any)."""
        done = self._run_here(*arguments) if self.in_process else self._run_process(*arguments)
        assert expect is None or done.returncode == expect, (done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def _run_process(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def _run_here(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The same in this process, which is several times faster: imports are most of a short command."""
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        try:
            with contextlib.chdir(self.folder), patch.dict(os.environ, self.env, clear=True):
                done = CliRunner().invoke(app, arguments, catch_exceptions=False)
        finally:
            root.handlers[:] = handlers
            root.setLevel(level)
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)

    def at_terminal(self, *arguments: str, columns: int = 80, expect: int | None = 0) -> str:
        """What a command prints, stdout and stderr as they come, at a terminal that is so wide; its process."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env={**self.env, "TERM": "xterm"},
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        pieces: list[bytes] = []
        with contextlib.suppress(OSError):  # raised once the other end is closed
            while piece := os.read(ours, 65536):
                pieces.append(piece)
        os.close(ours)
        shown = b"".join(pieces).decode().replace("\r\n", "\n")
        code = process.wait(60)
        assert expect is None or code == expect, (code, shown)
        assert "Traceback" not in shown, shown
        return shown

    def json(self, *arguments: str, expect: int = 0) -> dict[str, Any]:
        """Run a command with --json; what it prints, which is one JSON object with its schema_version."""
        found: dict[str, Any] = json.loads(self.run(*arguments, "--json", expect=expect).stdout)
        assert found["schema_version"] == 1
        return found

    @contextmanager
    def serving(self) -> Iterator["Served"]:
        """``syncd serve`` until the block ends."""
        served = self.serve()
        try:
            yield served
        finally:
            served.kill()

    def serve(self) -> "Served":
        """Start ``syncd serve`` and wait until it says that it serves."""
        log = self.folder / f"serve-{time.monotonic_ns()}.log"
        errors = log.with_suffix(".err")
        with log.open("wb") as out, errors.open("wb") as err:
            process = subprocess.Popen(
                self.command("serve"), cwd=self.folder, env=self.env, stdout=out, stderr=err
            )
        served = Served(process=process, log=log, errors=errors)
        eventually(lambda: served.events("serving") or process.poll() is not None, served.log.read_text)
        return served

    def config(self) -> Config:
        """The configuration, loaded in this process."""
        return load(self.config_file, environ=self.env)

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The database, opened in this process."""
        opened = open_database(f"sqlite:///{self.folder / 'syncd.db'}")
        try:
            yield opened
        finally:
            opened.close()

    def queue(self, flow: str) -> int:
        """A queued Run as a schedule makes it."""
        with self.database() as database, database.write() as conn:
            made = runs.create(
                conn, "main", flow, trigger="schedule", actor="schedule", now=database.now(conn)
            )
        assert made is not None
        return made

    def state(self, run_id: int) -> str:
        """The state of a Run."""
        with self.database() as database, database.read() as conn:
            return str(runs.must_get(conn, run_id)["state"])

    def usernames(self) -> set[str]:
        """The active users of the sandbox."""
        return {user["UserName"] for user in self.sandbox.dump()["users"] if user["Active"]}

    def writes(self) -> int:
        """How many write requests the sandbox has seen."""
        return sum(entry.method != "GET" for entry in self.sandbox.log)


@dataclass
class Served:
    """A running ``syncd serve`` and what it has logged."""

    process: subprocess.Popen[bytes]
    log: Path
    errors: Path

    def lines(self) -> list[dict[str, Any]]:
        """Everything logged so far; every line must be JSON (the last may be half written)."""
        whole = self.log.read_text(encoding="utf-8").rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log lines of one event."""
        return [line for line in self.lines() if line.get("event") == name]

    def get(self, path: str, *, host: str = "") -> tuple[int, str]:
        """Status and body of one of its pages."""
        port = self.events("serving")[0]["port"]
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
        if host:
            request.add_header("Host", host)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - our own daemon
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def terminate(self) -> int:
        """SIGTERM; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def kill(self) -> None:
        """SIGKILL, if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)


def eventually(
    found: Callable[[], object], say: Callable[[], object] = lambda: "", *, seconds: float = 20.0
) -> None:
    """Wait until something is so; fail, saying what there is, if it is not in time."""
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline, say()
        time.sleep(0.05)


@contextmanager
def workbench(folder: Path, *, limit: int = 300, window: float = 1.0, **options: Any) -> Iterator[Workbench]:
    """A configured workbench with a sandbox that knows the learning path of the configuration."""
    seed = {"learning_paths": [{"Name": "Onboarding"}]}
    options = {"bulk_delay": 0.05, "seed": seed, **options}
    with Sandbox(api_key=KEY, limit=limit, window=window, **options) as sandbox:
        made = Workbench(folder=folder, sandbox=sandbox)
        made.configure()
        yield made
