"""The readings of the contract that no other test file plays."""

import pytest

from tests.sandbox.caller import Caller
from tests.sandbox.conftest import Make, Times


def path_of(call: Caller) -> str:
    return call.ids("/learningpaths")[0]


def test_refused_requests_may_count(make: Make, times: Times) -> None:
    call = make(limit=2, window=10.0, modes={"rejects_count": True})
    statuses = []
    for _ in range(6):
        statuses.append(call("GET", "/users").status)
        times.forward(4)
    assert statuses == [200, 200, 503, 503, 503, 503]
    times.forward(10)
    assert call("GET", "/users").status == 200


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_has_two_statuses(make: Make, status: int) -> None:
    call = make(modes={"invalid_key_status": status})
    assert call.send("GET", "/v1.svc/users?source=me&format=json", None, {"apikey": "x"}).status == status


@pytest.mark.parametrize(("spec", "status"), [(False, 201), (True, 200)])
def test_creates_have_two_statuses(make: Make, status: int, *, spec: bool) -> None:
    call = make(modes={"spec_statuses": spec})
    created = call("POST", "/users", {"UserName": "ann@example.com", "FirstName": "A", "LastName": "L"})
    team = call.team("A")
    sub_team = call("POST", f"/teams/{team}/teams", {"Name": "B"})
    given = call("POST", f"/users/{created.json['Id']}/courses", [{"Id": call.ids("/courses")[0]}])
    assert [got.status for got in (created, sub_team, given)] == [status] * 3


@pytest.mark.parametrize(
    ("other", "path_key", "error_key", "result_keys"),
    [
        (False, "DateCompleted", "ImportStatus", {"UserName", "Complete"}),
        (True, "CompletedDate", "ImporStatus", {"Username", "Completed"}),
    ],
)
def test_some_members_have_two_names(
    make: Make, times: Times, path_key: str, error_key: str, result_keys: set[str], *, other: bool
) -> None:
    call = make(modes={"other_names": other})
    ann = call.user()["Id"]
    call("POST", f"/users/{ann}/learningpaths", [{"Id": path_of(call)}])
    job = call("POST", "/bulkimports", [{"Username": "x"}]).json["Id"]
    times.forward(5)
    assert path_key in call("GET", f"/users/{ann}/learningpaths").json[0]
    assert list(call("GET", f"/bulkimports/{job}/usererrors").json[0]) == ["Username", error_key]
    assert result_keys <= call("GET", "/results/details", since="2000-01-01").json[0].keys()


@pytest.mark.parametrize(("refused", "status"), [(False, 200), (True, 409)])
def test_a_path_given_twice_is_ignored_or_refused(make: Make, status: int, *, refused: bool) -> None:
    call = make(modes={"duplicate_paths_refused": refused})
    ann, body = call.user()["Id"], [{"Id": path_of(call)}]
    assert call("POST", f"/users/{ann}/learningpaths", body).status == 200
    assert call("POST", f"/users/{ann}/learningpaths", body).status == status


def test_a_seed_brings_its_job_roles(make: Make) -> None:
    call = make(seed={"job_roles": ["Astronaut"]})
    call.user("ann@example.com", JobRole="Astronaut")
    refused = call(
        "POST", "/users", {"UserName": "b@example.com", "FirstName": "B", "LastName": "B", "JobRole": "Cook"}
    )
    assert (refused.status, refused.json) == (409, {"Detail": "Job Role is invalid."})
    assert call.control("GET", "dump")["job_roles"] == ["Astronaut"]


def test_half_a_character_gets_the_wcf_page(make: Make) -> None:
    body = {"UserName": "ann@example.com", "FirstName": "A\ud83d", "LastName": "L"}
    assert make()("POST", "/users", body).status == 500


def test_the_date_header_tells_the_time_of_the_sandbox(make: Make) -> None:
    assert make()("GET", "/users").headers["date"] == "Wed, 04 Mar 2026 12:00:00 GMT"
