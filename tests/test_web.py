"""The pages: every route asks who it is, escapes what people are called, carries its headers, loads nothing from elsewhere."""

import asyncio
import csv
import hashlib
import io
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update
from starlette.applications import Starlette

from syncd.config.web_parts import AuthPart
from syncd.core.limits import Hold
from syncd.core.plan import digest
from syncd.store import logins, peoplelists, runs
from syncd.store.database import open_database
from syncd.store.revisions import open_at_head
from syncd.store.schema import run
from syncd.web.pages import HEADERS, create_web
from syncd.web.rendering import as_csv
from syncd.web.roles import Role
from syncd.web.routes import DEEDS, METRICS, OPEN, OPENAPI, PAGES, rules
from syncd.web.site import Shown, Site
from syncd.wiring import wire
from tests.workbench import KEY, Workbench, workbench

NAME = "<img src=x onerror=1>\"'&{{7*7}}"
KNOWN = {"run_id": "1", "change_id": "1", "employee_id": "00001", "name": "style.css"}
"""What the database of these tests has of each thing that a path names."""


def filled(path: str) -> str:
    """A path of the table with something that is there."""
    return re.sub(r"{(\w+)(?::\w+)?}", lambda found: KNOWN[found[1]], path)


READ = [filled(path) for method, path, _role, _rule in rules() if method == "GET"]
HTML = [filled(page.path) for page in PAGES]
HEALTH = ["/healthz", "/readyz"]


@dataclass
class Pages:
    """The pages over a database in which one push happened; requests with a token, as one role, or as anybody."""

    site: Site
    shown: bool = True
    auth: AuthPart = field(default_factory=AuthPart)
    well: bool = True
    address: str = "127.0.0.1"

    @property
    def application(self) -> Starlette:
        site = Site(app=self.site.app, config=self.site.config, alive=lambda: self.well)
        return create_web(site, hosts=["127.0.0.1", "sync.example.com"], pages=self.shown, auth=self.auth)

    def ask(self, *requests: httpx.Request) -> list[httpx.Response]:
        """Send requests one after the other, as one browser."""

        async def sent() -> list[httpx.Response]:
            transport = httpx.ASGITransport(app=self.application, client=(self.address, 5000))
            async with httpx.AsyncClient(transport=transport) as client:
                return [await client.send(request) for request in requests]

        return asyncio.run(sent())

    def get(
        self, path: str, *, host: str = "127.0.0.1", method: str = "GET", **headers: str
    ) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask(httpx.Request(method, f"http://{host}{path}", headers=named))[0]

    def post(self, path: str, form: dict[str, str], **headers: str) -> httpx.Response:
        return self.ask(httpx.Request("POST", f"http://127.0.0.1{path}", data=form, headers=headers))[0]

    def token(self, role: Role) -> str:
        """A token of this database, made when it is first asked for, whichever test that is."""
        secret = f"syncd_{role}"
        with self.site.database.write() as conn:
            now = self.site.database.now(conn)
            good = {"now": now, "expires_at": now + timedelta(days=1)}
            logins.add_token(conn, secret, name=role, role=role, made_by="test", **good)
        return f"Bearer {secret}"


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A push of three people, one of whom Litmos refused with a message that is HTML."""
    folder: Path = tmp_path_factory.mktemp("web")
    with workbench(folder) as bench:
        bench.in_process = True
        bench.staff(3, department=NAME, title=NAME)
        refusal = {"kind": "status", "method": "POST", "path": "^/?users", "status": 400, "body": NAME}
        bench.sandbox.faults.set([{**refusal, "reason": "No <script>alert(1)</script>", "count": 1}])
        bench.run("push", expect=5)
        yield bench


@pytest.fixture(scope="module")
def site(pushed: Workbench) -> Iterator[Site]:
    app = wire(pushed.config())
    with app.database.read() as conn:
        KNOWN["employee_id"] = peoplelists.employees(conn, "main", "", limit=1)[0]["employee_id"]
    yield Site(app=app, config=pushed.config(), alive=lambda: True)
    app.close()


@pytest.fixture
def pages(site: Site) -> Pages:
    return Pages(site=site)


def test_names_are_text_and_never_markup(pages):
    for path in ("/", "/runs/1", "/changes", "/changes/1", "/problems", f"/employees/{KNOWN['employee_id']}"):
        text = pages.get(path).text
        assert "<img" not in text, path
        assert "<script>" not in text, path
        assert "onerror=1>" not in text, path
    text = pages.get("/runs/1").text
    assert "&lt;img src=x onerror=1&gt;" in text, "the name is there all the same"
    assert "{{7*7}}" in text


def test_every_answer_carries_the_headers(pages):
    for path in (*READ, *HEALTH, OPENAPI, "/login", "/static/style.css", "/nowhere", "/runs/99", "/.env"):
        answer = pages.get(path)
        for name, value in HEADERS.items():
            assert answer.headers.get_list(name) == [value], (path, name)
        assert "server" not in answer.headers
    for answer in (pages.get("/", host="evil.example"), pages.get("/", method="POST")):
        assert answer.status_code in {400, 405}
        assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


def test_the_policy_allows_nothing_from_elsewhere_and_nothing_inline():
    policy = dict(part.strip().split(" ", 1) for part in HEADERS["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert "http" not in str(policy)
    assert "unsafe" not in str(policy)


def test_an_unknown_host_is_refused_everywhere(pages):
    for path in (*READ, *HEALTH):
        for host in ("evil.example", "127.0.0.1.evil.example"):
            assert pages.get(path, host=host).status_code == 400


def test_pages_work_and_load_nothing_from_elsewhere(pages):
    for path in HTML:
        if path.startswith("/cases/"):
            continue  # there is none
        answer = pages.get(path)
        assert answer.status_code == 200, (path, answer.text)
        assert not re.search(
            r"""(?:src|href|action|content)=["'](?:https?:)?//|url\(|@import|style=|\son\w+=["']""",
            answer.text,
        ), path
        assert answer.text.count("<script") == 1
        assert KEY not in answer.text


def test_each_page_has_twins_in_json_and_csv(pages):
    for page in PAGES:
        if "/cases/" in page.path:
            continue
        told, listed = (pages.get(filled(path)) for path in page.twins)
        assert told.json()["schema_version"] == 1
        assert listed.headers["content-type"].startswith("text/csv")
        rows = list(csv.reader(io.StringIO(listed.text)))
        assert {len(row) for row in rows} == {len(rows[0])}


def test_a_spreadsheet_runs_nothing_of_a_twin():
    shown = Shown(
        template="", data={"rows": [{"a": "=1+1", "b": '@x,"y"'}]}, listed="rows", columns=("a", "b")
    )
    assert list(csv.reader(io.StringIO(as_csv(shown)))) == [["a", "b"], ["'=1+1", '\'@x,"y"']]


def test_what_is_not_there_is_404(pages):
    found = [pages.get(path).status_code for path in ("/nowhere", "/runs/99", "/runs/x", "/changes/999.json")]
    assert found == [404] * 4


def test_looking_changes_nothing(pages, site):
    def seen() -> list[object]:
        with site.database.read() as conn:
            return [
                conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()  # noqa: S608 - names of ours
                for table in (
                    "audit",
                    "run",
                    "change",
                    "job",
                    "attempt",
                    "web_session",
                    "resolution",
                    "queue_pause",
                )
            ]

    before = seen()
    for path in READ:
        pages.get(path)
    assert seen() == before


def test_every_route_is_in_the_table_and_refuses_whoever_may_not(pages):
    """Generated from the router: a route that is in neither list has no policy, and fails here."""
    table = {(method, path): role for method, path, role, _rule in rules()}
    routes = {
        (method, route.path) for route in pages.application.routes for method in route.methods - {"HEAD"}
    }
    assert {path for _, path in routes - set(table)} == {*OPEN, OPENAPI, METRICS}
    assert set(table) <= routes
    for (method, path), least in table.items():
        for role in Role:
            status = pages.get(filled(path), method=method, Authorization=pages.token(role)).status_code
            if role.covers(least):
                assert status in {200, 404, 409}, (method, path, role, status)
            else:
                assert status == 403, (method, path, role, status)
        assert pages.get(filled(path), method=method, Authorization="Bearer syncd_no").status_code == 401
    for path in (OPENAPI, METRICS):
        assert pages.get(path, Authorization="Bearer syncd_no").status_code == 401


def test_the_openapi_document_has_every_route_with_its_role(pages):
    document = pages.get(OPENAPI).json()
    named = {(method.upper(), path) for path, found in document["paths"].items() for method in found}
    plain = {(method, re.sub(r":\w+}", "}", path)) for method, path, _role, _rule in rules()}
    html = {("GET", re.sub(r":\w+}", "}", page.path)) for page in PAGES}
    assert named == plain - html
    assert document["paths"]["/runs/{run_id}/approve"]["post"]["x-role"] == "approver"
    assert len(DEEDS) == sum("post" in found for found in document["paths"].values())


def test_a_viewer_sees_no_values_of_people_and_an_operator_does(pages):
    """Every page and twin; values are those of HR's rows, team names are not of one person."""
    values = re.compile(r"p\d@example\.com|First\d|Last\d")
    seen = {role: set[str]() for role in (Role.VIEWER, Role.OPERATOR)}
    for method, path, least, _rule in rules():
        for role, found in seen.items():
            if method == "GET" and role.covers(least):
                found |= set(values.findall(pages.get(filled(path), Authorization=pages.token(role)).text))
    assert not seen[Role.VIEWER]
    assert {"p1@example.com", "First1", "Last1"} <= seen[Role.OPERATOR]


def test_a_doubted_input_without_a_single_change_can_be_decided_about(pages, site):
    with site.database.write() as conn:
        now = site.database.now(conn)
        made = runs.create(conn, "main", "push", trigger="person", actor="test", now=now)
        assert made is not None
        runs.start(conn, made, owner="", now=now)
        hold = Hold(code="LIMIT-SHRINK", message="half of the rows are missing")
        runs.hold(conn, made, [hold], expires_at=now + timedelta(days=1))
    assert f"/runs/{made}/plan" in pages.get(f"/runs/{made}").text
    page = pages.get(f"/runs/{made}/plan").text
    assert f'action="/runs/{made}/reject"' in page
    assert "No change waits" in page
    page = pages.get(f"/runs/{made}/plan").text
    assert "the plan is" in page, "the digest is not that of a plan"
    with site.database.write() as conn:
        conn.execute(update(run).where(run.c.id == made).values(plan_digest=digest([])))
    approve, approver = f"/runs/{made}/approve", pages.token(Role.APPROVER)
    assert "type 0" in pages.post(approve, {}, Authorization=approver).json()["said"]
    done = pages.post(approve, {"confirm": "0"}, Authorization=approver)
    assert done.json()["said"] == "Approved: 0 changes are sent."
    with site.database.read() as conn:
        assert runs.must_get(conn, made)["state"] == "succeeded"
        assert runs.must_get(conn, made)["decided_by"] == "token:approver"


def test_beyond_loopback_without_authentication_there_is_only_health(pages):
    pages.shown = False
    found = {path: pages.get(path).status_code for path in (*READ, *HEALTH)}
    assert {path for path, status in found.items() if status == 200} == set(HEALTH)


def test_a_dead_daemon_is_not_well(pages):
    pages.well = False
    assert pages.get("/healthz").status_code == 503
    assert pages.get("/readyz").status_code == 200


def test_a_database_whose_file_was_moved_away_is_not_ready(pages, tmp_path):
    """What is written from then on would be gone with the process."""
    path = tmp_path / "syncd.db"
    database = open_at_head(f"sqlite:///{path}")
    app = replace(pages.site.app, database=database)
    pages.site = replace(pages.site, app=app)
    assert pages.get("/readyz").status_code == 200
    path.rename(tmp_path / "elsewhere.db")
    answer = pages.get("/readyz")
    assert answer.status_code == 503
    assert "moved, removed or replaced" in answer.json()["reasons"][0]
    database.close()


def test_where_the_database_is_is_not_told_to_just_anybody(pages):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and does not listen
        url = f"postgresql://spy@127.0.0.1:{taken.getsockname()[1]}/hidden"
        pages.site = replace(pages.site, app=replace(pages.site.app, database=open_database(url)))
        for path in ("/readyz", "/runs", "/runs.json"):
            answer = pages.get(path)
            assert answer.status_code == 503
            assert not re.search(r"spy|hidden|127|refused", answer.text)
            assert "does not" in answer.text


def test_htmx_is_the_file_that_its_authors_published():
    folder = Path(__file__).parents[1] / "syncd" / "web" / "static"
    found = hashlib.sha256((folder / "htmx-2.0.11.min.js").read_bytes()).hexdigest()
    assert found == "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
    assert "Zero-Clause BSD" in (folder / "htmx-LICENSE.txt").read_text(encoding="utf-8")


def test_a_page_that_is_not_there_has_the_way_back(pages):
    missing = pages.get("/nowhere", Accept="text/html")
    assert (missing.status_code, "There is no such page." in missing.text) == (404, True)
    assert 'href="/runs"' in missing.text
    assert pages.get("/nowhere").text == "Not Found"


def test_where_more_is_allowed_than_litmos_allows_each_page_says_that_it_is_a_rehearsal(pages):
    allowed = pages.site.config.litmos.limit
    assert allowed.requests / allowed.window > 100 / 60
    assert "This is a demo or a rehearsal, and not Litmos" in pages.get("/runs").text


def test_every_cell_says_of_which_column_it_is():
    """On a phone rows are stacked, and the heads of columns are not seen."""
    for path in (Path(__file__).parents[1] / "syncd" / "web" / "templates").iterdir():
        bare = re.findall(r"<td(?![^>]*(?:data-label|colspan))[^>]*>", path.read_text(encoding="utf-8"))
        assert not bare, (path.name, bare)


def test_no_template_marks_anything_as_safe():
    for path in (Path(__file__).parents[1] / "syncd" / "web" / "templates").iterdir():
        assert not re.search(r"\|\s*safe|autoescape|Markup", path.read_text(encoding="utf-8")), path
