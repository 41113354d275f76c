"""Pushes of a part of what differs: some people only, or a saved Plan exactly as it is."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from syncd.core.limits import Limit, Limits, Policy
from syncd.core.rules import Absence
from syncd.errors import Declined, StalePlan
from syncd.planning.approval import approve
from syncd.planning.saving import open_plan, save_plan
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.store import inputs, people, runs
from syncd.store.database import Database
from syncd.sync import Pushed, push
from tests.flows.rig import MAPPING, Rig, person

WORLD = {"learning_paths": [{"Name": "Onboarding"}]}


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Eight people whom nobody in Litmos is yet."""
    with Sandbox(limit=500, window=0.5, seed=WORLD) as sandbox:
        yield Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(n) for n in range(1, 9)])


def push_only(rig: Rig, *numbers: int, send: bool = True) -> Pushed:
    """A push of these people, drained."""
    rig.write_hr()
    app = rig.open()
    try:
        pushed = push(app, rig.run_id("push"), send=send, people=[f"{number:05d}" for number in numbers])
        if pushed.state == "running":
            drain(app, pushed.run_id)
        return pushed
    finally:
        app.client.close()


def accepted(rig: Rig) -> int | None:
    """The rows of the last accepted input."""
    with rig.database.read() as conn:
        last = inputs.last_accepted(conn, "main", "hr")
    return None if last is None else last["rows"]


# ---------------------------------------------------------------- some people only


def test_only_some_people_with_the_teams_they_need(rig):
    push_only(rig, 2, 4)
    assert set(rig.users()) == {"p2@example.com", "p4@example.com"}
    assert rig.members() == {("Support", "p2@example.com"), ("Support", "p4@example.com")}
    assert {team["Name"] for team in rig.sandbox.dump()["teams"]} == {"Commercial", "Support"}
    assert accepted(rig) is None
    rig.push()
    assert len(rig.users()) == 8
    assert accepted(rig) == 8
    assert rig.push(send=False).draft.plan.changes == ()


def test_nobody_else_is_absent_by_it(rig):
    absence = Absence(deactivates=True, after_files=1, after_hours=0)
    rig.changed = {
        "mapping": replace(MAPPING, absence=absence),
        "limits": Limits(deactivations=Limit(), shrink_percent=100),
    }
    rig.push()
    rig.hr = rig.hr[:2]
    rig.hr[0]["title"] = "Lead"
    pushed = push_only(rig, 1)
    assert [change.key for change in pushed.draft.plan.changes] == ["user:00001"]
    assert rig.users()["p1@example.com"]["JobTitle"] == "Lead"
    assert sum(user["Active"] for user in rig.users().values()) == 8
    with rig.database.read() as conn:
        absent = people.get(conn, "main", "00008")
    assert absent is not None
    assert absent["present"]
    assert accepted(rig) == 8


def test_limits_hold_it_and_approval_accepts_no_input(rig):
    rig.push()
    rig.hr[0]["status"] = rig.hr[1]["status"] = "Left"
    rig.changed = {"limits": Limits(deactivations=Limit(count=1))}
    before = accepted(rig)
    rig.hr = rig.hr[:7]
    pushed = push_only(rig, 1, 2)
    assert pushed.state == "held"
    app = rig.open()
    assert approve(app, pushed.run_id, actor="ana") == (2, 0)
    drain(app, pushed.run_id)
    app.client.close()
    assert not rig.users()["p1@example.com"]["Active"]
    assert accepted(rig) == before == 8


def test_a_held_run_of_everybody_stays_held(rig):
    rig.push()
    for row in rig.hr[:3]:
        row["status"] = "Left"
    rig.changed = {"limits": Limits(deactivations=Limit(count=1))}
    held = rig.push()
    rig.hr[5]["title"] = "Lead"
    assert push_only(rig, 6).state == "running"
    assert rig.run(held.run_id)["state"] == "held"
    assert rig.run(held.run_id + 1)["summary"]["only"] == ["00006"]


def test_somebody_whom_no_row_names_is_declined(rig):
    rig.write_hr()
    app = rig.open()
    with pytest.raises(Declined, match="did you mean employee 00002"):
        push(app, rig.run_id("push"), people=["2"])
    app.client.close()
    assert rig.users() == {}


# ---------------------------------------------------------------- a saved Plan


def save(rig: Rig, *, only: tuple[str, ...] = ()) -> Path:
    """Plan, and keep the Plan in a file."""
    rig.write_hr()
    app = rig.open()
    path = rig.folder / "plan.json"
    try:
        pushed = push(app, rig.run_id("push"), send=False, people=only)
        save_plan(app, path, pushed.run_id, pushed.intake, pushed.draft)
    finally:
        app.client.close()
    return path


def apply(rig: Rig, path: Path) -> Pushed:
    """Push that Plan, drained."""
    rig.write_hr()
    app = rig.open()
    try:
        pushed = push(app, rig.run_id("push"), saved=open_plan(path))
        if pushed.state == "running":
            drain(app, pushed.run_id)
        return pushed
    finally:
        app.client.close()


def test_exactly_the_saved_plan_is_applied_and_its_input_accepted(rig):
    path = save(rig)
    body = json.loads(path.read_text())
    pushed = apply(rig, path)
    assert pushed.draft.plan.digest == body["about"]["plan_digest"]
    assert len(rig.users()) == 8
    assert accepted(rig) == 8
    assert rig.push(send=False).draft.plan.changes == ()


def test_a_saved_plan_of_some_people_is_of_those(rig):
    apply(rig, save(rig, only=("00002",)))
    assert set(rig.users()) == {"p2@example.com"}
    assert accepted(rig) is None


def test_the_file_is_private_and_complete_or_not_there(rig):
    path = save(rig)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.glob(".plan.json*")) == []
    app = rig.open()
    pushed = push(app, rig.run_id("push"), send=False)
    with pytest.raises(Declined, match="cannot be kept in"):
        save_plan(app, rig.folder / "no" / "plan.json", pushed.run_id, pushed.intake, pushed.draft)
    app.client.close()


@pytest.mark.parametrize("moved", ["source", "configuration", "account", "age"])
def test_what_the_plan_was_made_from_moved(rig, moved):
    path = save(rig)
    writes = rig.writes()
    match moved:
        case "source":
            rig.hr[0]["title"] = "Lead"
        case "configuration":
            rig.changed = {"config_digest": "other"}
        case "age":
            rig.changed = {"hold_expires": 0.0}
        case _:
            rig.changed = {"account": "second"}
    if moved == "account":
        with rig.database.write() as conn:
            run_id = runs.create(
                conn, "second", "push", trigger="test", actor="test", now=rig.database.now(conn)
            )
        app = rig.open()
        with pytest.raises(StalePlan, match="is for the account main"):
            push(app, int(run_id or 0), saved=open_plan(path))
        app.client.close()
    else:
        told = {
            "source": "hr is another one",
            "configuration": "configuration is other",
            "age": "it was made 0.0 h ago",
        }
        with pytest.raises(StalePlan, match=told[moved]):
            apply(rig, path)
    assert rig.writes() == writes


def edit(rig: Rig, username: str) -> None:
    """A human edits a title in Litmos, and a refresh sees it."""
    change = {"do": "set_user", "UserName": username, "set": {"JobTitle": "Chief"}}
    httpx.post(f"{rig.sandbox.control_url}/edit", json=change).raise_for_status()
    rig.refresh()


def test_a_touched_row_moved(rig):
    rig.push()
    rig.hr[0]["title"] = "Lead"
    path = save(rig)
    edit(rig, "p1@example.com")
    writes = rig.writes()
    with pytest.raises(StalePlan, match="employee 00001: JobTitle is 'Chief' now, and was 'Rep'"):
        apply(rig, path)
    assert rig.writes() == writes


def test_a_row_that_the_plan_does_not_touch_may_move(rig):
    rig.push()
    rig.hr[0]["title"] = "Lead"
    path = save(rig)
    edit(rig, "p2@example.com")
    apply(rig, path)
    assert rig.users()["p1@example.com"]["JobTitle"] == "Lead"
    assert rig.users()["p2@example.com"]["JobTitle"] == "Chief"


def test_a_plan_that_was_applied_is_stale(rig):
    path = save(rig)
    apply(rig, path)
    with pytest.raises(StalePlan, match="is theirs by now"):
        apply(rig, path)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"JobTitle": "Rep"', '"JobTitle": "Chief"', "was edited after it was saved"),
        ('"schema_version": 1', '"schema_version": 2', "schema_version 2"),
        ('"kind": "syncd plan"', '"kind": "other"', "is no plan file"),
        ("{", "", "is no plan file"),
    ],
)
def test_an_edited_file_is_refused(rig, old, new, why):
    path = save(rig)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(Declined, match=why):
        open_plan(path)


def test_the_policy_and_the_limits_hold_a_saved_plan_too(rig):
    path = save(rig)
    rig.changed = {"limits": Limits(creates=Limit(count=3))}
    assert apply(rig, path).state == "held"
    rig.changed = {"policy": Policy.OBSERVE}
    assert apply(rig, path).state == "succeeded"
    assert rig.users() == {}
