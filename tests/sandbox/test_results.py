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


def test_a_reset_course_starts_again(call: Caller, times: Times) -> None:
    ann = completed(call)
    course = call.ids(f"/users/{ann}/courses")[0]
    assert call("PUT", f"/users/{ann}/courses/{course}/reset").status == 200
    assert call("GET", f"/users/{ann}/courses/{course}").json["Complete"] is False
