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
from syncd.demo.command import near, runnable
from syncd.demo.population import (
    MARRIED_NAME,
    Person,
    SecondDay,
    company,
    second_day,
    third_day,
    write_export,
)
from syncd.errors import SyncdError
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.store import cases, changelists, changes, people, runs
from syncd.sync import Pushed
from syncd.wiring import wire

SEED = 7
REQUESTS, WINDOW = 100, 3.0
"""The sandbox's limit: twenty times faster than Litmos' 100 in 60 s, so that the demo takes seconds."""
BULK_DELAY = 1.0
"""Seconds that the sandbox takes for a bulk import."""
API_KEY = "demo-0000-not-a-secret"
PORT = 8080
"""Where the pages are, unless something else is there."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """What came of the three days: Runs and a Change by id, people by employee id."""

    held_run: int
    changed_run: int
    failed_change: int
    promoted: str
    """whose title Litmos refused"""
    moved: str
    known_twice: str
    others: tuple[str, ...]
    """more whose pages are worth a look: rejected, renamed, hired, to begin, gone"""


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
        return f"{runnable()} {{}} -c {near(Path(self.config.path))}"

    @property
    def afterwards(self) -> str:
        """What may be typed once the demo has ended, and its sandbox with it."""
        look = "\n".join(f"  $ {self.command.format(one)}" for one in ("status", "problems", "runs"))
        anew = f"{runnable()} demo --reset{_named(self.folder)}"
        return (
            f"The sandbox has ended, so nothing more can be sent to it. What happened stays to be looked at:\n{look}\n"
            f"To live through it anew, and look at the pages:\n  $ {anew}"
        )

    def live(self) -> Lived:
        """Live through the three days and the results. Raises DemoFailedError, or what the flows raise."""
        today = datetime.now(UTC).date() - timedelta(
            days=2
        )  # its three days are over: who is hired has begun
        staff = self.first_day(today)
        day, changed = self.second_day(staff, today)
        held = self.third_day(day.rows)
        self.results()
        return Lived(
            held_run=held,
            changed_run=changed,
            failed_change=self._failed(changed, day.promoted),
            promoted=day.promoted,
            moved=day.moved,
            known_twice=day.known_twice.employee_id,
            others=(day.bad_email, day.duplicated, day.renamed, day.hired[0], day.starters[0], day.left[0]),
        )

    def first_day(self, today: date) -> list[Person]:
        """Everybody is new to Litmos."""
        self._day(1, "HR exports 120 people; Litmos knows only its owner.")
        staff = company(seed=SEED, today=today)
        write_export(self.folder / "hr.csv", staff)
        self._refresh()
        pushed = self._push()
        self._expect(len(self._active()) == len(staff) + 1, "everybody has a Litmos account")
        self._more(f"runs show {pushed.run_id}", f"why {staff[0].employee_id}")
        return staff

    def second_day(self, staff: list[Person], today: date) -> tuple[SecondDay, int]:
        """Hires, leavers, a move, a rename; two mistakes in the file; a change that Litmos refuses. The day, and its Run."""
        self._day(
            2,
            "5 hires, 2 more to come, 3 leavers, a move, a rename, a promotion; and a bad e-mail address and a duplicate id.",
        )
        day = second_day(staff, today=today + timedelta(days=1))
        write_export(self.folder / "hr.csv", day.rows)
        self._meanwhile_in_litmos(day)
        self._refresh()
        before = {user["ExternalEmployeeId"]: user for user in self._users()}
        pushed = self._push(ends="failed")
        after = {user["ExternalEmployeeId"]: user for user in self._users()}
        self._check_second_day(day, before, after)
        self.tell("Those two people keep what they had until their rows are right:")
        self._more("quarantine", f"why {day.bad_email}", f"preview {day.bad_email}")
        self.tell("One change was refused, and one person is in Litmos twice; both wait for somebody:")
        self._more("problems", f"why {day.promoted} JobTitle", f"cases show {day.known_twice.employee_id}")
        return day, pushed.run_id

    def _meanwhile_in_litmos(self, day: SecondDay) -> None:
        """Two accounts that somebody made for one who is hired, a field that somebody wrote over, and a title to refuse."""
        who = day.known_twice
        for stem in ("contractor", "trainee"):
            username = f"{stem}.{who.last_name}@example.com".lower()
            fields = {"UserName": username, "Email": username, "ExternalEmployeeId": who.employee_id}
            names = {"FirstName": who.first_name, "LastName": who.last_name}
            self._control("edit", {"do": "create_user", "set": {**fields, **names}})
        promoted = next(user for user in self._users() if user["ExternalEmployeeId"] == day.promoted)
        edit = {
            "do": "set_user",
            "UserName": promoted["UserName"],
            "set": {"CustomField3": "works from home"},
        }
        self._control("edit", edit)
        refusal = {"kind": "status", "method": "PUT", "path": f"^/?users/{promoted['Id']}", "status": 400}
        self._control("faults", [{**refusal, "reason": "JobTitle is not in the list of this account"}])

    def _check_second_day(self, day: SecondDay, before: dict[str, Any], after: dict[str, Any]) -> None:
        self._expect(all(after[who]["Active"] for who in day.hired), "the hires have accounts")
        self._expect(not any(after[who]["Active"] for who in day.left), "the leavers' accounts are inactive")
        self._expect(after[day.renamed]["LastName"] == MARRIED_NAME, "the rename arrived")
        self._expect(after[day.renamed]["Id"] == before[day.renamed]["Id"], "... under the same Litmos user")
        self._expect(after[day.moved]["JobTitle"] == "Dispatcher", "the move arrived")
        self._expect(not any(who in after for who in day.starters), "who begins later has none yet")
        self._expect(
            after[day.promoted]["JobTitle"] == before[day.promoted]["JobTitle"],
            "Litmos refused the promotion: a problem, for a person to look at",
        )
        with self.app.database.read() as conn:
            case = cases.find(conn, self.app.account, day.known_twice.employee_id)
        self._expect(
            case is not None and case["state"] == "open", "who is in Litmos twice is a case to decide"
        )
        kept = (day.bad_email, day.duplicated)
        self._expect(all(after[who] == before[who] for who in kept), "the two mistakes changed nobody")
        with self.app.database.read() as conn:
            rejected = {row["employee_id"] for row in people.quarantined(conn, self.app.account)}
        named = {*kept, day.known_twice.employee_id}
        self._expect(rejected == named, "they are in quarantine, with the lines of the file")

    def third_day(self, rows: tuple[Person, ...]) -> int:
        """Half of the file is missing, and a column of the rest. The held Run."""
        self._day(3, "HR's export broke: half of the rows are missing, and the rest has no job titles.")
        write_export(self.folder / "hr.csv", third_day(rows))
        active = len(self._active())
        pushed = self._push(ends="held")
        self._expect(len(self._active()) == active, "nobody lost anything; the run waits for a person")
        self._more(
            f"runs show {pushed.run_id}",
            f"approve {pushed.run_id}",
            f"reject {pushed.run_id} --reason 'broken export'",
        )
        return pushed.run_id

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

    def _refresh(self) -> None:
        self.tell("refresh: reading Litmos whole ...")
        counts = sync.refresh(self.app, self._run("refresh"))
        told = ("users", "teams", "learning_paths")
        self.tell("  " + ", ".join(f"{counts[name]} {name.replace('_', ' ')}" for name in told))

    def _push(self, *, ends: str = "succeeded") -> Pushed:
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
        self._expect(found == ends, f"run {pushed.run_id} {ends}")
        return pushed

    def _failed(self, run_id: int, employee_id: str) -> int:
        """The Change of this employee that failed in this Run."""
        asked = changelists.Wanted(run_id=run_id, employee_id=employee_id, state="failed")
        with self.app.database.read() as conn:
            found = changelists.changes(conn, self.app.account, asked, before=None, limit=1)
        return int(found[0]["id"])

    def _run(self, flow: str) -> int:
        with self.app.database.write() as conn:
            now = self.app.database.now(conn)
            made = runs.create(conn, self.app.account, flow, trigger="person", actor="demo", now=now)
        return int(made or 0)

    def _users(self) -> list[dict[str, Any]]:
        return [dict(user) for user in self.sandbox.dump()["users"]]

    def _active(self) -> list[dict[str, Any]]:
        return [user for user in self._users() if user["Active"]]

    def _control(self, what: str, body: object) -> None:
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


FOLDER = Path(".syncd-demo")
"""Where the demo is kept, unless another folder is named."""


def _named(folder: Path) -> str:
    """The option that names a folder again, if it is not the usual one."""
    return "" if folder == FOLDER else f" --folder {near(folder)}"


def prepare(folder: Path, *, reset: bool) -> None:
    """Make the demo's folder anew. Raises DemoFailedError if something else is in its place."""
    marker = folder / ".demo"
    if folder.exists():
        if not marker.exists() and any(folder.iterdir()):
            raise DemoFailedError(f"{folder} is not a demo's folder; name another one with --folder")
        if not reset and (folder / "syncd.db").exists():
            raise DemoFailedError(
                f"{folder} holds an earlier demo; look at it: {runnable()} status -c {near(folder / 'syncd.yaml')}; "
                f"or begin anew: {runnable()} demo --reset{_named(folder)}"
            )
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True)
    marker.touch()


def write_configuration(folder: Path, base_url: str, *, port: int = PORT) -> Path:
    """Write the configuration that ``syncd init`` writes, with the few lines changed that a demo needs; 0 is any port."""
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
        ("${env:SYNCD_WEB_PORT:-8080}", str(free_port(port))),
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
    folder: Path,
    *,
    reset: bool,
    tell: Callable[[str], None],
    show: Callable[[Pushed], None],
    port: int = PORT,
) -> Demo:
    """Start the sandbox, write the configuration, open the App. The caller ends both."""
    prepare(folder, reset=reset)
    sandbox = Sandbox(
        api_key=API_KEY, limit=REQUESTS, window=WINDOW, bulk_delay=BULK_DELAY, seed=WORLD
    ).start()
    config = load(write_configuration(folder, sandbox.base_url, port=port))
    return Demo(folder=folder, sandbox=sandbox, config=config, app=wire(config), tell=tell, show=show)
