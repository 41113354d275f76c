"""Every command that lists speaks JSON and CSV, and fits a terminal."""

import csv
import io
from datetime import date, timedelta

import pytest
import typer.main

from syncd.cli.main import app
from tests.workbench import workbench

LISTINGS = (
    *("runs", "changes", "problems", "starters", "cases", "audit", "results", "jobs", "inputs"),
    *("employees", "quarantine", "employees quarantine", "web tokens", "messages"),
)


def groups() -> set[str]:
    """The groups that list something when no command of theirs is named."""
    return {
        name
        for name, command in typer.main.get_command(app).commands.items()  # type: ignore[attr-defined]
        if getattr(command, "invoke_without_command", False)
    }


def test_every_group_that_lists_is_in_the_list():
    assert groups() <= set(LISTINGS)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    with workbench(tmp_path_factory.mktemp("listing")) as made:
        made.in_process = True
        made.staff(1)
        made.run("push")
        made.run("pause", "--reason", "=1+1")
        made.run("resume")
        yield made


@pytest.mark.parametrize("listing", LISTINGS)
def test_a_listing_speaks_json_and_csv(bench, listing):
    words = listing.split()
    assert bench.json(*words)["schema_version"] == 1
    rows = list(csv.reader(io.StringIO(bench.run(*words, "--csv").stdout)))
    assert rows[0], "the columns are named, whatever follows"
    assert {len(row) for row in rows} == {len(rows[0])}


def ids(bench, *words: str) -> list[object]:
    (name,) = set(found := bench.json(*words)) - {"schema_version"}
    return [row.get("id", row.get("employee_id")) for row in found[name]]


def test_runs_are_narrowed_by_what_came_of_them_and_by_day(bench):
    (run,) = bench.json("runs", "--flow", "push")["runs"]
    today = date.fromisoformat(run["created_at"][:10])
    assert ids(bench, "runs", "--changed") == [run["id"]]
    assert ids(bench, "runs", "--failed") == []
    assert ids(bench, "runs", "--trigger", "schedule") == []
    assert run["id"] in ids(
        bench, "runs", "--from", str(today - timedelta(days=1)), "--to", str(today + timedelta(days=1))
    )
    assert ids(bench, "runs", "--from", str(today + timedelta(days=2))) == []
    assert ids(bench, "runs", "--before", str(run["id"]), "--flow", "push") == []
    for odd in ("yesterday", "2026-02-30"):
        told = bench.run("runs", "--from", odd, expect=2).stderr
        assert f"{odd} is no day; write it as 2026-11-24" in told


def test_changes_are_narrowed_by_field_and_by_day(bench):
    (change,) = bench.json("changes", "--field", "JobTitle")["changes"]
    today = date.fromisoformat(change["run_created_at"][:10])
    assert change["employee_id"] == "00001"
    assert ids(bench, "changes", "--field", "JobTitle", "--from", str(today + timedelta(days=2))) == []
    assert ids(bench, "changes", "--field", "Nope") == []


@pytest.mark.parametrize(
    ("listing", "option", "there"),
    [
        ("changes", "--state", "superseded"),
        ("changes", "--kind", "membership"),
        ("changes", "--action", "deactivate"),
        ("runs", "--flow", "refresh"),
        ("runs", "--state", "expired"),
        ("runs", "--trigger", "page"),
        ("jobs", "--state", "discarded"),
    ],
)
def test_a_word_that_nothing_is_called_by_is_refused_and_no_empty_list(bench, listing, option, there):
    told = bench.run(listing, option, "sendt", expect=2).stderr
    assert "there is no sendt" in told
    assert there in told


def test_employees_are_found_by_how_their_id_or_user_name_begins(bench):
    assert "00001" in bench.run("employees").stdout
    (one,) = bench.json("employees", "--find", "0000")["employees"]
    assert (one["employee_id"], one["active"]) == ("00001", True)
    assert one["name"] == "First1 Last1"
    for typed in ("last1 fi", "First1", "L\u00e1st1, f"):
        assert ids(bench, "employees", "--find", typed) == ["00001"]
    assert ids(bench, "employees", "--after", "00001") == []
    assert "syncd quarantine" in bench.run("employees", "--find", "zzz").stderr
    assert "--after 00001" in bench.run("employees", "--limit", "1").stderr


def test_csv_runs_nothing_in_a_spreadsheet(bench):
    bench.run("web", "token", "@grafana")
    (row,) = csv.DictReader(io.StringIO(bench.run("web", "tokens", "--csv").stdout))
    assert row["name"] == "'@grafana"
