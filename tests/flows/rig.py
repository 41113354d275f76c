"""A rig for the flows: a sandbox, an HR file, a database and an App, with a mapping like the shipped one."""

import csv
import json
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

from syncd.app import App, Settings, open_app
from syncd.core.mapping import Mapping
from syncd.core.model import Status
from syncd.core.protection import Protection
from syncd.core.rules import Column, FieldRule, IdRule, ItemRule, Place, StatusRule, TeamRule, ValueRule
from syncd.litmos.endpoint import Endpoint
from syncd.sandbox.journal import Entry
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.sinks import CsvSinkSettings, open_sink
from syncd.sinks.base import SinkMode
from syncd.sources import CsvSourceSettings, open_source
from syncd.store import runs
from syncd.store.database import Database
from syncd.sync import Pushed, pull, push, refresh
from tests.core.factories import path_name

COLUMNS = (
    "employee_id",
    "first_name",
    "last_name",
    "email",
    "title",
    "department",
    "division",
    "status",
    "manager",
    "level",
    "unit",
)


def place(key: str) -> Place:
    """A place in an imaginary syncd.yaml."""
    return Place(where="syncd.yaml:1:1", key=key)


def of(column: str, *, transforms: tuple[str, ...] = ()) -> ValueRule:
    """The value of one column."""
    return ValueRule(parts=(Column(name=column, where="syncd.yaml:1:1"),), transforms=transforms)


def field_rule(name: str, column: str, *transforms: str) -> FieldRule:
    """A Litmos field from one column."""
    return FieldRule(place=place(f"users.fields.{name}"), field=name, value=of(column, transforms=transforms))


MAPPING = Mapping(
    employee_id=IdRule(place=place("employee.id"), value=of("employee_id")),
    status=StatusRule(
        place=place("employee.status"),
        value=of("status"),
        table={"Active": Status.ACTIVE, "Left": Status.LEFT},
    ),
    fields=(
        field_rule("UserName", "email", "lower"),
        field_rule("Email", "email", "lower"),
        field_rule("FirstName", "first_name"),
        field_rule("LastName", "last_name"),
        field_rule("JobTitle", "title"),
        field_rule("ExternalEmployeeId", "employee_id"),
    ),
    teams=(
        TeamRule(
            place=place("teams[0]"),
            names=(
                (Column(name="division", where="syncd.yaml:1:1"),),
                (Column(name="department", where="syncd.yaml:1:1"),),
            ),
        ),
    ),
    items=(ItemRule(place=place("learning_paths[0]"), item=path_name("Onboarding")),),
    match=("ExternalEmployeeId", "UserName"),
    protection=Protection(levels=frozenset({"Account_Owner"})),
)


def person(number: int, **changed: str) -> dict[str, str]:
    """One HR row."""
    return {
        "employee_id": f"{number:05d}",
        "first_name": f"First{number}",
        "last_name": f"Last{number}",
        "email": f"p{number}@example.com",
        "title": "Rep",
        "department": "Sales" if number % 2 else "Support",
        "division": "Commercial",
        "status": "Active",
        **changed,
    }


@dataclass
class Rig:
    """Everything a flow needs; ``hr`` are the rows that the next push will read."""

    sandbox: Sandbox
    database: Database
    folder: Path
    hr: list[dict[str, str]] = field(default_factory=list)
    changed: dict[str, Any] = field(default_factory=dict)
    others: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    """the rows of further sources, by name, in order of priority after ``hr``"""
    nodes: list[dict[str, str]] = field(default_factory=list)
    """the rows of the units of an organisation, for mappings with a tree"""

    @property
    def settings(self) -> Settings:
        """Settings for speed: short delays, and the sandbox's limit."""
        plain = Settings(
            account="main",
            mapping=MAPPING,
            endpoint=Endpoint(
                base_url=self.sandbox.base_url, api_key=lambda: self.sandbox.api_key, timeout=5.0
            ),
            requests=self.sandbox.limiter.limit,
            window=self.sandbox.limiter.window,
            settle_delay=0.1,
            refresh_max_age=3600.0,
        )
        return replace(plain, **self.changed)

    @property
    def results_file(self) -> Path:
        """Where results are delivered."""
        return self.folder / "results.csv"

    def open(self) -> App:
        """A new App, as a new process would have it, but that it tries again soon: after 0.1 s, 0.2 s, 0.4 s."""
        sources = [
            open_source(CsvSourceSettings(name=name, path=self.folder / f"{name}.csv"))
            for name in ("hr", *self.others)
        ]
        columns = {"employee_id": "employee_id", "what": "object_name", "completed_at": "completed_at"}
        sink = open_sink(
            CsvSinkSettings(name="results", path=self.results_file, columns=columns, mode=SinkMode.FULL)
        )
        units = open_source(CsvSourceSettings(name="org", path=self.folder / "org.csv"))
        app = open_app(self.settings, self.database, sources, {"results": sink}, {"org": units})
        app.jitter = lambda: 0.02
        return app

    def write_hr(self) -> None:
        """Write the HR file."""
        for name, rows in {"hr": self.hr, **self.others}.items():
            with (self.folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                columns = dict.fromkeys([*COLUMNS, *(column for row in rows for column in row)])
                writer = csv.DictWriter(file, list(columns))
                writer.writeheader()
                writer.writerows(rows)
        if self.nodes:
            with (self.folder / "org.csv").open("w", encoding="utf-8", newline="") as file:
                units = csv.DictWriter(file, list(self.nodes[0]))
                units.writeheader()
                units.writerows(self.nodes)

    def run_id(self, flow: str) -> int:
        """A new queued Run."""
        with self.database.write() as conn:
            made = runs.create(conn, "main", flow, trigger="test", actor="test", now=self.database.now(conn))
        assert made is not None
        return made

    def push(self, *, send: bool = True, fresh: bool = False, drained: bool = True) -> Pushed:
        """One push, drained, by an App of its own."""
        self.write_hr()
        app = self.open()
        try:
            pushed = push(app, self.run_id("push"), send=send, fresh=fresh)
            if drained and pushed.state == "running":
                drain(app, pushed.run_id)
            return pushed
        finally:
            app.client.close()

    def refresh(self) -> dict[str, int]:
        """One refresh."""
        app = self.open()
        try:
            return refresh(app, self.run_id("refresh"))
        finally:
            app.client.close()

    def pull(self) -> dict[str, int]:
        """One pull."""
        app = self.open()
        try:
            return pull(app, self.run_id("pull"))
        finally:
            app.client.close()

    def run(self, run_id: int) -> Any:
        """The Run as stored."""
        with self.database.read() as conn:
            return runs.get(conn, run_id)

    def users(self) -> dict[str, dict[str, Any]]:
        """The sandbox's users by username."""
        return {user["UserName"]: user for user in self.sandbox.dump()["users"]}

    def members(self) -> set[tuple[str, str]]:
        """(team name, username) of every membership in the sandbox."""
        dump = self.sandbox.dump()
        teams = {team["Id"]: team["Name"] for team in dump["teams"]}
        names = {user["Id"]: user["UserName"] for user in dump["users"]}
        return {(teams[m["TeamId"]], names[m["UserId"]]) for m in dump["memberships"] if m["Active"]}

    def writes(self) -> int:
        """How many write requests the sandbox has seen."""
        return sum(entry.method != "GET" for entry in self.sandbox.log)


def creates_without_a_read(sandbox: Sandbox) -> list[str]:
    """Users and teams that were POSTed again with no read since the POST before that could prove their absence.

    A refusal proves it as well. A user's absence is proved by searching for just that username, or by the list of all
    users, a team's by the list of all teams; and only by an answer that was not spoilt.
    """
    pending: set[tuple[str, str, str]] = set()
    guilty = []
    for entry in sandbox.log:
        if entry.method == "GET" and entry.status == HTTPStatus.OK and not entry.fault:
            pending -= {made for made in pending if _tells_of(entry, *made[:2])}
        made = _made_by(entry)
        guilty += [name for _kind, name, _employee in made & pending]
        if not _was_refused(entry):
            pending |= made
    return guilty


def _made_by(entry: Entry) -> set[tuple[str, str, str]]:
    """The kinds and the names of what this request may create, and for which employee, where it says so.

    A name that somebody gave up may be given to somebody else.
    """
    if entry.method == "POST" and entry.path == "/users":
        user = json.loads(entry.body)
        return {("users", user["UserName"].casefold(), user.get("ExternalEmployeeId", ""))}
    if entry.method == "POST" and entry.path == "/bulkimports":
        rows = json.loads(entry.body)
        return {("users", row["Username"].casefold(), row.get("ExternalEmployeeId", "")) for row in rows}
    if entry.method == "POST" and entry.path.endswith("/teams"):
        return {("teams", f"{entry.path} {json.loads(entry.body)['Name']}", "")}
    return set()


def _was_refused(entry: Entry) -> bool:
    """Whether the answer says for certain that the request was not applied: 4xx, or the limit's 503."""
    return HTTPStatus.BAD_REQUEST <= entry.status < 500 or "limit" in entry.detail.lower()


def _tells_of(entry: Entry, kind: str, name: str) -> bool:
    """Whether this read would have shown the user or team if it were there."""
    if kind == "teams":
        return entry.path == "/teams"
    asked = {part.partition("=")[0]: part.partition("=")[2] for part in entry.query.split("&")}
    if entry.path == "/users/details":
        return "search" not in asked
    return entry.path == "/users" and asked.get("search", name).casefold() == name
