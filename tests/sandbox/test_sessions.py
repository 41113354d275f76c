"""Instructor-led training: sessions, registrations, roll calls, attendance; and what is earned."""

from typing import Any

import pytest

from tests.sandbox.caller import Caller
from tests.sandbox.conftest import Make

WEEK = {"since": "2026-03-01", "to": "2026-03-07"}
WORLD: dict[str, Any] = {
    "users": [
        {"UserName": f"{name}@example.com", "FirstName": name, "LastName": "L"}
        for name in ("lead", "anna", "bert", "cleo")
    ],
    "courses": [
        {"Name": "First Aid", "Passmark": 60, "Points": 5, "Badge": "Helper"},
        {"Name": "Online"},
    ],
    "sessions": [
        {
            "Course": "First Aid",
            "Name": name,
            "Instructor": "lead@example.com",
            "Days": [{"StartDate": f"{day}T09:00:00Z", "EndDate": f"{day}T12:00:00Z"} for day in days],
            "Slots": 2,
        }
        for name, days in (("March", ("2026-03-02", "2026-03-03")), ("April", ("2026-04-02",)))
    ],
}


class Class:
    """A sandbox with two sessions of one course, and people who have it."""

    def __init__(self, call: Caller) -> None:
        self.call = call
        self.ids = {row["UserName"].split("@")[0]: row["Id"] for row in call("GET", "/users").json}
        self.course = next(row["Id"] for row in call("GET", "/courses").json if row["Name"] == "First Aid")
        self.session = call("GET", "/sessions/past").json[0]
        self.place = (
            f"/courses/{self.course}/modules/{self.session['ModuleId']}/sessions/{self.session['Id']}"
        )
        for name in ("anna", "bert", "cleo"):
            call("POST", f"/users/{self.ids[name]}/courses", [{"Id": self.course}], sendmessage="false")

    def register(self, *names: str) -> Any:
        return self.call("POST", f"{self.place}/users/register", [{"Id": self.ids.get(n, n)} for n in names])

    def roll(self) -> dict[str, tuple[Any, Any]]:
        rows = self.call("GET", f"{self.place}/rollcall").json
        return {row["FirstName"]: (row["Completed"], row["Score"]) for row in rows}

    def mark(self, name: str, **more: Any) -> int:
        return self.call("POST", f"{self.place}/rollcall", [{"Id": self.ids[name], **more}]).status

    def result(self, name: str) -> dict[str, Any]:
        got: dict[str, Any] = self.call("GET", f"/users/{self.ids[name]}/courses/{self.course}").json
        return got


@pytest.fixture
def room(make: Make) -> Class:
    return Class(make(seed=WORLD))


def test_sessions_are_found_by_time_by_module_and_by_instructor(room: Class) -> None:
    call = room.call
    assert [row["Name"] for row in call("GET", "/sessions/past").json] == ["March"]
    assert [row["Name"] for row in call("GET", "/sessions/future").json] == ["April"]
    module = f"/courses/{room.course}/modules"
    assert [row["Name"] for row in call("GET", f"{module}/ILT").json] == ["First Aid"]
    of_module = call("GET", f"{module}/{room.session['ModuleId']}/sessions").json
    assert [row["Name"] for row in of_module] == ["March", "April"]
    assert [row["Id"] for row in call("GET", "/instructors").json] == [room.ids["lead"]]
    assert len(call("GET", f"/instructors/{room.ids['lead']}/sessions").json) == 2
    assert call("GET", f"/instructors/{room.ids['anna']}/sessions").status == 404
    assert call("GET", room.place).json["Days"][0]["StartTime"] == "9:00AM"
    assert call("GET", f"{module}/{room.session['ModuleId']}/sessions/none").status == 404


def test_only_who_has_the_course_is_registered_and_only_while_there_is_room(room: Class) -> None:
    one = room.call("POST", f"{room.place}/users/{room.ids['lead']}/register")
    assert (one.status, "not assigned" in one.reason) == (409, True)
    assert room.register("anna", "lead", "nobody").json == {"TotalUsersRegistered": 1, "Failed": 2}
    assert room.call("POST", f"{room.place}/users/{room.ids['bert']}/register").status == 200
    assert room.register("anna", "cleo").json == {"TotalUsersRegistered": 1, "Failed": 1}
    assert room.call("POST", f"{room.place}/users/{room.ids['cleo']}/register").status == 409
    registration = room.place.rsplit("/sessions/", 1)[0] + "/registration"
    rows = room.call("GET", registration).json
    assert {row["Id"] for row in rows} == {room.ids["anna"], room.ids["bert"]}


def test_a_roll_call_completes_the_course_and_may_be_corrected(room: Class) -> None:
    room.register("anna", "bert")
    assert [room.mark("anna", Score=95, Completed=True), room.mark("cleo", Completed=True)] == [200, 200]
    assert room.roll() == {"anna": (True, 95), "bert": (False, None)}
    assert room.result("anna")["Complete"] is True
    assert room.result("cleo")["Complete"] is False
    room.mark("anna", Score=80, Completed=True)
    row = room.call("GET", "/org/modules/results", **WEEK).json[0]
    assert (row["Score"], row["AttemptNumber"], row["Passmark"]) == ("80", 1, 60)
    assert len(room.call("GET", "/achievements").json) == 1


def test_a_score_below_the_passmark_is_an_attempt_that_failed(room: Class) -> None:
    room.register("anna")
    room.mark("anna", Score=40, Completed=True)
    assert room.result("anna")["Complete"] is False
    failed = room.call("GET", "/org/modules/results", **WEEK).json[0]
    assert (failed["Completed"], failed["Score"], failed["AttemptNumber"]) == (False, "40", 1)
    assert failed["FinishedDate"]
    room.call.control(
        "POST", "complete", {"UserName": "anna@example.com", "Course": "First Aid", "Score": 90}
    )
    passed = room.call("GET", "/org/modules/results", **WEEK).json[0]
    assert (passed["Completed"], passed["AttemptNumber"]) == (True, 2)


def test_attendance_is_marked_by_day_for_one_or_for_many(room: Class) -> None:
    room.register("anna", "bert")
    first, last = (day["Id"] for day in room.session["Days"])
    days = room.place.split("/sessions/")[0] + "/sessiondays"
    assert room.call("POST", f"{days}/{first}/users/{room.ids['anna']}/attended/true").status == 200
    both = [{"Id": room.ids["anna"]}, {"Id": room.ids["bert"]}]
    assert room.call("POST", f"{days}/{last}/attended/true", both).status == 200
    there = [row["FirstName"] for row in room.call("GET", f"{room.place}/attendance").json]
    assert there == ["anna", "bert"]
    room.call("POST", f"{days}/{last}/users/{room.ids['bert']}/attended/false")
    assert len(room.call("GET", f"{room.place}/attendance").json) == 1
    assert room.call("POST", f"{days}/none/attended/true", both).status == 404


def test_points_badges_and_certificates_are_earned_and_outlive_a_reset(room: Class) -> None:
    anna = room.ids["anna"]
    room.register("anna")
    room.mark("anna", Score=95, Completed=True)
    summary = {"TotalBadgesEarned": 1, "TotalPointsEarned": 5}
    assert room.call("GET", f"/users/{anna}/gamificationsummary").json == summary
    room.call("PUT", f"/users/{anna}/courses/{room.course}/reset")
    assert room.call("GET", f"/users/{anna}/gamificationsummary").json == summary
    assert room.call("GET", f"/users/{anna}").json["Points"] == 5
    assert [row["Title"] for row in room.call("GET", f"/users/{anna}/badges").json] == ["Helper"]
    windows = room.call("GET", "/org/achievements", **WEEK).json
    listed = room.call("GET", "/achievements").json
    assert windows[0]["CertificateId"] == listed[0]["CertificateId"] != ""
    room.call.control("POST", "complete", {"UserName": "anna@example.com", "Course": "First Aid"})
    assert room.call("GET", "/org/modules/results", **WEEK).json[0]["AttemptNumber"] == 2


@pytest.mark.parametrize(("shown", "seen"), [(False, []), (True, [False])])
def test_a_window_may_show_a_reset_as_a_result_that_is_not_complete(
    make: Make, seen: list[bool], *, shown: bool
) -> None:
    room = Class(make(seed=WORLD, modes={"resets_shown": shown}))
    room.register("anna")
    room.mark("anna", Score=95, Completed=True)
    room.call("PUT", f"/users/{room.ids['anna']}/courses/{room.course}/reset")
    rows = room.call("GET", "/org/results/details", **WEEK).json
    assert [row["Completed"] for row in rows] == seen


def test_a_list_of_sessions_may_not_tell_the_course(make: Make) -> None:
    room = make(seed=WORLD, modes={"sessions_placed": False})
    assert "CourseId" not in room("GET", "/sessions/past").json[0]
    course = next(row["Id"] for row in room("GET", "/courses").json if row["Name"] == "First Aid")
    module = room("GET", f"/courses/{course}/modules/ILT").json[0]["Id"]
    assert room("GET", f"/courses/{course}/modules/{module}/sessions").json[0]["CourseId"] == course


def test_a_dump_keeps_sessions_and_awards(room: Class) -> None:
    room.register("anna", "bert")
    room.mark("anna", Score=95, Completed=True)
    dump = room.call.control("GET", "dump")
    room.call.control("POST", "seed", dump)
    assert room.call.control("GET", "dump") == dump
    assert room.roll() == {"anna": (True, 95), "bert": (False, None)}
