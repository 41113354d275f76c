import pytest

from tests.sandbox.caller import Caller
from tests.sandbox.conftest import Make

BRIEF = ["Id", "UserName", "FirstName", "LastName", "Active", "Email", "AccessLevel", "Brand"]


@pytest.fixture
def crowd(make: Make) -> Caller:
    names = [f"u{number:04d}@example.com" for number in range(1500)]
    users = [
        {"UserName": name, "FirstName": "U", "LastName": name[:5], "Active": name != names[3]}
        for name in names
    ]
    return make(seed={"users": users})


def test_pages_have_100_rows_by_default_and_1000_at_most(crowd: Caller) -> None:
    assert len(crowd("GET", "/users").json) == 100
    assert len(crowd("GET", "/users", limit=5000).json) == 1000
    assert len(crowd("GET", "/users/details", limit=1000, start=1000).json) == 500
    assert crowd("GET", "/users", start=1500).body == b"[]"
    assert crowd("GET", "/users", limit="many").status == 400


def test_the_list_is_short_and_details_are_full(crowd: Caller) -> None:
    row = crowd("GET", "/users", limit=1).json[0]
    assert list(row) == BRIEF
    assert "ExternalEmployeeId" in crowd("GET", "/users/details", limit=1).json[0]


@pytest.mark.parametrize(("extra", "rows"), [(3, 13), (-4, 6), (-50, 1)])
def test_pages_may_be_over_full_or_short(make: Make, extra: int, rows: int) -> None:
    call = make(seed="people-200", modes={"extra_rows": extra})
    assert len(call("GET", "/users", limit=10).json) == rows


def test_search_is_a_substring_over_names_and_addresses(call: Caller) -> None:
    ann = call.user("ann.lee@example.com", FirstName="Zoë", Active=False)
    call.user("bob@example.com", FirstName="Bob", LastName="Lee-Smith")
    assert len(call("GET", "/users", search="LEE").json) == 2
    assert [row["Id"] for row in call("GET", "/users", search="zoë").json] == [ann["Id"]]
    assert call("GET", "/users", search="nobody").json == []


def test_inactive_users_are_hidden_on_request(crowd: Caller) -> None:
    shown = crowd("GET", "/users", search="u000", showInactive="false").json
    assert len(crowd("GET", "/users", search="u000").json) == 10
    assert len(shown) == 9


def test_lists_are_sorted_as_asked(call: Caller) -> None:
    for name in ("b@example.com", "a@example.com", "C@example.com"):
        call.user(name.replace("@", "bcd@"))
    up = [row["UserName"][0] for row in call("GET", "/users", sort="UserName").json]
    down = [row["UserName"][0] for row in call("GET", "/users", sort="username", dir="DESC").json]
    assert (up, down) == (["a", "b", "C"], ["C", "b", "a"])


def test_only_paginated_knows_the_total(crowd: Caller) -> None:
    got = crowd("GET", "/users/paginated", limit=7, start=5).json
    assert got["Pagination"] == {"BatchParam": "start", "BatchSize": 7, "Start": 5, "TotalCount": 1500}
    assert len(got["Items"]) == 7


def test_details_since_means_created_since(call: Caller) -> None:
    ann = call.user()
    assert len(call("GET", "/users/details", since="2026-03-04 11:59").json) == 1
    assert call("GET", "/users/details", since="2026-03-05").json == []
    assert call("GET", "/users/details", since="yesterday").status == 406
    assert ann["CreatedDate"].startswith("2026-03-04")
