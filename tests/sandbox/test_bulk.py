from typing import Any

from tests.sandbox.caller import Caller
from tests.sandbox.conftest import Make, Times


def row(username: str, **members: Any) -> dict[str, Any]:
    return {"Username": username, "FirstName": "Ann", "LastName": "Lee", **members}


def submit(call: Caller, times: Times, *rows: dict[str, Any]) -> dict[str, Any]:
    """Imports rows, waits, and gives the finished job."""
    job = call("POST", "/bulkimports", list(rows), sendmessage="false").json
    times.forward(5)
    done: dict[str, Any] = call("GET", f"/bulkimports/{job['Id']}").json
    assert done["Status"] == "Completed"
    return done


def test_an_import_waits_and_then_creates(make: Make, times: Times) -> None:
    call = make(bulk_delay=5.0)
    job = call(
        "POST", "/bulkimports", [row("ann@example.com", Title="Clerk", Zip="123")], sendmessage="false"
    )
    assert (job.status, job.json["Status"], job.json["TotalRecords"]) == (200, "Waiting", 1)
    times.forward(4.9)
    assert call("GET", "/users").json == []
    times.forward(0.1)
    ann = call("GET", "/users/ann@example.com").json
    assert (ann["JobTitle"], ann["PostalCode"], ann["Active"]) == ("Clerk", "123", True)
    done = call("GET", "/bulkimports").json[0]
    assert (done["Status"], done["TotalUsersCreated"], done["Failed"]) == ("Completed", 1, 0)


def test_blank_keeps_what_is_stored(call: Caller, times: Times) -> None:
    ann = call.user("ann@example.com", JobTitle="Clerk", City="Oslo")
    done = submit(call, times, row("ann@example.com", Title="", City="Lyon"))
    after = call("GET", f"/users/{ann['Id']}").json
    assert (after["JobTitle"], after["City"], after["OriginalId"]) == ("Clerk", "Lyon", ann["OriginalId"])
    assert (done["TotalUsersCreated"], done["Duplicate"]) == (0, 1)


def test_teams_and_courses_go_by_code_and_add(call: Caller, times: Times) -> None:
    team = call.team("North West")
    code = call("GET", f"/teams/{team}").json["TeamCodeForBulkImport"]
    course = call("GET", "/courses").json[0]
    submit(call, times, row("ann@example.com", Team1=code, Course1=course["CourseCodeForBulkImport"]))
    ann = call.ids("/users")[0]
    assert call.ids(f"/users/{ann}/teams") == [team]
    assert call.ids(f"/users/{ann}/courses") == [course["Id"]]
    failed = submit(call, times, row("bob@example.com", Team1=team))
    assert failed["Failed"] == 1


def test_rows_fail_one_by_one(call: Caller, times: Times) -> None:
    rows = [row("nowhere"), row("ann@example.com"), row("bob@example.com", Manager="ghost"),
            row("cy@example.com", Email="none"), row("di@example.com", AccessLevel=None), {"Username": "x"},
            row("ed@example.com", City={})]  # fmt: skip
    done = submit(call, times, *rows)
    errors = call("GET", f"/bulkimports/{done['Id']}/usererrors").json
    assert (done["TotalUsersCreated"], done["Failed"], done["InvalidEmail"]) == (2, 5, 1)
    assert {e["Username"] for e in errors} == {"bob@example.com", "cy@example.com", "di@example.com", "x", ""}
    assert all(e["ImportStatus"].startswith("Failed - ") for e in errors)


def test_managers_go_by_username_or_id_and_people_can_be_switched_off(call: Caller, times: Times) -> None:
    boss = call.user("boss@example.com")
    submit(call, times, row("ann@example.com", Manager="boss@example.com", Active=False, AccessLevel="L"))
    ann = call("GET", "/users/ann@example.com").json
    assert (ann["ManagerId"], ann["Active"], ann["AccessLevel"]) == (boss["Id"], False, "Learner")


def test_messages_go_out_unless_told_otherwise(call: Caller, times: Times) -> None:
    call("POST", "/bulkimports", [row("ann@example.com")])
    times.forward(5)
    call("GET", "/users")
    assert call.control("GET", "mails") == [["ann@example.com", "welcome"]]


def test_what_is_refused(call: Caller) -> None:
    assert call("GET", "/bulkimports/nothing").json == {"Detail": "Bulk Import Id was not found."}
    assert call("GET", "/bulkimports/nothing/usererrors").status == 400
    assert call("POST", "/bulkimports", []).status == 400
    assert call("POST", "/bulkimports", [row("a@example.com", Address1="x" * 2_048_000)]).status == 400
