"""What was planned before somebody was protected, or before a person decided about them, does not happen to them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from syncd.core.cases import Resolution, Verdict
from syncd.core.conditions import OneOf
from syncd.core.holding import HoldMode
from syncd.core.limits import Limit, Limits
from syncd.core.model import Role
from syncd.core.rules import ItemRule, RoleRule
from syncd.errors import StaleApproval, StalePlan
from syncd.planning.approval import approve
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.store import cases, changes
from syncd.store.database import Database
from tests.core.factories import path_name
from tests.flows.rig import MAPPING, Rig, person, place
from tests.flows.test_part import apply, push_only, save

WORLD = {"learning_paths": [{"Name": "Onboarding"}, {"Name": "Safety"}]}
NO_LEAVERS = Limits(deactivations=Limit(count=0), minimum_population=1000)


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Six people in step with Litmos; every deactivation waits for a person, and all that is planned with it."""
    with Sandbox(limit=500, window=0.5, seed=WORLD) as sandbox:
        made = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(n) for n in range(1, 7)])
        made.changed = {"limits": NO_LEAVERS}
        made.push()
        yield made


def protect(rig: Rig, *numbers: int) -> None:
    """An administrator makes these people owners of the account."""
    for number in numbers:
        change = {
            "do": "set_user",
            "UserName": f"p{number}@example.com",
            "set": {"AccessLevel": "Account_Owner"},
        }
        httpx.post(f"{rig.sandbox.control_url}/edit", json=change).raise_for_status()


def decide(rig: Rig, number: int, resolution: Resolution) -> None:
    """A person decides who an employee is."""
    with rig.database.write() as conn:
        cases.resolve(conn, "main", f"{number:05d}", resolution, by="ana", now=rig.database.now(conn))


def let_go(rig: Rig, run_id: int) -> tuple[int, int]:
    """Approve all that a Run holds, and send it."""
    app = rig.open()
    try:
        done = approve(app, run_id, actor="ana")
        drain(app, run_id)
        return done
    finally:
        app.client.close()


def codes(rig: Rig, run_id: int) -> dict[str, tuple[str, str]]:
    """What became of each Change of a Run: key -> (state, code)."""
    with rig.database.read() as conn:
        return {row["key"]: (row["state"], row["code"]) for row in changes.listed(conn, run_id=run_id)}


def one_of_each(rig: Rig) -> None:
    """Two leave, one moves to another team, one has another title."""
    rig.hr[0]["status"] = rig.hr[1]["status"] = "Left"
    rig.hr[2]["department"] = "Legal"
    rig.hr[3]["title"] = "Chief"


def test_an_approval_changes_nobody_who_is_protected_or_left_alone_since(rig):
    one_of_each(rig)
    held = rig.push()
    assert held.state == "held"
    users, members = rig.users(), rig.members()
    protect(rig, 1, 3, 4)
    rig.refresh()
    decide(rig, 2, Resolution(verdict=Verdict.IGNORE))
    assert let_go(rig, held.run_id) == (1, 5)
    assert codes(rig, held.run_id) == {
        "team:commercial/legal": ("done", ""),
        "active:00001": ("superseded", "PROTECTED"),
        "active:00002": ("superseded", "IGNORED"),
        "membership:00003@commercial/legal": ("superseded", "PROTECTED"),
        "membership:00003@commercial/sales": ("superseded", "PROTECTED"),
        "user:00004": ("superseded", "PROTECTED"),
    }
    assert rig.members() == members
    now = rig.users()
    assert all(now[name]["Active"] for name in users)
    assert now["p4@example.com"]["JobTitle"] == "Rep"


def test_an_approval_changes_no_user_of_whom_a_person_said_it_is_another(rig):
    rig.hr[0]["status"] = "Left"
    held = rig.push()
    decide(rig, 1, Resolution(verdict=Verdict.LINK, user_id=rig.users()["p2@example.com"]["Id"]))
    assert let_go(rig, held.run_id) == (0, 1)
    assert codes(rig, held.run_id) == {"active:00001": ("superseded", "RELINKED")}
    assert all(user["Active"] for user in rig.users().values())


def test_an_approval_of_what_follows_a_decision_is_sent_in_full(rig):
    decide(rig, 1, Resolution(verdict=Verdict.LINK, user_id=rig.users()["p1@example.com"]["Id"]))
    decide(rig, 3, Resolution(verdict=Verdict.LINK, user_id=rig.users()["p3@example.com"]["Id"]))
    one_of_each(rig)
    rig.hr.append(person(9))
    held = rig.push()
    assert let_go(rig, held.run_id) == (len(held.draft.plan.changes), 0)
    assert {state for state, _code in codes(rig, held.run_id).values()} == {"done"}
    assert rig.push(send=False).draft.plan.changes == ()


def test_a_saved_plan_is_stale_for_who_is_protected_or_left_alone_since(rig):
    rig.changed = {}
    one_of_each(rig)
    path = save(rig)
    protect(rig, 3)
    rig.refresh()
    decide(rig, 2, Resolution(verdict=Verdict.IGNORE))
    writes = rig.writes()
    with pytest.raises(StalePlan) as refusal:
        apply(rig, path)
    assert rig.writes() == writes
    told = str(refusal.value)
    assert "IGNORED: a person decided to leave employee 00002 alone" in told
    assert told.count("of employee 00003 is protected (access level Account_Owner)") == 1
    assert "00001" not in told


def test_who_is_protected_by_the_time_of_the_put_is_not_changed(rig):
    rig.changed = {}
    one_of_each(rig)
    pushed = rig.push(drained=False)
    protect(rig, 1)
    app = rig.open()
    assert drain(app, pushed.run_id) == "failed"
    app.client.close()
    assert rig.users()["p1@example.com"]["Active"]
    assert not rig.users()["p2@example.com"]["Active"]
    assert codes(rig, pushed.run_id)["active:00001"] == ("failed", "PROTECTED")


def test_nothing_that_is_queued_touches_who_is_protected_by_now(rig):
    """Memberships, roles and learning paths are given to the others by the very Jobs that leave the protected one out."""
    heads = RoleRule(
        place=place("teams[0].leaders"),
        when=OneOf(column="title", where="syncd.yaml:1:1", values=frozenset({"Head"})),
    )
    rig.changed = {
        "limits": Limits(minimum_population=1000),
        "mapping": replace(
            MAPPING,
            teams=(replace(MAPPING.teams[0], roles={Role.LEADER: heads}),),
            items=(ItemRule(place=place("learning_paths[0]"), item=path_name("Safety")),),
        ),
    }
    for row in (rig.hr[0], rig.hr[2]):
        row |= {"department": "Legal", "title": "Head"}
    pushed = rig.push(drained=False)
    protect(rig, 1)
    rig.refresh()
    members = {name for name in rig.members() if name[1] == "p1@example.com"}
    assert again(rig, pushed.run_id) == "failed"
    assert {name for name in rig.members() if name[1] == "p1@example.com"} == members
    found = codes(rig, pushed.run_id)
    theirs = {key.partition("@")[0]: found[key] for key in found if ":00001" in key}
    assert len(theirs) >= 4
    assert set(theirs.values()) == {("failed", "PROTECTED")}
    assert {state for key, state in found.items() if ":00001" not in key} == {("done", "")}
    assert ("Legal", "p3@example.com") in rig.members()
    assert rig.push(send=False).draft.plan.changes == ()


def test_a_job_of_nobody_else_but_protected_ones_sends_nothing(rig):
    rig.changed = {"limits": Limits(minimum_population=1000)}
    rig.hr[0]["department"] = "Legal"
    pushed = rig.push(drained=False)
    protect(rig, 1)
    rig.refresh()
    writes = rig.writes()
    assert again(rig, pushed.run_id) == "failed"
    assert rig.writes() == writes + 1  # the team
    assert codes(rig, pushed.run_id)["membership:00001@commercial/legal"] == ("failed", "PROTECTED")


def again(rig: Rig, run_id: int) -> str:
    """Send what is queued."""
    app = rig.open()
    try:
        return drain(app, run_id)
    finally:
        app.client.close()


@pytest.mark.parametrize("mode", list(HoldMode))
def test_a_newer_plan_for_some_people_takes_the_place_of_what_is_held_of_them(rig, mode):
    rig.changed = {"limits": NO_LEAVERS, "hold": mode}
    rig.hr[0]["status"] = rig.hr[1]["status"] = "Left"
    held = rig.push()
    rig.hr[0]["status"] = "Active"
    newer = push_only(rig, 1)
    assert rig.run(held.run_id)["state"] == "held"
    assert codes(rig, held.run_id)["active:00001"][0] == "superseded"
    assert let_go(rig, held.run_id) == (1, 0)
    assert rig.users()["p1@example.com"]["Active"]
    assert not rig.users()["p2@example.com"]["Active"]
    assert rig.run(newer.run_id)["state"] == "succeeded"


def test_a_held_run_of_which_nothing_else_waits_expires_with_them(rig):
    rig.hr[0]["status"] = "Left"
    held = rig.push()
    rig.hr[0]["status"] = "Active"
    push_only(rig, 1)
    assert rig.run(held.run_id)["state"] == "expired"
    with pytest.raises(StaleApproval, match="is expired"):
        let_go(rig, held.run_id)
    assert rig.users()["p1@example.com"]["Active"]


def test_a_plan_for_some_people_that_is_not_sent_leaves_what_is_held(rig):
    rig.hr[0]["status"] = "Left"
    held = rig.push()
    rig.hr[0]["status"] = "Active"
    push_only(rig, 1, send=False)
    assert codes(rig, held.run_id)["active:00001"][0] == "held"
