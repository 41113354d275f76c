"""What is kept of a request and its answer: masked, bounded, and only its shape for who may not see values."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.exchange import MASK, MOST, Exchange, curl, kept, seen, template

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda one: st.lists(one) | st.dictionaries(st.text(), one),
)


def exchange(sent: Any = None, answered: Any = None, **changed: Any) -> Exchange:
    sides = [b"" if one is None else json.dumps(one).encode() for one in (sent, answered)]
    told: dict[str, Any] = {
        "method": "PUT",
        "path": ("users", "U1"),
        "query": {"sendmessage": "false"},
        "status": 200,
        "code": "",
        "waited": 0.25,
        "took": 0.5,
        "sent": sides[0],
        "answered": sides[1],
    }
    return Exchange(**(told | changed))


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (("users",), "/users"),
        (("users", "U1"), "/users/{id}"),
        (("users", "details"), "/users/details"),
        (("teams", "T1", "users", "U1"), "/teams/{id}/users/{id}"),
        (("users", "U1", "courses", "C1", "reset"), "/users/{id}/courses/{id}/reset"),
        (("org", "users", "details"), "/org/users/details"),
        (("results", "modules", "M1"), "/results/modules/{id}"),
        (("bulkimports", "I1", "usererrors"), "/bulkimports/{id}/usererrors"),
    ],
)
def test_a_path_is_told_as_a_template(path, told):
    assert template(path) == told


def test_what_is_as_good_as_a_password_or_sensitive_is_masked_before_it_is_kept():
    row = {"UserName": "ana", "LoginKey": "k", "Password": "p", "CustomField3": "1980-01-01", "Skype": ""}
    stored = kept(
        exchange(row, [{"a": {"LoginKey": "https://x"}}], query={"apikey": "s3", "search": "ana"}),
        {"CustomField3", "Skype"},
    )
    assert stored["sent"]["json"] == {
        "UserName": "ana",
        "LoginKey": MASK,
        "Password": MASK,
        "CustomField3": MASK,
        "Skype": "",
    }
    assert stored["answered"]["json"] == [{"a": {"LoginKey": MASK}}]
    assert stored["query"] == {"apikey": MASK, "search": "ana"}
    names = {"FullName": "Ana K", "LastName": "K", "FirstName": "Ana"}
    assert kept(exchange(names), {"LastName"})["sent"]["json"] == {
        **dict.fromkeys(names, MASK),
        "FirstName": "Ana",
    }
    assert (stored["waited"], stored["took"], stored["sent"]["whole"]) == (0.25, 0.5, True)


def test_a_viewer_sees_the_shape_alone():
    stored = kept(
        exchange({"UserName": "ana", "Active": True, "Teams": [{"Id": "T1"}]}, query={"search": "ana"}), ()
    )
    shape = seen(stored, values=False)
    assert shape["sent"]["json"] == {"UserName": MASK, "Active": True, "Teams": [{"Id": MASK}]}
    assert (shape["query"], shape["path"], shape["template"]) == ({"search": MASK}, [], "/users/{id}")
    assert "ana" not in json.dumps(shape)
    assert seen(stored, values=True)["sent"]["json"]["UserName"] == "ana"


def test_a_body_that_is_too_long_is_cut_and_one_that_is_no_json_is_not_kept():
    people = kept(exchange(answered=[{"Id": str(number), "Text": "x" * 900} for number in range(50)]), ())[
        "answered"
    ]
    assert not people["whole"]
    assert people["json"][-1] == "… and 47 more"
    assert len(people["json"][0]["Text"]) == 501
    assert kept(exchange(answered={str(n): "x" * 400 for n in range(100)}), ())["answered"]["json"] is None
    for raw in (
        b"<html>",
        b"\xff\xfe",
        b'"half \\ud800"',
        b'"nul \\u0000"',
        b"[" * 100_000,
        b"[NaN]",
        b"[1e999]",
        b" " * 400_000 + b"1",
    ):
        body = kept(replace(exchange(), answered=raw), ())
        assert body["answered"] == {"size": len(raw), "json": None, "whole": False}
    assert kept(exchange(), ())["sent"] == {"size": 0, "json": None, "whole": True}


@given(JSON)
def test_what_is_kept_is_short_and_storable(value):
    body = kept(exchange(value), ())["sent"]
    text = json.dumps(body["json"], ensure_ascii=False)
    assert len(text) <= MOST
    text.encode()
    assert "\\u0000" not in text


def test_a_command_does_the_same_without_the_key():
    stored = kept(exchange({"Name": "O'Neil"}, path=("teams", "a b/c")), ())
    told = curl(stored, "https://api.example.com/v1.svc/")
    assert told.splitlines() == [
        "curl -X PUT 'https://api.example.com/v1.svc/teams/a%20b%2Fc?sendmessage=false' \\",
        '  -H "apikey: $LITMOS_API_KEY" \\',
        "  -H 'Content-Type: application/json' \\",
        """  --data-raw '{"Name": "O'\\''Neil"}'""",
    ]
    cut = kept(exchange([{"Text": "x" * 900}] * 50), ())
    assert curl(cut, "https://x") == "", "a part of a body is no command"
