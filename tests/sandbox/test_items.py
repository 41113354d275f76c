import pytest

from tests.sandbox.caller import Caller
from tests.sandbox.conftest import Make


def named(call: Caller, kind: str) -> dict[str, str]:
    """Ids by name of the learning paths or courses."""
    return {row["Name"]: row["Id"] for row in call("GET", f"/{kind}").json}


def names(call: Caller, path: str) -> list[str]:
    return sorted(row["Name"] for row in call("GET", path).json)


def test_paths_show_their_courses_and_users(call: Caller) -> None:
    paths, ann = named(call, "learningpaths"), call.user()["Id"]
    assert names(call, f"/learningpaths/{paths['Onboarding']}/courses") == ["Fire Safety", "First Aid"]
    assert call("POST", f"/users/{ann}/learningpaths", [{"Id": paths["Onboarding"]}]).status == 200
    row = call("GET", f"/learningpaths/{paths['Onboarding']}/users").json[0]
    assert row == {"Id": ann, "UserName": "ann.lee@example.com", "FirstName": "Ann", "LastName": "Lee",
                   "Completed": False, "PercentageComplete": 0.0}  # fmt: skip
    assert names(call, f"/users/{ann}/courses") == ["Fire Safety", "First Aid"]
    assert call("GET", "/learningpaths/nothing").status == 404
    assert call("GET", "/learningpaths", search="sales").json[0]["Name"] == "Sales Basics"


def test_assigning_twice_is_no_error_and_nonsense_is(call: Caller) -> None:
    paths, ann = named(call, "learningpaths"), call.user()["Id"]
    both = [{"Id": paths["Onboarding"]}, {"Id": "nothing"}]
    assert [call("POST", f"/users/{ann}/learningpaths", both).status for _ in range(2)] == [200, 200]
    assert call("POST", f"/users/{ann}/learningpaths", [{"Id": None}]).status == 400
    assert call("POST", f"/users/{ann}/learningpaths", [{"Id": "nothing"}]).status == 404
    assert call("POST", "/users/nobody/learningpaths", both).status == 404
    assert names(call, f"/users/{ann}/learningpaths") == ["Onboarding"]


def test_a_direct_path_can_be_removed_once(call: Caller) -> None:
    paths, ann = named(call, "learningpaths"), call.user()["Id"]
    call("POST", f"/users/{ann}/learningpaths", [{"Id": paths["Onboarding"]}])
    assert call("DELETE", f"/users/{ann}/learningpaths/{paths['Onboarding']}").status == 200
    assert call("DELETE", f"/users/{ann}/learningpaths/{paths['Onboarding']}").status == 404
    assert names(call, f"/users/{ann}/courses") == []


def test_what_a_team_has_reaches_present_and_future_members_and_goes_with_it(call: Caller) -> None:
    paths, team = named(call, "learningpaths"), call.team("A")
    ann, bob = call.user("ann@example.com")["Id"], call.user("bobb@example.com")["Id"]
    call("POST", f"/teams/{team}/users", [{"Id": ann}])
    assert call("POST", f"/teams/{team}/learningpaths", [{"Id": paths["Onboarding"]}]).status == 200
    call("POST", f"/teams/{team}/users", [{"Id": bob}])
    assert call.ids(f"/learningpaths/{paths['Onboarding']}/users") == [ann, bob]
    assert call("DELETE", f"/users/{ann}/learningpaths/{paths['Onboarding']}").status == 406
    call("DELETE", f"/teams/{team}/users/{ann}")
    assert call.ids(f"/learningpaths/{paths['Onboarding']}/users") == [bob]
    assert call("DELETE", f"/teams/{team}/learningpaths", [{"Id": paths["Onboarding"]}]).status == 200
    assert call.ids(f"/learningpaths/{paths['Onboarding']}/users") == []
    assert call.ids(f"/teams/{team}/learningpaths") == []


def test_a_direct_path_survives_the_team(call: Caller) -> None:
    paths, team, ann = named(call, "learningpaths"), call.team("A"), call.user()["Id"]
    call("POST", f"/users/{ann}/learningpaths", [{"Id": paths["Onboarding"]}])
    call("POST", f"/teams/{team}/learningpaths", [{"Id": paths["Onboarding"]}])
    call("POST", f"/teams/{team}/users", [{"Id": ann}])
    call("DELETE", f"/teams/{team}/users/{ann}")
    assert names(call, f"/users/{ann}/learningpaths") == ["Onboarding"]


@pytest.mark.parametrize(
    ("mode", "key", "status"),
    [
        ("any", "Id", 200),
        ("any", "LearningPathId", 200),
        ("Id", "Id", 200),
        ("Id", "LearningPathId", 404),
        ("LearningPathId", "Id", 404),
    ],
)
def test_the_key_of_a_team_path_is_a_mode(make: Make, mode: str, key: str, status: int) -> None:
    call = make(modes={"path_key": mode})
    team, path = call.team("A"), named(call, "learningpaths")["Onboarding"]
    assert call("POST", f"/teams/{team}/learningpaths", [{key: path}]).status == status
    both = {"Id": path, "LearningPathId": path}
    assert call("POST", f"/teams/{team}/learningpaths", [both]).status == 200


def test_sub_teams_are_included_on_request(call: Caller) -> None:
    top, path = call.team("A"), named(call, "learningpaths")["Onboarding"]
    low = call.team("B", top)
    call("POST", f"/teams/{top}/learningpaths", [{"Id": path}])
    assert call.ids(f"/teams/{low}/learningpaths") == []
    call("POST", f"/teams/{top}/learningpaths", [{"Id": path}], includesubteams="true")
    assert call.ids(f"/teams/{low}/learningpaths") == [path]


def test_courses_of_a_user_and_why_they_stay(call: Caller) -> None:
    courses, paths = named(call, "courses"), named(call, "learningpaths")
    team, ann = call.team("A"), call.user()["Id"]
    body = [{"Id": courses["Selling"]}, {"Id": "nothing"}]
    assert call("POST", f"/users/{ann}/courses", body, sendmessage="false").status == 201
    call("POST", f"/users/{ann}/learningpaths", [{"Id": paths["Onboarding"]}])
    call("POST", f"/teams/{team}/courses", [{"Id": courses["Selling"]}])
    call("POST", f"/teams/{team}/users", [{"Id": ann}])
    assert call("DELETE", f"/users/{ann}/courses/{courses['First Aid']}").status == 406
    assert call("DELETE", f"/users/{ann}/courses/{courses['Selling']}").status == 406
    call("DELETE", f"/users/{ann}/teams")
    assert call("DELETE", f"/users/{ann}/courses/{courses['Selling']}").status == 200
    assert names(call, f"/users/{ann}/courses") == ["Fire Safety", "First Aid"]
    assert call.control("GET", "mails") == []


def test_courses_are_mailed_unless_told_otherwise(call: Caller) -> None:
    course, ann = named(call, "courses")["Selling"], call.user()["Id"]
    call("POST", f"/users/{ann}/courses", [{"Id": course}])
    assert call.control("GET", "mails") == [["ann.lee@example.com", f"course {course}"]]


def test_courses_of_many_users_are_read_by_a_post(call: Caller) -> None:
    course, ann = named(call, "courses")["Selling"], call.user()["Id"]
    call("POST", f"/users/{ann}/courses", [{"Id": course}])
    rows = call("POST", "/users/courses", [{"Id": ann}, {"Id": "nobody"}]).json
    assert [(row["Id"], [c["Id"] for c in row["Courses"]]) for row in rows] == [(ann, [course])]
    assert call("POST", "/users/courses", [{"Id": ann}] * 26).status == 406


def test_a_course_has_users_and_one_module(call: Caller) -> None:
    course, ann = named(call, "courses")["Selling"], call.user()["Id"]
    call("POST", f"/users/{ann}/courses", [{"Id": course}])
    assert call.ids(f"/courses/{course}/users") == [ann]
    assert len(call.ids(f"/courses/{course}/modules")) == 1
    assert call("GET", f"/users/{ann}/courses/{course}").json["Complete"] is False
