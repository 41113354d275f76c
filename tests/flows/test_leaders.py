"""Leaders and admins of teams, end to end: given, taken, read again, and never fought over."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from syncd.core.conditions import OneOf
from syncd.core.limits import Limits
from syncd.core.model import Role
from syncd.core.rules import ManagerRule, RoleRule
from syncd.insight import holdings
from syncd.planning.adopting import adopt
from syncd.sandbox.server import Sandbox
from syncd.store import drift
from syncd.store.database import Database
from syncd.store.mirror_tables import litmos_membership, litmos_user
from syncd.sync import refresh
from tests.flows.rig import MAPPING, Rig, field_rule, of, person, place

WORLD = {"learning_paths": [{"Name": "Onboarding"}]}
HEADS = RoleRule(
    place=place("teams[0].leaders"),
    when=OneOf(column="title", where="syncd.yaml:1:1", values=frozenset({"Head"})),
)
MANAGERS = RoleRule(place=place("teams[0].leaders"), managers=True)


def ruled(rule: RoleRule, *, strict: bool = False, **parts: Any) -> Any:
    """The rig's mapping with this rule about leaders, and an AccessLevel that everybody is given."""
    team = replace(MAPPING.teams[0], roles={Role.LEADER: rule}, strict=strict)
    level = replace(field_rule("AccessLevel", "status"), value=of("level"))
    fields = (*MAPPING.fields, level)
    return replace(MAPPING, teams=(team,), fields=fields, **parts)


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Two in Sales and two in Support, the first of each its head; HR maps everybody's AccessLevel to Learner."""
    with Sandbox(limit=500, window=0.5, seed=WORLD) as sandbox:
        made = Rig(sandbox=sandbox, database=database, folder=tmp_path)
        made.hr = [person(n, level="Learner") for n in range(1, 5)]
        for row in made.hr[:2]:
            row["title"] = "Head"
        made.changed = {
            "mapping": ruled(HEADS),
            "limits": Limits(minimum_population=1000),
            "refresh_max_age": 0.0,
        }
        yield made


def leaders(rig: Rig) -> set[tuple[str, str]]:
    """(team name, username) of every leader in the sandbox."""
    dump = rig.sandbox.dump()
    teams = {team["Id"]: team["Name"] for team in dump["teams"]}
    names = {user["Id"]: user["UserName"] for user in dump["users"]}
    return {
        (teams[m["TeamId"]], names[m["UserId"]]) for m in dump["memberships"] if m["Active"] and m["Leader"]
    }


def edit(rig: Rig, *edits: dict[str, Any]) -> None:
    """What a person does in Litmos."""
    httpx.post(f"{rig.sandbox.control_url}/edit", json=list(edits)).raise_for_status()


def requests(rig: Rig) -> list[str]:
    return [entry.path for entry in rig.sandbox.log]


SALES, SUPPORT = ("Sales", "p1@example.com"), ("Support", "p2@example.com")


def test_leaders_are_made_after_they_are_members_and_a_repetition_writes_nothing(rig):
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert leaders(rig) == {SALES, SUPPORT}
    assert rig.users()["p1@example.com"]["AccessLevel"] == "Team_Leader"
    before = rig.writes()
    for fresh in (True, False):
        assert rig.push(fresh=fresh).draft.plan.changes == (), "the mapped Learner is not sent for ever"
    assert rig.writes() == before


def test_an_update_in_the_same_push_does_not_take_the_level_back(rig):
    """The record that the PUT sends again was read before Litmos made its owner a leader."""
    rig.push()
    for row in rig.hr:
        row["last_name"] = "Renamed"
        row["title"] = "Head"
    rig.push()
    users = rig.users()
    assert {users[row["email"]]["AccessLevel"] for row in rig.hr} == {"Team_Leader"}
    assert {users[row["email"]]["LastName"] for row in rig.hr} == {"Renamed"}
    rig.hr[2]["first_name"] = "Ann"
    rig.push()
    assert rig.users()["p3@example.com"]["AccessLevel"] == "Team_Leader"


def test_whoever_manages_somebody_in_a_team_leads_it(rig):
    rig.changed["mapping"] = ruled(
        MANAGERS, manager=ManagerRule(place=place("users.manager"), value=of("manager"))
    )
    rig.hr[2]["manager"] = "00002"
    rig.hr[3]["manager"] = "00002"
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert leaders(rig) == {("Sales", "p2@example.com"), ("Support", "p2@example.com")}
    assert ("Sales", "p2@example.com") in rig.members(), "made a member, too"
    rig.hr[2]["manager"] = ""
    rig.push()
    assert leaders(rig) == {("Support", "p2@example.com")}
    assert ("Sales", "p2@example.com") not in rig.members(), (
        "the membership came with the role, and goes with it"
    )
    assert rig.push(fresh=True).draft.plan.changes == ()


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    "harm", [{"email": "broken"}, {"employee_id": ""}, {"email": "p1@example.com"}], ids=["row", "id", "name"]
)
def test_a_bad_row_of_somebody_takes_nothing_from_whoever_manages_them(harm, strict, rig):
    """Neither the role nor the membership that came with it; once the row is right again, what it says is done."""
    manager = ManagerRule(place=place("users.manager"), value=of("manager"))
    rig.changed["mapping"] = ruled(MANAGERS, strict=strict, manager=manager)
    rig.hr[1]["manager"] = "00001"
    rig.push()
    good = dict(rig.hr[1])
    led = {("Support", "p1@example.com")}
    assert leaders(rig) == led
    rig.hr[1] |= harm
    pushed = rig.push()
    assert pushed.draft.rejections
    assert pushed.draft.plan.changes == ()
    assert (leaders(rig), led <= rig.members()) == (led, True)
    rig.hr[1] = good
    assert rig.push(fresh=True).draft.plan.changes == ()
    rig.hr[1]["manager"] = ""
    rig.push()
    assert leaders(rig) == set()
    assert not led & rig.members()


@pytest.mark.parametrize("strict", [False, True])
def test_a_leader_goes_when_no_rule_makes_them_one_and_one_made_by_hand_only_if_strict(strict, rig):
    rig.changed["mapping"] = ruled(HEADS, strict=strict)
    rig.push()
    edit(rig, {"do": "give_role", "UserName": "p3@example.com", "Team": "Sales", "Role": "leader"})
    rig.hr[0]["title"] = "Rep"
    rig.push()
    by_hand = ("Sales", "p3@example.com")
    assert leaders(rig) == ({SUPPORT} if strict else {SUPPORT, by_hand})
    assert rig.users()["p1@example.com"]["AccessLevel"] == "Learner"
    assert rig.push(fresh=True).draft.plan.changes == ()


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_lost_answer_is_settled_by_reading_who_leads(kind, method, rig):
    rig.push()
    rig.hr[0]["title"], rig.hr[2]["title"] = ("Rep", "Head")
    rig.sandbox.faults.set([{"kind": kind, "method": method, "path": "^/teams/.*/leaders", "nth": 1}])
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert leaders(rig) == {("Sales", "p3@example.com"), SUPPORT}
    writes = [e for e in rig.sandbox.log if e.method == method and "/leaders/" in e.path]
    done_at_once = kind == "drop_after"
    before = 2 if method == "PUT" else 0
    assert len(writes) == before + (1 if done_at_once else 2)
    assert rig.push(fresh=True).draft.plan.changes == ()


@pytest.mark.parametrize("whole", [True, False])
def test_a_refresh_sees_what_a_person_did_to_leaders(whole, rig):
    rig.push()
    rig.refresh()
    edit(
        rig,
        {"do": "take_role", "UserName": "p1@example.com", "Team": "Sales", "Role": "leader"},
        {"do": "give_role", "UserName": "p4@example.com", "Team": "Support", "Role": "leader"},
    )
    app = rig.open()
    run_id = rig.run_id("refresh")
    refresh(app, run_id, delta=not whole)
    app.client.close()
    names = {user["Id"]: name for name, user in rig.users().items()}
    with rig.database.read() as conn:
        rows = conn.execute(select(litmos_membership).where(litmos_membership.c.leader)).all()
        seen = [
            (names[row["user_id"]], row["field"], row["after"])
            for row in drift.listed(conn, "main", run_id=run_id)
        ]
    assert sorted(names[row.user_id] for row in rows) == ["p2@example.com", "p4@example.com"]
    assert ("p1@example.com", "Leader", False) in seen
    assert ("p4@example.com", "Leader", True) in seen
    rig.push()
    assert leaders(rig) == {SALES, SUPPORT, ("Support", "p4@example.com")}, "what HR says is made so again"


def test_a_refresh_reads_leaders_only_where_a_rule_decides_about_them(rig):
    rig.push()
    sent = len(requests(rig))
    rig.refresh()
    read = [path for path in requests(rig)[sent:] if "/teams/" in path]
    assert sum(path.endswith("/leaders") for path in read) == 2, (
        "Sales and Support, not Commercial above them"
    )
    assert sum(path.endswith("/admins") for path in read) == 0
    rig.changed["mapping"] = MAPPING
    sent = len(requests(rig))
    rig.push()
    assert leaders(rig) == set(), "what syncd gave is still read, and taken back"
    rig.refresh()
    sent = len(requests(rig))
    rig.refresh()
    assert not [path for path in requests(rig)[sent:] if path.endswith("/leaders")]


def test_what_litmos_makes_of_the_level_is_no_drift(rig):
    rig.push()
    app = rig.open()
    run_id = rig.run_id("refresh")
    refresh(app, run_id)
    app.client.close()
    with rig.database.read() as conn:
        assert [row for row in drift.listed(conn, "main", run_id=run_id) if row["kind"] == "user"] == []
        levels = {row.profile["AccessLevel"] for row in conn.execute(select(litmos_user))}
    assert "Team_Leader" in levels


def test_who_litmos_does_not_take_for_a_member_fails_alone_and_says_so(rig):
    rig.push()
    rig.hr[2]["title"] = "Head"
    gone = {"kind": "status", "method": "PUT", "path": "^/teams/.*/leaders", "nth": 1, "status": 404}
    rig.sandbox.faults.set([{**gone, "reason": "The user is not a member of this team."}])
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "failed"
    rig.push()
    assert ("Sales", "p3@example.com") in leaders(rig)


@pytest.mark.parametrize("kept", [True, False])
def test_who_returns_leads_again_what_a_person_had_made_them_lead(rig, kept):
    """Once, whether Litmos keeps teams over a deactivation or not; who takes it away later has the last word."""
    httpx.post(f"{rig.sandbox.control_url}/modes", json={"deactivation_keeps_teams": kept})
    rig.push()
    third = {"Team": "Sales", "UserName": "p3@example.com", "Role": "leader"}
    edit(rig, {"do": "give_role", **third})
    rig.push()
    rig.hr[2]["status"] = "Left"
    rig.push()
    rig.refresh()
    rig.hr[2]["status"] = "Active"
    found = {change.key: change.reason for change in rig.push().draft.plan.changes}
    assert ("leader:00003@commercial/sales" in found) is not kept
    if not kept:
        assert found["leader:00003@commercial/sales"].startswith("had it before the deactivation of ")
    assert ("Sales", "p3@example.com") in leaders(rig)
    edit(rig, {"do": "take_role", **third})
    assert rig.push().draft.plan.changes == ()
    assert ("Sales", "p3@example.com") not in leaders(rig)


@pytest.mark.parametrize("adopted", [True, False])
def test_a_leader_made_by_hand_goes_with_the_rule_once_the_rule_has_adopted_them(rig, adopted):
    rig.push()
    edit(rig, {"do": "give_role", "UserName": "p3@example.com", "Team": "Sales", "Role": "leader"})
    rig.hr[2]["title"] = "Head"
    rig.push()
    writes = rig.writes()
    rig.changed["refresh_max_age"] = 3600.0
    app = rig.open()
    if adopted:
        assert len(adopt(app, "teams[0]", actor="ana", dry_run=True)) == 1
        (claim,) = adopt(app, "teams[0]", actor="ana", dry_run=False)
        assert claim.holding.kind == "leader"
        assert adopt(app, "teams[0]", actor="ana", dry_run=False) == ()
    app.client.close()
    assert rig.writes() == writes
    with rig.database.read() as conn:
        told = holdings.of_person(conn, "main", "00003")
    assert told is not None
    (role,) = (one for one in told.accounts if one.holding.kind == "leader")
    assert (role.origin.value, role.ruled) == ("adopted" if adopted else "foreign", True)
    rig.hr[2]["title"] = "Rep"
    rig.push()
    assert (("Sales", "p3@example.com") in leaders(rig)) is not adopted
