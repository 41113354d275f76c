"""Plans on the command line: of some people, kept in a file, compared, taken back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workbench import Workbench, workbench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with workbench(tmp_path) as made:
        made.in_process = True
        made.staff(6)
        yield made


# ---------------------------------------------------------------- some people only


def test_plan_only_says_the_command_that_does_it(bench):
    planned = bench.run("plan", "--only", "00001", "--only", "00003")
    assert "employee 00001  create" in planned.stdout
    assert "00002" not in planned.stdout
    assert "to do it: syncd push --only 00001 --only 00003" in planned.stderr
    bench.run("push", "--only", "00001", "--only", "00003")
    assert bench.usernames() == {"p1@example.com", "p3@example.com"}


def test_only_shows_that_persons_rejection(bench):
    rows = bench.staff(6)
    rows[0]["email"] = rows[1]["email"] = "x"
    bench.write_hr(rows)
    found = bench.json("plan", "--only", "00001")
    assert [rejection["employee_id"] for rejection in found["rejections"]] == ["00001"]
    assert found["changes"] == []
    assert len(bench.json("employees", "quarantine")["quarantine"]) == 2


def test_only_somebody_whom_no_row_names(bench):
    assert "did you mean 00003?" in bench.run("push", "--only", "3", expect=1).stderr
    assert bench.writes() == 0


# ---------------------------------------------------------------- a plan in a file


def test_a_saved_plan_is_applied_as_it_is(bench):
    planned = bench.run("plan", "--save", "plan.json", "--detailed-exitcode", expect=6)
    assert "to do it: syncd push --plan plan.json" in planned.stderr
    body = json.loads((bench.folder / "plan.json").read_text())
    assert body["schema_version"] == 1
    bench.run("push", "--plan", "plan.json")
    assert len(bench.usernames()) == 6
    assert "nothing to change" in bench.run("plan", "--detailed-exitcode").stdout


def test_a_stale_plan_exits_4_and_says_what_moved(bench):
    bench.run("plan", "--save", "plan.json")
    rows = bench.staff(6)
    bench.write_hr(rows[:5])
    refused = bench.run("push", "--plan", "plan.json", expect=4)
    assert "hr is another one: sha256 " in refused.stderr
    assert "5 rows now" in refused.stderr
    assert "syncd plan --save" in refused.stderr
    bench.write_hr(rows)
    bench.configure(("policy: sync", "policy: upsert-only"))
    assert "the configuration is " in bench.run("push", "--plan", "plan.json", expect=4).stderr
    assert bench.writes() == 0


def test_an_edited_plan_exits_1(bench):
    bench.run("plan", "--save", "plan.json")
    file = bench.folder / "plan.json"
    file.write_text(file.read_text().replace("First1", "Someone"))
    assert "was edited after it was saved" in bench.run("push", "--plan", "plan.json", expect=1).stderr
    assert "cannot be read" in bench.run("push", "--plan", "other.json", expect=1).stderr
    assert bench.writes() == 0


def test_a_saved_plan_says_already_whom_it_is_about(bench):
    bench.run("push", "--plan", "plan.json", "--only", "00001", expect=2)
