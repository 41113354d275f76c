"""Several sources on the command line: which ones there are, and where a person is from."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.rig import person
from tests.workbench import Workbench, workbench

ONE = "source: {type: csv, name: hr, path: hr.csv}"
TWO = """\
sources:
  - {type: csv, name: employees, path: hr.csv}
  - type: csv
    name: contractors
    path: agency/contractors_{date}.csv
    delimiter: ";"
    columns: {Nummer: employee_id, Vorname: first_name, Nachname: last_name, E-Mail: email}
    set: {status: Active, title: Contractor, department: Agency}"""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """Employees 1 to 3; contractors 3, who is in both, and 4."""
    with workbench(tmp_path) as made:
        made.in_process = True
        made.configure((ONE, TWO))
        made.staff(3)
        agency(made, "20260427", [3, 4])
        yield made


def agency(bench: Workbench, day: str, numbers: list[int]) -> None:
    folder = bench.folder / "agency"
    folder.mkdir(exist_ok=True)
    with (folder / f"contractors_{day}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Nummer", "Vorname", "Nachname", "E-Mail", "Tagessatz"])
        for number in numbers:
            row = person(number)
            writer.writerow([row["employee_id"], row["first_name"], row["last_name"], row["email"], "900"])


def test_two_sources_from_config_check_to_status(bench):
    checked = bench.run("config", "check")
    assert "Sources, the first one first: employees (csv), contractors (csv)" in checked.stdout
    both = bench.run("preview", "00003").stdout
    assert "hr.csv:4: " in both
    assert "contractors_20260427.csv:2: employee_id='00003'" in both
    assert "900" not in both
    assert "Source: employees (hr.csv:4); passed over: contractors_20260427.csv:2" in both
    only = bench.run("preview", "00004").stdout
    assert "Source: contractors (contractors_20260427.csv:3)\n" in only
    assert 'Team: "Agency"' in only
    bench.in_process = False
    planned = bench.run("plan").stdout
    bench.in_process = True
    assert "Sources: employees (3 rows), contractors (2 rows)" in planned
    bench.run("push")
    assert bench.usernames() == {f"p{n}@example.com" for n in range(1, 5)}
    shown = bench.run("status").stdout
    assert "source   employees: 3 rows, read " in shown
    assert "source   contractors: 2 rows, read " in shown


def test_json_twins_name_the_sources(bench):
    assert bench.json("config", "check")["sources"] == [
        {"name": "employees", "type": "csv"},
        {"name": "contractors", "type": "csv"},
    ]
    employee = bench.json("preview", "00004")["employee"]
    assert (employee["source"], employee["origin"]) == ("contractors", "contractors_20260427.csv:3")
    planned = bench.json("plan")
    assert [(one["source"], one["rows"]) for one in planned["inputs"]] == [
        ("employees", 3),
        ("contractors", 2),
    ]
    run = bench.json("runs", "show", str(planned["run"]))
    assert [one["source"] for one in run["inputs"]] == ["employees", "contractors"]
    text = bench.run("runs", "show", str(planned["run"])).stdout
    assert "Input: employees (hr.csv), 3 rows, " in text
    assert "Input: contractors (contractors_20260427.csv), 2 rows, " in text, "which of many files it was"


def test_why_says_which_row_decides(bench):
    bench.run("push")
    text = bench.run("why", "00003").stdout
    assert (
        "contractors_20260427.csv:2, of 5 rows of employees and contractors; passed over, hr.csv:4 decides"
        in text
    )


def test_doctor_counts_each_source(bench):
    found = {one["check"]: one for one in bench.json("doctor")["findings"]}
    assert found["source"]["seen"].startswith("employees (3) and contractors (2): 5 rows; 4 active")


def test_an_older_file_of_the_agency_is_held_and_named(bench):
    bench.run("push")
    (bench.folder / "agency" / "contractors_20260427.csv").unlink()
    agency(bench, "20260420", [3, 4, 5])
    held = bench.run("push", expect=None)
    assert "contractors: the source is dated 2026-04-20, and the last accepted input 2026-04-27" in (
        held.stdout + held.stderr
    )
    assert "p5@example.com" not in bench.usernames()


def test_a_header_that_is_not_there_is_a_fault_of_that_source(bench):
    bench.configure((ONE, TWO.replace("E-Mail", "Mail")))
    failed = bench.run("plan", expect=None)
    assert failed.returncode != 0
    assert 'columns: "Mail" is not in contractors; did you mean "E-Mail"?' in failed.stderr
    assert json.loads(bench.run("runs", "--json").stdout)["runs"][0]["state"] == "failed"
