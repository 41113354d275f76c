"""The pages in a browser, as people walk through them; nothing may fail, come from elsewhere, or shut anybody out."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests.needs import tool
from tests.workbench import KEY, Workbench, eventually, workbench

pytestmark = pytest.mark.browser
STAFF = 24
CUT = "[...document.querySelectorAll('.wide')].filter(one => one.scrollWidth > one.clientWidth).map(one => one.ariaLabel)"
WIDTHS = {"phone": 360, "tablet": 820, "desk": 1400}
SHOTS = os.environ.get("SYNCD_TEST_SHOTS", "")
"""A folder for pictures of every page at every width, to be looked at."""


@dataclass
class Walk:
    """A browser on the pages of one syncd, and what went wrong in it."""

    page: Page
    base: str
    faults: list[str] = field(default_factory=list)
    elsewhere: tuple[str, ...] = ()
    """What else may be asked for."""

    def watch(self) -> None:
        """Note what a page must never do; a breach of the policy is an error on the console."""
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self._asked)

    def _said(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.faults.append(said.text)

    def _asked(self, asked: Request) -> None:
        if not asked.url.startswith((self.base, *self.elsewhere)):
            self.faults.append(f"asked for {asked.url}")

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.base}{path}")
        return self.page

    def is_for_everybody(self) -> None:
        """What axe finds on the page as it is, WCAG 2 A and AA."""
        found = Axe().run(self.page).response["violations"]
        told = [
            f"{self.page.url}: {one['id']}: {node['target']} {node['html'][:150]}"
            for one in found
            for node in one["nodes"]
        ]
        assert not told, "\n".join(told)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A company: all but one in step; that one refused; a case; a row that is wrong; and a push that is held."""
    with workbench(tmp_path_factory.mktemp("browser")) as made:
        made.in_process = True
        rows = made.staff(STAFF)
        for name in ("ann.old", "ann.new"):
            user = {"UserName": f"{name}@example.com", "FirstName": "Ann", "LastName": "Ek", "Active": True}
            edit(made, do="create_user", set={**user, "ExternalEmployeeId": "00001"})
        made.run("push")
        refusal = {"kind": "status", "method": "PUT", "path": "^/?users", "status": 400}
        made.sandbox.faults.set([{**refusal, "reason": "The job title is not allowed", "count": 1}])
        made.write_hr([*rows[:1], {**rows[1], "title": "Nope"}, *rows[2:]])
        made.run("push", expect=5)
        made.sandbox.faults.set([])
        made.configure(
            (
                "push: {policy: sync}",
                "push: {policy: sync, limits: {updates: {count: 3}, changes: {percent: null}}}",
            )
        )
        changed = [{**row, "title": "Lead"} for row in rows[2:9]]
        made.write_hr([*rows[:2], *changed, *rows[9:-1], {**rows[-1], "email": "x"}])
        made.run("push", expect=4)
        yield made


def edit(bench: Workbench, **what: Any) -> None:
    """What a person does in Litmos."""
    httpx.post(f"{bench.sandbox.control_url}/edit", json=what).raise_for_status()


@pytest.fixture(scope="module")
def base(bench: Workbench) -> Iterator[str]:
    """The address of its pages."""
    with bench.serving() as served:
        yield f"http://127.0.0.1:{served.events('serving')[0]['port']}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all of these tests."""
    path = tool("chromium") or tool("chromium-browser") or tool("google-chrome")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def walk(browser: Browser, base: str) -> Iterator[Walk]:
    """A walk that must have gone well at its end."""
    context: BrowserContext = browser.new_context()
    made = Walk(page=context.new_page(), base=base)
    made.page.set_default_timeout(10_000)
    made.watch()
    yield made
    context.close()
    assert made.faults == []


def held_run(walk: Walk) -> str:
    link = walk.open("/").get_by_role("link", name="Look at its plan and decide")
    link.click()
    return walk.page.url


PATHS = (
    *("/", "/runs", "/changes", "/employees", "/employees/00002", "/employees/00002/why", "/problems"),
    *(
        "/quarantine",
        "/cases",
        "/cases/00001",
        "/queue",
        "/audit",
        "/changes/1",
        "/changes?state=done&field=JobTitle",
    ),
    *("/employees/00003/preview", "/runs/2/compare", "/runs?changed=yes&from=2026-01-01"),
    *("/starters", "/results", "/config"),
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_for_everybody(walk, scheme):
    plan = held_run(walk).removeprefix(walk.base)
    walk.page.emulate_media(color_scheme=scheme)
    paths = (*PATHS, plan, plan.removesuffix("/plan"), plan.removesuffix("plan") + "events")
    for path in paths if SHOTS or scheme == "light" else ("/", "/cases/00001", plan):
        page = walk.open(path)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        walk.is_for_everybody()
        for name, width in WIDTHS.items() if SHOTS or scheme == "light" else ():
            walk.page.set_viewport_size({"width": width, "height": 900})
            spill = walk.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert spill <= 0, f"{path} is {spill} pixels wider than a {name}"
            if name == "phone":
                assert not page.evaluate(CUT), f"a table of {path} is cut off on a {name}"
            if SHOTS:
                file = path.strip("/").partition("?")[0].replace("/", "-") or "overview"
                walk.page.screenshot(path=Path(SHOTS) / f"{file}-{name}-{scheme}.png", full_page=True)


def test_a_morning_from_the_first_look_on(walk, bench, browser, base):
    """One story, for each part of it begins where the one before ended; at its end a run is held, as at its beginning."""
    it_is_seen_whether_all_is_well_and_what_waits(walk)
    the_cause_of_a_failure_is_two_clicks_away_and_it_is_retried(walk)
    a_part_of_a_held_run_is_approved_and_the_rest_rejected(walk, bench)
    why_somebody_is_in_a_team_and_they_are_previewed_and_synced(walk)
    a_case_is_decided_without_javascript(browser, base)


def it_is_seen_whether_all_is_well_and_what_waits(walk: Walk) -> None:
    page = walk.open("/")
    expect(page.get_by_role("heading", name="push")).to_contain_text("held")
    expect(page.get_by_text("updates are more than push.limits.updates.count")).to_be_visible()
    expect(page.get_by_role("group", name="runs in 30 days")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.get_by_role("navigation").get_by_role("link", name="Runs").click()
    page.get_by_label("State").select_option("held")
    page.get_by_role("button", name="Filter").click()
    assert "state=held" in page.url
    expect(page.locator("tbody tr")).to_have_count(1)


def the_cause_of_a_failure_is_two_clicks_away_and_it_is_retried(walk: Walk) -> None:
    page = walk.open("/problems")
    expect(page.get_by_role("heading", level=2)).to_have_count(1)
    page.get_by_role("link", name="Show them").click()
    page.locator("tbody a").first.click()
    expect(page.get_by_text("What to do: Litmos refused these values")).to_be_visible()
    expect(page.get_by_role("region", name="Before and after")).to_contain_text("Nope")
    expect(page.get_by_role("region", name="Attempts")).to_contain_text("400")
    page.locator("summary", has_text="PUT /users/{id}").click()
    expect(page.locator("details[open]")).to_contain_text('"JobTitle": "Nope"')
    expect(page.locator("details[open]")).to_contain_text("curl -X PUT")
    assert KEY not in page.content()
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("status")).to_have_text("1 of 1 jobs are tried again.")
    eventually(lambda: page.reload() and page.get_by_role("heading", level=1).inner_text().endswith("done"))


def a_part_of_a_held_run_is_approved_and_the_rest_rejected(walk: Walk, bench: Workbench) -> None:
    plan = held_run(walk)
    page = walk.page
    expect(page.get_by_text("JobTitle: 7")).to_be_visible()
    approve = page.locator("form[action$='/approve']")
    approve.get_by_text("Only a part of it").click()
    approve.get_by_label("Only of these employees").fill("00003")
    approve.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("alert")).to_contain_text("type 1. Nothing was approved")
    approve.get_by_text("Only a part of it").click()
    approve.get_by_label("Only of these employees").fill("00003")
    approve.get_by_label("Type the number of changes").fill("1")
    approve.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status")).to_contain_text("Approved: 1 change is sent")
    eventually(lambda: titles(bench).count("Lead") == 1, lambda: titles(bench))
    walk.open(plan.removeprefix(walk.base))
    reject = page.locator("form[action$='/reject']")
    reject.get_by_label("Why, for the sync log").fill("not yet")
    reject.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("status")).to_contain_text("Rejected: 6 changes are not sent")
    walk.open("/audit")
    expect(page.locator("tbody")).to_contain_text("web:local")
    expect(page.locator("tbody")).to_contain_text("not yet")
    assert bench.run("audit", "verify").stdout.startswith("The audit is whole")


def why_somebody_is_in_a_team_and_they_are_previewed_and_synced(walk: Walk) -> None:
    page = walk.open("/employees?q=00003")
    page.get_by_role("link", name="00003").click()
    page.get_by_label("Why? A field, a team").fill("Sales")
    page.get_by_role("button", name="Explain").click()
    expect(page.locator("main")).to_contain_text("teams[0]")
    page.get_by_role("link", name="00003").click()
    page.get_by_role("link", name="Preview: what the rules make of them now").click()
    expect(page.get_by_role("region", name="What each rule makes of it")).to_contain_text(
        "users.fields.UserName"
    )
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_role("status")).to_contain_text("a push for employee 00003 alone")
    ended = re.compile("succeeded|held|failed")
    eventually(lambda: page.reload() and ended.search(page.get_by_role("heading", level=1).inner_text()))
    expect(page.get_by_role("heading", level=1)).to_contain_text("held")
    expect(page.get_by_text("LIMIT-REJECTED")).to_be_visible()  # the limits of any push are those of this one
    walk.open("/employees/00003")
    expect(page.get_by_role("region", name="Timeline")).to_contain_text("web:local: push run")


def test_a_list_is_narrowed_and_widened_again_by_the_keyboard(walk):
    page = walk.open("/changes?action=update&state=done")
    page.get_by_label("From").fill("2020-01-01")
    page.get_by_role("button", name="Filter").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**from=2020-01-01**")
    page.get_by_role("list", name="Filters").get_by_role("link", name="action: update").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "action" not in url and "from=2020-01-01" in url)


def test_a_filter_that_nothing_can_meet_says_so_and_is_corrected_where_it_stands(walk):
    page = walk.open("/changes?state=sendt&action=update&from=2026-99-01")
    expect(page.get_by_role("alert")).to_contain_text("State: there is no sendt; there are: planned, held, ")
    expect(page.get_by_label("State")).to_have_value("sendt")
    expect(page.get_by_label("From")).to_have_value("2026-99-01")
    walk.is_for_everybody()
    assert all("status of 400" in one for one in walk.faults), (
        "the status is the only thing that the console says"
    )
    walk.faults.clear()
    page.get_by_label("State").select_option("failed")
    page.get_by_label("From").fill("")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url("**state=failed**")
    expect(page.get_by_label("Action")).to_have_value("update")
    expect(page.get_by_role("alert")).to_have_count(0)


def titles(bench: Workbench) -> list[str]:
    return [user["JobTitle"] for user in bench.sandbox.dump()["users"]]


def a_case_is_decided_without_javascript(browser: Browser, base: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{base}/cases?state=open")
    page.get_by_role("link", name="00001").click()
    expect(page.get_by_role("region", name="HR and the candidates")).to_contain_text("ann.old@example.com")
    page.get_by_role("radio", name="none of them").check()
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("status")).to_contain_text("The next push follows it")
    expect(page.get_by_role("heading", level=1)).to_contain_text("decided")
    context.close()


def test_on_a_phone_a_row_says_of_which_column_each_cell_is(walk):
    page = walk.open("/employees")
    page.set_viewport_size({"width": WIDTHS["phone"], "height": 900})
    cell = page.locator("tbody tr").first.locator("td").nth(1)
    assert cell.evaluate("one => getComputedStyle(one, '::before').content") == '"name"'
    assert cell.evaluate("one => getComputedStyle(one).display") == "flow-root"


def test_somebody_is_found_from_any_page(walk):
    page = walk.open("/queue")
    page.get_by_role("searchbox", name="Find an employee").fill("00003")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Employee 00003")
