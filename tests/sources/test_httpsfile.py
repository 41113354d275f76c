"""Files behind a URL, from a real local server: whole, or refused with a clear word and no secret."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syncd.errors import SourceError
from syncd.http.links import link_fault
from syncd.sources import open_fetch, open_source
from syncd.sources.fetch_settings import HttpsFileSettings, Login, Token
from syncd.sources.settings import CsvSourceSettings
from tests.sources.https_server import Asked, HttpServer, Said

SECRET = "s3cret-of-hr"
CSV = b"employee_id,name\n007,Ana\n008,Bo\n"
DATED = (("Last-Modified", "Thu, 26 Nov 2026 05:00:00 GMT"),)


def answer(asked: Asked) -> Said:
    path = asked.path.partition("?")[0]
    if path == "/token":
        return Said(json.dumps({"data": {"token": SECRET}}).encode())
    if path == "/slow.csv":
        time.sleep(0.6)
    authorized = asked.headers.get("authorization") in {f"Bearer {SECRET}", "Basic aHI6czNjcmV0LW9mLWhy"}
    return {
        "/hr.csv": Said(CSV, headers=DATED),
        "/slow.csv": Said(CSV),
        "/private.csv": Said(CSV) if authorized else Said(status=401),
        "/moved.csv": Said(status=302, headers=(("Location", "/hr.csv?sig=1"),)),
        "/away.csv": Said(status=302, headers=(("Location", f"https://evil.example.com/x?key={SECRET}"),)),
        "/circle.csv": Said(status=302, headers=(("Location", "/circle.csv"),)),
        "/login.csv": Said(b"<html>Log in</html>", headers=(("Content-Type", "text/html; charset=utf-8"),)),
        "/cut.csv": Said(CSV, cut=20),
        "/endless.csv": Said(CSV, length=False),
        "/busy.csv": Said(status=503),
    }.get(path, Said(status=404))


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    made = HttpServer(answer)
    yield made
    made.stop()


def settings_for(server: HttpServer, path: str, **changed) -> HttpsFileSettings:
    base = HttpsFileSettings(name="hr", link=lambda: server.link + path, timeout_seconds=10)
    return replace(base, **changed)


def refused(tmp_path: Path, server: HttpServer, path: str, **changed) -> str:
    with pytest.raises(SourceError) as caught:
        open_fetch(settings_for(server, path, **changed)).fetch(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert SECRET not in str(caught.value) + repr(settings_for(server, path, **changed))
    return str(caught.value)


def test_a_file_as_a_csv_source(tmp_path, server):
    fetch = open_fetch(settings_for(server, "/moved.csv"))
    reading = open_source(CsvSourceSettings(name="hr", path=Path()), fetch=fetch).read(tmp_path)
    assert [one.origin for one in reading.records] == ["moved.csv:2", "moved.csv:3"]
    assert reading.modified_at == datetime(2026, 11, 26, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "login",
    [
        Login(bearer=lambda: SECRET),
        Login(user=lambda: "hr", password=lambda: SECRET),
        Login(headers={"Authorization": lambda: f"Bearer {SECRET}"}),
    ],
)
def test_ways_to_log_in(tmp_path, server, login):
    copy = open_fetch(settings_for(server, "/private.csv", login=login)).fetch(tmp_path).copy
    assert copy.path.read_bytes() == CSV


def test_a_token_that_is_asked_for_first(tmp_path, server):
    for as_json, body in ((True, b'{"client_id": "me"}'), (False, b"client_id=me")):
        token = Token(
            link=lambda: f"{server.link}/token",
            fields={"client_id": lambda: "me"},
            path="data.token",
            as_json=as_json,
        )
        open_fetch(settings_for(server, "/private.csv", login=Login(token=token))).fetch(tmp_path)
        assert server.asked[-2].body == body
    wrong = Token(link=lambda: f"{server.link}/token", fields={}, path="data.none")
    for copy in tmp_path.iterdir():
        copy.unlink()
    assert "has no text at data.none" in refused(tmp_path, server, "/x", login=Login(token=wrong))


REFUSED = {
    "/gone.csv": "there is nothing (404). Check the URL",
    f"/private.csv?sig={SECRET}": "refused the credentials (401)",
    "/away.csv": "redirects to another server (https://evil.example.com/x), which is not followed",
    "/circle.csv": "answered 302",
    "/login.csv": "answered with a web page, not a file",
    "/cut.csv": "the connection broke",
    "/endless.csv": "nobody could tell whether it is whole",
    "/busy.csv": "answered 503",
}


@pytest.mark.parametrize(("path", "message"), REFUSED.items(), ids=REFUSED)
def test_refused_with_this_message(tmp_path, server, path, message):
    said = refused(tmp_path, server, path)
    assert message in said
    assert said.endswith("Nothing was planned.")


def test_caps(tmp_path, server):
    assert "has more than 10 bytes" in refused(tmp_path, server, "/hr.csv", max_bytes=10)
    assert "no whole answer came in time" in refused(tmp_path, server, "/slow.csv", timeout_seconds=0.2)
    unusable = Login(bearer=lambda: f"{SECRET}\n")
    assert "no header can carry" in refused(tmp_path, server, "/hr.csv", login=unusable)
    assert "could not connect" in refused(tmp_path, HttpServerGone(), "/hr.csv")


class HttpServerGone(HttpServer):
    """Nobody there."""

    def __init__(self) -> None:
        self.link = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("https://hr.example.com/a?b=c", ""),
        ("http://localhost:8080/a", ""),
        ("http://[::1]/a", ""),
        ("http://hr.example.com/a", "must be https"),
        ("https://u:p@hr.example.com/a", "must hold no user and no password"),
        ("https://hr.example.com/a#b", "after a #"),
        ("file:///etc/passwd", "must be a URL such as"),
        ("ftp://hr.example.com/a", "must be a URL such as"),
        ("https:///a", "must be a URL such as"),
        ("https://h\n/a", "must be a URL such as"),
        ("https://h:x/a", "is no URL"),
    ],
)
def test_what_a_link_may_be(link, fault):
    assert fault in link_fault(link) if fault else link_fault(link) == ""
