"""Managers, end to end: set with the fewest requests, whatever the order of rows, and tried again until they are known."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from syncd.core.limits import Limits
from syncd.core.rules import ManagerRule
from syncd.insight import overview
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.store import changes
from syncd.store.database import Database
from syncd.sync import push
from tests.flows.rig import MAPPING, Rig, of, person, place

RULE = ManagerRule(place=place("users.manager"), value=of("manager"))
WORLD = {"learning_paths": [{"Name": "Onboarding"}]}


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Five new people; the third is everybody's boss, and is below the fifth."""
    with Sandbox(limit=500, window=0.5, seed=WORLD) as sandbox:
        made = Rig(sandbox=sandbox, database=database, folder=tmp_path)
        made.hr = [person(n, manager={3: "00005", 5: "0"}.get(n, "00003")) for n in range(1, 6)]
        made.changed = {
            "mapping": replace(MAPPING, manager=RULE),
            "limits": Limits(minimum_population=1000),
        }
        yield made


def managers(rig: Rig) -> dict[str, str]:
    """Username -> the manager's username, in the sandbox."""
    users = {user["Id"]: user["UserName"] for user in rig.sandbox.dump()["users"]}
    return {
        user["UserName"]: users.get(user["ManagerId"], user["ManagerId"])
        for user in rig.sandbox.dump()["users"]
        if user["ExternalEmployeeId"]
    }


EVERYBODY = {
    "p1@example.com": "p3@example.com",
    "p2@example.com": "p3@example.com",
    "p3@example.com": "p5@example.com",
    "p4@example.com": "p3@example.com",
    "p5@example.com": "0",
}


@pytest.mark.parametrize("order", [1, -1])
def test_managers_who_are_created_too_are_set_in_the_same_push_without_a_request_more(order, rig):
    rig.hr = rig.hr[::order]
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert managers(rig) == EVERYBODY
    assert pushed.draft.plan.cost.low == 5 + 3 + 2 + 5, "users, teams, members of two, learning paths"
    before = rig.writes()
    assert rig.push(fresh=True).draft.plan.changes == ()
    assert rig.writes() == before


def test_a_manager_who_is_not_known_yet_is_set_by_the_push_that_knows_them(rig):
    late = rig.hr.pop(2)
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    (problem,) = pushed.draft.plan.problems
    assert problem.startswith(
        "MANAGER-UNKNOWN: the manager whom HR names is neither in HR's data nor in Litmos: 3 employees"
    )
    assert {skip.code for skip in pushed.draft.plan.skips} == {"MANAGER-UNKNOWN"}
    assert managers(rig)["p1@example.com"] == "0"
    rig.hr.append(late)
    pushed = rig.push()
    assert pushed.draft.plan.problems == ()
    assert managers(rig) == EVERYBODY
    assert rig.push(fresh=True).draft.plan.changes == ()


def test_a_manager_whose_creation_fails_fails_nobody_else_and_is_set_later(rig):
    rig.push()
    rig.hr.append(person(9))
    rig.hr[1] |= {"manager": "00009", "title": "Lead"}
    rig.hr[4]["manager"] = "00009"
    refused = {
        "kind": "status",
        "method": "POST",
        "path": "^/users$",
        "nth": 1,
        "status": 409,
        "reason": "No",
    }
    rig.sandbox.faults.set([refused])
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "failed"
    with rig.database.read() as conn:
        stored = {row["key"]: row for row in changes.listed(conn, run_id=pushed.run_id)}
    assert (stored["user:00002"]["state"], stored["user:00005"]["state"]) == ("done", "failed")
    assert "employee 00009 has no Litmos user" in stored["user:00002"]["message"]
    assert rig.users()["p2@example.com"]["JobTitle"] == "Lead"
    rig.push()
    assert managers(rig)["p2@example.com"] == managers(rig)["p5@example.com"] == "p9@example.com"
    assert rig.push(fresh=True).draft.plan.changes == ()


def test_a_boss_whose_username_is_taken_fails_nobody_and_the_plan_comes_to_rest(rig):
    rig.push()
    stranger = {"UserName": "boss@example.com", "Email": "b@example.com", "FirstName": "B", "LastName": "S"}
    edit = {"do": "create_user", "set": {**stranger, "ExternalEmployeeId": "other"}}
    httpx.post(f"{rig.sandbox.control_url}/edit", json=edit).raise_for_status()
    rig.refresh()
    rig.changed["mapping"] = replace(MAPPING, manager=RULE, match=("ExternalEmployeeId",))
    rig.hr.append(person(9, email="boss@example.com"))
    rig.hr[0]["manager"] = "00009"
    rig.hr[1] |= {"manager": "00009", "title": "Lead"}
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert {(skip.employee_id, skip.code) for skip in pushed.draft.plan.skips} == {
        ("00001", "MANAGER-WITHOUT-USER"),
        ("00002", "MANAGER-WITHOUT-USER"),
    }
    assert rig.users()["p2@example.com"]["JobTitle"] == "Lead"
    assert rig.push(fresh=True).draft.plan.changes == ()
    rig.hr[-1]["email"] = "p9@example.com"
    rig.push()
    assert managers(rig)["p1@example.com"] == managers(rig)["p2@example.com"] == "p9@example.com"


def test_a_part_without_the_boss_leaves_the_manager_to_the_push_that_has_them(rig):
    rig.push()
    rig.hr += [person(9), person(10, manager="00009")]
    rig.hr[0]["manager"] = "00009"
    for one in ("00001", "00010"):
        rig.write_hr()
        app = rig.open()
        try:
            pushed = push(app, rig.run_id("push"), people=[one])
            drain(app, pushed.run_id)
        finally:
            app.client.close()
        assert rig.run(pushed.run_id)["state"] == "succeeded"
        assert [skip.code for skip in pushed.draft.plan.skips] == ["MANAGER-WITHOUT-USER"]
    rig.push()
    assert managers(rig)["p1@example.com"] == managers(rig)["p10@example.com"] == "p9@example.com"
    assert rig.push(fresh=True).draft.plan.changes == ()


def test_a_circle_is_reported_and_comes_to_rest(rig):
    rig.hr[4]["manager"] = "00003"
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert [problem.split(":")[0] for problem in pushed.draft.plan.problems] == ["MANAGER-CYCLE"]
    assert managers(rig) == {**EVERYBODY, "p3@example.com": "0", "p5@example.com": "p3@example.com"}
    again = rig.push(fresh=True)
    assert again.draft.plan.changes == ()
    assert again.draft.plan.problems == pushed.draft.plan.problems


def test_a_manager_is_taken_away_and_a_change_made_in_litmos_is_repaired(rig):
    rig.push()
    rig.hr[0]["manager"] = ""
    rig.push()
    assert managers(rig)["p1@example.com"] == "0"
    with rig.sandbox.world.lock:
        ann = next(u for u in rig.sandbox.world.users.values() if u.name == "p2@example.com")
        ann.profile["ManagerId"] = "0"
        ann.updated_at = rig.sandbox.world.now()
    rig.push(fresh=True)
    assert managers(rig)["p2@example.com"] == "p3@example.com"


def test_somebody_created_with_their_manager_is_compared_by_the_link_of_today(rig):
    """What was planned named the manager by employee id, as they had no user then; Litmos says theirs."""
    rig.push()
    rules = replace(MAPPING, manager=RULE)
    with rig.database.read() as conn:
        found = overview.person(conn, "main", "00001", rules=rules)
    assert found is not None
    (manager,) = [one for one in found["fields"] if one["field"].startswith("Manager")]
    assert manager["field"] == "ManagerId"
    assert (manager["hr"], manager["synced"], manager["litmos"]) == ("00003", "00003", "00003")
    assert not manager["differs"]
    assert found["explanation"] == "is in step with HR"
