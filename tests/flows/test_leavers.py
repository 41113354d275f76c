"""`employee.leavers: remove_all_teams`: who has left is in no team any more, by one request, and gets them back on return."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from syncd.core.lifecycle import Leave, Lifecycle
from syncd.core.limits import Limit, Limits
from syncd.core.model import Status
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.store import changes
from syncd.store.database import Database
from syncd.sync import Pushed
from tests.flows.rig import MAPPING, Rig, person
from tests.flows.test_modes import ALONE, TOGETHER, named
from tests.flows.test_revert import take_back

WORLD = {
    "learning_paths": [{"Name": "Onboarding"}, {"Name": "First Aid"}],
    "teams": [{"Name": "Choir"}, {"Name": "Chess"}],
    "assignments": [{"Team": "Choir", "Item": "First Aid"}],
}
READINGS = [reading for reading in (*ALONE, *TOGETHER) if "visibility_delay" not in reading]
EMPTIES = Lifecycle(empties_leavers=True)


def mapping(**lifecycle: Any) -> Any:
    words = {"Active": Status.ACTIVE, "Left": Status.LEFT, "Leave": Status.LEAVE}
    status = replace(MAPPING.status, table=words)
    return replace(MAPPING, status=status, lifecycle=replace(EMPTIES, **lifecycle), items=())


def rig_of(sandbox: Sandbox, database: Database, folder: Path) -> Rig:
    made = Rig(sandbox=sandbox, database=database, folder=folder, hr=[person(n) for n in range(1, 7)])
    made.changed = {"mapping": mapping(), "limits": Limits(minimum_population=1000)}
    return made


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    with Sandbox(limit=300, window=0.5, seed=WORLD) as sandbox:
        yield rig_of(sandbox, database, tmp_path)


def edit(rig: Rig, do: str, **values: Any) -> None:
    httpx.post(f"{rig.sandbox.control_url}/edit", json=[{"do": do, **values}]).raise_for_status()


def teams_of(rig: Rig, name: str) -> set[str]:
    return {team for team, user in rig.members() if user == name}


def deletes(rig: Rig) -> list[str]:
    """The paths of all DELETE requests, ids of users as names and ids of teams as ``team``."""
    names = {user["Id"]: user["UserName"] for user in rig.sandbox.dump()["users"]}
    found = []
    for entry in rig.sandbox.log:
        if entry.method == "DELETE":
            parts = [names.get(part, part) for part in entry.path.split("/")]
            found.append(
                "/".join(
                    "team" if place == 2 and parts[1] == "teams" else part for place, part in enumerate(parts)
                )
            )
    return found


def leaves(rig: Rig, number: int = 2, **push: Any) -> Pushed:
    """Somebody who sings in the choir, by hand, has left."""
    rig.push()
    edit(rig, "add_member", Team="Choir", UserName=f"p{number}@example.com")
    rig.hr[number - 1]["status"] = "Left"
    return rig.push(fresh=True, **push)


def test_who_has_left_is_in_no_team_by_one_request(rig):
    pushed = leaves(rig)
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert {change.key for change in pushed.draft.plan.changes} == {
        "active:00002",
        "membership:00002@choir",
        "membership:00002@commercial/support",
    }
    assert rig.users()["p2@example.com"]["Active"] is False
    assert teams_of(rig, "p2@example.com") == set()
    assert deletes(rig) == ["/users/p2@example.com/teams"]
    writes = [
        entry.method
        for entry in rig.sandbox.log
        if "p2" not in entry.path and entry.method in {"PUT", "DELETE"}
    ]
    assert writes == ["PUT", "DELETE"], "they lose access first"
    assert teams_of(rig, "p4@example.com") == {"Support"}
    assert rig.push(fresh=True).draft.plan.changes == ()
    assert rig.push().draft.plan.changes == ()


def test_the_default_takes_nobody_out_of_a_team(rig):
    rig.changed["mapping"] = mapping(empties_leavers=False)
    pushed = leaves(rig)
    assert [change.key for change in pushed.draft.plan.changes] == ["active:00002"]
    assert teams_of(rig, "p2@example.com") == {"Choir", "Support"}


def test_who_is_on_leave_or_not_in_the_file_keeps_all_teams(rig):
    rig.changed["mapping"] = mapping(leave=Leave.SUSPEND)
    rig.push()
    rig.hr[1]["status"] = "Leave"
    rig.push(fresh=True)
    assert rig.users()["p2@example.com"]["Active"] is False
    assert teams_of(rig, "p2@example.com") == {"Support"}
    assert deletes(rig) == []


def test_who_returns_is_given_back_what_rules_give_and_what_a_person_gave(rig):
    leaves(rig)
    rig.hr[1]["status"] = "Active"
    pushed = rig.push(fresh=True)
    rules = {change.team[-1]: change.rule for change in pushed.draft.plan.changes if change.team}
    assert rules["Choir"] == "employee.give_back"
    assert rules["Support"] != "employee.give_back"
    assert teams_of(rig, "p2@example.com") == {"Choir", "Support"}
    assert rig.push(fresh=True).draft.plan.changes == ()


def test_a_revert_gives_all_of_it_back(rig):
    pushed = leaves(rig)
    reverted = take_back(rig, pushed.run_id)
    assert rig.run(reverted.run_id)["state"] == "succeeded"
    assert rig.users()["p2@example.com"]["Active"] is True
    assert teams_of(rig, "p2@example.com") == {"Choir", "Support"}


def test_a_team_that_came_after_the_plan_stays(rig):
    pushed = leaves(rig, drained=False)
    edit(rig, "add_member", Team="Chess", UserName="p2@example.com")
    app = rig.open()
    drain(app, pushed.run_id)
    app.client.close()
    assert teams_of(rig, "p2@example.com") == {"Chess"}
    assert deletes(rig) == ["/teams/team/users/p2@example.com"] * 2


def test_who_is_protected_by_now_leaves_nothing(rig):
    pushed = leaves(rig, drained=False)
    edit(rig, "set_user", UserName="p2@example.com", set={"AccessLevel": "Account_Owner"})
    rig.refresh()
    app = rig.open()
    drain(app, pushed.run_id)
    app.client.close()
    with rig.database.read() as conn:
        failed = changes.listed(conn, run_id=pushed.run_id, states=["failed"], limit=None)
    assert {row["code"] for row in failed} == {"PROTECTED"}
    assert len(failed) == 3
    assert teams_of(rig, "p2@example.com") == {"Choir", "Support"}
    assert deletes(rig) == []


def test_what_is_started_and_may_not_be_taken_keeps_them_all(rig):
    rig.push()
    edit(rig, "add_member", Team="Choir", UserName="p2@example.com")
    done = {"UserName": "p2@example.com", "LearningPath": "First Aid"}
    httpx.post(f"{rig.sandbox.control_url}/complete", json=done).raise_for_status()
    rig.hr[1]["status"] = "Left"
    pushed = rig.push(fresh=True)
    assert rig.users()["p2@example.com"]["Active"] is False
    assert teams_of(rig, "p2@example.com") == {"Choir", "Support"}
    assert "ITEM-STARTED" in {skip.code for skip in pushed.draft.plan.skips if skip.employee_id == "00002"}


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "html", "status"])
def test_a_lost_answer_is_settled_by_reading(kind, rig):
    fault = {"method": "DELETE", "path": "^/users/[^/]*/teams$", "kind": kind}
    rig.sandbox.faults.set([{**fault, **({"status": 502} if kind == "status" else {})}])
    pushed = leaves(rig)
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert teams_of(rig, "p2@example.com") == set()
    assert rig.push(fresh=True).draft.plan.changes == ()


def test_it_is_counted_as_removals_and_held(rig):
    rig.changed["limits"] = Limits(minimum_population=1, removals=Limit(count=1))
    pushed = leaves(rig)
    assert rig.run(pushed.run_id)["state"] == "held"
    assert teams_of(rig, "p2@example.com") == {"Choir", "Support"}
    assert rig.users()["p2@example.com"]["Active"] is True


def test_what_it_costs_is_one_to_one_more_than_the_teams(rig):
    pushed = leaves(rig, send=False)
    (request,) = [one for one in pushed.draft.plan.requests if one.key == "leave-teams:00002"]
    assert (request.low, request.high, request.after) == (1, 3, ("put:00002",))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("reading", READINGS, ids=named)
def test_leavers_under_every_reading(reading, database, tmp_path):
    """They leave, they come back, they leave."""
    with Sandbox(limit=300, window=0.5, seed=WORLD, modes=reading) as sandbox:
        rig = rig_of(sandbox, database, tmp_path)
        leaves(rig)
        for status, teams in (("Active", {"Choir", "Support"}), ("Left", set())):
            rig.hr[1]["status"] = status
            rig.push(fresh=True)
            assert teams_of(rig, "p2@example.com") == teams
            assert rig.push(fresh=True).draft.plan.changes == ()
