"""kill -9 of a push at every point, and a restart: Litmos ends up as after an undisturbed push, nobody twice."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from syncd.failpoint import KILLED, NAMES
from syncd.sandbox.server import Sandbox
from tests.flows.pusher import LIMIT, STAFF, WINDOW

WORLD = {"learning_paths": [{"Name": "Onboarding"}]}
POINTS = (
    "plan-committed",
    "slot-taken",
    "slot-taken:5",
    "marked-sent",
    "marked-sent:7",
    "bytes-sent",
    "bytes-sent:9",
    "answered-unread",
    "answered-unread:6",
    "answered-uncommitted:5",
    "answered-uncommitted:14",
    "committed:3",
)


def state_of(sandbox: Sandbox) -> Any:
    """The sandbox's account without ids and times."""
    dump = sandbox.dump()
    users = {user["Id"]: user["UserName"] for user in dump["users"]}
    teams = {team["Id"]: team["Name"] for team in dump["teams"]}
    return (
        sorted((u["UserName"], u["JobTitle"], u["ExternalEmployeeId"], u["Active"]) for u in dump["users"]),
        sorted((team["Name"], teams.get(team["ParentTeamId"], "")) for team in dump["teams"]),
        sorted((teams[m["TeamId"]], users[m["UserId"]]) for m in dump["memberships"]),
        len(dump["assignments"]),
    )


def push(sandbox: Sandbox, url: str, folder: Path, failpoint: str = "") -> subprocess.CompletedProcess[str]:
    """One push as a process."""
    environment = {**os.environ, "SYNCD_TESTING": "1", "SYNCD_FAILPOINT": failpoint}
    command = [
        sys.executable,
        "-m",
        "tests.flows.pusher",
        url,
        sandbox.base_url,
        sandbox.api_key,
        str(folder),
    ]
    return subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        cwd=Path(__file__).parents[2],
    )


def creates_without_a_read_between(sandbox: Sandbox) -> list[str]:
    """Usernames that were POSTed again without any look-up since the POST before."""
    pending: set[str] = set()
    guilty = []
    for entry in sandbox.log:
        if entry.method == "GET" and entry.path.endswith("/users"):
            pending.clear()
        if entry.method == "POST" and entry.username:
            if entry.username in pending:
                guilty.append(entry.username)
            pending.add(entry.username)
    return guilty


@pytest.mark.parametrize("failpoint", POINTS)
def test_a_killed_push_and_a_restart_end_as_an_undisturbed_push(failpoint, database_url, tmp_path):
    with Sandbox(limit=LIMIT, window=WINDOW, seed=WORLD) as sandbox:
        killed = push(sandbox, database_url, tmp_path, failpoint)
        assert killed.returncode == KILLED, killed.stderr
        restarted = push(sandbox, database_url, tmp_path)
        assert restarted.stdout.split()[-1] == "succeeded", restarted.stderr
        users, teams, memberships, assignments = state_of(sandbox)
        people = [(u["email"], u["title"], u["employee_id"], True) for u in STAFF]
        assert [user for user in users if user[2]] == sorted(people)
        assert teams == [("Commercial", ""), ("Sales", "Commercial"), ("Support", "Commercial")]
        assert memberships == sorted((person["department"], person["email"]) for person in STAFF)
        assert assignments == len(STAFF)
        assert sandbox.audit()["duplicate_creates"] == 0
        assert creates_without_a_read_between(sandbox) == []
        assert sandbox.audit()["rejected_503"] == 0


def test_every_failpoint_is_covered():
    assert {point.partition(":")[0] for point in POINTS} == set(NAMES)
