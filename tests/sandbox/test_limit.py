import random

from syncd.sandbox.limiter import RollingWindow, most_within
from tests.sandbox.conftest import Make, Times


def test_the_request_over_the_limit_gets_a_503_without_advice(make: Make, times: Times) -> None:
    call = make(limit=3, window=60.0)
    statuses = []
    for _ in range(5):
        statuses.append(call("GET", "/users").status)
        times.forward(1)
    assert statuses == [200, 200, 200, 503, 503]
    refused = call("GET", "/users")
    assert refused.reason == "Rating Limit Exceeded"
    assert "retry-after" not in refused.headers
    times.forward(60 - 5)
    assert [call("GET", "/users").status for _ in range(2)] == [200, 503]


def test_refused_writes_change_nothing(make: Make) -> None:
    call = make(limit=0)
    assert call("POST", "/users", {"UserName": "a@example.com"}).status == 503
    assert call.sandbox.dump()["users"] == []


def test_the_audit_counts_what_arrived(make: Make, times: Times) -> None:
    call = make(limit=2, window=10.0)
    for _ in range(4):
        call("GET", "/users")
        times.forward(3)
    audit = call.sandbox.audit()
    assert (audit["requests"], audit["accepted"], audit["rejected_503"], audit["most_in_window"]) == (
        4,
        2,
        2,
        4,
    )


def test_requests_without_a_key_take_no_place(make: Make) -> None:
    call = make(limit=1)
    assert call.send("GET", "/v1.svc/users?source=me", None, {}).status == 401
    assert call("GET", "/users").status == 200


def test_no_window_ever_holds_more_than_the_limit() -> None:
    rng = random.Random(7)
    for _ in range(50):
        limiter, at, accepted = RollingWindow(limit=5, window=10.0), 0.0, []
        for _ in range(200):
            at += rng.choice((0.0, 0.1, 1.0, 3.0, 11.0))
            if limiter.admit(at):
                accepted.append(at)
        assert most_within(accepted, 10.0) == 5
        assert all(sum(start <= x < start + 10.0 for x in accepted) <= 5 for start in accepted)
