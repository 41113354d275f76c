"""What one client may cost the pages: the size of a head, a form and a list, and the time of a look-up."""

import socket
from unittest.mock import patch

import httpx
import pytest

from syncd.store import changelists
from syncd.web import site as sites
from syncd.web.listening import LARGEST_HEAD, Listening
from syncd.web.serving import LARGEST_FORM
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
