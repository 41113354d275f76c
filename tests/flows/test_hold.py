"""What holds a push, and what a person may do about it. A bad file deactivates nobody."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from syncd.core.conditions import OneOf
from syncd.core.doubts import Dated, Expect
from syncd.core.limits import Limit, Limits, Policy
from syncd.core.rules import Absence
from syncd.errors import SourceError, StaleApproval
from syncd.planning.approval import approve, reject
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.store import people
from syncd.store.database import Database
from tests.flows.rig import MAPPING, Rig, person

WORLD = {"learning_paths": [{"Name": "Onboarding"}]}
FEW = Limits(deactivations=Limit(count=2), changes=Limit(), minimum_population=5)


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Twelve people in step with Litmos; at most two may be deactivated at once."""
    with Sandbox(limit=500, window=0.5, seed=WORLD) as sandbox:
        made = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(n) for n in range(1, 13)])
        made.changed = {"limits": FEW}
        made.push()
        yield made


def active(rig: Rig) -> int:
    """How many users are active in Litmos."""
    return sum(user["Active"] for user in rig.users().values())


def leave(rig: Rig, *numbers: int) -> None:
    """These rows say Left from now on."""
    for number in numbers:
        rig.hr[number]["status"] = "Left"


def test_too_many_leavers_hold_the_whole_run_and_approval_lets_it_go(rig):
    before = active(rig)
    leave(rig, 0, 1, 2)
    rig.hr[5]["title"] = "Lead"
    writes = rig.writes()
    pushed = rig.push()
    assert pushed.state == "held"
    assert [hold["code"] for hold in rig.run(pushed.run_id)["holds"]] == ["LIMIT-DEACTIVATIONS"]
    assert rig.writes() == writes
    app = rig.open()
    assert approve(app, pushed.run_id, actor="ana", seen_digest=pushed.draft.plan.digest) == (4, 0)
    assert drain(app, pushed.run_id) == "succeeded"
    app.client.close()
    assert active(rig) == before - 3
    assert rig.users()["p6@example.com"]["JobTitle"] == "Lead"
    assert rig.push(send=False).draft.plan.changes == ()


def test_a_wrong_digest_approves_nothing(rig):
    leave(rig, 0, 1, 2)
    pushed = rig.push()
    app = rig.open()
    with pytest.raises(StaleApproval, match="not feed"):
        approve(app, pushed.run_id, actor="ana", seen_digest="feed")
    app.client.close()
    assert rig.run(pushed.run_id)["state"] == "held"


def test_what_became_stale_since_the_plan_is_not_sent(rig):
    leave(rig, 0, 1, 2)
    pushed = rig.push()
    httpx.post(f"{rig.sandbox.control_url}/edit", json={"do": "deactivate", "UserName": "p1@example.com"})
    rig.refresh()
    app = rig.open()
    assert approve(app, pushed.run_id, actor="ana") == (2, 1)
    assert drain(app, pushed.run_id) == "succeeded"
    app.client.close()


def test_a_rejected_run_sends_nothing_and_the_next_push_is_held_again(rig):
    leave(rig, 0, 1, 2)
    pushed = rig.push()
    app = rig.open()
    reject(app, pushed.run_id, actor="ana", reason="a broken export")
    with pytest.raises(StaleApproval, match="is cancelled"):
        approve(app, pushed.run_id, actor="ana")
    app.client.close()
    assert rig.push().state == "held"
    assert active(rig) == 12


def test_a_newer_plan_takes_the_place_of_a_held_one(rig):
    leave(rig, 0, 1, 2)
    older = rig.push()
    leave(rig, 3)
    newer = rig.push()
    assert rig.run(older.run_id)["state"] == "expired"
    assert rig.run(newer.run_id)["state"] == "held"


def test_an_approval_outlives_a_newer_plan(rig):
    """Approved, but not sent yet when the next push plans the same again: it is not held again."""
    leave(rig, 0, 1, 2)
    pushed = rig.push()
    app = rig.open()
    approve(app, pushed.run_id, actor="ana")
    app.client.close()
    again = rig.push()
    assert again.state != "held"
    assert active(rig) == 9


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "empty"),
        (b"employee_id,first_name,last_name,email,title,department,division,status\n", "row"),
        (b'employee_id,first_name,last_name,email,title,department,division,status\n00001,"First', "hr.csv"),
        (
            b"employee_id,first_name,last_name,email,title,department,division,status\n00001,First,La\n",
            "hr.csv",
        ),
    ],
)
def test_a_bad_file_fails_the_run_and_deactivates_nobody(content, match, rig):
    rig.changed["mapping"] = replace(MAPPING, absence=Absence(deactivates=True, after_files=1, after_hours=0))
    writes = rig.writes()
    rig.write_hr()
    (rig.folder / "hr.csv").write_bytes(content)
    rig.write_hr = lambda: None  # the bad file stays
    with pytest.raises(SourceError, match=match):
        rig.push()
    assert rig.writes() == writes
    assert active(rig) == 12


def test_a_half_size_file_is_held_and_counts_for_nobody(rig):
    rig.changed["mapping"] = replace(MAPPING, absence=Absence(deactivates=True, after_files=1, after_hours=0))
    whole = list(rig.hr)
    rig.hr = whole[:6]
    assert rig.push().state == "held"
    rig.hr = whole
    assert rig.push().state == "succeeded"
    assert active(rig) == 12


def test_absence_deactivates_after_enough_distinct_files(rig):
    rig.changed["mapping"] = replace(MAPPING, absence=Absence(deactivates=True, after_files=3, after_hours=0))
    rig.hr = rig.hr[:-1]
    states = []
    for title in ("One", "One", "Two", "Three"):
        rig.hr[0]["title"] = title
        rig.push()
        states.append(active(rig))
    assert states == [12, 12, 12, 11]


def test_two_files_in_turns_are_two_witnesses_not_four(rig):
    rig.changed["mapping"] = replace(MAPPING, absence=Absence(deactivates=True, after_files=3, after_hours=0))
    rig.hr = rig.hr[:-1]
    for title in ("One", "Two", "One", "Two"):
        rig.hr[0]["title"] = title
        rig.push()
    assert active(rig) == 12
    rig.hr[0]["title"] = "Three"
    rig.push()
    assert active(rig) == 11


@pytest.mark.parametrize("deactivates", [False, True])
def test_who_left_the_scope_and_then_hr_is_treated_as_the_scope_says(deactivates, rig):
    scope = OneOf(column="division", where="syncd.yaml:1:1", values=frozenset({"Commercial"}))
    mapping = replace(MAPPING, absence=Absence(deactivates=True, after_files=2, after_hours=0), scope=scope)
    rig.changed["mapping"] = mapping
    rig.hr[-1]["division"] = "Factory"
    rig.push()
    rig.changed["mapping"] = replace(mapping, leaving_scope_deactivates=deactivates)
    rig.hr = rig.hr[:-1]
    for title in ("One", "Two", "Three"):
        rig.hr[0]["title"] = title
        rig.push()
    assert active(rig) == (11 if deactivates else 12)


def test_a_rejected_person_stays_as_they_are(rig):
    rig.changed["mapping"] = replace(MAPPING, absence=Absence(deactivates=True, after_files=1, after_hours=0))
    rig.changed["limits"] = replace(FEW, rejected_percent=100.0)
    rig.hr[0]["status"] = "Unheard-of"
    rig.hr.append(dict(rig.hr[1], title="Twin"))
    rig.push()
    assert active(rig) == 12
    assert rig.users()["p2@example.com"]["JobTitle"] == "Rep"
    with rig.database.read() as conn:
        found = {row["employee_id"]: row["origin"] for row in people.quarantined(conn, "main")}
    assert found["00001"] == "hr.csv:2"
    assert found["00002"] == "hr.csv:3, hr.csv:14"


@pytest.mark.parametrize(
    ("policy", "created", "titled", "left"),
    [
        (Policy.OBSERVE, False, False, False),
        (Policy.CREATE_ONLY, True, False, False),
        (Policy.UPSERT_ONLY, True, True, False),
        (Policy.SYNC, True, True, True),
    ],
)
def test_the_policy_says_what_a_push_may_do(policy, created, titled, left, rig):
    rig.changed["policy"] = policy
    rig.hr.append(person(99))
    rig.hr[0]["title"] = "Lead"
    leave(rig, 1)
    rig.push()
    users = rig.users()
    assert ("p99@example.com" in users) is created
    assert (users["p1@example.com"]["JobTitle"] == "Lead") is titled
    assert (not users["p2@example.com"]["Active"]) is left


def test_a_bad_change_does_not_come_in_waves(rig):
    """Two may lose access in any 24 hours, in one push or in several."""
    leave(rig, 0, 1)
    assert rig.push().state == "running"
    leave(rig, 2)
    third = rig.push()
    assert third.state == "held"
    assert rig.run(third.run_id)["holds"][0]["message"] == (
        "1 deactivations now and 2 in the last 24 h are more than push.limits.deactivations.count = 2"
    )
    assert active(rig) == 10
    rig.changed["limits"] = replace(FEW, window=None)
    assert rig.push().state == "running"
    assert active(rig) == 9


def test_what_is_queued_counts_as_done_and_what_was_approved_does_not(rig):
    leave(rig, 0, 1)
    rig.push(drained=False)
    leave(rig, 2)
    held = rig.push(drained=False)
    assert held.state == "held"
    app = rig.open()
    approve(app, held.run_id, actor="ana")
    drain(app, held.run_id)
    app.client.close()
    assert active(rig) == 9
    leave(rig, 3, 4)
    assert rig.push().state == "running"
    assert active(rig) == 7


def test_a_column_that_shifts_is_held_by_the_limit_on_its_field(rig):
    rig.changed["limits"] = replace(FEW, fields={"JobTitle": Limit(percent=50), "*": Limit()})
    for row in rig.hr[:7]:
        row["title"] = row["department"]
    pushed = rig.push()
    assert rig.run(pushed.run_id)["holds"] == [
        {
            "code": "LIMIT-FIELDS",
            "message": "7 changes of JobTitle are 58.3 % of 12 people, "
            "more than push.limits.fields.JobTitle.percent = 50",
        }
    ]


def test_no_single_team_is_emptied(rig):
    """Sales has 6 people: three who move and one who leaves the company are too many for it."""
    rig.changed["limits"] = replace(FEW, removals=Limit(), team_removals=Limit(percent=50, minimum=5))
    for row in (rig.hr[0], rig.hr[2], rig.hr[4]):
        row["department"] = "Support"
    leave(rig, 6)
    pushed = rig.push()
    [hold] = rig.run(pushed.run_id)["holds"]
    assert hold["code"] == "LIMIT-TEAM-REMOVALS"
    assert '4 members lost by team "commercial > sales" are 66.7 % of 6 members' in hold["message"]
    rig.hr[0]["department"] = "Sales"
    assert rig.push().state == "running"


def codes_of(rig: Rig, run_id: int) -> list[str]:
    """Why a Run is held."""
    return [hold["code"] for hold in rig.run(run_id)["holds"]]


def test_another_tenants_file_is_held_until_approved_and_then_not_doubted_again(rig):
    rig.changed["limits"] = replace(FEW, shrink_percent=90)
    rig.hr = [person(n) for n in range(101, 113)]
    held = rig.push()
    assert codes_of(rig, held.run_id) == ["LIMIT-OVERLAP"]
    assert "p101@example.com" not in rig.users()
    app = rig.open()
    approve(app, held.run_id, actor="ana")
    drain(app, held.run_id)
    app.client.close()
    rig.hr[0]["title"] = "Lead"
    assert rig.push().state == "running"
    assert rig.users()["p101@example.com"]["JobTitle"] == "Lead"


def test_an_older_file_that_comes_late_is_held_and_an_old_one_again_is_told(rig):
    first = (rig.folder / "hr.csv").read_bytes()
    rig.hr[0]["title"] = "Lead"
    rig.push()
    path = rig.folder / "hr.csv"
    rig.write_hr = lambda: None
    path.write_bytes(first)
    again = rig.push(send=False)
    assert any("byte for byte, what run 1 read" in problem for problem in again.draft.plan.problems)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    late = rig.push()
    assert codes_of(rig, late.run_id) == ["SOURCE-OLDER"]
    assert rig.users()["p1@example.com"]["JobTitle"] == "Lead"


def test_a_date_in_the_file_says_how_old_it_is(rig):
    rig.changed["expects"] = {"hr": Expect(dated=Dated(column="division"))}
    for row in rig.hr:
        row["division"] = "2026-11-23"
    rig.changed["limits"] = replace(FEW, removals=Limit())
    assert codes_of(rig, rig.push().run_id) == []
    for row in rig.hr:
        row["division"] = "2026-11-22"
    assert codes_of(rig, rig.push().run_id) == ["SOURCE-OLDER"]


def test_a_column_that_goes_blank_is_held(rig):
    for row in rig.hr:
        row["title"] = ""
    assert codes_of(rig, rig.push().run_id) == ["LIMIT-BLANK"]
    assert rig.users()["p1@example.com"]["JobTitle"] == "Rep"


def test_many_rejected_rows_that_a_person_approved_are_not_held_again(rig):
    rig.hr[0]["email"] = "no address"
    held = rig.push()
    assert codes_of(rig, held.run_id) == ["LIMIT-REJECTED"]
    app = rig.open()
    approve(app, held.run_id, actor="ana")
    app.client.close()
    assert rig.push().state == "succeeded"
