import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import Limited, Permanent, Transient, Unauthorized, Uncertain
from syncd.litmos.faults import fault_of
from syncd.litmos.sending import Answer
from tests.litmos.fakes import KEY

WCF = "<html><head><title>Request Error</title></head><body>The server encountered an error.</body></html>"
IIS = "<html><head><title>Service Unavailable</title></head></html>"


def answer(status, reason="", body="", **headers):
    text = body if isinstance(body, str) else json.dumps(body)
    return Answer(status=status, reason=reason, headers=headers, body=text.encode(), secret=KEY)


TABLE = [
    (401, "Unauthorized", "", Unauthorized, Unauthorized, "LITMOS-401-KEY-REFUSED"),
    (403, "Forbidden", "", Unauthorized, Unauthorized, "LITMOS-403-NOT-PERMITTED"),
    (429, "Too Many Requests", "", Limited, Limited, "LITMOS-429-LIMIT"),
    (503, "Rating Limit Exceeded", "", Limited, Limited, "LITMOS-503-LIMIT"),
    (503, "x", {"Detail": "The API rating limit has been exceeded"}, Limited, Limited, "LITMOS-503-LIMIT"),
    (503, "Service Unavailable", IIS, Limited, Uncertain, "LITMOS-503-UNAVAILABLE"),
    (503, "Service Unavailable", "", Limited, Uncertain, "LITMOS-503-UNAVAILABLE"),
    (500, "Internal Server Error", "", Transient, Uncertain, "LITMOS-500-SERVER-ERROR"),
    (502, "Bad Gateway", IIS, Transient, Uncertain, "LITMOS-502-SERVER-ERROR"),
    (504, "Gateway Timeout", "", Transient, Uncertain, "LITMOS-504-SERVER-ERROR"),
    (408, "Request Timeout", "", Transient, Uncertain, "LITMOS-408-SERVER-ERROR"),
    (400, "Bad Request", "", Permanent, Permanent, "LITMOS-400-REFUSED"),
    (404, "Not Found", "", Permanent, Permanent, "LITMOS-404-NOT-FOUND"),
    (404, "Not Found", "<p>Endpoint not found.</p>", Permanent, Permanent, "LITMOS-404-MISROUTED"),
    (406, "Please provide a valid since", "", Permanent, Permanent, "LITMOS-406-BAD-WINDOW"),
    (406, "Not Acceptable", "", Permanent, Permanent, "LITMOS-406-NOT-ACCEPTABLE"),
    (
        409,
        "UserName already exists",
        {"Detail": "UserName already exists"},
        Permanent,
        Permanent,
        "LITMOS-409-USERNAME-TAKEN",
    ),
    (409, "UserName is too short", "", Permanent, Permanent, "LITMOS-409-CONFLICT"),
    (409, "Team name exists", "", Permanent, Permanent, "LITMOS-409-TEAM-NAME-TAKEN"),
    (409, "Conflict", {"Detail": "Culture is invalid"}, Permanent, Permanent, "LITMOS-409-CONFLICT"),
    (411, "Length Required", "", Permanent, Permanent, "LITMOS-411-REFUSED"),
    (413, "Too Large", "", Permanent, Permanent, "LITMOS-413-REFUSED"),
    (302, "Found", "", Permanent, Permanent, "LITMOS-302-REDIRECT"),
    (200, "OK", IIS, Transient, Uncertain, "LITMOS-ODD-ANSWER"),
    (200, "OK", "\ufeff <User/>", Transient, Uncertain, "LITMOS-ODD-ANSWER"),
    (200, "OK", {"Message": "An error has occurred."}, Transient, Uncertain, "LITMOS-ODD-ANSWER"),
]


@pytest.mark.parametrize(("status", "reason", "body", "read", "write", "code"), TABLE)
def test_what_happens_next(status, reason, body, read, write, code):
    for_read = fault_of(answer(status, reason, body), write=False)
    for_write = fault_of(answer(status, reason, body), write=True)
    assert for_read is not None
    assert for_write is not None
    assert (type(for_read), type(for_write)) == (read, write)
    assert for_read.code == for_write.code == code
    assert for_read.status == status


def test_a_body_that_litmos_could_not_read_is_never_sent_again():
    fault = fault_of(answer(500, "Internal Server Error", WCF), write=True)
    assert fault is not None
    assert (type(fault), fault.code) == (Permanent, "LITMOS-500-BODY-REFUSED")
    assert type(fault_of(answer(500, "Internal Server Error", WCF), write=False)) is Transient


@pytest.mark.parametrize("body", ["", "[]", '{"Id":"x","Message":"hi"}', "{}"])
def test_success_is_no_fault(body):
    assert fault_of(answer(201, "Created", body), write=True) is None
    assert fault_of(answer(200, "OK", body), write=False) is None


@pytest.mark.parametrize("status", [202, 204, 206])
def test_a_read_is_answered_with_200(status):
    assert type(fault_of(answer(status, "OK", "[]"), write=False)) is Transient


@pytest.mark.parametrize("location", ["", "//", "http://[::1", "http://[x]/", "\x00"])
def test_a_redirect_to_nowhere_is_one_all_the_same(location):
    answer = Answer(status=302, reason="Found", headers={"location": location})
    fault = fault_of(answer, write=True)
    assert fault is not None
    assert "an unnamed host" in str(fault)


def test_a_redirect_names_only_the_host():
    fault = fault_of(answer(302, "Found", location=f"https://evil.example/x?apikey={KEY}"), write=False)
    assert "evil.example" in str(fault)
    assert KEY not in str(fault)
    assert "/x" not in str(fault)


@pytest.mark.parametrize("name", ["Detail", "Message", "error", "reason", "text"])
def test_the_message_is_the_reason_and_the_detail(name):
    assert str(fault_of(answer(400, "Bad Request", {name: "R&amp;D is no team"}), write=True)) == (
        "400 Bad Request: R&D is no team"
    )


def test_a_detail_that_repeats_the_reason_is_said_once():
    fault = fault_of(
        answer(409, "UserName already exists", {"Detail": "UserName already exists"}), write=True
    )
    assert str(fault) == "409 UserName already exists"


def test_an_html_page_says_its_title():
    assert (
        str(fault_of(answer(502, "Bad Gateway", IIS), write=False)) == "502 Bad Gateway: Service Unavailable"
    )


@given(st.text(max_size=400), st.integers(300, 599), st.booleans())
def test_no_message_holds_the_key_an_address_or_a_control_character(noise, status, write):
    body = {"Detail": f"{noise} {KEY} ann.lee+x@example.com \x1b]0;owned\x07 {KEY}"}
    message = str(fault_of(answer(status, f"no {KEY}", body), write=write))
    assert KEY not in message
    assert "ann.lee" not in message
    assert message.isprintable()
    assert len(message) <= 200


@given(st.binary(max_size=300), st.integers(100, 599), st.booleans())
def test_any_answer_is_classified(body, status, write):
    fault = fault_of(Answer(status=status, reason="", body=body), write=write)
    assert fault is not None or 200 <= status < 300
