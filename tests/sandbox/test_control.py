import json
from typing import Any

import pytest

from tests.sandbox.caller import Caller
from tests.sandbox.conftest import Make


def test_a_dump_loads_back_unchanged(make: Make) -> None:
    first, second = make(seed="people-200"), make(seed="empty")
    first.control("POST", "complete", {"UserId": first.ids("/users")[0], "LearningPath": "Onboarding"})
    first("POST", "/bulkimports", [{"Username": "ann@example.com", "FirstName": "A", "LastName": "L"}])
    dump = first.control("GET", "dump")
    second.control("POST", "seed", dump)
    assert second.control("GET", "dump") == dump


def test_reset_goes_back_to_the_seed_with_the_same_ids(make: Make) -> None:
    call = make(seed="people-200")
    before = call.control("GET", "dump")
    call("DELETE", f"/users/{call.ids('/users')[0]}")
    call.control("POST", "faults", [{"kind": "slow"}])
    call.control("POST", "reset")
    assert call.control("GET", "dump")["users"] == before["users"]
    assert (call.control("GET", "log"), call.control("GET", "faults")) == ([], [])


@pytest.mark.parametrize(
    ("seed", "word"),
    [
        ({"memberships": [{"Team": "X", "UserName": "y"}]}, "no such team"),
        ({"users": [{"UserName": "a@example.com"}] * 2}, "twice"),
        ({"teams": [{}]}, "Name is missing"),
        ({"learning_paths": [{"Name": "P", "Courses": ["Q"]}]}, "no such course"),
        ({"assignments": [{"Kind": "Badge"}]}, "kind"),
    ],
)
def test_a_wrong_seed_is_refused_and_changes_nothing(call: Caller, seed: dict[str, Any], word: str) -> None:
    before = call.control("GET", "dump")
    got = call.send("POST", "/_sandbox/seed", json.dumps(seed).encode(), {})
    assert got.status == 400
    assert word in got.json["error"]
    assert call.control("GET", "dump") == before


def test_an_administrator_edits(call: Caller) -> None:
    ann = call.user()["Id"]
    edits = [
        {"do": "set_user", "UserId": ann, "set": {"JobTitle": "Chief", "AccessLevel": "Administrator"}},
        {"do": "create_team", "Name": "A"},
        {"do": "create_team", "Name": "B", "ParentTeam": "A"},
        {"do": "add_member", "Team": "B", "UserName": "ann.lee@example.com"},
        {"do": "rename_team", "Team": "A", "Name": "AA"},
        {"do": "create_user", "set": {"UserName": "bob@example.com", "FirstName": "B", "LastName": "O"}},
        {"do": "deactivate", "UserName": "bob@example.com"},
    ]
    call.control("POST", "edit", edits)
    assert call("GET", f"/users/{ann}").json["JobTitle"] == "Chief"
    assert sorted(row["Name"] for row in call("GET", "/teams").json) == ["AA", "B"]
    assert [row["Name"] for row in call("GET", f"/users/{ann}/teams").json] == ["B"]
    assert call("GET", "/users/bob@example.com").json["Active"] is False
    call.control("POST", "edit", {"do": "remove_member", "Team": "B", "UserId": ann})
    call.control("POST", "edit", {"do": "delete_user", "UserName": "bob@example.com"})
    call.control("POST", "edit", {"do": "delete_team", "Team": "B"})
    assert call("GET", "/users/bob@example.com").status == 404
    assert len(call.sandbox.dump()["users"]) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("edit", {"do": "dance"}),
        ("edit", {"do": "deactivate", "UserName": "nobody"}),
        ("edit", {"do": "set_user", "UserName": "ann.lee@example.com", "set": {"UserName": "x"}}),
        ("edit", {"do": "rename_team"}),
        ("complete", {"UserName": "ann.lee@example.com"}),
        ("complete", {"UserName": "ann.lee@example.com", "Course": "Dancing"}),
        ("modes", {"nonsense": 1}),
        ("faults", [{"kind": "nonsense"}]),
        ("seed", []),
    ],
)
def test_wrong_control_calls_say_what_is_wrong(call: Caller, path: str, body: object) -> None:
    call.user()
    got = call.send("POST", f"/_sandbox/{path}", json.dumps(body).encode(), {})
    assert got.status == 400
    assert got.json["error"]


def test_unknown_control_calls_are_told_the_known_ones(call: Caller) -> None:
    got = call.send("GET", "/_sandbox/nothing", None, {})
    assert got.status == 404
    assert "GET dump" in got.json["error"]
    assert call.send("POST", "/_sandbox/seed", b"{", {}).status == 400


def test_the_log_has_every_request_without_the_key(call: Caller) -> None:
    call.user("ann@example.com")
    call("GET", "/users", limit=5)
    first, second = call.control("GET", "log")
    assert (first["n"], first["method"], first["path"], first["status"], first["username"]) == (
        1, "POST", "/users", 201, "ann@example.com",
    )  # fmt: skip
    assert second["query"] == "source=test&format=json&limit=5"
    assert "body" not in first
    assert [row["n"] for row in call.control("GET", "log?after=1&bodies=1")] == [2]
    assert "ann@example.com" in call.control("GET", "log?bodies=1")[0]["body"]
    audit = call.control("GET", "audit")
    assert (audit["requests"], audit["writes"], audit["duplicate_creates"]) == (2, 1, 0)


def test_the_limit_can_be_changed(call: Caller) -> None:
    assert call.control("POST", "limit", {"limit": 1}) == {"limit": 1, "window": 60.0}
    assert [call("GET", "/users").status for _ in range(2)] == [200, 503]
