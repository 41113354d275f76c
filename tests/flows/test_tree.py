"""Organisation trees, end to end: a renamed unit keeps its team and its people, a moved one is told of or rebuilt."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from syncd.core.lifecycle import Lifecycle
from syncd.core.limits import Limits, Policy
from syncd.core.model import Role
from syncd.core.rules import Column, Ground, ManagerRule, NodeRule, Part, RoleRule, Text, TreeRule
from syncd.insight.doctor import examine
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.store import changes, ties
from syncd.store.database import Database
from syncd.sync import push
from tests.flows.rig import MAPPING, Rig, of, person, place


def column(name: str) -> tuple[Column, ...]:
    return (Column(name=name, where="syncd.yaml:1:1"),)


TREE = TreeRule(
    place=place("teams[0]"),
    space="org",
    node=NodeRule(code=column("code"), name=column("name"), parent=column("parent")),
    seat=column("unit"),
    apart=True,
)


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Four people in two units of Sales, which has two units, beside Operations; the units are in a file of their own."""
    with Sandbox(limit=500, window=0.5) as sandbox:
        made = Rig(sandbox=sandbox, database=database, folder=tmp_path)
        made.hr = [person(n, unit="10" if n % 2 else "11") for n in range(1, 5)]
        made.nodes = [
            {"code": "1", "name": "Sales", "parent": ""},
            {"code": "10", "name": "EMEA", "parent": "1"},
            {"code": "11", "name": "APAC", "parent": "1"},
            {"code": "2", "name": "Operations", "parent": ""},
        ]
        made.changed = {
            "mapping": replace(MAPPING, teams=(), trees=(TREE,), items=()),
            "limits": Limits(minimum_population=1000),
            "refresh_max_age": 0.0,
        }
        yield made


def teams(rig: Rig) -> dict[str, tuple[str, str]]:
    """Team id -> (name, parent's name) of every team there is."""
    live = {team["Id"]: team for team in rig.sandbox.dump()["teams"] if team["Active"]}
    return {
        team_id: (team["Name"], live[team["ParentTeamId"]]["Name"] if team["ParentTeamId"] else "")
        for team_id, team in live.items()
    }


def id_of(rig: Rig, name: str) -> str:
    return next(team_id for team_id, (found, _) in teams(rig).items() if found == name)


def settled(rig: Rig) -> None:
    """Nothing is left to do."""
    before = rig.writes()
    assert rig.push(fresh=True).draft.plan.changes == ()
    assert rig.push().draft.plan.changes == ()
    assert rig.writes() == before


EMEA = {("EMEA", "p1@example.com"), ("EMEA", "p3@example.com")}
APAC = {("APAC", "p2@example.com"), ("APAC", "p4@example.com")}


def test_day_one_makes_the_tree_and_ties_each_code_to_its_team(rig):
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert set(teams(rig).values()) == {("Sales", ""), ("EMEA", "Sales"), ("APAC", "Sales")}, (
        "of Operations nobody is"
    )
    assert rig.members() == EMEA | APAC
    with rig.database.read() as conn:
        tied = ties.load(conn, "main")
    assert tied == {
        ("org", "1"): id_of(rig, "Sales"),
        ("org", "10"): id_of(rig, "EMEA"),
        ("org", "11"): id_of(rig, "APAC"),
    }
    settled(rig)


def test_doctor_counts_the_teams_of_units_as_a_push_would_make_them(rig):
    def told() -> tuple[int, list[str]]:
        rig.write_hr()
        app = rig.open()
        try:
            found = examine(app.settings, app.sources, app, now=lambda: datetime.now(UTC))
        finally:
            app.client.close()
        (finding,) = (one for one in found.findings if one.check == "teams")
        return finding.facts["named"], finding.facts["to_create"]

    assert told() == (3, ["Sales", "Sales > APAC", "Sales > EMEA"])
    rig.push()
    assert told() == (3, [])
    rig.nodes[1]["name"] = "Europe"
    rig.hr.append(person(5, unit="2"))
    assert told() == (4, ["Operations"])


@pytest.mark.parametrize("fault", [None, "drop_before", "drop_after"])
def test_a_renamed_unit_keeps_its_team_and_its_people(fault, rig):
    rig.push()
    before = teams(rig)
    rig.nodes[0]["name"] = "Revenue"
    if fault:
        rig.sandbox.faults.set([{"kind": fault, "method": "PUT", "path": "^/teams/", "nth": 1}])
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert [(c.action.value, c.kind.value) for c in pushed.draft.plan.changes] == [("update", "team")]
    assert teams(rig).keys() == before.keys()
    assert set(teams(rig).values()) == {("Revenue", ""), ("EMEA", "Revenue"), ("APAC", "Revenue")}
    assert rig.members() == EMEA | APAC
    settled(rig)
    rig.hr[0]["unit"] = "11"
    rig.push()
    assert rig.members() == {("EMEA", "p3@example.com"), ("APAC", "p1@example.com")} | APAC, (
        "what syncd gave under the old name is still its own to take"
    )
    settled(rig)


@pytest.mark.parametrize("chosen", [(), ("00002",)])
def test_who_joins_a_team_in_the_push_that_renames_it_can_be_taken_from_it_again(chosen, rig):
    rig.push()
    rig.nodes[1]["name"] = "Europe"
    rig.hr[1]["unit"] = "10"
    only(rig, chosen)
    assert ("Europe", "p2@example.com") in rig.members()
    rig.hr[1]["unit"] = "11"
    rig.push()
    assert rig.members() == {("Europe", "p1@example.com"), ("Europe", "p3@example.com")} | APAC
    settled(rig)


def only(rig: Rig, chosen: tuple[str, ...]) -> None:
    """A push of these people, of everybody if there are none."""
    rig.write_hr()
    app = rig.open()
    try:
        run_id = rig.run_id("push")
        assert push(app, run_id, people=chosen).state in {"running", "succeeded"}
        drain(app, run_id)
    finally:
        app.client.close()


@pytest.mark.parametrize("whole", [True, False])
def test_a_unit_that_a_person_renames_before_hr_does_keeps_what_syncd_gave(whole, rig):
    rig.push()
    rename(rig, "Sales", "Revenue")
    rig.nodes[0]["name"] = "Revenue"
    if whole:
        rig.refresh()
    assert rig.push().draft.plan.changes == ()
    rig.hr[0]["unit"] = "11"
    rig.push()
    assert rig.members() == {("EMEA", "p3@example.com"), ("APAC", "p1@example.com")} | APAC
    settled(rig)


@pytest.mark.parametrize("renamed_by", ["hr", "person"])
def test_the_overlap_of_a_mover_ends_in_time_though_their_old_unit_is_renamed_meanwhile(renamed_by, rig):
    rule = replace(rig.changed["mapping"], lifecycle=Lifecycle(overlap=timedelta(days=14)))
    rig.changed["mapping"] = rule
    rig.push()
    rig.hr[0]["unit"] = "11"
    rig.push()
    rig.database.ahead = timedelta(days=10)
    rig.nodes[1]["name"] = "Europe"
    if renamed_by == "person":
        rename(rig, "EMEA", "Europe")
    rig.push()
    rig.database.ahead = timedelta(days=13)
    rig.push()
    assert ("Europe", "p1@example.com") in rig.members()
    rig.database.ahead = timedelta(days=14, hours=1)
    rig.push()
    assert rig.members() == {("Europe", "p3@example.com"), ("APAC", "p1@example.com")} | APAC


def rename(rig: Rig, team: str, name: str) -> None:
    """A person renames a team in Litmos."""
    edit = {"do": "rename_team", "Team": team, "Name": name}
    httpx.post(f"{rig.sandbox.control_url}/edit", json=[edit]).raise_for_status()


def test_two_units_swap_their_names(rig):
    rig.push()
    emea, apac = id_of(rig, "EMEA"), id_of(rig, "APAC")
    rig.nodes[1]["name"], rig.nodes[2]["name"] = "APAC", "EMEA"
    rig.hr.append(person(5, unit="10"))
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert (id_of(rig, "EMEA"), id_of(rig, "APAC")) == (apac, emea)
    assert ("APAC", "p5@example.com") in rig.members()
    assert ("APAC", "p1@example.com") in rig.members()
    settled(rig)


def test_what_a_person_renamed_is_repaired_and_its_people_stay(rig):
    rig.push()
    emea = id_of(rig, "EMEA")
    rename(rig, "EMEA", "Europe")
    rig.push()
    assert id_of(rig, "EMEA") == emea
    assert rig.members() == EMEA | APAC
    settled(rig)


def test_a_unit_below_another_one_is_reported_and_stays(rig):
    rig.push()
    rig.nodes[1]["parent"] = "2"
    before = rig.writes()
    pushed = rig.push()
    (problem,) = pushed.draft.plan.problems
    assert problem.startswith("NODE-MOVED: node '10' (org.csv:3) has another parent than its team")
    assert pushed.draft.plan.changes == ()
    assert rig.writes() == before


def test_a_unit_below_another_one_is_rebuilt_by_choice(rig):
    rig.changed["mapping"] = replace(
        rig.changed["mapping"], trees=(replace(TREE, ground=Ground(rebuild=True)),)
    )
    rig.push()
    old = id_of(rig, "EMEA")
    rig.nodes[1]["parent"] = "2"
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    found = teams(rig)
    assert found[old] == (f"EMEA (former {old})", "Sales")
    assert ("EMEA", "Operations") in found.values()
    assert rig.members() == EMEA | APAC
    settled(rig)


def test_teams_that_are_there_are_tied_by_name_and_keep_their_people(rig):
    for name, parent in (("Sales", ""), ("EMEA", "Sales")):
        edit = {"do": "create_team", "Name": name, "ParentTeam": parent}
        httpx.post(f"{rig.sandbox.control_url}/edit", json=[edit]).raise_for_status()
    emea = id_of(rig, "EMEA")
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert id_of(rig, "EMEA") == emea
    rig.nodes[1]["name"] = "Europe"
    rig.push()
    assert id_of(rig, "Europe") == emea
    settled(rig)


def test_a_name_that_another_team_has_is_told_before_and_after(rig):
    rig.push()
    rig.nodes.append({"code": "20", "name": "EMEA", "parent": "2"})
    rig.hr.append(person(5, unit="20"))
    pushed = rig.push()
    assert [p.split(":")[0] for p in pushed.draft.plan.problems] == ["TEAM-NAME-TAKEN"]
    run = rig.run(pushed.run_id)
    assert run["state"] == "failed"
    with rig.database.read() as conn:
        failed = {
            row["key"]: row for row in changes.listed(conn, run_id=pushed.run_id) if row["state"] == "failed"
        }
    made = failed["team:operations/emea"]
    assert made["code"] == "LITMOS-409-TEAM-NAME-TAKEN"
    assert f"has it as team {id_of(rig, 'EMEA')} (below {id_of(rig, 'Sales')})" in made["message"]
    rig.nodes[-1]["name"] = "Operations EMEA"
    rig.push()
    assert ("Operations EMEA", "p5@example.com") in rig.members()


def test_a_unit_that_no_row_describes_any_more_keeps_its_people(rig):
    rig.push()
    del rig.nodes[1]
    before = rig.writes()
    pushed = rig.push()
    (problem,) = pushed.draft.plan.problems
    assert problem.startswith("NODE-UNKNOWN: no row describes node '10' of hr.csv:2, hr.csv:4")
    assert pushed.draft.plan.changes == ()
    assert rig.writes() == before


def test_whoever_goes_to_a_unit_that_no_row_describes_yet_stays_where_they_were_until_one_does(rig):
    rig.push()
    rig.hr[0]["unit"] = "12"
    pushed = rig.push()
    assert [p.split(":")[0] for p in pushed.draft.plan.problems] == ["NODE-UNKNOWN"]
    assert pushed.draft.plan.changes == ()
    rig.nodes.append({"code": "12", "name": "LATAM", "parent": "1"})
    rig.push()
    assert rig.members() == {("LATAM", "p1@example.com"), ("EMEA", "p3@example.com")} | APAC
    settled(rig)


def test_a_policy_that_only_creates_renames_nothing(rig):
    rig.push()
    rig.nodes[0]["name"] = "Revenue"
    rig.nodes.append({"code": "12", "name": "LATAM", "parent": "1"})
    rig.hr.append(person(5, unit="12"))
    rig.changed["policy"] = Policy.CREATE_ONLY
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert ("LATAM", "Sales") in teams(rig).values()


def test_a_team_for_each_manager_led_by_them(rig):
    name: tuple[Part, ...] = (Text(text="Team of "), *column("first_name"))
    rule = replace(
        TREE,
        space="managers",
        apart=False,
        managers=True,
        seat=(),
        node=NodeRule(code=(), name=name),
        roles={Role.LEADER: RoleRule(place=place("teams[0].leaders"), managers=True)},
    )
    manager = ManagerRule(place=place("users.manager"), value=of("manager"))
    rig.changed["mapping"] = replace(MAPPING, teams=(), trees=(rule,), manager=manager, items=())
    for row in rig.hr[1:]:
        row["manager"] = "00001"
    rig.push()
    boss = id_of(rig, "Team of First1")
    assert {who for team, who in rig.members() if team == "Team of First1"} == {
        row["email"] for row in rig.hr
    }
    leads = [m["UserId"] for m in rig.sandbox.dump()["memberships"] if m["Leader"]]
    assert leads == [rig.users()["p1@example.com"]["Id"]]
    settled(rig)
    rig.hr[0]["first_name"] = "Ann"
    rig.push()
    assert teams(rig)[boss] == ("Team of Ann", "")
    settled(rig)
