"""Faults between syncd and Litmos: nothing is lost, nothing is done twice, nothing is believed that is no answer."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from syncd.core.limits import Limits
from syncd.errors import LitmosError, RefreshError, Unauthorized
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.store import changes, jobs, links, mirror, runs
from syncd.store.current import current_state
from syncd.store.database import Database
from tests.flows.rig import Rig, creates_without_a_read, person

WORLD = {"learning_paths": [{"Name": "Onboarding"}]}


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Six people who are new to Litmos."""
    with Sandbox(limit=500, window=0.5, seed=WORLD) as sandbox:
        made = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(n) for n in range(1, 7)])
        made.changed = {"limits": Limits(minimum_population=1000)}
        yield made


def everybody_is_there(rig: Rig) -> None:
    """All six, once each, in their teams and on their path."""
    names = [user["UserName"] for user in rig.sandbox.dump()["users"] if user["ExternalEmployeeId"]]
    assert sorted(names) == sorted(row["email"] for row in rig.hr)
    assert rig.members() == {(row["department"], row["email"]) for row in rig.hr}
    assert len(rig.sandbox.dump()["assignments"]) == len(rig.hr)
    assert rig.sandbox.audit()["duplicate_creates"] == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_before", "method": "POST", "path": "^/users", "nth": 3},
        {"kind": "drop_after", "method": "POST", "path": "^/users$", "nth": 3},
        {"kind": "drop_after", "method": "POST", "path": "^/teams", "nth": 1},
        {"kind": "drop_after", "method": "POST", "path": "^/teams/.*/users", "nth": 1},
        {"kind": "drop_after", "method": "POST", "path": "^/users/.*/learningpaths", "nth": 2},
        {"kind": "html", "method": "POST", "path": "^/users$", "nth": 2},
        {"kind": "status", "method": "POST", "path": "^/users$", "nth": 2, "status": 502},
        {"kind": "status", "method": "POST", "path": "^/users$", "nth": 2, "status": 503, "count": 3},
        {"kind": "truncated", "method": "POST", "path": "^/users$", "nth": 2},
    ],
    ids=lambda fault: f"{fault['kind']} {fault['method']} {fault['path']}",
)
def test_a_write_without_a_proper_answer_is_settled(fault, rig):
    rig.sandbox.faults.set([fault])
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    everybody_is_there(rig)


def test_a_slow_answer_beyond_the_deadline_is_settled(rig):
    rig.changed["endpoint"] = replace(rig.settings.endpoint, timeout=1.0)
    rig.changed["settle_delay"] = 1.0
    rig.sandbox.faults.set([{"kind": "slow", "method": "POST", "path": "^/users$", "nth": 2, "seconds": 1.5}])
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    everybody_is_there(rig)


def test_one_user_that_litmos_refuses_fails_alone(rig):
    rule = {"kind": "status", "method": "POST", "path": "^/users$", "nth": 1, "status": 409, "reason": "No"}
    rig.sandbox.faults.set([rule])
    pushed = rig.push()
    run = rig.run(pushed.run_id)
    assert run["state"] == "failed"
    assert "3 of" in run["error"]
    assert len([user for user in rig.users().values() if user["ExternalEmployeeId"]]) == 5
    assert rig.push(fresh=True).state == "running"
    everybody_is_there(rig)


def test_an_update_that_always_ends_in_500_fails_alone(rig):
    rig.changed["max_attempts"] = 3
    rig.push()
    for row in rig.hr:
        row["title"] = "Lead"
    victim = rig.users()["p2@example.com"]["Id"]
    rig.sandbox.faults.set([{"kind": "status", "method": "PUT", "path": victim, "count": 0, "status": 500}])
    run = rig.run(rig.push().run_id)
    assert run["state"] == "failed"
    assert "1 of 6" in run["error"]
    assert [name for name, user in rig.users().items() if user["JobTitle"] == "Rep"] == ["p2@example.com"]
    assert sum(entry.method == "PUT" and victim in entry.path for entry in rig.sandbox.log) == 3
    rig.sandbox.faults.set([])
    rig.push()
    assert rig.users()["p2@example.com"]["JobTitle"] == "Lead"


def test_a_create_that_always_ends_in_500_fails_alone(rig):
    rig.changed["max_attempts"] = 3
    rig.push()
    rig.hr[0]["title"] = "Lead"
    rig.hr.append(person(7))
    rig.sandbox.faults.set(
        [{"kind": "status", "method": "POST", "path": "^/users$", "count": 0, "status": 500}]
    )
    assert rig.run(rig.push().run_id)["state"] == "failed"
    users = rig.users()
    assert users["p1@example.com"]["JobTitle"] == "Lead"
    assert "p7@example.com" not in users
    asked = [entry for entry in rig.sandbox.log if entry.method == "POST" and entry.path == "/users"]
    assert sum("p7@example.com" in entry.body for entry in asked) == 3
    rig.sandbox.faults.set([])
    rig.push()
    everybody_is_there(rig)
    assert creates_without_a_read(rig.sandbox) == []


@pytest.mark.parametrize("reason", ["Rating Limit Exceeded", "Service Unavailable"])
def test_a_burst_of_503_counts_no_attempt(reason, rig):
    """Each Job has one attempt only: were a 503 counted, one would be given up."""
    rig.changed["max_attempts"] = 1
    fault = {"kind": "status", "method": "POST", "nth": 2, "count": 5, "status": 503, "reason": reason}
    rig.sandbox.faults.set([fault])
    pushed = rig.push()
    assert rig.sandbox.faults.rows()[0]["fired"] == 5
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    everybody_is_there(rig)
    assert creates_without_a_read(rig.sandbox) == []


NO_LISTS: dict[str, dict[str, Any]] = {
    "HTML": {"kind": "html"},
    "truncated": {"kind": "truncated"},
    "malformed": {"kind": "malformed"},
    "empty body": {"kind": "empty"},
    "null": {"kind": "status", "status": 200, "body": "null"},
    "an object": {"kind": "status", "status": 200, "body": '{"Message": "Sorry"}'},
    "wrong rows": {"kind": "status", "status": 200, "body": '[{"Name": "without an id"}]'},
    "500": {"kind": "status", "status": 500},
}


def mirrored(rig: Rig) -> tuple[object, ...]:
    """What the mirror says, and when it was read."""
    with rig.database.read() as conn:
        state = current_state(conn, "main", links.load(conn, "main"))
        return state, mirror.users(conn, "main"), mirror.readings(conn, "main").last


LISTS = ("^/users/details", "^/teams$", "^/teams/.*/users", "^/learningpaths$")


def test_a_list_that_is_no_list_fails_the_run_and_changes_nothing(rig):
    rig.push()
    rig.hr[0]["title"] = "Lead"
    writes, before = rig.writes(), mirrored(rig)
    failures: set[int] = set()
    for path, answer in product(LISTS, NO_LISTS):
        rig.sandbox.faults.set([{**NO_LISTS[answer], "method": "GET", "path": path, "count": 0}])
        with pytest.raises(LitmosError):
            rig.push(fresh=True)
        assert rig.sandbox.faults.rows()[0]["fired"] > 0, (path, answer)
        with rig.database.read() as conn:
            failed = {run["id"] for run in runs.listed(conn, "main", state="failed", limit=100)} - failures
            assert len(failed) == 1, (path, answer)
            assert changes.load(conn, *failed) == []
        failures |= failed
        assert mirrored(rig) == before, (path, answer)
        assert rig.writes() == writes, (path, answer)


def test_users_that_vanish_from_the_list_but_are_there_fail_the_refresh(rig):
    rig.push()
    rig.sandbox.faults.set(
        [{"kind": "status", "status": 200, "body": "[]", "path": "^/users/details", "count": 0}]
    )
    with pytest.raises(RefreshError, match="missing from"):
        rig.refresh()
    rig.sandbox.faults.set([])
    assert rig.push(fresh=True, send=False).draft.plan.changes == ()


def without(rig: Rig, username: str) -> dict[str, Any]:
    """The fault by which one user is missing from the list of all."""
    sandbox = rig.sandbox
    url, query = f"{sandbox.base_url}/users/details", {"source": "test", "format": "json"}
    answer = httpx.get(url, params=query, headers={"apikey": sandbox.api_key}).raise_for_status()
    body = json.dumps([row for row in answer.json() if row["UserName"] != username])
    return {"kind": "status", "status": 200, "body": body, "path": "^/users/details", "count": 0}


def test_one_user_that_vanishes_from_the_list_but_is_there_fails_the_refresh(rig):
    rig.push()
    before = mirrored(rig)
    rig.sandbox.faults.set([without(rig, "p4@example.com")])
    with pytest.raises(
        RefreshError,
        match="1 of 1 users, 0 teams and 0 learning paths",
    ):
        rig.refresh()
    assert mirrored(rig) == before


def test_a_user_that_was_deleted_in_litmos_leaves_the_mirror(rig):
    rig.push()
    edit = {"do": "delete_user", "UserName": "p4@example.com"}
    httpx.post(f"{rig.sandbox.control_url}/edit", json=edit).raise_for_status()
    assert rig.refresh()["gone"] == 1
    with rig.database.read() as conn:
        assert "p4@example.com" not in {user.fields["UserName"] for user in mirror.users(conn, "main")}


@pytest.mark.parametrize("path", ["^/teams/[^/]+/users$", "^/learningpaths/[^/]+/users$"])
def test_a_list_of_people_that_comes_empty_once_empties_nothing(path, rig):
    rig.push()
    with rig.database.read() as conn:
        before = current_state(conn, "main", links.load(conn, "main"))
    empty = {"kind": "status", "status": 200, "body": "[]", "path": path, "nth": 1}
    rig.sandbox.faults.set([empty])
    counts = rig.refresh()
    assert rig.sandbox.faults.rows()[0]["fired"] == 1
    assert counts["drift"] == 0
    with rig.database.read() as conn:
        assert current_state(conn, "main", links.load(conn, "main")) == before


def test_a_learning_path_that_vanishes_leaves_the_mirror_only_when_it_is_really_gone(rig):
    rig.push()
    before = mirrored(rig)
    hidden = {"kind": "status", "status": 200, "body": "[]", "path": "^/learningpaths$", "count": 0}
    rig.sandbox.faults.set([hidden])
    with pytest.raises(RefreshError, match="0 users, 0 teams and 1 learning paths or courses"):
        rig.refresh()
    assert mirrored(rig) == before
    unknown = {"kind": "status", "status": 404, "body": "", "path": "^/learningpaths/[^/]+$", "count": 0}
    rig.sandbox.faults.set([hidden, unknown])
    assert rig.refresh()["gone"] == 1
    with rig.database.read() as conn:
        assert mirror.items(conn, "main") == []


@pytest.mark.parametrize("fresh", [True, False])
@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_keeps_the_queue_and_burns_nothing(status, fresh, rig):
    """Each Job has one attempt only: were the refusal counted, one would be given up."""
    rig.changed["max_attempts"] = 1
    rig.sandbox.faults.set([{"kind": "status", "method": "POST", "nth": 3, "count": 0, "status": status}])
    with pytest.raises(Unauthorized, match="nothing is lost"):
        rig.push()
    with rig.database.read() as conn:
        counts = jobs.counts(conn, "main")
        assert jobs.paused(conn, "main") is not None
        assert [run["state"] for run in runs.listed(conn, "main")] == ["running"]
    assert counts.get("discarded", 0) == 0
    assert counts["available"] + counts.get("blocked", 0) >= 10
    with pytest.raises(Unauthorized, match="nothing is lost"):
        rig.push()
    rig.sandbox.faults.set([])
    rig.push(fresh=fresh)
    everybody_is_there(rig)
    with rig.database.read() as conn:
        assert jobs.paused(conn, "main") is None
        assert runs.listed(conn, "main", state="running") == []


def key_refused_while_settling(rig: Rig) -> None:
    """Litmos made a user but its answer was lost, and the read that should tell is refused: the push pauses."""
    rig.sandbox.faults.set(
        [
            {"kind": "drop_after", "method": "POST", "path": "^/users$", "nth": 2},
            {"kind": "status", "method": "GET", "path": "^/users$", "count": 0, "status": 401},
        ]
    )
    with pytest.raises(Unauthorized, match="nothing is lost"):
        rig.push()
    rig.sandbox.faults.set([])


def test_a_key_refused_while_settling_leaves_the_create_uncertain(rig):
    key_refused_while_settling(rig)
    with rig.database.read() as conn:
        assert jobs.paused(conn, "main") is not None
        assert jobs.counts(conn, "main")["uncertain"] == 1


@pytest.mark.parametrize("fresh", [True, False])
def test_a_create_that_a_refused_key_left_uncertain_is_not_sent_again(fresh, rig):
    """Whether the next push reads Litmos first or not."""
    key_refused_while_settling(rig)
    rig.push(fresh=fresh)
    rig.push(fresh=True)
    everybody_is_there(rig)
    assert creates_without_a_read(rig.sandbox) == []


def test_a_failing_read_never_gives_up_a_create_that_may_have_been_applied(rig):
    """At the last attempt the read that settles fails, too: the Job stays uncertain, and is found to be done."""
    rig.changed["max_attempts"] = 1
    rig.sandbox.faults.set(
        [
            {"kind": "drop_after", "method": "POST", "path": "^/users$", "nth": 2},
            {"kind": "status", "method": "GET", "path": "^/users$", "status": 500},
        ]
    )
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    everybody_is_there(rig)
    assert creates_without_a_read(rig.sandbox) == []


def test_an_edit_by_a_person_between_plan_and_apply_is_kept(rig):
    """A field that syncd does not own, changed after the plan: the PUT re-sends it as read just before."""
    rig.push()
    rig.hr[0]["title"] = "Lead"
    rig.hr[1]["status"] = "Left"
    pushed = rig.push(drained=False)
    edits = [
        {"do": "set_user", "UserName": f"p{number}@example.com", "set": {"City": "Ulm"}} for number in (1, 2)
    ]
    httpx.post(f"{rig.sandbox.control_url}/edit", json=edits).raise_for_status()
    app = rig.open()
    assert drain(app, pushed.run_id) == "succeeded"
    app.client.close()
    edited, left = (rig.users()[f"p{number}@example.com"] for number in (1, 2))
    assert (edited["JobTitle"], edited["City"]) == ("Lead", "Ulm")
    assert (left["Active"], left["City"]) == (False, "Ulm")


def test_a_disk_that_is_full_while_results_are_recorded_loses_nothing_and_repeats_nothing(rig):
    """Three answers are there and cannot be written down at first; then there is room again."""
    refused: list[str] = []

    def full(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("INSERT INTO attempt") and len(refused) < 3:
            refused.append(statement)
            raise OperationalError(statement, {}, sqlite3.OperationalError("database or disk is full"))

    event.listen(rig.database.engine, "before_cursor_execute", full)
    pushed = rig.push()
    event.remove(rig.database.engine, "before_cursor_execute", full)
    assert len(refused) == 3
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert len(rig.members()) == len(rig.hr)
    writes = [(entry.method, entry.path, entry.body) for entry in rig.sandbox.log if entry.method != "GET"]
    assert len(writes) == len(set(writes))
    assert rig.push(fresh=True).draft.plan.changes == ()
