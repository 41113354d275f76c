"""A whole demo of people who must be named nowhere but where it is promised, with a key that must show up nowhere at all.

Every person of it is called by made-up words, and so is their address and username: whatever finds one of the words has
found somebody. They are created, changed, renamed, refused, rejected, held, matched twice; they leave, begin, and have results.
"""

import io
import json
import logging
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect
from sqlalchemy import select
from typer.testing import CliRunner

from syncd import log
from syncd.cli.main import app as commands
from syncd.daemon import Daemon
from syncd.demo import population, story
from syncd.demo.tour import ask_each, guide, sights_of
from syncd.insight.forgetting import people_of
from syncd.store import audit, changelists, logins, runs
from syncd.store.columns import metadata
from syncd.store.event_writer import stored_events
from syncd.store.purging import RULES, Rows
from syncd.web.roles import Role
from syncd.web.routes import METRICS, OPENAPI, rules
from syncd.wiring.telemetry import traced
from tests.sources.https_server import HttpServer, Said
from tests.telemetry.receiver import Receiver, values
from tests.test_browser import Walk, browser  # noqa: F401 - the same browser, as people walk
from tests.workbench import eventually

KEY = "CANARY-key-9b64"
FIRST, LAST = "Zorqua", "Brindlewyck"
PERSON = re.compile(f"{FIRST}|{LAST}", re.IGNORECASE)
IDS = re.compile(r"\b00[123]\d\d\b")
"""Employee ids of the demo."""
SECRET = "whsec_" + "azEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
CHANNEL = (
    "  channels: [{{name: hook, type: webhook, url: '{link}', secrets: ['{secret}'], kinds: [{kinds}]}}]"
)
KINDS = "held, failed, late, quarantine, refused, digest"
NAMED = {name for name, rule in RULES.items() if isinstance(rule, Rows) and not rule.mentions}
NAMED |= {"exchange", "job"}
"""The tables that hold people, as docs/privacy.md tells; an exchange and a job hold what was sent. An event holds ids alone."""


@dataclass
class Told:
    """What the demo told, and where its pages are; ``seen`` are the pages, by role and path."""

    demo: story.Demo
    lived: story.Lived
    log: io.StringIO
    said: list[str]
    hook: HttpServer
    collector: Receiver
    port: int
    bundle: Path
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))
    seen: dict[tuple[Role, str], str] = field(default_factory=dict)
    statuses: dict[tuple[Role, str], int] = field(default_factory=dict)

    def page(
        self, path: str, role: Role, method: str = "GET", form: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Ask for one page as somebody of this role."""
        headers = {"Authorization": f"Bearer syncd_{role}"}
        return self.client.request(method, f"http://127.0.0.1:{self.port}{path}", data=form, headers=headers)

    def rows(self, table: str) -> list[str]:
        """Every row of a table, as text."""
        with self.demo.app.database.read() as conn:
            found = conn.execute(select(metadata.tables[table])).mappings()
            return [json.dumps(dict(row), default=str, ensure_ascii=False) for row in found]


@contextmanager
def invented(hook: HttpServer, collector: Receiver) -> Iterator[None]:
    """The demo with these people, this key, somebody to tell, and a collector of spans."""

    def called(who: tuple[str, str, str, str]) -> tuple[str, str, str, str]:
        return (f"{FIRST}{who[0]}", f"{LAST}{who[1]}", *who[2:])

    def configured(folder: Path, base_url: str, *, port: int) -> Path:
        path = wrote(folder, base_url, port=port)
        text = path.read_text(encoding="utf-8")
        plain = re.compile(r"^  channels: \[\].*$", re.MULTILINE)
        channel = CHANNEL.format(link=hook.link, secret=SECRET, kinds=KINDS)
        assert len(plain.findall(text)) == 1
        nowhere = re.compile(r"^  otlp: null.*$", re.MULTILINE)
        assert len(nowhere.findall(text)) == 1
        text = nowhere.sub(f"  otlp: {{endpoint: '{collector.link}'}}", text)
        path.write_text(plain.sub(lambda _: channel, text), encoding="utf-8")
        return path

    wrote = story.write_configuration
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(population, "FIRST_NAMES", [f"{FIRST}{name}" for name in population.FIRST_NAMES])
        patch.setattr(population, "LAST_NAMES", [f"{LAST}{name}" for name in population.LAST_NAMES])
        patch.setattr(population, "HIRES", [called(who) for who in population.HIRES])
        patch.setattr(population, "STARTERS", [(days, called(who)) for days, who in population.STARTERS])
        patch.setattr(population, "KNOWN_TWICE", called(population.KNOWN_TWICE))
        for module in (population, story):
            patch.setattr(module, "MARRIED_NAME", f"{LAST}winter")
        patch.setattr(story, "API_KEY", KEY)
        patch.setattr(story, "WINDOW", 1.0)  # nobody watches
        patch.setattr(story, "write_configuration", configured)
        patch.setattr("syncd.messages.messenger.LOOK_EVERY", 0.1)
        patch.setattr("syncd.messages.messenger.SEND_EVERY", 0.1)
        yield


@contextmanager
def logging_to(stream: io.StringIO) -> Iterator[None]:
    """All that is logged goes there, and employees are called by pseudonyms; afterwards all is as before."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log.configure(level="debug", form="json", stream=stream)
    try:
        yield
    finally:
        log.call_people(None)
        root.handlers[:] = handlers
        root.setLevel(level)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The demo, lived and served; people act on it, and everything that may be seen was looked at."""
    folder, hook, stream = tmp_path_factory.mktemp("canary"), HttpServer(lambda _: Said()), io.StringIO()
    said: list[str] = []
    collector = Receiver()
    with invented(hook, collector), logging_to(stream):
        demo = story.open_demo(folder / "demo", reset=False, tell=said.append, show=lambda _: None, port=0)
        app = demo.app
        log.call_people(people_of(app.database, app.account))
        with stored_events(app.database, app.account), traced(demo.config, app.database):
            lived = demo.live()
        daemon = Daemon(app, demo.config, demo=True)
        daemon.start()
        try:
            made = Told(demo, lived, stream, said, hook, collector, daemon.port, folder / "help.zip")
            tokens(made)
            look_at_all(made)
            act(made)
            eventually(lambda: {"held", "failed", "quarantine"} <= {kind_of(one.body) for one in hook.asked})
            look(made, Role.ADMIN, f"/employees/{lived.promoted}.json")
            for role in (Role.VIEWER, Role.ADMIN):
                look(made, role, "/runs", "/audit", "/queue", METRICS)
            bundle(made)
            yield made
            made.client.close()
        finally:
            daemon.end()
            app.close()
            demo.sandbox.stop()
            hook.stop()
            collector.stop()


def kind_of(body: bytes) -> str:
    return str(json.loads(body)["key"]).partition(":")[0]


def tokens(told: Told) -> None:
    """A token for each role."""
    database = told.demo.app.database
    with database.write() as conn:
        now = database.now(conn)
        for role in Role:
            until = now + timedelta(days=1)
            logins.add_token(
                conn, f"syncd_{role}", name=role, role=role, made_by="test", now=now, expires_at=until
            )


def look(told: Told, role: Role, *paths: str) -> None:
    """Keep what somebody of this role sees there."""
    for path in paths:
        answer = told.page(path, role)
        told.seen[role, path], told.statuses[role, path] = answer.text, answer.status_code


def look_at_all(told: Told) -> None:
    """Every page and twin of the table, as each role; those about something of many things, as who may see least."""
    lived, database = told.lived, told.demo.app.database
    with database.read() as conn:
        found = changelists.changes(
            conn, told.demo.app.account, changelists.Wanted(), before=None, limit=5000
        )
        all_runs = [str(row["id"]) for row in runs.listed(conn, told.demo.app.account)]
    kinds = {(row["kind"], row["action"], row["state"]): str(row["id"]) for row in found}
    some = {
        "run_id": list(dict.fromkeys([str(lived.held_run), str(lived.changed_run), *all_runs])),
        "change_id": [str(lived.failed_change), *kinds.values()],
        "employee_id": [lived.moved, lived.promoted, lived.known_twice, *lived.others],
    }
    for method, path, least, _rule in rules():
        if method != "GET":
            continue
        name = next(iter(re.findall(r"{(\w+)", path)), "")
        values = [lived.known_twice] if path.startswith("/cases/") else some.get(name, [""])
        for number, value in enumerate(values):
            asked = re.sub(r"{.*?}", value, path)
            for role in Role if number == 0 else (Role.VIEWER,):
                if number == 0 or role.covers(least):
                    look(told, role, asked)
    for role in Role:
        look(
            told,
            role,
            OPENAPI,
            METRICS,
            "/employees?q=001",
            "/changes?state=failed",
            "/nowhere",
            "/runs/99999",
        )


def act(told: Told) -> None:
    """What a person does on the pages, each an entry of the audit."""
    who, lived = Role.APPROVER, told.lived
    for path, form in (
        ("/queue/pause", {"class": "users", "reason": "a look first"}),
        ("/queue/resume", {"class": "users"}),
        (f"/cases/{lived.known_twice}/decide", {"verdict": "ignore"}),
        (f"/employees/{lived.moved}/sync", {}),
    ):
        answer = told.page(path, who, "POST", form)
        assert answer.status_code == 200, (path, answer.text)
        told.seen[Role.VIEWER, f"POST {path}"] = answer.text
    database = told.demo.app.database

    def ended() -> bool:
        with database.read() as conn:
            return runs.listed(conn, told.demo.app.account, limit=1)[0]["state"] not in {"queued", "running"}

    eventually(ended)


def bundle(told: Told) -> None:
    """A support bundle, as somebody makes it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    done = CliRunner().invoke(
        commands, ["support-bundle", str(told.bundle), "-c", str(told.demo.config.path)]
    )
    root.handlers[:] = handlers
    root.setLevel(level)
    assert done.exit_code == 0, done.output


def unpacked(told: Told) -> dict[str, str]:
    with zipfile.ZipFile(told.bundle) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


def test_the_demo_names_its_people_where_they_belong(told):
    """Else nothing that follows would say anything."""
    for about in ("", "/preview"):
        assert PERSON.search(told.seen[Role.OPERATOR, f"/employees/{told.lived.moved}{about}"]), about
    assert PERSON.search("".join(told.rows("exchange")))
    assert IDS.search("".join(told.rows("event")))
    assert KEY in (told.demo.folder / "litmos_api_key").read_text(encoding="utf-8")
    assert len(told.log.getvalue().splitlines()) > 300
    statuses = set(told.statuses.values())
    assert {200, 403, 404} <= statuses <= {200, 403, 404, 409}
    assert {
        path for (role, path), status in told.statuses.items() if role is Role.ADMIN and status != 200
    } == {
        "/nowhere",
        "/runs/99999",
    }


def test_side_by_side_marks_what_differs_and_nothing_else(told):
    fields = json.loads(told.seen[Role.ADMIN, f"/employees/{told.lived.promoted}.json"])["fields"]
    assert {one["field"] for one in fields if one["differs"]} == {"JobTitle"}
    notes = {one["field"]: one["note"] for one in fields if one["note"]}
    assert notes["CustomField3"] == "only shown (owner: report)"
    assert notes["Culture"] == "set only when an account is made (owner: litmos)"
    assert [one["field"] for one in fields if one["drifted"]] == []


def test_the_key_is_nowhere(told):
    places = {
        "log": told.log.getvalue(),
        "terminal": "\n".join(told.said),
        "messages": " ".join(str(one) for one in told.hook.asked),
        "spans": " ".join(str(one) for one in told.collector.asked),
        **{f"table {name}": "\n".join(told.rows(name)) for name in metadata.tables},
        **{f"{role} {path}": text for (role, path), text in told.seen.items()},
        **{f"bundle {name}": text for name, text in unpacked(told).items()},
    }
    for path in told.demo.folder.rglob("*"):
        if path.is_file() and path.name != "litmos_api_key":
            places[f"file {path.name}"] = path.read_bytes().decode("utf-8", "replace")
    assert [place for place, text in places.items() if KEY.lower() in text.lower()] == []
    asked = [entry.path for entry in told.demo.sandbox.log]
    assert len(asked) > 300
    assert not any(KEY in path for path in asked)


def test_nobody_is_named_in_a_log_line_and_no_id_is_where_pseudonyms_are_asked_for(told):
    lines = told.log.getvalue().splitlines()
    assert [line for line in lines if PERSON.search(line)] == []
    assert [line for line in lines if IDS.search(line)] == []


def test_nobody_is_named_in_a_span_nor_by_an_id(told):
    eventually(lambda: len(told.collector.named("plan")) > 3)  # that of the daemon too
    assert not any(PERSON.search(one.body.decode("latin-1")) for one in told.collector.asked)
    assert {"refresh", "push", "pull", "create_user", "put_user"} <= {
        one.name for one in told.collector.spans
    }
    assert len(told.collector.spans) > 300
    texts = [
        *(f"{one.name} {values(one.attributes)}" for one in told.collector.spans),
        *(f"{event.name} {values(event.attributes)}" for one in told.collector.spans for event in one.events),
        *map(str, told.collector.resources),
    ]
    assert [text for text in texts if IDS.search(text) or PERSON.search(text)] == []


def test_nobody_is_named_in_a_table_that_holds_nobody(told):
    named = {name: row[:400] for name in metadata.tables for row in told.rows(name) if PERSON.search(row)}
    assert {name: row for name, row in named.items() if name not in NAMED} == {}
    assert {"event", "audit", "message", "run"} <= set(metadata.tables) - NAMED
    assert told.rows("event")
    assert told.rows("audit")
    assert told.rows("message")


def test_nobody_is_named_to_who_sees_no_values(told):
    shown = {path: text for (role, path), text in told.seen.items() if role is Role.VIEWER}
    found = {path: PERSON.search(text) for path, text in shown.items()}
    assert {path: shown[path][match.start() - 100 :][:200] for path, match in found.items() if match} == {}
    assert len(shown) > 100


def test_nobody_is_named_in_the_audit_metrics_messages_and_the_bundle(told):
    places = {
        "audit": told.seen[Role.ADMIN, "/audit"],
        "metrics": told.seen[Role.ADMIN, METRICS],
        "openapi": told.seen[Role.ADMIN, OPENAPI],
        "messages": " ".join(str(one.body) for one in told.hook.asked),
        **{f"bundle {name}": text for name, text in unpacked(told).items()},
    }
    assert "syncd_" in places["metrics"]
    assert "sync" in places["audit"]
    assert {place for place, text in places.items() if PERSON.search(text)} == set()
    lines = [line for text in unpacked(told).values() for line in text.splitlines()]
    assert [line for line in lines if IDS.search(line)] == []


@pytest.mark.browser
def test_first_look_after_the_demo(told, browser):  # noqa: F811 - the fixture
    """Each page of the list answers; the held run is understood and rejected; what failed is found and retried."""
    sights = sights_of(told.lived)
    ask_each(sights, told.port)
    context = browser.new_context()
    walk = Walk(page=context.new_page(), base=f"http://127.0.0.1:{told.port}")
    walk.watch()
    page = walk.page
    for address in re.findall(r"http\S+", guide(sights, told.port)):
        page.goto(address)
        assert page.get_by_role("heading", level=1).count() == 1, address
    walk.open("/").get_by_role("link", name="Look at its plan and decide").last.click()
    expect(page.get_by_text("the source has 64 rows, 50.0 % fewer")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^JobTitle: \d+$"))).to_be_visible()
    page.get_by_label("Why, for the sync log").fill("the export broke off")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("status")).to_contain_text("Rejected")
    page.get_by_role("navigation").get_by_role("link", name="Problems").click()
    page.get_by_role("link", name="Show them").click()
    page.locator("tbody a").first.click()
    page.locator("summary", has_text="PUT /users/{id}").click()
    expect(page.locator("details[open]")).to_contain_text("Head of Accounting")
    page.get_by_role("button", name="Retry").click()
    eventually(lambda: page.reload() and page.get_by_role("heading", level=1).inner_text().endswith("done"))
    walk.open("/starters")
    expect(page.locator("tbody")).to_contain_text("the account is due on")
    context.close()
    assert walk.faults == []
    with told.demo.app.database.read() as conn:
        entries = [json.dumps(dict(row), default=str) for row in audit.listed(conn, told.demo.app.account)]
    assert "the export broke off" in entries[1] + entries[0]
    assert not any(PERSON.search(one) for one in entries)
