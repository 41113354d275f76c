"""Filters that nothing can meet: each page says so plainly, and gives no empty list, which would look like an answer.

Generated from the table of routes: a new filter is asked here by itself.
"""

import re
from html import unescape
from urllib.parse import quote_plus

import httpx
import pytest

from syncd.core.filters import Reads, fault, no_such, one_of
from syncd.insight.failures import what_to_do
from syncd.store import changelists, changes, runs
from syncd.store.changelists import CLOSED
from syncd.web.openapi import document
from syncd.web.roles import Role
from syncd.web.routes import PAGES, Page
from tests.test_web import Pages, filled, pushed, site  # noqa: F401 - fixtures: a database in which one push happened

MISTYPED = {
    Reads.WORD: "sendt",
    Reads.MARK: "maybe",
    Reads.NUMBER: "-1",
    Reads.DAY: "2026-99-01",
    Reads.MOMENT: "yesterday",
    Reads.PLACE: "no-day 1",
}
"""What no filter that is read so can say; a text can say anything."""
NO_WORDS = {
    *("q", "employee_id", "code", "rule", "field", "object_id", "about", "actor", "after"),
    ("/audit", "action"),
}
"""Filters that may say anything, by name or by page and name: ids, names, beginnings, and codes that a release may add to."""
ASKED = [(page, name) for page in PAGES for name in page.query]


@pytest.fixture
def pages(site) -> Pages:  # noqa: F811 - the fixture
    return Pages(site=site)


def name_of(one: object) -> str:
    return one.path if isinstance(one, Page) else str(one)


@pytest.mark.parametrize(("page", "name"), ASKED, ids=name_of)
def test_a_filter_that_says_what_there_is_not_is_refused_with_its_form(pages, page, name):
    meant = page.query[name]
    if meant.reads is Reads.TEXT:
        assert {name, (page.path, name)} & NO_WORDS, f"say which words there are for {name} of {page.path}"
        return
    typed = MISTYPED[meant.reads]
    question = f"?{name}={quote_plus(typed)}"
    answer = pages.get(filled(page.path) + question)
    assert answer.status_code == 400
    said = unescape(re.findall(r'role="alert">([^<]*)<', answer.text)[0])
    assert typed in said
    assert "<tbody" not in answer.text, "no row, and no empty list, looks like an answer"
    if name not in {"limit", "before", "after", "open"} and meant.reads is not Reads.MARK:
        assert '<form class="filters"' in answer.text
        assert typed in re.findall(r'<form class="filters".*?</form>', answer.text, re.DOTALL)[0], (
            "to be mended"
        )
    for twin in page.twins:
        told = pages.get(filled(twin) + question)
        assert told.status_code == 400
        assert told.json()["error"] == said


@pytest.mark.parametrize(("page", "name"), ASKED, ids=name_of)
def test_each_word_of_a_filter_is_answered_and_in_the_document(pages, page, name):
    words = page.query[name].words
    told = document()["paths"][re.sub(r":\w+}", "}", page.twins[0])]["get"]
    (described,) = [one for one in told["parameters"] if (one["name"], one["in"]) == (name, "query")]
    assert tuple(described["schema"].get("enum", ())) == words
    assert "400" in told["responses"]
    for word in words[-1:]:
        assert pages.get(f"{filled(page.path)}?{name}={word}").status_code in {200, 303}


def test_a_filter_that_there_is_not_is_refused_and_the_others_are_named(pages):
    """Else all that there is would be taken for what was asked for."""
    answer = pages.get("/runs.json?stat=failed")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("Stat: there is no stat; there are: flow, state, ")
    page = pages.get("/changes?stat=failed&action=create")
    assert page.status_code == 400
    assert 'href="/changes?action=create"' in page.text, "the list without it"
    assert pages.get("/?theme=dark").status_code == 200, "a page without filters is as it is"
    assert pages.get("/runs?self=1").status_code == 400, "whatever it is called"
    long = pages.get(f"/runs?{'x' * 9000}=1")
    assert (long.status_code, "x" * 201 in long.text) == (400, False), (
        "a name is not told whole that has no end"
    )


def test_what_is_wrong_is_said_of_each_filter_and_what_is_empty_narrows_nothing(pages):
    told = pages.get("/changes.json?state=sendt&kind=usr&employee_id=&to=&from=%20").json()["error"]
    assert told == (
        f"State: there is no sendt; there are: {', '.join(CLOSED['state'])}. "
        f"Kind: there is no usr; there are: {', '.join(CLOSED['kind'])}."
    )


def test_of_many_words_the_nearest_are_told():
    words = [f"word_{number}" for number in range(50)] + ["run_ended"]
    assert no_such("run_endet", words) == "there is no run_endet; is it run_ended?"
    assert "there are: word_0, " in no_such("nothing like it", words)
    assert fault("", one_of(words)) == fault("word_3", one_of(words)) == ""


def test_a_place_of_starters_that_is_none_is_no_fault_of_the_server(pages):
    assert pages.get("/starters.json?after=no-day+1").status_code == 400
    assert pages.get("/starters.json?after=2026-11-24+00001").status_code == 200


def test_what_failed_is_tried_again_from_its_list_and_by_who_may(pages):
    path = "/changes?state=failed"
    page = pages.get(path).text
    jobs = re.findall(r'name="job" value="(\d+)"', page)
    assert len(jobs) == len(set(jobs)) > 0
    assert f"Retry {len(jobs)} failed request" in page
    assert 'name="job"' not in pages.get("/changes").text, "of what failed alone"
    assert 'name="job"' not in pages.get(path, Authorization=pages.token(Role.VIEWER)).text
    form = {"job": [*jobs, *jobs, "x"]}
    signed = {"Authorization": pages.token(Role.OPERATOR)}
    (answer,) = pages.ask(httpx.Request("POST", "http://127.0.0.1/retry", data=form, headers=signed))
    said = answer.json()["said"]
    assert said.startswith(f"1 of {len(jobs)} jobs are tried again. What is left out was taken up")


def test_a_problem_leads_to_as_many_changes_as_it_counts_and_each_says_what_to_do(pages):
    problems = pages.get("/problems.json").json()["problems"]
    assert problems
    for one in problems:
        link = f"/changes?state=failed&amp;open=yes&amp;code={one['code']}"
        assert link in pages.get("/problems").text
        assert link in pages.get("/").text
        found = pages.get(f"/changes.json?state=failed&open=yes&code={one['code']}").json()["changes"]
        assert len(found) == one["number"]
        assert [pages.get(f"/changes/{each['id']}.json").json()["next"] for each in found] == [
            what_to_do(each["code"]) for each in found
        ]
    (taken, *_) = (one for one in pages.get("/changes.json?open=yes").json()["changes"] if one["employee_id"])
    assert "What to do</strong>: nothing" not in pages.get(f"/changes/{taken['id']}").text
    take_up(pages, taken["id"])
    page = pages.get(f"/changes/{taken['id']}").text
    assert "What to do</strong>: nothing; a later change took it up: <a " in page
    assert f'href="/changes?employee_id={taken["employee_id"]}"' in page
    assert taken not in pages.get("/changes.json?open=yes").json()["changes"]


def take_up(pages: Pages, change_id: int) -> None:
    """A later run does the same thing of the same employee."""
    database, account = pages.site.app.database, pages.site.account
    with database.write() as conn:
        row = changelists.one_change(conn, account, change_id)
        assert row is not None
        now = database.now(conn)
        run_id = runs.create(conn, account, "push", trigger="test", actor="test", now=now)
        assert run_id is not None
        changes.insert_all(conn, run_id, [changes.to_change(row)], state="planned")
        changes.set_state(conn, run_id, [row["key"]], "done", code="", message="", now=now)
        runs.finish(conn, run_id, "succeeded", now=now)
