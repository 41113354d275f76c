import json
from pathlib import Path

import pytest

from syncd.sandbox import Sandbox
from syncd.sandbox.worlds import people, seed_of


def test_people_are_the_same_each_time_and_believable() -> None:
    company = people(200)
    assert company == people(200)
    users = company["users"]
    assert len({user["UserName"] for user in users}) == 200
    assert all(user["Email"].endswith("@example.com") and user["Email"].isascii() for user in users)
    assert {"Onboarding", "Code of Conduct", "Information Security", "Sales Basics", "Leadership"} == {
        path["Name"] for path in company["learning_paths"]
    }
    assert 0 < sum(not user["Active"] for user in users) < 20


def test_a_world_of_people_is_whole() -> None:
    world = Sandbox(seed="people-200").world
    assert len(world.users) == 200
    bosses = {user.profile["ManagerId"] for user in world.users.values()}
    assert bosses - {"0"} <= world.users.keys()
    assert len(bosses) > 5
    sales = next(team for team in world.live_teams() if team.name == "Sales")
    member = world.current_members(sales.id)[0].user_id
    assert "Sales Basics" in {world.paths[item].name for item in world.shelves["path"].of_user[member]}
    levels = {user.profile["AccessLevel"] for user in world.users.values()}
    assert levels == {"Account_Owner", "Administrator", "Team_Leader", "Learner"}
    assert any(row.complete for row in world.shelves["path"].enrolments())


def test_twenty_thousand_people_are_ready_soon() -> None:
    world = Sandbox(seed="people-20000").world
    assert len(world.users) == 20_000
    assert len(world.live_teams()) > 50


def test_seeds_come_by_name_file_or_data(tmp_path: Path) -> None:
    path = tmp_path / "seed.json"
    path.write_text(json.dumps({"teams": [{"Name": "A"}]}))
    assert seed_of("empty") == seed_of(None) == {}
    assert len(seed_of("people-7")["users"]) == 7
    assert seed_of(path) == seed_of(str(path)) == seed_of({"teams": [{"Name": "A"}]})
    path.write_text("[]")
    with pytest.raises(ValueError, match="not a seed"):
        seed_of(path)
