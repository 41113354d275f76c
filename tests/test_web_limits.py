"""What one client may cost the pages: the size of a head, a form and a list, and the time of a look-up."""

import asyncio
import socket
from contextlib import ExitStack
from unittest.mock import patch

import httpx
import pytest
from starlette.requests import Request

from syncd.store import changelists
from syncd.web import site as sites
from syncd.web.listening import LARGEST_HEAD, MOST_AT_ONCE, Listening
from syncd.web.roles import Role
from syncd.web.serving import LARGEST_FORM, form_in
from syncd.web.site import LARGEST_PAGE, Ask
from tests.test_web import Pages, pushed, site  # noqa: F401 - fixtures: a database in which one push happened

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def pages(site):  # noqa: F811 - the fixture
    return Pages(site=site)


@pytest.fixture
def listening(pages):
    """The pages on a port, as the daemon serves them."""
    made = Listening(pages.application, "127.0.0.1", 0)
    made.start()
    yield made
    made.end()


def test_a_form_of_more_than_64_kb_is_refused_before_it_is_read_whole(listening):
    address = f"http://127.0.0.1:{listening.port}/queue/pause"
    with httpx.Client() as client:
        large = client.post(address, data={"reason": "x" * LARGEST_FORM})
        small = client.post(address, data={"reason": "x" * (LARGEST_FORM // 2)})
    assert large.status_code == 413
    assert "too large" in large.text
    assert small.status_code == 403, "of no page of ours, but read"


def test_a_body_that_never_ends_is_refused_after_64_kb(listening):
    with socket.create_connection(("127.0.0.1", listening.port), timeout=10) as raw:
        raw.sendall(b"POST /queue/pause HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
        for _ in range(5):
            raw.sendall(chunk)
        assert raw.recv(100).startswith(b"HTTP/1.1 413")


def test_a_head_that_is_too_long_is_refused(listening):
    with socket.create_connection(("127.0.0.1", listening.port), timeout=10) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: " + b"x" * (2 * LARGEST_HEAD))
        assert raw.recv(100).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("said", [b"", b"GET /healthz HTTP/1.1\r\nHost: 127"])
def test_who_connects_and_asks_for_nothing_is_sent_away(pages, said):
    """First of all, and after an answer: else a few hundred of them would keep everybody else out."""
    made = Listening(pages.application, "127.0.0.1", 0, patience=1)
    made.start()
    try:
        with socket.create_connection(("127.0.0.1", made.port), timeout=10) as raw:
            raw.sendall(said)
            assert raw.recv(100) == b"", "closed, after a second"
        with socket.create_connection(("127.0.0.1", made.port), timeout=10) as raw:
            raw.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            told = b""
            while b"time" not in told:
                told += raw.recv(1000)
            raw.sendall(said)
            while more := raw.recv(1000):
                told += more
            assert told.startswith(b"HTTP/1.1 200")
    finally:
        made.end()


def test_whoever_asks_is_served_while_others_only_wait(pages):
    """A probe of health before all: else whoever opens connections has the daemon restarted."""
    made = Listening(pages.application, "127.0.0.1", 0)
    made.start()
    with ExitStack() as stack:
        stack.callback(made.end)
        for _ in range(MOST_AT_ONCE + 20):
            stack.enter_context(socket.create_connection(("127.0.0.1", made.port), timeout=10))
        for _ in range(3):
            assert httpx.get(f"http://127.0.0.1:{made.port}/healthz").status_code == 200


def test_pages_listen_on_an_address_of_ipv6(pages):
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    made = Listening(pages.application, "::1", 0)
    made.start()
    try:
        answer = httpx.get(f"http://[::1]:{made.port}/healthz", headers={"Host": "127.0.0.1"})
        assert answer.status_code == 200
    finally:
        made.end()


def test_a_form_that_never_comes_is_not_waited_for(listening):
    async def never():
        yield {"type": "http.request", "body": b"reason=", "more_body": True}
        await asyncio.Event().wait()

    messages = never()
    request = Request({"type": "http", "method": "POST", "headers": []}, receive=messages.__anext__)
    assert asyncio.run(form_in(request, patience=0.05)) is None


def test_an_answer_is_sent_at_once(listening):
    """Its body must not wait for the receipt of its head, which a client may put off for 40 ms."""
    with httpx.Client(base_url=f"http://127.0.0.1:{listening.port}") as client:
        spent = [client.get("/healthz").elapsed.total_seconds() for _ in range(9)]
    assert min(spent) < 0.035


def test_a_list_is_never_longer_than_its_largest_page(pages):
    for asked, given in (("500", 500), ("100000", LARGEST_PAGE), ("0", 50), ("-5", 50), ("x", 50)):
        ask = Ask(site=pages.site, viewer=None, path="/", query={"limit": asked})  # type: ignore[arg-type]
        assert ask.limit == given


def test_a_look_up_that_takes_too_long_is_a_page_that_says_what_to_do(pages):
    """The database itself is stopped, and goes on for the next who asks."""

    def endless(conn, *_args, **_options):
        return conn.exec_driver_sql(ENDLESS).all()

    with patch.object(sites, "PATIENCE", 0.05), patch.object(changelists, "changes", endless):
        page, twin = pages.get("/changes?rule=users"), pages.get("/changes.json")
    assert page.status_code == twin.status_code == 503
    assert "Ask for less" in page.text
    assert "<nav" in page.text
    assert "try again" in twin.json()["error"]
    assert pages.get("/changes?rule=users").status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/runs/9223372036854775808", 404),
        ("/runs/" + "9" * 4301, 404),
        ("/runs/-1", 404),
        ("/changes/000000001", 200),
        ("/changes/999999999", 404),
        ("/changes?run=99999999999999999999", 200),
        ("/changes?before=4294967296", 200),
        ("/runs?before=" + "9" * 5000, 200),
        ("/results?before=9223372036854775808", 200),
        ("/changes?run=%C2%B2", 400),
        ("/employees?q=%00", 400),
        ("/employees/a%00b", 400),
        ("/changes.json?employee_id=%00", 400),
    ],
)
def test_odd_numbers_and_characters_are_answered(pages, path, status):
    answer = pages.get(path)
    assert answer.status_code == status, answer.text
    assert "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize("form", [{"job": "²"}, {"run": "٣"}, {"job": "9" * 5000}, {"change": "²"}])
def test_odd_numbers_in_forms_are_answered(pages, form):
    answer = pages.post("/retry", form, Authorization=pages.token(Role.OPERATOR))
    assert answer.status_code == 409, "nothing is tried again"


def test_a_part_that_there_is_not_is_never_all(pages):
    """Whoever mistypes what is to be approved must not approve everything."""
    answer = pages.post("/runs/1/approve", {"only": "creats"}, Authorization=pages.token(Role.APPROVER))
    assert answer.status_code == 409
    assert "nothing called creats" in answer.json()["said"]
    for name in ("employees", "fields"):
        answer = pages.post("/runs/1/approve", {name: " , "}, Authorization=pages.token(Role.APPROVER))
        assert answer.status_code == 409
        assert f"{name}: , names nothing" in answer.json()["said"]
