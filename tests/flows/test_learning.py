"""Learning paths and courses by rule: given, taken, never lost, under faults and as Litmos plays its tricks."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from syncd.core.conditions import OneOf
from syncd.core.limits import Limits, Policy
from syncd.core.rules import ItemRule
from syncd.sandbox.server import Sandbox
from syncd.store.database import Database
from syncd.sync import refresh
from tests.core.factories import course_name, path_name
from tests.flows.rig import MAPPING, Rig, person, place

WORLD = {
    "courses": [{"Name": "Fire"}, {"Name": "Ladders"}, {"Name": "Manners"}],
    "learning_paths": [{"Name": "Onboarding"}, {"Name": "Safety", "Courses": ["Ladders"]}],
}
SALES = OneOf(column="department", where="syncd.yaml:1:1", values=frozenset({"Sales"}))
FIRE = ItemRule(place=place("courses[0]"), item=course_name("Fire"), when=SALES)


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Six people, three in Sales; everybody is given the path Onboarding, and Sales the course Fire."""
    with Sandbox(limit=500, window=0.5, seed=WORLD) as sandbox:
        made = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(n) for n in range(1, 7)])
        made.changed = {"limits": Limits(minimum_population=1000)}
        rules(made, FIRE)
        yield made


def rules(rig: Rig, *more: ItemRule) -> None:
    """From now on the mapping has these rules besides the rig's own."""
    rig.changed["mapping"] = replace(MAPPING, items=(*MAPPING.items, *more))


def edit(rig: Rig, *edits: dict[str, Any]) -> None:
    """What a person does in Litmos."""
    httpx.post(f"{rig.sandbox.control_url}/edit", json=list(edits)).raise_for_status()


def begin(rig: Rig, username: str, percent: int, **what: str) -> None:
    """Somebody learns: a course or a learning path by its name."""
    body = {"UserName": username, "Percentage": percent, **what}
    httpx.post(f"{rig.sandbox.control_url}/complete", json=body).raise_for_status()


def by_hand(rig: Rig, path: str, body: Any) -> None:
    """As a person's click does it, by the API."""
    httpx.post(
        f"{rig.sandbox.base_url}{path}",
        params={"source": "test", "format": "json", "sendmessage": "false"},
        headers={"apikey": rig.sandbox.api_key},
        json=body,
    ).raise_for_status()


def id_of(rig: Rig, kind: str, name: str) -> str:
    """The Litmos id of a team, course or learning path."""
    return str(next(row["Id"] for row in rig.sandbox.dump()[kind] if row["Name"] == name))


def held(rig: Rig, title: str) -> set[str]:
    """The employee numbers (1 for 00001) of everybody who has this course or path."""
    dump = rig.sandbox.dump()
    item = next(
        row["Id"] for kind in ("courses", "learning_paths") for row in dump[kind] if row["Name"] == title
    )
    people = {user["Id"]: user["ExternalEmployeeId"].lstrip("0") for user in dump["users"]}
    return {
        people[row["UserId"]]
        for row in dump["assignments"]
        if row["ItemId"] == item and row["Active"] and "UserId" in row
    }


def planned(rig: Rig, **how: Any) -> list[tuple[str, str]]:
    """What a push did: (action, key without ids)."""
    changes = rig.push(**how).draft.plan.changes
    return [(change.action.value, change.key.rpartition(":")[0]) for change in changes]


def settled(rig: Rig) -> None:
    """Another push, from a full reading, plans nothing and writes nothing."""
    before = rig.writes()
    assert rig.push(fresh=True).draft.plan.changes == ()
    assert rig.writes() == before


def test_a_course_is_given_without_mail_and_taken_when_no_rule_gives_it(rig):
    rig.push()
    assert held(rig, "Fire") == {"1", "3", "5"}
    assert rig.sandbox.world.mails == []
    settled(rig)
    rig.hr[0]["department"] = "Support"
    rig.push()
    assert held(rig, "Fire") == {"3", "5"}
    settled(rig)


def test_a_course_that_was_begun_is_not_taken(rig):
    rig.push()
    begin(rig, "p1@example.com", 20, Course="Fire")
    rig.hr[0]["department"] = "Support"
    rig.changed["refresh_max_age"] = 0.0
    pushed = rig.push()
    assert ("00001", "ITEM-STARTED") in [(skip.employee_id, skip.code) for skip in pushed.draft.plan.skips]
    assert held(rig, "Fire") == {"1", "3", "5"}
    settled(rig)


def test_a_course_that_comes_with_a_learning_path_is_had(rig):
    rules(
        rig,
        ItemRule(place=place("learning_paths[1]"), item=path_name("Safety"), when=SALES),
    )
    rig.push()
    assert held(rig, "Ladders") == {"1", "3", "5"}
    rules(
        rig,
        ItemRule(place=place("learning_paths[1]"), item=path_name("Safety"), when=SALES),
        ItemRule(place=place("courses[0]"), item=course_name("Ladders")),
    )
    pushed = rig.push(fresh=True)
    assert {change.employee_id for change in pushed.draft.plan.changes if change.item} == {
        "00002",
        "00004",
        "00006",
    }
    settled(rig)


def test_a_course_that_a_learning_path_gives_as_well_is_kept_and_not_tried_again(rig):
    """Litmos refuses (406) to take it from one person; a strict rule would try it with every push."""
    rig.push()
    by_hand(
        rig,
        f"/users/{rig.users()['p2@example.com']['Id']}/learningpaths",
        [{"Id": id_of(rig, "learning_paths", "Safety")}],
    )
    rules(
        rig, FIRE, ItemRule(place=place("courses[1]"), item=course_name("Ladders"), when=SALES, strict=True)
    )
    pushed = rig.push(fresh=True)
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert held(rig, "Ladders") == {"1", "2", "3", "5"}
    again = rig.push(fresh=True)
    assert again.draft.plan.changes == ()
    assert ("00002", "GIVEN-OTHERWISE") in [(skip.employee_id, skip.code) for skip in again.draft.plan.skips]


def test_what_a_team_gives_as_well_is_not_taken_from_one_of_its_members(rig):
    """The plan knows what a team gives once somebody has joined or left it."""
    rig.push()
    team = id_of(rig, "teams", "Sales")
    by_hand(rig, f"/teams/{team}/courses", [{"Id": id_of(rig, "courses", "Fire")}])
    rig.hr.append(person(7))
    nobody = OneOf(column="department", where="syncd.yaml:1:1", values=frozenset({"Nowhere"}))
    rules(rig, replace(FIRE, when=nobody))
    pushed = rig.push(fresh=True)
    assert not [change for change in pushed.draft.plan.changes if change.item and change.action == "remove"]
    assert held(rig, "Fire") == {"1", "3", "5", "7"}


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_before", "method": "POST", "path": "^/users/.*/courses", "nth": 2},
        {"kind": "drop_after", "method": "POST", "path": "^/users/.*/courses", "nth": 1},
        {"kind": "truncated", "method": "POST", "path": "^/users/.*/courses", "nth": 1},
        {"kind": "html", "method": "POST", "path": "^/users/.*/courses", "nth": 3},
        {"kind": "drop_before", "method": "DELETE", "path": "^/users/.*/courses/", "nth": 1},
        {"kind": "drop_after", "method": "DELETE", "path": "^/users/.*/courses/", "nth": 1},
    ],
    ids=lambda fault: f"{fault['kind']} {fault['method']} {fault['path']}",
)
def test_a_lost_answer_about_a_course_is_settled(fault, rig):
    rig.sandbox.faults.set([fault])
    assert rig.run(rig.push().run_id)["state"] == "succeeded"
    assert held(rig, "Fire") == {"1", "3", "5"}
    rig.hr[0]["department"] = "Support"
    assert rig.run(rig.push().run_id)["state"] == "succeeded"
    assert held(rig, "Fire") == {"3", "5"}
    settled(rig)


def test_a_course_that_litmos_ignored_without_a_word_is_found_and_given_again(rig):
    """It answers 201 to courses that it does not give (litmos-api 6.13)."""
    ignored = {
        "kind": "status",
        "method": "POST",
        "path": "^/users/.*/courses",
        "nth": 1,
        "status": 201,
        "body": "",
    }
    rig.sandbox.faults.set([ignored])
    rig.push()
    assert len(held(rig, "Fire")) == 2
    rig.changed["refresh_max_age"] = 0.0
    assert planned(rig) != []
    assert held(rig, "Fire") == {"1", "3", "5"}
    settled(rig)


def test_the_cost_of_reading_courses_is_as_documented(rig):
    """Full: P(courses) and P of each mapped one more; delta: three requests more."""

    def cost(*, delta: bool) -> int:
        app = rig.open()
        try:
            return refresh(app, rig.run_id("refresh"), delta=delta)["requests"]
        finally:
            app.client.close()

    rig.push()
    managed = 3
    assert cost(delta=False) == 1 + 1 + (1 + 1) + managed + 2
    assert cost(delta=True) == 9


def test_courses_cost_nothing_if_no_rule_names_any(rig):
    rules(rig)
    rig.push()
    assert not [entry for entry in rig.sandbox.log if "courses" in entry.path]


def test_a_person_who_gives_and_takes_a_course_in_litmos_is_noticed_by_a_delta(rig):
    rig.push()
    rig.changed["refresh_max_age"] = 0.0
    fire = id_of(rig, "courses", "Fire")
    by_hand(rig, f"/users/{rig.users()['p2@example.com']['Id']}/courses", [{"Id": fire}])
    assert planned(rig) == []
    assert held(rig, "Fire") == {"1", "2", "3", "5"}
    url = f"{rig.sandbox.base_url}/users/{rig.users()['p1@example.com']['Id']}/courses/{fire}"
    httpx.delete(url, params={"source": "test"}, headers={"apikey": rig.sandbox.api_key}).raise_for_status()
    assert planned(rig) == [("add", "assignment:00001@course")]
    assert held(rig, "Fire") == {"1", "2", "3", "5"}


def test_what_syncd_gave_is_watched_even_if_no_rule_names_it_any_more(rig):
    """Somebody begins it after its rule has gone: it must not be taken as if nobody had."""
    rig.push()
    rules(rig)
    rig.changed["policy"] = Policy.UPSERT_ONLY
    rig.push(fresh=True)
    begin(rig, "p1@example.com", 20, Course="Fire")
    rig.changed["policy"] = Policy.SYNC
    rig.changed["refresh_max_age"] = 0.0
    rig.push()
    assert held(rig, "Fire") == {"1"}


def test_what_a_leaver_of_a_team_would_lose_of_a_course_that_they_began_keeps_the_membership(rig):
    """Also where no rule names courses: the team's are read because somebody leaves it."""
    rules(rig)
    rig.push()
    by_hand(rig, f"/teams/{id_of(rig, 'teams', 'Sales')}/courses", [{"Id": id_of(rig, "courses", "Manners")}])
    begin(rig, "p1@example.com", 50, Course="Manners")
    for number in (0, 2):
        rig.hr[number]["department"] = "Support"
    pushed = rig.push()
    kept = [(skip.employee_id, skip.code) for skip in pushed.draft.plan.skips]
    assert kept == [("00001", "ITEM-STARTED")]
    assert held(rig, "Manners") == {"1", "5"}
    assert ("Sales", "p1@example.com") in rig.members()


def test_what_was_started_is_taken_if_told_to_and_the_plan_says_that_it_cannot_be_undone(rig):
    rules(rig, replace(FIRE, take_started=True))
    rig.push()
    begin(rig, "p1@example.com", 20, Course="Fire")
    for number in (0, 2):
        rig.hr[number]["department"] = "Support"
    rig.changed["refresh_max_age"] = 0.0
    plan = rig.push().draft.plan
    marked = {change.employee_id: change.irreversible for change in plan.changes if change.item}
    assert marked == {"00001": True, "00003": False}
    assert held(rig, "Fire") == {"5"}
    settled(rig)


# --- by way of a team ---------------------------------------------------------------------------------------------------

VIA = ItemRule(place=place("learning_paths[1]"), item=path_name("Safety"), team=("Commercial", "Sales"))
FIRE_VIA = ItemRule(place=place("courses[0]"), item=course_name("Fire"), team=("commercial", "SALES"))
SHELVED = ItemRule(
    place=place("courses[1]"), item=course_name("Manners"), team=("Commercial", "Sales"), library=True
)


def posts(rig: Rig, path: str) -> int:
    """How many POSTs and DELETEs of this path the sandbox has seen."""
    return sum(entry.method in {"POST", "DELETE"} and entry.path.endswith(path) for entry in rig.sandbox.log)


def test_what_a_team_is_given_reaches_its_members_now_and_later_with_one_request(rig):
    rules(rig, VIA, FIRE_VIA)
    plan = rig.push().draft.plan
    assert {change.key.partition("@")[0] for change in plan.changes if change.kind == "team_assignment"} == {
        "team_assignment:commercial/sales"
    }
    assert held(rig, "Safety") == held(rig, "Fire") == {"1", "3", "5"}
    assert posts(rig, "/learningpaths") == 6 + 1
    assert rig.sandbox.world.mails == []
    settled(rig)
    rig.hr.append(person(7))
    plan = rig.push().draft.plan
    given = {item.kind.value for change in plan.changes for item in change.gives}
    assert given == {"learning_path", "course"}
    assert held(rig, "Safety") == held(rig, "Fire") == {"1", "3", "5", "7"}
    settled(rig)


def test_what_no_rule_gives_a_team_any_more_is_taken_and_the_plan_counts_who_loses_it(rig):
    rules(rig, VIA)
    rig.push()
    rules(rig)
    (change,) = rig.push(fresh=True).draft.plan.changes
    assert (change.action.value, change.people) == ("remove", 3)
    assert held(rig, "Safety") == set()
    settled(rig)


def test_what_a_member_has_begun_is_not_taken_from_the_team(rig):
    rules(rig, VIA)
    rig.push()
    begin(rig, "p3@example.com", 10, LearningPath="Safety")
    rules(rig)
    pushed = rig.push(fresh=True)
    assert pushed.draft.plan.changes == ()
    (skip,) = [skip for skip in pushed.draft.plan.skips if skip.code == "ITEM-STARTED"]
    assert "1 of its members" in skip.message
    assert held(rig, "Safety") == {"1", "3", "5"}


def test_what_a_person_gave_a_team_stays(rig):
    rig.push()
    by_hand(rig, f"/teams/{id_of(rig, 'teams', 'Sales')}/courses", [{"Id": id_of(rig, "courses", "Manners")}])
    rules(rig, FIRE, replace(SHELVED, library=False))
    rig.push(fresh=True)
    rules(rig, FIRE)
    rig.push(fresh=True)
    assert held(rig, "Manners") == {"1", "3", "5"}


def test_a_library_reaches_nobody_by_itself_and_is_not_filled_twice(rig):
    rules(rig, SHELVED)
    rig.push()
    assert held(rig, "Manners") == set()
    team = id_of(rig, "teams", "Sales")
    shown = httpx.get(
        f"{rig.sandbox.base_url}/teams/{team}/courses",
        params={"source": "test", "format": "json"},
        headers={"apikey": rig.sandbox.api_key},
    ).json()
    assert [(row["Name"], row["CourseTeamLibrary"]) for row in shown] == [("Manners", True)]
    settled(rig)
    rules(rig)
    (change,) = rig.push(fresh=True).draft.plan.changes
    assert (change.action.value, change.people) == ("remove", 0)


def test_who_has_been_given_it_singly_keeps_it_when_the_rule_turns_to_the_team(rig):
    rules(rig, replace(VIA, team=(), when=SALES))
    rig.push()
    assert posts(rig, "/learningpaths") == 6
    rules(rig, VIA)
    plan = rig.push(fresh=True).draft.plan
    assert [(change.action.value, change.kind.value, change.people) for change in plan.changes] == [
        ("add", "team_assignment", 0)
    ]
    assert held(rig, "Safety") == {"1", "3", "5"}
    settled(rig)


@pytest.mark.parametrize(
    "reading", [{"path_key": "Id"}, {"path_key": "LearningPathId"}, {"spec_statuses": True}]
)
def test_the_body_is_understood_whichever_key_litmos_reads(reading, rig):
    httpx.post(f"{rig.sandbox.control_url}/modes", json=reading).raise_for_status()
    rules(rig, VIA, FIRE_VIA)
    rig.push()
    assert held(rig, "Safety") == held(rig, "Fire") == {"1", "3", "5"}
    rules(rig)
    rig.push(fresh=True)
    assert held(rig, "Safety") == held(rig, "Fire") == set()


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": kind, "method": method, "path": f"^/teams/.*/{segment}", "nth": 1}
        for kind in ("drop_before", "drop_after", "truncated")
        for method, segment in (("POST", "learningpaths"), ("POST", "courses"), ("DELETE", "learningpaths"))
    ],
    ids=lambda fault: f"{fault['kind']} {fault['method']} {fault['path']}",
)
def test_a_lost_answer_about_a_team_is_settled(fault, rig):
    rig.sandbox.faults.set([fault])
    rules(rig, VIA, FIRE_VIA)
    assert rig.run(rig.push().run_id)["state"] == "succeeded"
    assert held(rig, "Safety") == held(rig, "Fire") == {"1", "3", "5"}
    rules(rig)
    assert rig.run(rig.push(fresh=True).run_id)["state"] == "succeeded"
    assert held(rig, "Safety") == held(rig, "Fire") == set()
    settled(rig)


def test_a_gift_that_litmos_ignored_or_a_person_took_back_is_noticed_by_a_delta(rig):
    rules(rig, VIA)
    ignored = {
        "kind": "status",
        "method": "POST",
        "path": "^/teams/.*/learningpaths",
        "nth": 1,
        "status": 200,
        "body": "",
    }
    rig.sandbox.faults.set([ignored])
    rig.push()
    assert held(rig, "Safety") == set()
    rig.changed["refresh_max_age"] = 0.0
    rig.push()
    assert held(rig, "Safety") == {"1", "3", "5"}
    rig.push()
    team = id_of(rig, "teams", "Sales")
    httpx.request(
        "DELETE",
        f"{rig.sandbox.base_url}/teams/{team}/learningpaths",
        params={"source": "test", "format": "json"},
        headers={"apikey": rig.sandbox.api_key},
        json=[{"Id": id_of(rig, "learning_paths", "Safety")}],
    ).raise_for_status()
    rig.push()
    assert held(rig, "Safety") == {"1", "3", "5"}


def test_the_cost_of_reading_what_teams_have_is_as_documented(rig):
    """Full: one for each team and kind that a rule gives something to; delta: one for each kind."""

    def cost(*, delta: bool) -> int:
        app = rig.open()
        try:
            return refresh(app, rig.run_id("refresh"), delta=delta)["requests"]
        finally:
            app.client.close()

    rules(rig, VIA, SHELVED)
    rig.push()
    managed, mapped, shelves = 3, 3, 2
    assert cost(delta=False) == 1 + 1 + (1 + 1) + managed + mapped + shelves
    assert cost(delta=True) == 9 + 2


def test_a_rule_that_gives_singly_what_a_team_could_give_is_told_so(rig):
    rules(rig, replace(VIA, team=(), when=SALES))
    problems = rig.push(send=False).draft.plan.problems
    assert [text for text in problems if "with via: team it would take 2 requests fewer" in text]


def test_a_team_that_is_not_there_is_given_nothing_and_the_plan_says_so(rig):
    rules(rig, replace(VIA, team=("Nowhere",)))
    skips = rig.push().draft.plan.skips
    assert [skip.code for skip in skips] == ["TEAM-UNKNOWN"]
