"""Inputs of Runs are kept and planned again; and a configuration is tried out on them, as processes see it."""

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from syncd.replay import keeping
from syncd.store.archived_tables import archived_input
from syncd.store.columns import metadata
from tests.flows.rig import person
from tests.workbench import workbench

KEY = "k" * 44
ARCHIVE = "web: {port: 0}\n", "web: {port: 0}\narchive: {folder: kept, key: '${env:SYNCD_ARCHIVE_KEY}'}\n"


@pytest.fixture
def bench(tmp_path):
    with workbench(tmp_path) as made:
        made.in_process = True
        made.environ["SYNCD_ARCHIVE_KEY"] = KEY
        made.configure(ARCHIVE)
        yield made


def kept_files(bench) -> list[str]:
    return sorted(path.name for path in (bench.folder / "kept" / "main").iterdir())


def dump(bench) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with bench.database() as database, database.read() as conn:
        return {
            table.name: [tuple(row) for row in conn.execute(select(table))]
            for table in metadata.sorted_tables
        }


def at(bench, run: int, moment: datetime) -> None:
    """Say that a Run has read its input then."""
    with bench.database() as database, database.write() as conn:
        conn.execute(update(archived_input).where(archived_input.c.run_id == run).values(read_at=moment))


def test_an_unchanged_input_is_planned_again_as_it_was_and_nothing_else_happens(bench):
    bench.staff(30)
    first = bench.json("plan")
    assert bench.json("plan")["digest"] == first["digest"]
    assert len(kept_files(bench)) == 1, "the same bytes are kept once"
    bench.hr_file.unlink()
    before, writes = dump(bench), len(bench.sandbox.log)
    again = bench.json("plan", "--input", str(first["run"]))
    same = ("digest", "counts", "holds", "problems", "cost", "changes", "rejections", "skips")
    assert {name: again[name] for name in same} == {name: first[name] for name in same}
    assert (again["input_of_run"], again["inputs"][0]["rows"]) == (first["run"], 30)
    assert dump(bench) == before
    assert len(bench.sandbox.log) == writes
    shown = bench.run(
        "plan", "--input", str(first["run"]), "--only", "00003", "--detailed-exitcode", expect=6
    )
    assert f"Input: what run {first['run']} read of hr on 20" in shown.stdout
    assert "Planned as of that moment, with today's configuration and Litmos as read" in shown.stdout
    assert "employee 00003  create" in shown.stdout
    assert "employee 00004" not in shown.stdout


def test_an_older_input_is_judged_by_those_before_it_and_says_what_of_it_is_not_so_by_now(bench):
    rows = bench.staff(30)
    bench.run("push")
    bench.write_hr([{**rows[0], "title": "Head"}, *rows[1:]])
    bench.run("push")
    runs = [row["run"] for row in bench.json("inputs")["inputs"]]
    old = bench.json("plan", "--input", str(min(runs)))
    assert old["holds"] == []
    assert [change["after"] for change in old["changes"]] == [{"JobTitle": "Rep"}]
    assert bench.json("plan", "--input", str(max(runs)))["changes"] == []


def test_dates_are_looked_at_as_of_then_or_as_of_when_one_says(bench):
    bench.configure(
        ARCHIVE,
        ("status: {from: status,", "dates: {hire: {from: level, in: '%Y-%m-%d'}}\n  status: {from: status,"),
    )
    start = datetime.now(UTC) + timedelta(days=30)
    bench.staff(3, level=f"{start:%Y-%m-%d}")
    run = str(bench.json("plan")["run"])
    assert "user" not in bench.json("plan", "--input", run)["counts"]
    later = bench.json("plan", "--input", run, "--at", f"{start + timedelta(days=1):%Y-%m-%d}")
    assert later["counts"]["user"] == {"create": 3}
    for wrong in (("--at", "now"), ("--input", run, "--fresh"), ("--input", run, "--at", "soon")):
        bench.run("plan", *wrong, expect=2)
    assert "no input of run 99 is kept: syncd inputs" in bench.run("plan", "--input", "99", expect=1).stderr


def test_inputs_are_listed_shown_and_exported(bench):
    rows = bench.staff(3)
    bench.write_hr([{**rows[0], "title": "=1+1"}, *rows[1:]])
    run = str(bench.json("plan")["run"])
    bench.configure()
    bench.run("plan")
    listed = bench.json("inputs")["inputs"]
    assert [one["kept"] for one in listed] == [False, False], (
        "what is there cannot be read without the folder"
    )
    assert "archive is null" in bench.run("inputs").stderr
    assert "there is no archive" in bench.run("plan", "--input", run, expect=1).stderr
    bench.configure(ARCHIVE)
    found = bench.json("inputs")["inputs"]
    assert [(one["kept"], one["file"]) for one in found] == [(False, "hr.csv"), (True, "hr.csv")]
    assert "title" in bench.json("inputs", "show", run)["inputs"][0]["columns"]
    assert "hr: 3 rows, read 20" in bench.run("inputs", "show", run).stdout
    bench.run("inputs", "export", run, "out")
    bench.run("inputs", "export", run, "raw", "--raw")
    assert "'=1+1" in (bench.folder / "out" / "hr.csv").read_text(encoding="utf-8")
    assert (bench.folder / "raw" / "hr.csv").read_text(encoding="utf-8") == bench.hr_file.read_text(
        encoding="utf-8"
    )
    assert (bench.folder / "out" / "hr.csv").stat().st_mode & 0o777 == 0o600
    assert "File exists" in bench.run("inputs", "export", run, "out", expect=1).stderr


def test_what_was_tampered_with_is_refused_with_its_name(bench):
    bench.staff(3)
    run = str(bench.json("plan")["run"])
    (file,) = (bench.folder / "kept" / "main").iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    refused = bench.run("plan", "--input", run, expect=1).stderr
    assert f"{file.name} is damaged, or was tampered with" in refused


def test_a_full_disk_fails_no_push_and_is_told(bench, monkeypatch):
    bench.staff(3)
    fsync = os.fsync

    def full(file: int) -> None:
        if ".partial-" in str(Path(f"/proc/self/fd/{file}").readlink()):
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(file)

    monkeypatch.setattr(os, "fsync", full)
    done = bench.run("push")
    assert "Not kept: hr: archive.folder: " in done.stderr
    pushed = bench.json("runs", "show", str(bench.json("inputs")["inputs"][0]["run"]))["run"]
    assert pushed["state"] == "succeeded"
    (problem,) = pushed["summary"][keeping.NOT_KEPT]
    assert problem.startswith("hr: archive.folder: ")
    assert problem.endswith("No space left on device")
    assert f"Not kept: {problem}" in bench.run("runs", "show", str(pushed["id"])).stdout
    assert len(bench.usernames()) == 3
    assert kept_files(bench) == []


def test_an_input_whose_time_is_over_goes_unless_its_run_waits(bench):
    bench.staff(30)
    bench.run("push")
    bench.write_hr([person(number, status="Left") for number in range(1, 31)])
    bench.run("push", expect=4)
    old = datetime.now(UTC) - timedelta(days=91)
    kept = {row["run"]: row for row in bench.json("inputs")["inputs"]}
    for run in kept:
        at(bench, run, old)
    for file in (bench.folder / "kept" / "main").iterdir():
        os.utime(file, (old.timestamp(), old.timestamp()))
    assert bench.json("prune", "--dry-run")["removed"]["kept_inputs"] == 1
    gone = bench.json("prune")["removed"]
    assert (gone["kept_inputs"], gone["kept_files"]) == (1, 1)
    assert bench.json("plan", "--input", str(max(kept)))["counts"]["user"] == {"deactivate": 30}
    assert "no input" in bench.run("plan", "--input", str(min(kept)), expect=1).stderr


def test_a_backtest_shows_what_a_changed_rule_would_have_done(bench):
    rows = bench.staff(30)
    days = [
        rows,
        [{**rows[0], "title": "Head"}, *rows[1:], person(31)],
        [{**rows[0], "title": "Head"}, {**rows[1], "status": "Left"}, *rows[2:], person(31)],
        [
            {**rows[0], "title": "Head", "department": "Support"},
            *rows[2:],
            person(31),
            person(32),
            person(33),
        ],
    ]
    begin = datetime.now(UTC) - timedelta(days=4)
    for number, day in enumerate(days):
        bench.write_hr(day)
        at(bench, bench.json("push")["run"], begin + timedelta(days=number))
    text = bench.config_file.read_text(encoding="utf-8")
    more = text.replace("parent: []}\n", "parent: []}\n  - {name: Everyone, parent: []}\n").replace(
        "    JobTitle: title\n", ""
    )
    (bench.folder / "new.yaml").write_text(more, encoding="utf-8")
    before, sent = dump(bench), len(bench.sandbox.log)
    found = bench.json("backtest", "--config", "new.yaml", "--last", "30")
    assert dump(bench) == before
    assert len(bench.sandbox.log) == sent
    steps = [(one["current"], one["new"]) for one in found["inputs"]]
    names = ("created", "updated", "deactivated", "joined", "left", "given", "other")
    assert found["base"]["created"] == 30
    assert [now and tuple(now[name] for name in names) for now, _ in steps] == [
        None,
        (1, 1, 0, 1, 0, 1, 0),
        (0, 0, 1, 0, 0, 0, 0),
        (2, 0, 0, 3, 1, 2, 0),
    ]
    assert [tuple(new[name] for name in names) for _, new in steps] == [
        (0, 0, 0, 30, 0, 0, 1),
        (1, 0, 0, 2, 0, 1, 0),
        (0, 0, 1, 0, 0, 0, 0),
        (2, 0, 0, 5, 1, 2, 0),
    ]
    assert (found["total"]["current"]["changes"], found["total"]["new"]["changes"]) == (13, 46)
    bench.run("backtest", "--config", "new.yaml", "--max-changes", "46", "--max-more", "33")
    shown = bench.run("backtest", "--config", "new.yaml", "--max-changes", "45", expect=4)
    assert "Changes: 13 now -> 46 new (+33)" in shown.stdout
    bench.run("backtest", "--config", "new.yaml", "--max-more", "32", expect=4)
    few = bench.json("backtest", "--config", "new.yaml", "--last", "2")
    assert len(few["inputs"]) == 2


def test_a_backtest_without_a_change_has_the_same_churn_twice_and_leaves_out_what_is_doubted(bench):
    rows = bench.staff(30)
    begin = datetime.now(UTC) - timedelta(days=3)
    for number, (day, code) in enumerate(((rows, 0), (rows[:10], 4), (rows, 0))):
        bench.write_hr(day)
        at(bench, bench.json("push", expect=code)["run"], begin + timedelta(days=number))
    found = bench.json("backtest", "--config", "syncd.yaml")
    assert found["total"]["current"]["changes"] == found["total"]["new"]["changes"] == 0
    assert [one["new"]["left_out"] for one in found["inputs"]] == [False, True, False]
    assert "LIMIT-SHRINK" in found["inputs"][1]["new"]["held"]
    assert "(left out)" in bench.run("backtest", "--config", "syncd.yaml").stdout


def test_a_backtest_says_what_is_missing(bench):
    bench.staff(3)
    assert "no input is kept yet" in bench.run("backtest", "--config", "syncd.yaml", expect=1).stderr
    bench.run("plan")
    text = bench.config_file.read_text(encoding="utf-8")
    (bench.folder / "new.yaml").write_text(text.replace("name: hr,", "name: people,"), encoding="utf-8")
    assert "lacks: people" in bench.run("backtest", "--config", "new.yaml", expect=1).stderr
    bench.in_process = False
    bench.configure()
    assert "there is no archive" in bench.run("backtest", "--config", "syncd.yaml", expect=1).stderr
