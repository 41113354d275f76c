import pytest

from tests.sandbox.caller import Caller

KEY = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("source=me&format=json", {"apikey": KEY}, 200),
        ("source=me&format=json", {"APIKey": KEY}, 200),
        ("source=me&format=json", {"apikey": "wrong"}, 401),
        ("source=me&format=json", {}, 401),
        ("format=json", {"apikey": KEY}, 401),
        ("source=&format=json", {"apikey": KEY}, 401),
        (f"source={'x' * 51}&format=json", {"apikey": KEY}, 401),
        (f"source=me&format=json&apikey={KEY}", {}, 401),
    ],
)
def test_key_comes_in_the_header_and_source_in_the_query(
    call: Caller, query: str, headers: dict[str, str], status: int
) -> None:
    assert call.send("GET", f"/v1.svc/users?{query}", None, headers).status == status


def test_a_key_in_the_address_is_noticed_and_not_logged(call: Caller) -> None:
    call("GET", "/users")
    assert call.sandbox.audit()["key_in_url"] == 0
    call.send("GET", f"/v1.svc/users?source=me&apikey={KEY}", None, {"apikey": KEY})
    assert call.sandbox.audit()["key_in_url"] == 1
    assert KEY not in repr(call.sandbox.log)


def test_unknown_paths_and_methods_are_answered_with_pages(call: Caller) -> None:
    unknown, method = call("GET", "/nothing"), call("PATCH", "/users", {})
    assert (unknown.status, method.status) == (404, 405)
    assert "html" in unknown.headers["content-type"]
    assert b"Endpoint not found" in unknown.body


def test_a_write_needs_a_length(call: Caller) -> None:
    call.connection.putrequest("PUT", "/v1.svc/users/x?source=me")
    call.connection.putheader("apikey", KEY)
    call.connection.endheaders()
    assert call.connection.getresponse().status == 411


def test_replies_look_like_iis_and_say_nothing_of_limits(call: Caller) -> None:
    headers = call("GET", "/users").headers
    assert headers["server"] == "Microsoft-IIS/7.5"
    assert headers["x-powered-by"] == "ASP.NET"
    assert not {"etag", "retry-after", "x-ratelimit-limit"} & headers.keys()
