"""Who begins soon, as the page and the command tell it, over a real push."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from syncd.web.roles import Role
from syncd.web.site import Site
from syncd.wiring import wire
from tests.flows.rig import person
from tests.test_web import Pages
from tests.workbench import Workbench, workbench

DATES = ("employee:\n", 'employee:\n  dates: {hire: {from: level, in: "%Y-%m-%d"}, lead: 2d}\n')


def day(ahead: int) -> str:
    return (datetime.now(UTC) + timedelta(days=ahead)).date().isoformat()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """One ready, one too early, one whose row is wrong, one whom Litmos refused; and two who begin another time."""
    folder: Path = tmp_path_factory.mktemp("starters")
    with workbench(folder) as made:
        made.in_process = True
        made.configure(DATES)
        begin = {1: 1, 2: 5, 3: 1, 4: 0, 5: 60, 6: -60}
        rows = [person(number, level=day(ahead)) for number, ahead in begin.items()]
        rows[2]["email"] = "nobody"
        refusal = {"kind": "status", "method": "PUT", "path": "^/?users", "status": 400, "count": 1}
        made.write_hr(rows)
        made.run("push")
        made.sandbox.faults.set([{**refusal, "reason": "No such title"}])
        rows[3]["title"] = "Nope"
        made.write_hr(rows)
        made.run("push", expect=5)
        yield made


EXPECTED = {
    "00004": ("blocked", "LITMOS-400-REFUSED"),
    "00001": ("ready", "READY"),
    "00003": ("blocked", "USERNAME-INVALID, EMAIL-INVALID"),
    "00002": ("not yet", "FUTURE"),
}
"""By the day on which they begin."""


def test_the_command_says_who_begins_and_what_is_missing(bench):
    found = bench.json("starters")["starters"]
    assert {row["employee_id"]: (row["ready"], row["code"]) for row in found} == EXPECTED
    assert [row["employee_id"] for row in found] == list(EXPECTED)
    assert [row["account"] for row in found] == ["active", "active", "none", "none"]
    assert len(bench.json("starters", "--days", "90", "--back", "90")["starters"]) == 6
    rows = list(csv.DictReader(io.StringIO(bench.run("starters", "--csv").stdout)))
    assert [row["employee_id"] for row in rows] == list(EXPECTED)


def test_the_page_says_the_same_a_page_at_a_time_and_masks_names(bench):
    app = wire(bench.config())
    pages = Pages(site=Site(app=app, config=bench.config(), alive=lambda: True))
    seen, path = [], "/starters.json?limit=1"
    while path:
        found = pages.get(path).json()
        seen += [row["employee_id"] for row in found["starters"]]
        path = found["next"]
    assert seen == list(EXPECTED)
    assert "First1 Last1" in pages.get("/starters", Authorization=pages.token(Role.OPERATOR)).text
    assert "First1" not in pages.get("/starters", Authorization=pages.token(Role.VIEWER)).text
    app.close()


def test_problems_and_changes_are_listed_as_on_the_pages(bench):
    (problem,) = bench.json("problems")["problems"]
    assert (problem["code"], problem["number"], problem["people"]) == ("LITMOS-400-REFUSED", 1, 1)
    assert "mend them in HR" in bench.run("problems").stdout
    (failed,) = bench.json("changes", "--state", "failed", "--code", "LITMOS-400-REFUSED")["changes"]
    assert failed["employee_id"] == "00004"
    assert f"{failed['id']}," in bench.run("changes", "--employee", "00004", "--csv").stdout
    shown = bench.run("changes", "show", str(failed["id"])).stdout
    assert "LITMOS-400-REFUSED" in shown
    assert "400" in bench.json("changes", "show", str(failed["id"]))["attempts"][0]["code"]
    bench.run("changes", "show", "999999", expect=1)
