"""Plans on the command line: of some people, kept in a file, compared, taken back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.rig import person
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
    assert "did you mean employee 00003?" in bench.run("push", "--only", "3", expect=1).stderr
    assert bench.writes() == 0


def test_plan_all_lists_who_is_left_alone_and_why(bench):
    bench.configure(("employee:", "scope: {when: {department: Sales}}\nemployee:"))
    assert "; 3 left alone" in bench.run("plan").stdout
    shown = bench.run("plan", "--all").stdout
    assert "= employee 00002 left alone: OUT-OF-SCOPE: scope: leaves this person out" in shown


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


# ---------------------------------------------------------------- another configuration


def older(bench: Workbench, *changes: tuple[str, str]) -> None:
    """The present configuration becomes old.yaml, and one with changes takes its place."""
    (bench.folder / "old.yaml").write_text(bench.config_file.read_text())
    bench.configure(*changes)


def test_a_configuration_change_as_a_people_change(bench):
    bench.run("push")
    older(
        bench,
        ("JobTitle: title", "JobTitle: {from: title, transform: upper}"),
        ('"{department}"', '"{department} Team"'),
    )
    shown = bench.run("plan", "--against", "old.yaml", "--detailed-exitcode", expect=6).stdout
    assert shown.startswith("6 people are affected, against old.yaml, over hr (6 rows)")
    assert "users.fields.JobTitle  6" in shown
    assert "employee 00001  JobTitle: nothing -> 'REP'  [users.fields.JobTitle]" in shown
    assert "A push before: 0 changes, 0 requests" in shown
    bench.run("plan", "--against", "old.yaml", "--at-most", "6")
    assert "6 people" in bench.run("plan", "--against", "old.yaml", "--at-most", "5", expect=6).stdout
    bench.run("plan", "--at-most", "5", expect=2)
    found = bench.json("plan", "--against", "old.yaml")
    assert {one["cause"]: (one["people"], one["gains"]) for one in found["causes"]} == {
        "users.fields.JobTitle": (6, 6),
        "teams[0]": (6, 6),
        "teams": (6, 8),
    }
    assert found["before"]["config_digest"] != found["now"]["config_digest"]


def test_a_learning_path_that_the_new_configuration_misspells_is_named(bench):
    bench.run("refresh")
    older(bench, ("  - path: Onboarding", "  - path: Onbording"))
    shown = bench.run("plan", "--against", "old.yaml").stdout
    assert 'learning path "Onbording" is not in Litmos' in shown
    assert 'learning path "Onboarding": add -> nothing  [learning_paths[0]]' in shown


def test_the_same_configuration_affects_nobody(bench):
    bench.run("push")
    bench.staff(6, title="Lead")
    older(bench)
    shown = bench.run("plan", "--against", "old.yaml", "--detailed-exitcode").stdout
    assert shown.startswith("0 people are affected")


def test_a_configuration_that_would_be_held_exits_4(bench):
    bench.run("push")
    older(
        bench,
        (
            "push: {policy: sync}",
            "scope: {when: {department: IT}, leaving: deactivate}\npush: {policy: sync, limits: {deactivations: {count: 2}}}",
        ),
    )
    shown = bench.run("plan", "--against", "old.yaml", "--detailed-exitcode", expect=4).stdout
    assert "held: LIMIT-DEACTIVATIONS: 6 deactivations" in shown
    assert "employee 00001  account: nothing -> deactivate" in shown


def test_comparing_stores_and_sends_nothing(bench):
    bench.run("push")
    seen, runs = len(bench.sandbox.log), bench.json("runs")["runs"]
    older(bench, ("JobTitle: title", "JobTitle: first_name"))
    bench.run("plan", "--against", "old.yaml")
    assert len(bench.sandbox.log) == seen
    assert bench.json("runs")["runs"] == runs


def test_an_older_configuration_that_is_broken_exits_3(bench):
    (bench.folder / "old.yaml").write_text("version: 1\nnonsense: 2\n")
    assert "old.yaml:" in bench.run("plan", "--against", "old.yaml", expect=3).stderr
    bench.run("plan", "--against", "old.yaml", "--only", "00001", expect=2)


# ---------------------------------------------------------------- taking back


def test_revert_takes_a_push_back_and_says_what_will_happen_next(bench):
    bench.run("push")
    rows = bench.staff(6)
    rows[0]["title"] = "Chief"
    bench.write_hr([*rows, person(7)])
    bench.run("push")
    shown = bench.run("revert", "2", "--dry-run")
    assert "~ employee 00001  JobTitle: 'Chief' -> 'Rep'" in shown.stdout
    assert "- employee 00007  deactivate" in shown.stdout
    assert "USER-STAYS: employee 00007" in shown.stdout
    assert "the next push does it again" in shown.stderr
    assert "To do it: syncd revert 2" in shown.stderr
    done = bench.run("revert", "2")
    assert "Run 4: succeeded; 2 of 2 changes done" in done.stdout
    assert "p7@example.com" not in bench.usernames()
    assert "Takes back: run 2" in bench.run("runs", "show", "4").stdout
    found = bench.json("revert", "4", "--dry-run")
    assert found["reverts"] == 4
    assert {change["action"] for change in found["changes"]} == {"update", "reactivate"}


def test_reverting_what_did_nothing_exits_1(bench):
    assert "there is no run 9" in bench.run("revert", "9", expect=1).stderr
