import re
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.sandbox.caller import Caller
from tests.sandbox.conftest import Make, Times

WEEK = {"since": "2026-03-01", "to": "2026-03-07"}


def completed(call: Caller, **more: Any) -> str:
    """A user who has finished "Onboarding"; her Id."""
    ann = str(call.user()["Id"])
    call.control("POST", "complete", {"UserId": ann, "LearningPath": "Onboarding", **more})
    return ann


def test_a_completion_is_seen_everywhere(call: Caller) -> None:
    ann = completed(call, At="2026-03-03T08:00:00Z", Score=90)
    row = call("GET", f"/users/{ann}/learningpaths").json[0]
    assert (row["Complete"], row["PercentageComplete"]) == (True, 100.0)
    assert row["DateCompleted"] == "/Date(1772524800000-0500)/"
    results = call("GET", "/org/learningpaths/results", **WEEK).json
    assert [(r["UserId"], r["Name"], r["Completed"]) for r in results] == [(ann, "Onboarding", True)]
    courses = call("GET", "/results/details", since="2000-01-01").json
    assert {(c["CourseName"], c["Complete"]) for c in courses} == {("Fire Safety", True), ("First Aid", True)}
    assert len(call("GET", "/org/results/details", **WEEK).json) == 2
    assert len(call("GET", "/org/modules/results", **WEEK).json) == 2
    titles = [(a["Title"], a["Type"]) for a in call("GET", "/achievements", userid=ann).json]
    assert titles[0] == ("Onboarding", "Learning Path")
    assert len(call("GET", "/org/achievements", **WEEK).json) == 3


def test_the_last_course_finishes_the_path(call: Caller) -> None:
    ann = call.user()["Id"]
    path = next(row["Id"] for row in call("GET", "/learningpaths").json if row["Name"] == "Onboarding")
    call("POST", f"/users/{ann}/learningpaths", [{"Id": path}])
    shares = []
    for name in ("Fire Safety", "First Aid"):
        call.control("POST", "complete", {"UserId": ann, "Course": name})
        row = call("GET", f"/users/{ann}/learningpaths").json[0]
        shares.append((row["PercentageComplete"], row["Complete"]))
    assert shares == [(50.0, False), (100.0, True)]


def test_progress_is_a_result_that_is_not_complete(call: Caller) -> None:
    ann = completed(call, Percentage=40)
    rows = call("GET", "/org/learningpaths/results", **WEEK).json
    assert [(r["UserId"], r["Completed"], r["PercentageComplete"], r["FinishDate"]) for r in rows] == [
        (ann, False, 40.0, None)
    ]


@pytest.mark.parametrize(
    ("updated_at", "status"),
    [
        ("/Date(1772524800000)/", 200),
        ("/Date(1772524800000+1100)/", 200),
        ("2026-03-03T08:00:00Z", 500),
        ("", 500),
    ],
)
def test_a_module_result_takes_dates_in_net_form_only(call: Caller, updated_at: str, status: int) -> None:
    ann = call.user()["Id"]
    course = call("GET", "/courses").json[0]["Id"]
    module = call("GET", f"/courses/{course}/modules").json[0]["Id"]
    body = {
        "CourseId": course,
        "UserId": ann,
        "Score": 80,
        "Completed": True,
        "UpdatedAt": updated_at,
        "Note": "",
    }
    got = call("PUT", f"/results/modules/{module}", body)
    assert got.status == status
    assert (b"Request Error" in got.body) == (status == 500)
    done = [row["Complete"] for row in call("GET", "/results/details", since="2000-01-01").json]
    assert done == ([True] if status == 200 else [])


def test_results_need_since_and_take_1000_rows_at_most(call: Caller) -> None:
    assert call("GET", "/results/details").status == 406
    assert call("GET", "/results/details", since="2000-01-01", limit=1001).status == 406
    assert call("GET", "/results/details", since="2000-01-01", limit=1000).status == 200


@pytest.mark.parametrize(("shift", "hours"), [(False, 0), (True, 5)])
def test_dates_carry_an_offset_and_may_be_shifted_by_it(make: Make, hours: int, *, shift: bool) -> None:
    call = make(modes={"date_shift": shift})
    ann = completed(call, At="2026-03-03T08:00:00Z")
    text = call("GET", f"/users/{ann}/learningpaths").json[0]["DateCompleted"]
    match = re.fullmatch(r"/Date\((\d+)-0500\)/", text)
    assert match
    assert datetime.fromtimestamp(int(match[1]) / 1000, UTC) == datetime(2026, 3, 3, 8 + hours, tzinfo=UTC)


YEARLY = {
    "courses": [{"Name": "Fire Safety", "CompliantTillDays": 365}, {"Name": "First Aid"}],
    "learning_paths": [],
}


def certified(call: Caller, name: str = "Fire Safety") -> tuple[str, str]:
    """A user who finished a course on 2026-03-03 at 08:00; her Id, and the course's."""
    ann = str(call.user()["Id"])
    found = call.control("POST", "complete", {"UserId": ann, "Course": name, "At": "2026-03-03T08:00:00Z"})
    return ann, str(found["ItemId"])


def told_of(call: Caller, ann: str, course: str) -> list[Any]:
    """Until when her completion of a course counts, in every place that tells it."""
    of_users = call("POST", "/users/courses", [{"Id": ann}]).json[0]["Courses"]
    return [
        call("GET", f"/users/{ann}/courses").json[0]["CompliantTill"],
        call("GET", f"/users/{ann}/courses/{course}").json["CompliantTill"],
        of_users[0]["CompliantTill"],
        call("GET", f"/courses/{course}/users").json[0]["CompliantTill"],
        call("GET", "/results/details", since="2000-01-01").json[0]["CompliantTillDate"],
        call("GET", "/org/results/details", **WEEK).json[0]["CompliantTillDate"],
        call("GET", "/achievements", userid=ann).json[0]["CompliantTillDate"],
        call("GET", "/org/achievements", **WEEK).json[0]["CompliantTillDate"],
    ]


@pytest.mark.parametrize(
    ("name", "till"), [("Fire Safety", "/Date(1804060800000-0500)/"), ("First Aid", None)]
)
def test_a_completion_counts_for_as_long_as_its_course_says(make: Make, name: str, till: str | None) -> None:
    call = make(seed=YEARLY)
    ann, course = certified(call, name)
    assert told_of(call, ann, course) == [till] * 8


def test_a_completion_that_is_over_is_not_up_to_date(make: Make, times: Times) -> None:
    call = make(seed=YEARLY)
    ann, course = certified(call)
    seen = []
    for _ in range(2):
        row = call("GET", f"/users/{ann}/courses/{course}").json
        seen.append((row["Complete"], row["UpToDate"], row["Overdue"]))
        times.forward(365 * 86_400)
    assert seen == [(True, True, False), (True, False, True)]


def test_a_reset_empties_the_result_and_the_course_stays(make: Make) -> None:
    call = make(seed=YEARLY)
    ann, course = certified(call)
    assert call("PUT", f"/users/{ann}/courses/{course}/reset").status == 200
    row = call("GET", f"/users/{ann}/courses/{course}").json
    assert [row[name] for name in ("Complete", "PercentageComplete", "UpToDate")] == [False, 0.0, False]
    assert [row[name] for name in ("StartDate", "CompletedDate", "CompliantTill")] == [None] * 3
    assert row["AssignedDate"]
    learner = call("GET", f"/courses/{course}/users").json[0]
    assert (learner["Id"], learner["Completed"], learner["CompliantTill"]) == (ann, False, None)
    assert call("GET", "/org/results/details", **WEEK).json == []
    assert len(call("GET", "/achievements", userid=ann).json) == 1
    sent = [entry for entry in call.sandbox.log if entry.method == "PUT"]
    assert [entry.path for entry in sent] == [f"/users/{ann}/courses/{course}/reset"]


def test_results_may_go_on_telling_of_a_completion_that_was_reset(make: Make) -> None:
    call = make(seed=YEARLY, modes={"resets_reported": False})
    ann, course = certified(call)
    call("PUT", f"/users/{ann}/courses/{course}/reset")
    assert [row["Completed"] for row in call("GET", "/org/results/details", **WEEK).json] == [True]
    assert call("GET", f"/users/{ann}/courses/{course}").json["Complete"] is False


def test_only_a_course_that_somebody_has_is_reset(make: Make) -> None:
    call = make(seed=YEARLY)
    ann, course = certified(call)
    other = next(found for found in call.ids("/courses") if found != course)
    for user, what in ((ann, other), (ann, "nothing"), ("nobody", course)):
        assert call("PUT", f"/users/{user}/courses/{what}/reset").status == 404


def test_a_dump_keeps_how_long_completions_count(make: Make) -> None:
    call = make(seed=YEARLY)
    ann, course = certified(call)
    dump = call.control("GET", "dump")
    call.control("POST", "seed", dump)
    assert call.control("GET", "dump") == dump
    assert told_of(call, ann, course) == ["/Date(1804060800000-0500)/"] * 8
