"""Faults between syncd and Litmos: nothing is lost, nothing is done twice, nothing is believed that is no answer."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from syncd.core.limits import Limits
from syncd.errors import LitmosError, RefreshError, Unauthorized
from syncd.sandbox.server import Sandbox
from syncd.store import jobs
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


def test_one_user_that_litmos_always_refuses_fails_alone(rig):
    rig.hr[2]["email"] = "p1@example.com.invalid"
    rule = {"kind": "status", "method": "POST", "path": "^/users$", "nth": 1, "status": 409, "reason": "No"}
    rig.sandbox.faults.set([rule])
    pushed = rig.push()
    run = rig.run(pushed.run_id)
    assert run["state"] == "failed"
    assert "3 of" in run["error"]
    assert len([user for user in rig.users().values() if user["ExternalEmployeeId"]]) == 5
    assert rig.push(fresh=True).state == "running"
    everybody_is_there(rig)


@pytest.mark.parametrize("kind", ["html", "truncated", "malformed", "empty", "repeated"])
@pytest.mark.parametrize("path", ["^/users/details", "^/teams$", "^/learningpaths$"])
def test_a_list_that_is_no_list_changes_nothing(kind, path, rig):
    rig.push()
    writes = rig.writes()
    body = (
        {"kind": "status", "status": 200, "body": "null"} if kind in {"empty", "repeated"} else {"kind": kind}
    )
    rig.sandbox.faults.set([{**body, "method": "GET", "path": path, "count": 0}])
    with pytest.raises(LitmosError):
        rig.push(fresh=True)
    rig.sandbox.faults.set([])
    assert rig.push(send=False).draft.plan.changes == ()
    assert rig.writes() == writes


def test_users_that_vanish_from_the_list_but_are_there_fail_the_refresh(rig):
    rig.push()
    rig.sandbox.faults.set(
        [{"kind": "status", "status": 200, "body": "[]", "path": "^/users/details", "count": 0}]
    )
    with pytest.raises(RefreshError, match="missing from"):
        rig.refresh()
    rig.sandbox.faults.set([])
    assert rig.push(fresh=True, send=False).draft.plan.changes == ()


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_keeps_the_queue_and_burns_nothing(status, rig):
    rig.sandbox.faults.set([{"kind": "status", "method": "POST", "nth": 3, "count": 0, "status": status}])
    with pytest.raises(Unauthorized, match="nothing is lost"):
        rig.push()
    with rig.database.read() as conn:
        counts = jobs.counts(conn, "main")
        assert jobs.paused(conn, "main") is not None
    assert counts.get("discarded", 0) == 0
    assert counts["available"] + counts.get("blocked", 0) >= 10
    rig.sandbox.faults.set([])
    rig.push(fresh=True)
    everybody_is_there(rig)


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
    """A field that syncd does not own, changed after the plan: the PUT re-sends it as just read."""
    rig.push()
    rig.hr[0]["title"] = "Lead"
    edit = {"do": "set_user", "UserName": "p1@example.com", "set": {"City": "Ulm"}}
    pushed = rig.push(drained=False)
    httpx.post(f"{rig.sandbox.control_url}/edit", json=edit).raise_for_status()
    assert pushed.state == "running"
    rig.push(fresh=True)
    user = rig.users()["p1@example.com"]
    assert (user["JobTitle"], user["City"]) == ("Lead", "Ulm")
