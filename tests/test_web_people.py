"""Runs side by side, what was sent for a change, and one employee: previewed, synced, looked back at."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from syncd.core.answer import NEXT
from syncd.core.differing import Difference
from syncd.store import changelists, runs
from syncd.web.charts import HEIGHT, MINUTES, minutes
from syncd.web.clicks import linked
from syncd.web.roles import Role
from syncd.web.site import Site
from syncd.wiring import wire
from tests.test_web import Pages
from tests.workbench import KEY, Workbench, workbench

STAFF = 4
BIO = "Looks after the trees and the shrubs of the whole estate"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """Two pushes: the second one with another limit, one more row, and another title, whose column is sensitive."""
    with workbench(tmp_path_factory.mktemp("people")) as made:
        made.in_process = True
        made.configure(("JobTitle: title", "JobTitle: title\n  sensitive: [last_name]"))
        rows = made.staff(STAFF, title=BIO)
        made.run("push")
        made.configure(
            ("JobTitle: title", "JobTitle: title\n  sensitive: [last_name]"),
            ("push: {policy: sync}", "push: {policy: sync, limits: {deactivations: {count: 9}}}"),
        )
        more = {**rows[0], "employee_id": "00009", "email": "p9@example.com"}
        made.write_hr([{**rows[0], "title": BIO.replace("shrubs", "hedges")}, *rows[1:], more])
        made.run("push")
        yield made


@pytest.fixture(scope="module")
def site(bench: Workbench) -> Iterator[Site]:
    app = wire(bench.config())
    yield Site(app=app, config=bench.config(), alive=lambda: True)
    app.close()


@pytest.fixture
def pages(site: Site) -> Pages:
    return Pages(site=site)


def told(pages: Pages, path: str, role: Role = Role.ADMIN) -> dict[str, Any]:
    found: dict[str, Any] = pages.get(path, Authorization=pages.token(role)).json()
    return found


def update_of(pages: Pages) -> int:
    (change,) = told(pages, "/changes.json?run=2&action=update")["changes"]
    return int(change["id"])


def test_a_run_says_what_is_not_as_in_the_one_before(pages, bench):
    run = told(pages, "/runs/2.json")
    assert run["previous"] == 1
    assert run["settings_changed"] == ["push.limits.deactivations.count: 20 -> 9"]
    assert run["inputs_changed"]["hr"]["rows"] == 1
    page = pages.get("/runs/2").text
    assert "push.limits.deactivations.count: 20 -&gt; 9" in page
    assert "+1 rows" in page
    assert 'role="img"' in page, "requests a minute"
    assert sum(run["requests_by_minute"].values()) >= 2
    found = told(pages, "/runs/2/compare.json")
    assert {"about": "planned", "what": "create user", "before": "4", "after": "1"} in found["differences"]
    assert pages.get("/runs/2/compare?with=99").status_code == 404
    said = bench.run("runs", "diff", "1", "2").stdout
    assert "Configuration: push.limits.deactivations.count: 20 -> 9" in said
    assert "Input hr: +1 rows" in said
    bench.run("runs", "diff", "1", "99", expect=1)
    assert bench.json("runs", "diff", "1", "2")["outcomes"]


def test_a_file_has_all_changes_of_a_run_and_a_page_a_few(pages):
    rows = pages.get("/changes.csv?run=1").text.splitlines()
    assert len(rows) == 1 + len(told(pages, "/changes.json?run=1&limit=500")["changes"])


def test_a_viewer_learns_no_values_by_comparing_or_by_searching(pages):
    """The configuration may name people; and an address can be told a letter after the other."""
    run = told(pages, "/runs/2.json", Role.VIEWER)
    assert run["settings_changed"] == ["push.limits.deactivations.count"]
    found = told(pages, "/runs/2/compare.json", Role.VIEWER)["differences"]
    settings = [one for one in found if one["about"] == "configuration"]
    assert [(one["before"], one["after"]) for one in settings] == [("•••", "•••")]
    assert told(pages, "/employees.json?q=p9@")["employees"], "who sees values searches by them"
    assert told(pages, "/employees.json?q=p9@", Role.VIEWER)["employees"] == []
    assert len(told(pages, "/employees.json?q=0000", Role.VIEWER)["employees"]) == STAFF + 1


def test_a_field_is_looked_for_in_so_many_changes_at_a_time(pages, monkeypatch):
    whole = told(pages, "/changes.json?field=JobTitle&limit=500")
    assert whole["looked_down_to"] is None, "there are few"
    monkeypatch.setattr(changelists, "LOOKED_THROUGH", 2)
    path, found, steps = "/changes.json?field=JobTitle&limit=500", [], 0
    while path:
        page = told(pages, path)
        if page["looked_down_to"]:
            shown = pages.get(path.replace(".json", "")).text
            assert f"down to no. {page['looked_down_to']} were looked" in shown
        found += [one["id"] for one in page["changes"]]
        path, steps = page["next"], steps + 1
    assert found == [one["id"] for one in whole["changes"]], "all are found, and nothing twice"
    assert steps > 2
    assert told(pages, "/changes.json?field=JobTitle&employee_id=00001")["looked_down_to"] is None
    rows = pages.get("/changes.csv?field=JobTitle").text.splitlines()
    assert len(rows) == 1 + len(found), "a file has all"


def test_lists_are_narrowed_by_what_the_address_says_and_each_filter_can_be_taken_away(pages, site):
    assert [one["id"] for one in told(pages, "/runs.json?changed=yes&flow=push")["runs"]] == [2, 1]
    assert told(pages, "/runs.json?failed=yes")["runs"] == []
    with site.database.read() as conn:
        today = site.database.now(conn).date()
    tomorrow = today + timedelta(days=1)
    assert told(pages, f"/changes.json?from={tomorrow}")["changes"] == []
    titles = told(pages, f"/changes.json?from={today}&to={tomorrow}&field=JobTitle&action=update")
    assert [one["employee_id"] for one in titles["changes"]] == ["00001"]
    assert told(pages, "/changes.json?field=Nope")["changes"] == []
    assert pages.get("/runs.json?from=no-day&to=0000-99-99").status_code == 400, (
        "what is no day would be no filter"
    )
    page = pages.get("/changes?action=update&state=done&before=99").text
    assert 'href="/changes?state=done"' in page
    assert 'href="/changes?action=update"' in page
    assert 'href="/runs?from=2026-01-01"' in pages.get("/runs?changed=yes&from=2026-01-01").text


def test_what_was_sent_is_shown_without_the_key_and_without_what_is_sensitive(pages, site):
    change = update_of(pages)
    found = told(pages, f"/changes/{change}.json", Role.OPERATOR)
    exchanges = [one for attempt in found["attempts"] for one in attempt["exchanges"]]
    put = next(one for one in exchanges if one["method"] == "PUT")
    assert (put["template"], put["status"], put["code"]) == ("/users/{id}", 200, "")
    assert put["took"] > 0
    assert put["sent"]["json"]["JobTitle"] == BIO.replace("shrubs", "hedges")
    assert put["sent"]["json"]["LastName"] == "•••", "its column is in users.sensitive"
    assert "curl -X PUT" in put["curl"]
    assert "$LITMOS_API_KEY" in put["curl"]
    words = {one["kind"]: one["text"] for one in found["words"]["JobTitle"] if one["kind"] != "both"}
    assert words == {"before": "shrubs", "after": "hedges"}
    page = pages.get(f"/changes/{change}").text
    assert "<ins>hedges</ins>" in page
    assert "<details" in page
    viewer = pages.get(f"/changes/{change}.json", Authorization=pages.token(Role.VIEWER)).text
    assert '"JobTitle": "•••"' in viewer
    assert "hedges" not in viewer
    assert "curl -X" not in viewer
    with site.database.read() as conn:
        stored = "\n".join(conn.exec_driver_sql("SELECT made FROM exchange").scalars())
    assert KEY not in stored
    assert not re.search(r"Last\d", stored)
    assert "LoginKey" in stored
    assert not re.search(r'"(?:LoginKey|Password|FullName)": "[^"•\\]', stored)


def test_one_employee_is_previewed_rule_by_rule(pages):
    found = told(pages, "/employees/00001/preview.json", Role.OPERATOR)
    steps = {one["rule"]: one["told"] for one in found["rules"]}
    assert steps["users.fields.UserName"] == "from 'p1@example.com' -> lower 'p1@example.com'"
    assert found["would"] == []
    page = pages.get("/employees/00001/preview").text
    assert "Nothing was sent" in page
    assert "users.fields.UserName" in page
    unknown = pages.get("/employees/77777/preview.json", Authorization=pages.token(Role.OPERATOR))
    assert unknown.status_code == 409


def test_one_employee_is_synced_once_at_a_time_and_it_is_in_their_timeline(pages, site):
    def ask(employee_id: str, role: Role) -> tuple[int, str]:
        answer = pages.post(f"/employees/{employee_id}/sync", {}, Authorization=pages.token(role))
        return answer.status_code, answer.text

    assert ask("00001", Role.VIEWER)[0] == 403
    assert ask("77777", Role.OPERATOR)[0] == 409
    assert ask("00001", Role.OPERATOR)[0] == 200
    status, said = ask("00001", Role.OPERATOR)
    assert (status, "waits to begin already" in said) == (409, True)
    with site.database.read() as conn:
        queued = runs.next_queued(conn, "main")
    assert queued is not None
    assert (queued["flow"], queued["trigger"], queued["actor"]) == ("push", "page", "token:operator")
    assert queued["summary"] == {"only": ["00001"]}
    events = told(pages, "/employees/00001.json")["events"]
    assert {one["kind"] for one in events} == {"deed", "link"}
    (deed,) = [one for one in events if one["kind"] == "deed"]
    assert deed["what"] == f"token:operator: push run {queued['id']}"
    for role in (Role.VIEWER, Role.OPERATOR):
        kinds = {one["kind"] for one in told(pages, "/employees/00001.json", role)["events"]}
        assert kinds == {"link"}, "the audit is for admins"
    with site.database.write() as conn:
        runs.cancel(conn, queued["id"], actor="test", now=site.database.now(conn))


def test_a_refusal_says_what_to_click_on_pages_and_what_to_type_in_json(pages):
    refused = pages.get("/employees/99999/preview")
    assert refused.status_code == 409
    assert "Not possible as things are" in refused.text
    assert 'href="/employees/99999/why" title="syncd why 99999">why 99999 is as they are</a>.' in refused.text
    assert '<a href="/employees">Employees</a>' in refused.text, "the way back"
    assert told(pages, "/employees/99999/preview.json")["error"].endswith("syncd why 99999")
    assert 'href="/runs" title="syncd runs">Runs</a> lists them' in pages.get("/runs/2/compare?with=99").text


def test_a_command_in_a_message_is_a_link_where_a_page_does_the_same():
    shown = linked(
        "<b>; to decide: syncd cases show a/1. Or syncd casesx, syncd jobs retry 3; syncd runs --state held"
    )
    assert shown == (
        '&lt;b&gt;; to decide: <a href="/cases/a%2F1" title="syncd cases show a/1">the case of a/1</a>. Or syncd casesx, '
        'syncd jobs retry 3; <a href="/runs?state=held" title="syncd runs --state held">Runs</a>'
    )
    for whole in ("syncd cases resolve 00001 --create", "syncd status --watch", "syncd runs diff 1 2"):
        assert linked(whole) == whole, "no page does that, and half of a command is none"
    answered = {command.format(employee="00001", run=2) for command in NEXT.values()} - {""}
    assert {one for one in answered if "<a " not in linked(one)} == {
        "syncd doctor",
        "syncd plan",
        "syncd refresh",
    }


def test_cells_that_differ_are_marked_in_words_and_nothing_is_kept_where_that_is_said(tmp_path):
    """In a company of its own, in which a push can be made without another test seeing it."""
    with workbench(tmp_path) as bench:
        bench.in_process = True
        bench.staff(1)
        bench.run("push")
        edit = {"do": "set_user", "UserName": "p1@example.com", "set": {"JobTitle": "By hand"}}
        httpx.post(f"{bench.sandbox.control_url}/edit", json=edit)
        bench.run("refresh")
        app = wire(bench.config())
        pages = Pages(site=Site(app=app, config=bench.config(), alive=lambda: True))
        page = pages.get("/employees/00001").text
        app.close()
        assert "≠ HR" in page
        assert "≠ last synced" in page
        assert "somebody else changed" in page
        before = exchanges(bench)
        bench.config_file.write_text(f"{bench.config_file.read_text()}retention: {{exchanges: 0s}}\n")
        bench.staff(1, title="Another")
        bench.run("push")
        assert exchanges(bench) == before > 0
        bench.run("prune")
        assert exchanges(bench) == 0


def exchanges(bench: Workbench) -> int:
    """How many requests are kept with their answers."""
    with bench.database() as database, database.read() as conn:
        return int(conn.exec_driver_sql("SELECT count(*) FROM exchange").scalar_one())


def test_requests_by_minute_are_bars_below_the_limit():
    found = minutes({"2026-11-24T10:00+00:00": 50, "2026-11-24T10:02+00:00": 100}, 100)
    assert found is not None
    assert [(one.x, one.height) for one in found.segments] == [(1, HEIGHT / 2), (21, HEIGHT)]
    assert (found.highest, found.total) == (100, 150)
    assert found.titles[1][1] == "2026-11-24 10:01 UTC: 0 a minute"
    long = minutes({"2026-11-24T00:00+00:00": 90, "2026-11-24T23:59+00:00": 90}, 100)
    assert long is not None
    assert len(long.titles) <= MINUTES
    few = minutes({"2026-11-24T10:00+00:00": 25}, 2000)
    assert few is not None
    assert [one.height for one in few.segments] == [HEIGHT / 4], "what is allowed makes no bar flat"
    assert minutes({}, 100) is None


def test_a_difference_says_which_side_it_is_on():
    assert Difference(path="a", before=None, after="1").told == "+ a: 1"


def test_changes_say_when_and_are_in_one_order_with_all_else(pages, bench):
    for path in ("/changes.json", "/runs/1.json", "/employees/00001.json"):
        assert all(one["at"] for one in told(pages, path)["changes"]), path
    timeline = told(pages, "/employees/00001.json")["timeline"]
    assert [one["at"] for one in timeline] == sorted((one["at"] for one in timeline), reverse=True)
    assert {"change", "link"} <= {one["kind"] for one in timeline}
    row = told(pages, "/changes.json?employee_id=00001")["changes"][-1]
    day = row["at"][:10]
    assert re.search(rf"\n{row['id']} +1 +{day} ", bench.run("changes", "--employee", "00001").stdout)
    assert re.search(rf"\n  {day} .*run 1 ", bench.run("employees", "show", "00001").stdout)


@pytest.mark.parametrize(
    ("role", "text", "to"),
    [
        (Role.OPERATOR, "00001", "/employees/00001"),
        (Role.OPERATOR, " P2@Example.com ", "/employees/00002"),
        (Role.OPERATOR, "p2@", ""),
        (Role.OPERATOR, "1", ""),
        (Role.OPERATOR, "first2 last2", "/employees/00002"),
        (Role.OPERATOR, "LAST2, First2", "/employees/00002"),
        (Role.OPERATOR, "first1 last1", ""),
        (Role.OPERATOR, "first2", ""),
        (Role.VIEWER, "first2 last2", ""),
        (Role.OPERATOR, "", ""),
        (Role.VIEWER, "00001", "/employees/00001"),
        (Role.VIEWER, "p2@example.com", ""),
    ],
)
def test_who_is_named_exactly_is_opened_at_once(pages, role, text, to):
    query = str(httpx.QueryParams({"q": text, "open": "yes"}))
    answer = pages.get(f"/employees?{query}", Authorization=pages.token(role))
    assert (answer.status_code, answer.headers.get("location", "")) == ((303, to) if to else (200, ""))
    assert pages.get(f"/employees.json?{query}", Authorization=pages.token(role)).status_code == 200
    assert pages.get(f"/employees?q={text.strip()}", Authorization=pages.token(role)).status_code == 200


def test_zeros_that_are_missing_are_thought_of(pages):
    assert told(pages, "/employees.json?q=2")["meant"] == ["00002"]
    assert 'href="/employees/00002"' in pages.get("/employees?q=2&open=yes").text
    assert told(pages, "/employees.json?q=0000002")["meant"] == ["00002"]
    assert told(pages, "/employees.json?q=x2")["meant"] == []
    missing = pages.get("/employees/2")
    assert (missing.status_code, "00002 is known" in missing.text) == (404, True)


def test_the_heading_has_the_name_for_who_may_see_it(pages):
    assert "<h1>Employee 00002, First2 Last2</h1>" in pages.get("/employees/00002").text
    seen = pages.get("/employees/00002", Authorization=pages.token(Role.VIEWER)).text
    assert "<h1>Employee 00002</h1>" in seen


def test_every_page_has_a_box_that_finds_an_employee(pages):
    for path in ("/", "/runs/1", "/employees/00001", "/employees/nobody"):
        assert 'role="search"' in pages.get(path).text, path
