"""kill -9 of a push at every point, and a restart: Litmos ends up as after an undisturbed push, nobody twice."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from syncd.failpoint import KILLED, NAMES
from syncd.sandbox.server import Sandbox
from syncd.store.database import open_database
from syncd.store.migrate import upgrade
from tests.flows.pusher import LIMIT, STAFF, WINDOW, process_of
from tests.flows.rig import creates_without_a_read

WORLD = {"learning_paths": [{"Name": "Onboarding"}]}
NAMED = ("users", "teams", "learning_paths", "courses")
OF_ITS_TIME = re.compile("Date$|^OriginalId$|^ResultId$|^LastLogin$|^LoginKey$")
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
    "answered-unread:17",
    "answered-uncommitted:5",
    "answered-uncommitted:14",
    "committed:3",
)


def state_of(sandbox: Sandbox) -> dict[str, list[str]]:
    """All that the sandbox's account holds, with names instead of ids and without numbers and times."""
    dump = sandbox.dump()
    named = {row["Id"]: row.get("Name") or row["UserName"] for kind in NAMED for row in dump[kind]}

    def plain(row: Any) -> dict[str, Any]:
        kept = {key: value for key, value in row.items() if not OF_ITS_TIME.search(key) and key != "Id"}
        return {key: named.get(str(value), value) for key, value in kept.items()}

    return {
        kind: sorted(json.dumps(plain(row) if isinstance(row, dict) else row, sort_keys=True) for row in rows)
        for kind, rows in dump.items()
    }


def push(sandbox: Sandbox, url: str, folder: Path, failpoint: str = "") -> subprocess.CompletedProcess[str]:
    """One push of the staff."""
    return process_of(sandbox, url, folder, failpoint=failpoint)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The account after a push that nothing disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    url = f"sqlite:///{folder / 'syncd.db'}"
    opened = open_database(url)
    upgrade(opened)
    opened.close()
    with Sandbox(limit=LIMIT, window=WINDOW, seed=WORLD) as sandbox:
        pushed = push(sandbox, url, folder)
        assert pushed.stdout.split()[-1] == "succeeded", pushed.stderr
        return state_of(sandbox)


def test_an_undisturbed_push_ends_as_hr_says(undisturbed):
    """What the others are compared with is itself right."""
    users = [json.loads(row) for row in undisturbed["users"]]
    found = {(u["UserName"], u["JobTitle"], u["Active"]) for u in users if u["ExternalEmployeeId"]}
    assert found == {(row["email"], row["title"], True) for row in STAFF}
    members = [json.loads(row) for row in undisturbed["memberships"]]
    assert {(m["TeamId"], m["UserId"]) for m in members} == {(r["department"], r["email"]) for r in STAFF}
    teams = [json.loads(row) for row in undisturbed["teams"]]
    assert {(team["Name"], team["ParentTeamId"]) for team in teams} == {
        ("Commercial", ""),
        ("Sales", "Commercial"),
        ("Support", "Commercial"),
    }
    given = [json.loads(row) for row in undisturbed["assignments"]]
    paths = {(row["ItemId"], row["UserId"]) for row in given if row["Kind"] == "LearningPath"}
    assert paths == {("Onboarding", row["email"]) for row in STAFF}


@pytest.mark.parametrize("failpoint", POINTS)
def test_a_killed_push_and_a_restart_end_as_an_undisturbed_push(
    failpoint, database_url, tmp_path, undisturbed
):
    with Sandbox(limit=LIMIT, window=WINDOW, seed=WORLD) as sandbox:
        killed = push(sandbox, database_url, tmp_path, failpoint)
        assert killed.returncode == KILLED, killed.stderr
        assert state_of(sandbox) != undisturbed, "it was killed too late to leave anything to do"
        restarted = push(sandbox, database_url, tmp_path)
        assert restarted.stdout.split()[-1] == "succeeded", restarted.stderr
        assert state_of(sandbox) == undisturbed
        audit = sandbox.audit()
        assert audit["duplicate_creates"] == 0
        assert audit["rejected_503"] == 0
        assert creates_without_a_read(sandbox) == []


def test_every_failpoint_is_covered():
    assert {point.partition(":")[0] for point in POINTS} == set(NAMES)
