"""What commands print at a terminal of 80 columns: nothing is cut, and no line is longer than the terminal."""

import re

import httpx
import pytest

from syncd.cli.layout import compared, fitted, paragraph, tabulated
from tests.flows.rig import person
from tests.workbench import workbench

DIFFERENT = "a.very.long.name.for.one.person.of.two"


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """A company with somebody known twice, a row that is wrong, a change that Litmos refuses, and a push that is held."""
    with workbench(tmp_path_factory.mktemp("terminal")) as made:
        made.in_process = True
        for name in ("other", DIFFERENT):
            user = {"UserName": f"{name}@example.com", "FirstName": "Ann", "LastName": "Ek", "Active": True}
            edit = {"do": "create_user", "set": {**user, "ExternalEmployeeId": "00001"}}
            httpx.post(f"{made.sandbox.control_url}/edit", json=edit).raise_for_status()
        rows = made.staff(12)
        made.write_hr([*rows, person(99, email="no address")])
        made.run("push")
        fault = {
            "kind": "status",
            "method": "PUT",
            "path": "^/?users/",
            "status": 400,
            "reason": "Not in the list. " * 9,
        }
        httpx.post(f"{made.sandbox.control_url}/faults", json=[fault]).raise_for_status()
        made.write_hr([*rows[:1], {**rows[1], "title": "Lead"}, *rows[2:], person(99, email="no address")])
        made.run("push", expect=5)
        made.write_hr([*rows[:3], person(99, email="no address")])
        made.run("push", expect=4)
        yield made


COMMANDS = (
    *("quarantine", "cases", "jobs", "changes", "runs", "runs show 3", "status", "employees show 00002"),
    *("why 00002", "plan"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_no_line_is_longer_than_the_terminal_and_nothing_is_cut(bench, command):
    shown = bench.at_terminal(*command.split(), expect=None)
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "\n", shown).split("\n")
    assert "…" not in shown
    assert [line for line in lines if len(line) > 80] == []


def test_what_to_do_is_told_whole(bench):
    shown = " ".join(bench.at_terminal("problems").split())
    assert "mend them in HR, or the mapping; the next push sends them again." in shown
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", shown)


def test_ids_of_a_case_can_be_typed_from_what_is_shown(bench):
    found = bench.json("cases", "show", "00001")["case"]["candidates"]
    assert len(found) == 2
    for columns in (60, 80, 200):
        shown = bench.at_terminal("cases", "show", "00001", columns=columns).split()
        for one in found:
            assert one["user_id"] in shown
            assert one["UserName"] in shown
    wide = bench.at_terminal("cases", "show", "00001", columns=200)
    (users,) = [line for line in wide.splitlines() if line.startswith("user  ")]
    assert [one["user_id"] for one in found] == users.split()[-2:]


def test_each_hold_has_a_line_of_its_own(bench):
    (run,) = bench.json("runs", "--state", "held")["runs"]
    assert run["holds"]
    lines = bench.run("status").stderr.splitlines()
    for hold in run["holds"]:
        assert f"  {hold['code']}: {hold['message']}" in lines


def test_status_tells_what_failed_and_how_each_flow_stands(bench):
    found = bench.json("status")
    assert found["flows"]["push"]["standing"] == "held"
    assert found["flows"]["pull"]["standing"] == "never ran"
    assert [(one["code"], one["number"]) for one in found["problems"]] == [("LITMOS-400-REFUSED", 1)]
    done = bench.run("status")
    assert "1 change failed: syncd problems" in done.stderr
    assert "push     held: run 3 held" in done.stdout
    (push,) = [line for line in done.stdout.splitlines() if line.startswith("push ")]
    assert push.endswith("; not scheduled")
    config = bench.config_file.read_text(encoding="utf-8")
    try:
        bench.config_file.write_text(config.replace("push: null", 'push: "0 2 * * *"'), encoding="utf-8")
        assert " 02:00:00Z" in bench.run("status").stdout
    finally:
        bench.config_file.write_text(config, encoding="utf-8")


def test_a_pipe_has_one_whole_row_a_line(bench):
    rows = bench.json("jobs")["jobs"]
    lines = bench.run("jobs").stdout.splitlines()
    assert len(lines) == len(rows) + 1
    assert all(job["target"] in line for job, line in zip(rows, lines[1:], strict=True))
    (quarantined,) = [
        line for line in bench.run("quarantine").stdout.splitlines() if line.startswith("00099")
    ]
    assert "EMAIL-INVALID" in quarantined


# ---------------------------------------------------------------- layout


@pytest.mark.parametrize(
    ("widths", "room", "floors", "made"),
    [
        ([5, 40, 10], 80, [1, 1, 1], [5, 40, 10]),
        ([5, 40, 10], 40, [1, 1, 1], [5, 21, 10]),
        ([5, 40, 10], 40, [1, 30, 1], [3, 30, 3]),
        ([30, 30], 42, [1, 1], [20, 20]),
        ([9, 9, 9], 10, [8, 8, 8], [8, 8, 8]),
        ([], 10, [], []),
    ],
)
def test_the_widest_columns_give_way(widths, room, floors, made):
    assert fitted(widths, room, floors) == made


def test_a_long_last_column_goes_over_lines_beside_its_row_or_below_it():
    text = "one two three four five six seven eight"
    assert tabulated(("id", "why"), [("00001", text)], 34) == [
        "id     why",
        "00001  one two three four five six",
        "       seven eight",
    ]
    assert tabulated(("who", "id", "why"), [("00001", "A" * 20, text)], 34) == [
        "who    id",
        "    why",
        f"00001  {'A' * 20}",
        "    one two three four five six",
        "    seven eight",
    ]


def test_rows_that_fit_in_no_way_become_blocks():
    assert tabulated(("a", "long"), [("A" * 30, "B" * 30), ("x", "y")], 25) == [
        f"a     {'A' * 30}",
        f"long  {'B' * 30}",
        "",
        "a     x",
        "long  y",
    ]


def test_things_are_compared_side_by_side_if_there_is_room():
    assert compared(("id", "name"), [("1", "Ann"), ("2", "Bo")], 20) == ["id    1    2", "name  Ann  Bo"]
    assert compared(("id", "name"), [("1", "A" * 9), ("2", "Bo")], 12)[:3] == [
        "id    1",
        f"name  {'A' * 9}",
        "",
    ]
    assert compared(("id",), [("1" * 50,)], None) == [f"id  {'1' * 50}"]


def test_a_command_and_a_moment_are_not_broken():
    made = paragraph("  Said at 2026-11-28 10:03:10Z; next: syncd cases show 00321", 28)
    assert made == ["  Said at", "      2026-11-28 10:03:10Z;", "      next:", "      syncd cases show 00321"]
    assert paragraph(f"to {'x' * 60}", 50) == ["to", f"    {'x' * 60}"]
