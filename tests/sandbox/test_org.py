import pytest

from tests.sandbox.caller import Caller
from tests.sandbox.conftest import Make, Times

PATHS = [
    "/org/users/details", "/org/users/logins", "/org/users/courses", "/org/teams", "/org/teams/users",
    "/org/teams/learningpaths", "/org/teams/courses", "/org/learningpaths", "/org/learningpaths/users",
    "/org/learningpaths/courses", "/org/learningpaths/results", "/org/courses", "/org/results/details",
    "/org/modules/results", "/org/achievements", "/org/activities/assignments",
]  # fmt: skip
TODAY = {"since": "2026-03-04", "to": "2026-03-05"}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"since": "2026-03-01"},
        {"to": "2026-03-05"},
        {"since": "2026-03-01", "to": "2026-03-08 00:00:01"},
        {"since": "2026-03-05", "to": "2026-03-04"},
        {"since": "04.03.2026", "to": "2026-03-05"},
    ],
)
def test_windows_that_are_refused(call: Caller, path: str, query: dict[str, str]) -> None:
    assert call("GET", path, **query).status == 406


@pytest.mark.parametrize("path", PATHS)
def test_seven_days_are_allowed(call: Caller, path: str) -> None:
    got = call("GET", path, since="2026-03-01 00:00", to="2026-03-08 00:00:00")
    assert got.status == 200
    assert isinstance(got.json, list)


def test_a_to_that_is_not_in_the_future_hides_today(make: Make, times: Times) -> None:
    call = make()
    call.user()
    times.forward(60)
    assert len(call("GET", "/org/users/details", **TODAY).json) == 1
    assert call("GET", "/org/users/details", since="2026-03-04", to="2026-03-04 12:01").json == []
    call.control("POST", "modes", {"to_hides_today": False})
    assert len(call("GET", "/org/users/details", since="2026-03-04", to="2026-03-04 12:01").json) == 1


def test_changed_users_come_again(call: Caller, times: Times) -> None:
    ann = call.user()
    times.forward(3 * 86400)
    later = {"since": "2026-03-06", "to": "2026-03-10"}
    assert call("GET", "/org/users/details", **later).json == []
    call("PUT", f"/users/{ann['Id']}", {**ann, "Active": False})
    row = call("GET", "/org/users/details", **later).json[0]
    assert (row["Id"], row["Active"], row["OriginalUserId"]) == (ann["Id"], False, ann["OriginalId"])
    assert row["UpdatedDate"].startswith("/Date(")
    assert not {"Points", "Password", "SkipFirstLogin", "JobRole"} & row.keys()


def test_logins_are_their_own_list(call: Caller) -> None:
    call.user()
    assert call("GET", "/org/users/logins", **TODAY).json == []
    call.control("POST", "edit", {"do": "login", "UserName": "ann.lee@example.com"})
    assert call("GET", "/org/users/logins", **TODAY).json[0]["LastLogin"] == "2026-03-04T12:00:00Z"


@pytest.mark.parametrize(("reported", "rows"), [(True, [False]), (False, [])])
def test_removals_are_reported_or_not(make: Make, rows: list[bool], *, reported: bool) -> None:
    call = make(modes={"removals_reported": reported})
    team, ann = call.team("A"), call.user()["Id"]
    path = call.ids("/learningpaths")[0]
    call("POST", f"/teams/{team}/users", [{"Id": ann}])
    call("POST", f"/users/{ann}/learningpaths", [{"Id": path}])
    assert [row["Active"] for row in call("GET", "/org/teams/users", **TODAY).json] == [True]
    call("DELETE", f"/teams/{team}/users/{ann}")
    call("DELETE", f"/users/{ann}/learningpaths/{path}")
    assert [row["Active"] for row in call("GET", "/org/teams/users", **TODAY).json] == rows
    assert [row["Active"] for row in call("GET", "/org/learningpaths/users", **TODAY).json] == rows
    told = [row["ActivityType"] for row in call("GET", "/org/activities/assignments", **TODAY).json]
    assert "User Removed From Team" in told
    assert "Learning Path Removed From User" in told


def test_memberships_carry_their_roles(call: Caller) -> None:
    team, ann = call.team("A"), call.user()["Id"]
    call("POST", f"/teams/{team}/users", [{"Id": ann}])
    call("PUT", f"/teams/{team}/leaders/{ann}")
    row = call("GET", "/org/teams/users", **TODAY).json[0]
    assert (row["TeamId"], row["Id"], row["IsTeamLeader"], row["IsTeamAdmin"]) == (team, ann, True, False)


def test_team_items_and_teams_are_reported(call: Caller) -> None:
    team, path, course = call.team("A"), call.ids("/learningpaths")[0], call.ids("/courses")[0]
    call("POST", f"/teams/{team}/learningpaths", [{"Id": path}])
    call("POST", f"/teams/{team}/courses", [{"Id": course}])
    assert [(r["TeamId"], r["Id"]) for r in call("GET", "/org/teams/learningpaths", **TODAY).json] == [
        (team, path)
    ]
    assert [(r["TeamId"], r["Id"]) for r in call("GET", "/org/teams/courses", **TODAY).json] == [
        (team, course)
    ]
    call("DELETE", f"/teams/{team}")
    assert [r["Active"] for r in call("GET", "/org/teams", **TODAY).json] == [False]


def test_deltas_are_paged(call: Caller) -> None:
    for number in range(5):
        call.user(f"user{number}@example.com")
    seen = [
        row["Id"]
        for start in (0, 2, 4)
        for row in call("GET", "/org/users/details", **TODAY, start=start, limit=2).json
    ]
    assert len(set(seen)) == 5
