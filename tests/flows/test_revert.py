"""A push that should not have been is taken back: by the same queue, within the same limits, and said in the log."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from syncd.core.lifecycle import Leave, Lifecycle
from syncd.core.limits import Limit, Limits, Policy
from syncd.core.model import Status
from syncd.core.phases import phases
from syncd.errors import Declined
from syncd.planning.approval import approve
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.store import inputs, runlists, runs
from syncd.store.database import Database
from syncd.sync import Reverted, revert
from tests.flows.rig import MAPPING, Rig, person

WORLD = {"learning_paths": [{"Name": "Onboarding"}]}


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Six people in step with Litmos."""
    with Sandbox(limit=500, window=0.5, seed=WORLD) as sandbox:
        made = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(n) for n in range(1, 7)])
        made.push()
        yield made


def take_back(rig: Rig, target: int, *, send: bool = True) -> Reverted:
    """Revert a Run, drained."""
    app = rig.open()
    try:
        reverted = revert(app, rig.run_id("push"), target, send=send)
        if reverted.state == "running":
            drain(app, reverted.run_id)
        return reverted
    finally:
        app.client.close()


def world(rig: Rig) -> tuple[Any, Any]:
    """Who is in Litmos how, and in which teams the active ones are."""
    users = {name: (user["Active"], user["JobTitle"]) for name, user in rig.users().items()}
    return users, {pair for pair in rig.members() if rig.users()[pair[1]]["Active"]}


def test_a_bad_push_is_taken_back_and_the_next_one_does_it_again(rig):
    before = world(rig)
    rig.hr[0]["title"] = "Chief"
    rig.hr[1]["status"] = "Left"
    rig.hr[2]["department"] = "Support"
    bad = rig.push()
    wrong = world(rig)
    assert wrong != before
    reverted = take_back(rig, bad.run_id)
    assert world(rig) == before
    assert rig.run(reverted.run_id)["state"] == "succeeded"
    assert rig.run(reverted.run_id)["summary"]["reverts"] == bad.run_id
    with rig.database.read() as conn:
        assert inputs.of_run(conn, reverted.run_id) == []
    rig.push()
    assert world(rig) == wrong


def test_people_who_were_created_stay_inactive(rig):
    rig.hr.append(person(7))
    hired = rig.push()
    reverted = take_back(rig, hired.run_id)
    assert rig.users()["p7@example.com"]["Active"] is False
    assert [remark.code for remark in reverted.remarks] == ["USER-STAYS"]
    assert sum(user["Active"] for user in rig.users().values()) == 6


def test_what_a_human_changed_since_stays(rig):
    rig.hr[0]["title"] = rig.hr[1]["title"] = "Chief"
    bad = rig.push()
    edit = {"do": "set_user", "UserName": "p1@example.com", "set": {"JobTitle": "Partner"}}
    httpx.post(f"{rig.sandbox.control_url}/edit", json=edit).raise_for_status()
    rig.refresh()
    reverted = take_back(rig, bad.run_id)
    assert rig.users()["p1@example.com"]["JobTitle"] == "Partner"
    assert rig.users()["p2@example.com"]["JobTitle"] == "Rep"
    assert [remark.code for remark in reverted.remarks] == ["MOVED"]


def test_taking_back_twice_does_nothing_more(rig):
    rig.hr[0]["title"] = "Chief"
    bad = rig.push()
    take_back(rig, bad.run_id)
    again = take_back(rig, bad.run_id)
    assert again.draft.plan.changes == ()
    assert [remark.code for remark in again.remarks] == ["MOVED"]


def test_a_dry_run_sends_nothing(rig):
    rig.hr[0]["title"] = "Chief"
    bad = rig.push()
    writes = rig.writes()
    reverted = take_back(rig, bad.run_id, send=False)
    assert [change.after for change in reverted.draft.plan.changes] == [{"JobTitle": "Rep"}]
    assert rig.writes() == writes


def test_limits_hold_it_approval_lets_it_go_and_no_input_is_accepted_by_it(rig):
    with rig.database.read() as conn:
        accepted = inputs.last_accepted(conn, "main", "hr")
    rig.changed = {"limits": Limits(deactivations=Limit(count=2))}
    reverted = take_back(rig, 1)
    assert reverted.state == "held"
    app = rig.open()
    assert approve(app, reverted.run_id, actor="ana") == (6, 0)
    drain(app, reverted.run_id)
    with rig.database.read() as conn:
        run = runs.must_get(conn, reverted.run_id)
        told = [one.name for one in phases(runlists.times(conn, run), app.now())]
    assert told == ["waits to begin", "reads and plans", "held", "sends"], "it read no input, and was held"
    app.client.close()
    assert not any(user["Active"] for user in rig.users().values())
    with rig.database.read() as conn:
        assert inputs.last_accepted(conn, "main", "hr") == accepted


def test_the_policy_withholds_what_it_does_not_let_through(rig):
    rig.changed = {"policy": Policy.UPSERT_ONLY}
    reverted = take_back(rig, 1)
    assert reverted.draft.plan.withheld == 6
    assert all(user["Active"] for user in rig.users().values())


def test_a_revert_can_be_taken_back(rig):
    rig.hr[0]["title"] = "Chief"
    bad = rig.push()
    wrong = world(rig)
    reverted = take_back(rig, bad.run_id)
    take_back(rig, reverted.run_id)
    assert world(rig) == wrong


def test_what_cannot_be_taken_back_is_declined(rig):
    rig.refresh()
    nothing = rig.push()
    queued = rig.run_id("push")
    rig.hr[0]["title"] = "Chief"
    waiting = rig.push(drained=False)
    for target, why in (
        (999, "no run 999"),
        (2, "is a refresh"),
        (nothing.run_id, "changed nothing"),
        (queued, "changed nothing"),
        (waiting.run_id, "1 jobs that are not done"),
    ):
        with pytest.raises(Declined, match=why):
            take_back(rig, target)


def edit(rig: Rig, do: str, **what: Any) -> None:
    """What a person does in Litmos, and syncd reads."""
    httpx.post(f"{rig.sandbox.control_url}/edit", json={"do": do, **what}).raise_for_status()
    rig.refresh()


@pytest.mark.parametrize("by_hand", [True, False])
def test_what_a_strict_rule_took_is_whose_it_was_when_it_is_back(by_hand, rig):
    """Once the rule is mended, what a person had given by hand stays, and what a rule had given goes again."""
    strict = replace(MAPPING, teams=(replace(MAPPING.teams[0], strict=True),))
    rig.changed = {"mapping": strict, "limits": Limits(minimum_population=1000)}
    if by_hand:
        edit(rig, "add_member", Team="Sales", UserName="p2@example.com")
    else:
        rig.hr[1]["department"] = "Sales"
        rig.push()
        rig.hr[1]["department"] = "Support"
    taken = rig.push()
    assert ("Sales", "p2@example.com") not in rig.members()
    take_back(rig, taken.run_id)
    assert ("Sales", "p2@example.com") in rig.members()
    rig.changed["mapping"] = MAPPING
    rig.push()
    assert (("Sales", "p2@example.com") in rig.members()) is by_hand
    assert rig.push(fresh=True).draft.plan.changes == ()


ON_LEAVE = replace(MAPPING.status, table={**MAPPING.status.table, "Leave": Status.LEAVE})


def test_who_is_muted_by_a_revert_is_not_muted_for_ever(rig):
    rig.changed["mapping"] = replace(MAPPING, status=ON_LEAVE, lifecycle=Lifecycle(leave=Leave.MUTE))
    rig.hr[0]["status"] = "Leave"
    rig.push()
    rig.hr[0]["status"] = "Active"
    back = rig.push()
    take_back(rig, back.run_id)
    assert rig.users()["p1@example.com"]["DisableMessages"] is True
    rig.push()
    assert rig.users()["p1@example.com"]["DisableMessages"] is False


def test_what_was_given_back_is_given_back_again_after_a_revert(rig):
    rig.changed["mapping"] = replace(MAPPING, status=ON_LEAVE, lifecycle=Lifecycle(leave=Leave.SUSPEND))
    edit(rig, "add_member", Team="Support", UserName="p1@example.com")
    rig.hr[0]["status"] = "Leave"
    rig.push()
    edit(rig, "remove_member", Team="Support", UserName="p1@example.com")
    rig.hr[0]["status"] = "Active"
    back = rig.push()
    assert ("Support", "p1@example.com") in rig.members()
    take_back(rig, back.run_id)
    assert rig.users()["p1@example.com"]["Active"] is False
    edit(rig, "remove_member", Team="Support", UserName="p1@example.com")
    rig.push()
    assert rig.users()["p1@example.com"]["Active"] is True
    assert ("Support", "p1@example.com") in rig.members()


def test_a_username_that_a_newcomer_has_by_now_is_a_remark_and_fails_nothing(rig):
    rig.hr[0]["email"], rig.hr[1]["email"] = "fresh@example.com", "p1@example.com"
    rig.hr[1]["title"] = "Chief"
    chain = rig.push()
    rig.hr.append(person(7, email="p2@example.com"))
    rig.push()
    reverted = take_back(rig, chain.run_id)
    assert rig.run(reverted.run_id)["state"] == "succeeded"
    assert {remark.code for remark in reverted.remarks} == {"USERNAME-TAKEN"}
    assert rig.users()["p1@example.com"]["ExternalEmployeeId"] == "00002"
    assert rig.users()["p1@example.com"]["JobTitle"] == "Rep"
    assert rig.users()["fresh@example.com"]["ExternalEmployeeId"] == "00001"
