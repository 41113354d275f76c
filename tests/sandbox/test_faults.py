import http.client
import threading
import time

import pytest

from syncd.sandbox import Sandbox
from tests.sandbox.caller import Caller
from tests.sandbox.conftest import Make

ANN = {"UserName": "ann@example.com", "FirstName": "Ann", "LastName": "Lee", "Active": True}


def test_a_planned_status_is_not_applied(call: Caller) -> None:
    fault = {"kind": "status", "status": 504, "reason": "Too Slow", "body": '{"Detail":"x"}', "method": "POST",
             "path": "^/users$", "headers": {"Retry-After": "3"}}  # fmt: skip
    call.control("POST", "faults", [fault])
    got = call("POST", "/users", ANN)
    assert (got.status, got.reason, got.json, got.headers["retry-after"]) == (
        504,
        "Too Slow",
        {"Detail": "x"},
        "3",
    )
    assert call.sandbox.dump()["users"] == []
    assert call("POST", "/users", ANN).status == 201


def test_nth_and_count_choose_the_requests(call: Caller) -> None:
    call.control(
        "POST", "faults", [{"kind": "status", "status": 500, "path": "/teams", "nth": 2, "count": 2}]
    )
    assert [call("GET", "/teams").status for _ in range(4)] == [200, 500, 500, 200]
    assert call.control("GET", "faults")[0]["fired"] == 2
    call.control("POST", "faults", [{"kind": "status", "status": 401, "count": 0}])
    assert [call("GET", "/teams").status for _ in range(3)] == [401] * 3
    call.control("DELETE", "faults")
    assert call("GET", "/teams").status == 200


def test_html_and_spoilt_bodies(call: Caller) -> None:
    call.user()
    kinds = ["html", "malformed", "empty", "truncated"]
    call.control("POST", "faults", [{"kind": kind, "status": 200, "path": "/users"} for kind in kinds])
    html, malformed, empty = (call("GET", "/users") for _ in range(3))
    assert (html.status, html.headers["content-type"]) == (200, "text/html")
    with pytest.raises(ValueError, match="Expecting"):
        _ = malformed.json
    assert (empty.status, empty.body) == (200, b"")
    with pytest.raises(http.client.IncompleteRead):
        call("GET", "/users")


@pytest.mark.parametrize(("kind", "applied"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_connection_hides_whether_it_was_applied(call: Caller, kind: str, applied: int) -> None:
    call.control("POST", "faults", [{"kind": kind, "method": "POST"}])
    with pytest.raises(OSError):
        call("POST", "/users", ANN)
    call.connection.close()
    assert len(call.ids("/users")) == applied
    assert call("POST", "/users", ANN).status == (409 if applied else 201)
    assert call.sandbox.audit()["duplicate_creates"] == applied


def test_a_held_answer_comes_when_released_and_others_are_not_held_up(call: Caller) -> None:
    call.control("POST", "faults", [{"kind": "hold_after", "method": "POST", "seconds": 30}])
    other = Caller(call.sandbox)
    statuses: list[int] = []
    thread = threading.Thread(target=lambda: statuses.append(other("POST", "/users", ANN).status))
    thread.start()
    _until(lambda: call.sandbox.faults.holding == 1)
    assert len(call.ids("/users")) == 1
    assert statuses == []
    call.control("POST", "release")
    thread.join(5)
    other.close()
    assert statuses == [201]


def test_a_slow_answer_is_late_and_a_client_may_give_up(call: Caller) -> None:
    call.control("POST", "faults", [{"kind": "slow", "seconds": 30}])
    hasty = Caller(call.sandbox, timeout=0.05)
    with pytest.raises(TimeoutError):
        hasty("GET", "/users")
    hasty.close()
    call.control("POST", "release")
    assert call("GET", "/users").status == 200


def test_faults_count_as_requests(make: Make) -> None:
    call = make(limit=1, faults=[{"kind": "status", "status": 500}])
    assert [call("GET", "/users").status for _ in range(2)] == [500, 503]
    assert call.sandbox.audit()["rejected_503"] == 1
    assert [entry.fault for entry in call.sandbox.log] == ["status", ""]


@pytest.mark.parametrize(
    "row", [{"kind": "nonsense"}, {"kind": "slow", "when": 1}, {"kind": "slow", "path": "("}, {}]
)
def test_wrong_faults_are_refused(row: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="fault"):
        Sandbox(faults=[row])


def _until(condition: object) -> None:
    assert callable(condition)
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_pages_may_repeat_or_come_short(make: Make) -> None:
    call = make(seed="people-200")
    first, second = (call("GET", "/users", limit=50, start=start).json for start in (0, 50))
    call.control(
        "POST", "faults", [{"kind": "first_page", "path": "/users"}, {"kind": "short_page", "path": "/users"}]
    )
    assert call("GET", "/users", limit=50, start=50).json == first
    assert call("GET", "/users", limit=50, start=50).json == second[:25]
