import pytest

from tests.sandbox.caller import Caller
from tests.sandbox.conftest import Make


def member(call: Caller, team: str, name: str) -> str:
    """A new user in a team; her Id."""
    user_id = str(call.user(f"{name}.lee@example.com")["Id"])
    assert call("POST", f"/teams/{team}/users", [{"Id": user_id}]).status == 201
    return user_id


def test_create_gives_201_and_three_members(call: Caller) -> None:
    got = call("POST", "/teams", {"Id": "", "Name": "North West", "Description": "All of it"})
    assert got.status == 201
    assert list(got.json) == ["Id", "Name", "Description"]
    row = call("GET", "/teams").json[0]
    assert row["ParentTeamId"] == ""
    assert row["TeamCodeForBulkImport"].endswith("-NorthWest")
    assert call("GET", f"/teams/{row['Id']}").json["Description"] == "All of it"


def test_names_exist_once(call: Caller) -> None:
    north = call.team("North")
    south = call.team("South")
    assert call("POST", "/teams", {"Name": "north"}).json == {"Detail": "Team name already exists"}
    assert call("POST", f"/teams/{north}/teams", {"Name": "South"}).status == 409
    assert call("PUT", f"/teams/{south}", {"Id": south, "Name": "North"}).status == 409
    assert call("POST", "/teams", {"Name": ""}).status == 400


@pytest.mark.parametrize(("deep", "names"), [(True, ["B", "C"]), (False, ["B"])])
def test_sub_teams_know_their_parents(make: Make, names: list[str], *, deep: bool) -> None:
    call = make(modes={"subteams_deep": deep})
    top = call.team("A")
    middle = call.team("B", top)
    low = call.team("C", middle)
    parents = {row["Id"]: row["ParentTeamId"] for row in call("GET", "/teams").json}
    assert parents == {top: "", middle: top, low: middle}
    assert [row["Name"] for row in call("GET", f"/teams/{top}/teams").json] == names
    assert call("POST", "/teams/nothing/teams", {"Name": "D"}).status == 404


def test_rename_and_delete(call: Caller) -> None:
    top = call.team("A")
    low = call.team("B", top)
    assert call("PUT", f"/teams/{top}", {"Id": top, "Name": "AA", "Description": "x"}).status == 200
    assert call("PUT", f"/teams/{top}", {"Id": low, "Name": "AA"}).status == 404
    assert call("DELETE", f"/teams/{top}").status == 200
    assert call("GET", f"/teams/{top}").status == 404
    assert call("GET", "/teams").json[0]["ParentTeamId"] == ""


def test_members_are_added_in_one_go_and_bad_ids_ignored(call: Caller) -> None:
    team, ann, bob = call.team("A"), call.user("ann@example.com"), call.user("bob@example.com")
    body = [{"Id": ann["Id"], "UserName": "x"}, {"Id": "nobody"}, {"Id": bob["Id"]}, {"Id": bob["Id"]}]
    got = call("POST", f"/teams/{team}/users", body)
    assert (got.status, got.body) == (201, b"")
    assert call.ids(f"/teams/{team}/users") == [ann["Id"], bob["Id"]]
    assert call("POST", f"/teams/{team}/users", [{"Id": "nobody"}]).status == 201
    assert call("POST", f"/teams/{team}/users", []).status == 404
    assert call("POST", "/teams/nothing/users", body).status == 404


def test_inactive_members_are_hidden_but_stay(call: Caller) -> None:
    team = call.team("A")
    ann = member(call, team, "ann")
    call.control("POST", "edit", {"do": "deactivate", "UserId": ann})
    assert call.ids(f"/teams/{team}/users") == []
    assert call.ids(f"/users/{ann}/teams") == [team]
    call.control("POST", "edit", {"do": "activate", "UserId": ann})
    assert call.ids(f"/teams/{team}/users") == [ann]


def test_removal_is_one_by_one(call: Caller) -> None:
    team = call.team("A")
    ann = member(call, team, "ann")
    assert call("DELETE", f"/teams/{team}/users/{ann}").status == 200
    assert call.ids(f"/teams/{team}/users") == []
    assert call("DELETE", f"/teams/{team}/users/{ann}").status == 404


def test_leaders_and_admins_are_members_and_get_the_level(call: Caller) -> None:
    team, other = call.team("A"), call.team("B")
    ann = member(call, team, "ann")
    assert call("PUT", f"/teams/{other}/leaders/{ann}").status == 404
    assert call("PUT", f"/teams/{team}/leaders/{ann}").status == 200
    assert call.ids(f"/teams/{team}/leaders") == [ann]
    assert call("GET", f"/users/{ann}").json["AccessLevel"] == "Team_Leader"
    call("PUT", f"/teams/{team}/admins/{ann}")
    assert call("GET", f"/users/{ann}").json["AccessLevel"] == "Team_Admin"
    call("DELETE", f"/teams/{team}/admins/{ann}")
    call("DELETE", f"/teams/{team}/leaders/{ann}")
    assert call("GET", f"/users/{ann}").json["AccessLevel"] == "Learner"
    assert call.ids(f"/teams/{team}/admins") == []


def test_leaving_ends_leadership(call: Caller) -> None:
    team = call.team("A")
    ann = member(call, team, "ann")
    call("PUT", f"/teams/{team}/leaders/{ann}")
    call("DELETE", f"/users/{ann}/teams")
    call("POST", f"/teams/{team}/users", [{"Id": ann}])
    assert call.ids(f"/teams/{team}/leaders") == []
    assert call("GET", f"/users/{ann}").json["AccessLevel"] == "Learner"


def test_one_user_joins_up_to_25_teams_or_none(call: Caller) -> None:
    teams = [call.team(f"T{number}") for number in range(26)]
    ann = call.user()["Id"]
    assert call("POST", f"/users/{ann}/teams", [{"Id": team} for team in teams]).status == 404
    assert call("POST", f"/users/{ann}/teams", [{"Id": teams[0]}, {"Id": "nothing"}]).status == 404
    assert call("POST", f"/users/{ann}/teams", [{"Id": team} for team in teams[:25]]).status == 200
    assert call("POST", f"/users/{ann}/teams", [{"Id": teams[25]}, {"Id": teams[0]}]).status == 409
    assert len(call.ids(f"/users/{ann}/teams")) == 25
    assert call("DELETE", f"/users/{ann}/teams").status == 200
    assert call.ids(f"/users/{ann}/teams") == []
