"""Three ``syncd serve`` on one PostgreSQL: one plans, all send; one is killed, one stands still too long, and nothing is lost.

They are real processes, each with its own senders, over one queue and one rolling window; Litmos misbehaves meanwhile.
"""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from syncd.sandbox.server import Sandbox
from syncd.store import jobs
from syncd.store.database import Database, open_database
from syncd.store.migrate import upgrade
from tests.flows.rig import creates_without_a_read, person
from tests.workbench import KEY, Served, Workbench, eventually

LIMIT, WINDOW = 60, 1.0
KNOWN, NEW = 333, 334
"""Three Changes each: the user, a team, a learning path; 2,001 in all."""
FAULTS = [
    {"kind": "drop_after", "method": "POST", "path": "^/users$", "nth": 15, "count": 5},
    {"kind": "drop_before", "method": "POST", "path": "^/users$", "nth": 40, "count": 5},
    {"kind": "status", "method": "POST", "path": "^/users$", "nth": 90, "count": 2},
    {"kind": "drop_after", "method": "PUT", "nth": 20, "count": 5},
    {"kind": "html", "method": "PUT", "nth": 60, "count": 3},
    {"kind": "slow", "method": "POST", "path": "learningpaths", "nth": 30, "count": 3, "seconds": 3.0},
    {"kind": "drop_after", "method": "POST", "path": "learningpaths", "nth": 80, "count": 5},
]


@dataclass
class Shared(Workbench):
    """A workbench whose database is a PostgreSQL that several processes share."""

    url: str = ""

    @contextmanager
    def database(self) -> Iterator[Database]:
        opened = open_database(self.url)
        try:
            yield opened
        finally:
            opened.close()


def known(number: int) -> dict[str, Any]:
    """A user whom Litmos has, with another job title and in no team."""
    row = person(number)
    return {
        "UserName": row["email"],
        "Email": row["email"],
        "FirstName": row["first_name"],
        "LastName": row["last_name"],
        "JobTitle": "another",
        "ExternalEmployeeId": row["employee_id"],
        "Active": True,
    }


@pytest.fixture
def bench(database_url: str, tmp_path: Path) -> Iterator[Shared]:
    seed = {"learning_paths": [{"Name": "Onboarding"}], "users": [known(n) for n in range(1, KNOWN + 1)]}
    with Sandbox(api_key=KEY, limit=LIMIT, window=WINDOW, seed=seed) as sandbox:
        made = Shared(folder=tmp_path, sandbox=sandbox, url=database_url)
        made.configure(
            ("database: sqlite:///syncd.db", f"database: {database_url}"),
            ("settle_delay: 1s", "settle_delay: 1s\n  bulk_imports: off"),
            (
                "push: {policy: sync}",
                "push: {policy: sync, hold: slice, limits: {minimum_population: 100000}}",
            ),
            timeout="2s",
        )
        made.staff(KNOWN + NEW)
        yield made


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_three_replicas_of_which_one_is_killed_and_one_stands_still(bench):
    with bench.database() as database:
        upgrade(database)
    replicas = [bench.serve() for _ in range(3)]
    try:
        bench.sandbox.faults.set(FAULTS)
        run_id = bench.queue("push")
        eventually(lambda: bench.writes() > 150, lambda: tell(bench, run_id), seconds=60)
        owner = owner_of(bench, run_id)
        leader = next(one for one in replicas if str(one.process.pid) == owner)
        stopped, survivor = (one for one in replicas if one is not leader)
        leader.kill()
        os.kill(stopped.process.pid, signal.SIGSTOP)
        eventually(lambda: not claimed_by(bench, stopped), lambda: tell(bench, run_id), seconds=60)
        os.kill(stopped.process.pid, signal.SIGCONT)
        eventually(lambda: bench.state(run_id) != "running", lambda: tell(bench, run_id), seconds=90)
        assert bench.state(run_id) == "succeeded", tell(bench, run_id)
        assert survivor.terminate() == 0
        assert stopped.terminate() == 0
    finally:
        for one in replicas:
            one.kill()
    as_desired(bench)
    assert sum(len(one.events("plan_made")) for one in replicas) == 1
    assert all(one.events("attempt_ended") for one in replicas), "all of them have sent"


def owner_of(bench: Shared, run_id: int) -> str:
    """The pid of the process that planned a Run."""
    return str(bench.json("runs", "show", str(run_id))["run"]["owner"]).split("|")[3]


def claimed_by(bench: Shared, served: Served) -> list[int]:
    """The Jobs that a process has in hand."""
    with bench.database() as database, database.read() as conn:
        running = jobs.list_jobs(conn, "main", state="running", limit=1000)
    return [row["id"] for row in running if row["owner"].split("|")[3] == str(served.process.pid)]


def tell(bench: Shared, run_id: int) -> object:
    """How far it is, for a failure's message."""
    with bench.database() as database, database.read() as conn:
        return jobs.counts(conn, "main", run_id), bench.sandbox.audit()


def as_desired(bench: Shared) -> None:
    """Litmos is as HR says, nobody was made twice, and no window held more than the limit."""
    rows = [person(number) for number in range(1, KNOWN + NEW + 1)]
    dump, audit = bench.sandbox.dump(), bench.sandbox.audit()
    users = {user["Id"]: user for user in dump["users"] if user["ExternalEmployeeId"]}
    teams = {team["Id"]: team["Name"] for team in dump["teams"]}
    assert Counter(user["UserName"] for user in users.values()) == Counter(row["email"] for row in rows)
    assert {user["JobTitle"] for user in users.values()} == {"Rep"}
    assert {(teams[m["TeamId"]], users[m["UserId"]]["UserName"]) for m in dump["memberships"]} == {
        (row["department"], row["email"]) for row in rows
    }
    assert {users[row["UserId"]]["UserName"] for row in dump["assignments"]} == {row["email"] for row in rows}
    assert audit["duplicate_creates"] == 0
    assert creates_without_a_read(bench.sandbox) == []
    assert audit["most_in_window"] <= LIMIT
