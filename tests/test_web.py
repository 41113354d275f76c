"""The pages: they escape what people are called, carry their headers on every answer, and load nothing from elsewhere."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from syncd.store.database import Database, open_database
from syncd.web.pages import HEADERS, create_web
from tests.workbench import KEY, Workbench, workbench

NAME = "<img src=x onerror=1>\"'&{{7*7}}"
PAGES = ["/", "/runs/1", "/status.json", "/style.css", "/healthz", "/readyz"]


@dataclass
class Pages:
    """The pages over a database in which one push happened."""

    bench: Workbench
    database: Database
    well: bool = True
    shown: bool = True

    def get(self, path: str, *, host: str = "127.0.0.1", method: str = "GET") -> httpx.Response:
        application = create_web(
            self.database, "main", lambda: self.well, hosts=["127.0.0.1", "localhost"], pages=self.shown
        )

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=application)
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
                return await client.request(method, path)

        return asyncio.run(ask())


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A push of three people, one of whom Litmos refused with a message that is HTML."""
    folder: Path = tmp_path_factory.mktemp("web")
    with workbench(folder) as bench:
        bench.staff(3, department=NAME, title=NAME)
        refusal = {"kind": "status", "method": "POST", "path": "^/?users", "status": 400, "body": NAME}
        bench.sandbox.faults.set([{**refusal, "reason": "No <script>alert(1)</script>", "count": 1}])
        bench.run("push", expect=5)
        yield bench


@pytest.fixture
def pages(pushed: Workbench) -> Iterator[Pages]:
    database = open_database(f"sqlite:///{pushed.folder / 'syncd.db'}")
    yield Pages(bench=pushed, database=database)
    database.close()


@pytest.mark.parametrize("path", ["/", "/runs/1"])
def test_names_are_text_and_never_markup(pages, path):
    text = pages.get(path).text
    assert "<img" not in text
    assert "<script" not in text
    assert "onerror=1>" not in text


def test_the_name_is_on_the_page_all_the_same(pages):
    assert "&lt;img src=x onerror=1&gt;" in pages.get("/runs/1").text
    assert "{{7*7}}" in pages.get("/runs/1").text


@pytest.mark.parametrize("path", [*PAGES, "/nowhere", "/runs/99", "/runs/x", "/.env"])
def test_every_answer_carries_the_headers(pages, path):
    answer = pages.get(path)
    for name, value in HEADERS.items():
        assert answer.headers.get_list(name) == [value], (path, name)
    assert "server" not in answer.headers


def test_refusals_carry_the_headers_too(pages):
    for answer in (pages.get("/", host="evil.example"), pages.get("/", method="POST")):
        assert answer.status_code in {400, 405}
        assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


def test_the_policy_allows_no_script_and_nothing_from_elsewhere():
    policy = HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    assert "http" not in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example"])
def test_an_unknown_host_is_refused(pages, path, host):
    assert pages.get(path, host=host).status_code == 400


@pytest.mark.parametrize("path", PAGES)
def test_pages_work_and_load_nothing_from_elsewhere(pages, path):
    answer = pages.get(path)
    assert answer.status_code == 200
    assert not re.search(r"""(?:https?:)?//[a-z]|url\(|@import|<script|style=|\son\w+=["']""", answer.text)
    assert KEY not in answer.text


def test_what_is_not_there_is_404(pages):
    assert [pages.get(path).status_code for path in ("/nowhere", "/runs/99", "/runs/x")] == [404] * 3


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_changed_through_the_pages(pages, method):
    assert {pages.get(path, method=method).status_code for path in PAGES} == {405}


def test_beyond_loopback_there_is_only_health(pages):
    pages.shown = False
    found = {path: pages.get(path).status_code for path in PAGES}
    assert {path for path, status in found.items() if status == 200} == {"/healthz", "/readyz"}
    assert set(found.values()) == {200, 404}


def test_a_dead_daemon_is_not_well(pages):
    pages.well = False
    assert pages.get("/healthz").status_code == 503
    assert pages.get("/readyz").status_code == 200


def test_a_database_without_tables_is_not_ready(tmp_path, pushed):
    database = open_database(f"sqlite:///{tmp_path / 'empty.db'}")
    try:
        empty = Pages(bench=pushed, database=database)
        assert empty.get("/readyz").status_code == 503
        assert empty.get("/healthz").status_code == 200
        answer = empty.get("/")
        assert answer.status_code == 503
        assert "Traceback" not in answer.text
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    finally:
        database.close()
