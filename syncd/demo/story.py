"""The story of the demo: three days of a company, each step told, checked, and pointing at the command that shows more."""

import json
import shutil
import socket
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from syncd import sync
from syncd.app import App
from syncd.config import Config, load, manual
from syncd.demo.population import Person, SecondDay, company, second_day, third_day, write_export
from syncd.errors import SyncdError
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.store import changes, people, runs
from syncd.sync import Pushed
from syncd.wiring import wire

SEED = 7
REQUESTS, WINDOW = 100, 3.0
"""The sandbox's limit: twenty times faster than Litmos' 100 in 60 s, so that the demo takes seconds."""
BULK_DELAY = 1.0
"""Seconds that the sandbox takes for a bulk import."""
API_KEY = "demo-0000-not-a-secret"
WORLD = {
    "users": [
        {
            "UserName": "owner@example.com",
            "FirstName": "Account",
            "LastName": "Owner",
            "Email": "owner@example.com",
            "AccessLevel": "Account_Owner",
        }
    ],
    "courses": [{"Name": "Fire Safety"}, {"Name": "Presenting"}],
    "learning_paths": [{"Name": "Welcome"}, {"Name": "Sales Foundations"}, {"Name": "Leadership"}],
}


class DemoFailedError(SyncdError):
    """Something that the demo promises did not happen."""


@dataclass(slots=True, kw_only=True)
class Demo:
    """The demo in its folder, with the sandbox running; ``tell`` prints one line."""

    folder: Path
    sandbox: Sandbox
    config: Config
    app: App
    tell: Callable[[str], None]
    show: Callable[[Pushed], None]

    @property
    def command(self) -> str:
        """How a person types a syncd command against the demo."""
        return f"syncd {{}} -c {self.config.path}"

    def live(self) -> None:
        """Live through the three days and the results. Raises DemoFailedError, or what the flows raise."""
        today = datetime.now(UTC).date() - timedelta(
            days=2
        )  # its three days are over: who is hired has begun
        staff = self.first_day(today)
        rows = self.second_day(staff, today)
        self.third_day(rows)
        self.results()

    def first_day(self, today: date) -> list[Person]:
        """Everybody is new to Litmos."""
        self._day(1, "HR exports 120 people; Litmos knows only its owner.")
        staff = company(seed=SEED, today=today)
        write_export(self.folder / "hr.csv", staff)
        self.tell("refresh: reading Litmos whole ...")
        counts = sync.refresh(self.app, self._run("refresh"))
        self.tell(
            f"  {counts['users']} user, {counts['teams']} teams, {counts['learning_paths']} learning paths"
        )
        pushed = self._push()
        self._expect(len(self._active()) == len(staff) + 1, "everybody has a Litmos account")
        self._more(f"runs show {pushed.run_id}", f"why {staff[0].employee_id}")
        return staff

    def second_day(self, staff: list[Person], today: date) -> tuple[Person, ...]:
        """Hires, leavers, a move, a rename; and two mistakes in the file."""
        self._day(2, "4 hires, 3 leavers, a move, a rename; and a bad e-mail address and a duplicate id.")
        day = second_day(staff, today=today + timedelta(days=1))
        write_export(self.folder / "hr.csv", day.rows)
        before = {user["ExternalEmployeeId"]: user for user in self._users()}
        self._push()
        after = {user["ExternalEmployeeId"]: user for user in self._users()}
        self._check_second_day(day, before, after)
        self.tell("The two mistakes are in quarantine, and those people keep what they had:")
        self._more("employees quarantine", f"why {day.bad_email}", f"preview {day.bad_email}")
        return day.rows

    def _check_second_day(self, day: SecondDay, before: dict[str, Any], after: dict[str, Any]) -> None:
        self._expect(all(after[who]["Active"] for who in day.hired), "the hires have accounts")
        self._expect(not any(after[who]["Active"] for who in day.left), "the leavers' accounts are inactive")
        self._expect(after[day.renamed]["LastName"] == "Winter", "the rename arrived")
        self._expect(after[day.renamed]["Id"] == before[day.renamed]["Id"], "... under the same Litmos user")
        self._expect(after[day.moved]["JobTitle"] == "Dispatcher", "the move arrived")
        kept = (day.bad_email, day.duplicated)
        self._expect(all(after[who] == before[who] for who in kept), "the two mistakes changed nobody")
        with self.app.database.read() as conn:
            rejected = {row["employee_id"] for row in people.quarantined(conn, self.app.account)}
        self._expect(rejected == set(kept), "both are in quarantine, with the lines of the file")

    def third_day(self, rows: tuple[Person, ...]) -> None:
        """Half of the file is missing."""
        self._day(3, "HR's export broke off: half of the rows are missing.")
        write_export(self.folder / "hr.csv", third_day(rows))
        active = len(self._active())
        pushed = self._push(state="held")
        self._expect(len(self._active()) == active, "nobody lost access; the run waits for a person")
        self._more(
            f"runs show {pushed.run_id}",
            f"approve {pushed.run_id}",
            f"reject {pushed.run_id} --reason 'broken export'",
        )

    def results(self) -> None:
        """People complete training, and HR hears of it."""
        self._day(3, "Meanwhile five people completed the learning path Welcome.")
        learners = [
            user["UserName"] for user in self._users() if user["ExternalEmployeeId"] and user["Active"]
        ][:5]
        for username in learners:
            self._control("complete", {"UserName": username, "LearningPath": "Welcome", "Score": 92})
        self.tell("pull: bringing results back ...")
        delivered = sync.pull(self.app, self._run("pull"))
        path = self.folder / "results.csv"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        for line in lines[:3]:
            self.tell(f"  {line}")
        self._expect(delivered.get("results", 0) >= len(learners), f"{len(lines) - 1} results are in {path}")
        self._more("status", "runs --flow pull")

    def _push(self, *, state: str = "succeeded") -> Pushed:
        self.tell("push: reading HR, planning ...")
        pushed = sync.push(self.app, self._run("push"))
        self.show(pushed)
        found = pushed.state
        if found == "running":
            self.tell("sending ...")
            found = drain(self.app, pushed.run_id)
        with self.app.database.read() as conn:
            tally = changes.tally(conn, pushed.run_id)
        done = sum(states.get("done", 0) for states in tally.values())
        self.tell(f"  run {pushed.run_id}: {found}, {done} changes done")
        self._expect(found == state, f"run {pushed.run_id} {state}")
        return pushed

    def _run(self, flow: str) -> int:
        with self.app.database.write() as conn:
            now = self.app.database.now(conn)
            made = runs.create(conn, self.app.account, flow, trigger="person", actor="demo", now=now)
        return int(made or 0)

    def _users(self) -> list[dict[str, Any]]:
        return [dict(user) for user in self.sandbox.dump()["users"]]

    def _active(self) -> list[dict[str, Any]]:
        return [user for user in self._users() if user["Active"]]

    def _control(self, what: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(  # noqa: S310 - our own sandbox on loopback
            f"{self.sandbox.control_url}/{what}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - as above

    def _day(self, number: int, text: str) -> None:
        self.tell("")
        self.tell(f"=== Day {number}: {text}")

    def _expect(self, happened: object, what: str) -> None:
        if not happened:
            raise DemoFailedError(f"the demo failed: not true that {what}")
        self.tell(f"  ok: {what}")

    def _more(self, *commands: str) -> None:
        for command in commands:
            self.tell(f"  $ {self.command.format(command)}")


def prepare(folder: Path, *, reset: bool) -> None:
    """Make the demo's folder anew. Raises DemoFailedError if something else is in its place."""
    marker = folder / ".demo"
    if folder.exists():
        if not marker.exists() and any(folder.iterdir()):
            raise DemoFailedError(f"{folder} is not a demo's folder; name another one with --folder")
        if not reset and (folder / "syncd.db").exists():
            raise DemoFailedError(
                f"{folder} holds an earlier demo; look at it: syncd status -c {folder}/syncd.yaml; "
                f"or begin anew: syncd demo --reset"
            )
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True)
    marker.touch()


def write_configuration(folder: Path, base_url: str) -> Path:
    """Write the configuration that ``syncd init`` writes, with the few lines changed that a demo needs."""
    text = manual()
    (folder / "litmos_api_key").write_text(API_KEY, encoding="utf-8")
    (folder / "litmos_api_key").chmod(0o600)
    for old, new in (
        ("base_url: https://api.litmos.com/v1.svc", f"base_url: {base_url}"),
        ("api_key: ${env:LITMOS_API_KEY}", "api_key: ${file:litmos_api_key}"),
        ("${env:SYNCD_DATABASE_URL:-sqlite:///syncd.db}", "sqlite:///syncd.db"),
        ("${env:SYNCD_DATA:-.}/", ""),
        ("requests: 100 ", f"requests: {REQUESTS} "),
        ("window: 60s", f"window: {WINDOW:g}s "),
        ("settle_delay: 30s ", "settle_delay: 1s "),
        ("policy: observe ", "policy: sync "),
        ("${env:SYNCD_WEB_PORT:-8080}", str(free_port(8080))),
    ):
        if old not in text:
            raise DemoFailedError(f"the shipped configuration has no {old!r} any more")
        text = text.replace(old, new)
    path = folder / "syncd.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def free_port(wanted: int) -> int:
    """``wanted`` if nothing listens there, else 0, which takes any."""
    try:
        with socket.create_server(("127.0.0.1", wanted)):
            return wanted
    except OSError:
        return 0


def open_demo(
    folder: Path, *, reset: bool, tell: Callable[[str], None], show: Callable[[Pushed], None]
) -> Demo:
    """Start the sandbox, write the configuration, open the App. The caller ends both."""
    prepare(folder, reset=reset)
    sandbox = Sandbox(
        api_key=API_KEY, limit=REQUESTS, window=WINDOW, bulk_delay=BULK_DELAY, seed=WORLD
    ).start()
    config = load(write_configuration(folder, sandbox.base_url))
    return Demo(folder=folder, sandbox=sandbox, config=config, app=wire(config), tell=tell, show=show)
