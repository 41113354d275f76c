"""push, end to end: an HR file goes in, and the sandbox ends up as it should be."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from syncd.core.conditions import OneOf
from syncd.core.limits import Limits
from syncd.core.rules import TeamRule, Text
from syncd.sandbox.server import Sandbox
from syncd.store.database import Database
from tests.core.factories import path_key
from tests.flows.rig import MAPPING, Rig, person, place

WORLD = {"learning_paths": [{"Name": "Onboarding"}, {"Name": "Sales Basics"}]}


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """A small company, an empty Litmos that allows 100 requests in 0.5 s."""
    with Sandbox(limit=100, window=0.5, seed=WORLD) as sandbox:
        yield Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(n) for n in range(1, 9)])


def test_day_one_creates_everything_and_a_repetition_writes_nothing(rig):
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    users = rig.users()
    assert users["p1@example.com"]["ExternalEmployeeId"] == "00001"
    assert len([name for name in users if name.startswith("p")]) == 8
    assert ("Sales", "p1@example.com") in rig.members()
    assert len(rig.members()) == 8
    assert len(rig.sandbox.dump()["assignments"]) == 8
    with rig.database.read() as conn:
        answered = text("SELECT DISTINCT kind, outcome, http_status FROM syncd_attempts WHERE run_id = :run")
        told = {tuple(row) for row in conn.execute(answered, {"run": pushed.run_id})}
    assert {row for row in told if row[0] in {"create_user", "create_team", "add_members"}} == {
        ("create_user", "completed", 201),
        ("create_team", "completed", 201),
        ("add_members", "completed", 201),
    }
    assert {status // 100 for _, _, status in told} == {2}
    before = rig.writes()
    again = rig.push(fresh=True)
    assert again.draft.plan.changes == ()
    assert rig.writes() == before


def test_a_page_read_for_the_leavers_does_not_undo_what_was_changed_meanwhile(rig):
    """Four leavers are read by page while somebody else is renamed: the mirror keeps the new name."""
    rig.push()
    for number in range(4):
        rig.hr[number]["status"] = "Left"
    rig.hr[5]["email"] = "renamed@example.com"
    rig.changed = {"limits": Limits(minimum_population=1000)}
    rig.sandbox.faults.set([{"kind": "slow", "method": "GET", "path": "^/users/details", "seconds": 0.4}])
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert "renamed@example.com" in rig.users()
    assert rig.push(send=False).draft.plan.changes == ()


def test_two_jobs_that_end_at_once_end_their_run(rig):
    """Many small pushes whose last jobs are in flight together: each run ends (it hung on PostgreSQL)."""
    rig.changed = {"limits": Limits(minimum_population=1000)}
    rig.push()
    for turn in range(12):
        for row in rig.hr:
            row["title"] = f"Title {turn}"
        pushed = rig.push()
        assert rig.run(pushed.run_id)["state"] == "succeeded"


def test_a_strict_team_that_the_rule_names_for_nobody_is_emptied(rig):
    """A person added somebody to a team that syncd alone fills, and no row of HR is for it."""
    rig.push()
    edits = [
        {"do": "create_team", "Name": "First Aid"},
        {"do": "add_member", "Team": "First Aid", "UserName": "p3@example.com"},
    ]
    httpx.post(f"{rig.sandbox.control_url}/edit", json=edits).raise_for_status()
    first_aid = TeamRule(
        place=place("teams[1]"),
        names=((Text(text="First Aid"),),),
        when=OneOf(column="title", where="syncd.yaml:1:1", values=frozenset({"First Aider"})),
        strict=True,
    )
    rig.changed = {"mapping": replace(MAPPING, teams=(*MAPPING.teams, first_aid))}
    rig.push(fresh=True)
    assert not [name for name, _ in rig.members() if name == "First Aid"]
    assert len(rig.members()) == 8


def test_a_rehire_whom_litmos_no_longer_knows_fails_alone(rig):
    rig.push()
    rig.hr[0]["status"] = "Left"
    rig.push()
    edit = {"do": "delete_user", "UserName": "p1@example.com"}
    httpx.post(f"{rig.sandbox.control_url}/edit", json=edit).raise_for_status()
    rig.hr[0]["status"] = "Active"
    rig.hr[1]["title"] = "Lead"
    run = rig.run(rig.push().run_id)
    assert run["state"] == "failed"
    assert "1 of" in run["error"]
    assert rig.users()["p2@example.com"]["JobTitle"] == "Lead"


def test_a_rehire_who_was_switched_off_before_syncd_came_is_switched_on_and_not_made_twice(rig):
    """Nothing but Litmos knows of them: an inactive user, found by a match key like an active one."""
    name = {"UserName": "p1@example.com"}
    made = {**name, "FirstName": "Old", "LastName": "Name"}
    for edit in ({"do": "create_user", "set": made}, {"do": "deactivate", **name}):
        httpx.post(f"{rig.sandbox.control_url}/edit", json=edit).raise_for_status()
    before = rig.users()["p1@example.com"]["Id"]
    assert rig.run(rig.push().run_id)["state"] == "succeeded"
    users = rig.sandbox.dump()["users"]
    assert len(users) == len(rig.hr)
    found = [user for user in users if user["ExternalEmployeeId"] == "00001"]
    assert [(user["Id"], user["Active"], user["FirstName"]) for user in found] == [(before, True, "First1")]


def test_a_rehire_is_put_into_the_teams_that_deactivation_took(rig):
    """By the same push: what an inactive person has is hidden in Litmos' lists, and is read when they come back."""
    httpx.post(f"{rig.sandbox.control_url}/modes", json={"deactivation_keeps_teams": False})
    rig.push()
    rig.hr[0]["status"] = "Left"
    rig.push()
    assert ("Sales", "p1@example.com") not in rig.members()
    rig.hr[0]["status"] = "Active"
    rig.push()
    assert ("Sales", "p1@example.com") in rig.members()


def team_with_path(rig: Rig, team: str, path: str) -> str:
    """As a person does it in Litmos: members of the team get the learning path, now and later. Returns the path's id."""
    dump = rig.sandbox.dump()
    team_id = next(row["Id"] for row in dump["teams"] if row["Name"] == team)
    path_id = next(row["Id"] for row in dump["learning_paths"] if row["Name"] == path)
    httpx.post(
        f"{rig.sandbox.base_url}/teams/{team_id}/learningpaths",
        params={"source": "test", "format": "json"},
        headers={"apikey": rig.sandbox.api_key},
        json=[{"Id": path_id}],
    ).raise_for_status()
    return str(path_id)


def test_a_mover_takes_along_no_more_than_the_plan_says_and_loses_no_started_path(rig):
    """Sales gives Sales Basics: who has not begun it loses it with the team, as the Plan says; who has keeps the team."""
    rig.push()
    path_id = team_with_path(rig, "Sales", "Sales Basics")
    begun = {"UserName": "p3@example.com", "LearningPath": "Sales Basics", "Percentage": 40}
    httpx.post(f"{rig.sandbox.control_url}/complete", json=begun).raise_for_status()
    for row in rig.hr:
        if row["employee_id"] in ("00001", "00003"):
            row["department"] = "Support"
        if row["employee_id"] == "00002":
            row["department"] = "Sales"
    pushed = rig.push(fresh=True)
    planned = {change.key: change for change in pushed.draft.plan.changes}
    assert planned["membership:00001@commercial/sales"].takes == (path_key(path_id),)
    assert planned["membership:00002@commercial/sales"].gives == (path_key(path_id),)
    assert "membership:00003@commercial/sales" not in planned
    assert [(skip.employee_id, skip.code) for skip in pushed.draft.plan.skips] == [("00003", "ITEM-STARTED")]
    assert {("Sales", "p3@example.com"), ("Sales", "p2@example.com")} <= rig.members()
    assert ("Sales", "p1@example.com") not in rig.members()
    learners = {
        row["UserId"]
        for row in rig.sandbox.dump()["assignments"]
        if row["Active"] and "UserId" in row and row["ItemId"] == path_id
    }
    names = {user["Id"]: user["UserName"] for user in rig.sandbox.dump()["users"]}
    assert {names[user_id] for user_id in learners} == {f"p{n}@example.com" for n in (2, 3, 5, 7)}
    reads = len(rig.sandbox.log)
    assert rig.push(send=False).draft.plan.changes == ()
    assert len(rig.sandbox.log) == reads
