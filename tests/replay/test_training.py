"""Rows of training that Runs have read: kept, exported, and planned again with all else, without any effect."""

import errno
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from syncd.replay import keeping
from syncd.store.archived_tables import archived_input
from tests.replay.test_replay import ARCHIVE, KEY, dump, kept_files
from tests.test_cli_training import SEED, TRAINING, licences, results, settled
from tests.workbench import Workbench, workbench

TAUGHT = "push: {policy: sync}\n", TRAINING
ROWS = (
    "00001,FL,03.11.2025,80,valid",
    "00002,FL,04.11.2025,,valid",
    "00003,FL,never,,valid",
    "00009,FIRE,04.11.2025,70,valid",
    "00002,FIRE,04.11.2025,,withdrawn",
)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """Three people, and a file of which two sources of training are made."""
    with workbench(tmp_path, seed=SEED) as made:
        made.in_process = True
        made.environ["SYNCD_ARCHIVE_KEY"] = KEY
        made.configure(TAUGHT, ARCHIVE)
        made.staff(3)
        licences(made)
        yield made


def test_training_is_planned_again_as_it_was_and_nothing_else_happens(bench):
    settled(bench)
    licences(bench, *ROWS)
    first = bench.json("plan")
    assert first["counts"]["result"] == {"record": 2}
    assert len(first["rejections"]) == 2
    (bench.folder / "licences.csv").unlink()
    before, asked = dump(bench), len(bench.sandbox.log)
    bench.in_process = False
    again = bench.json("plan", "--input", str(first["run"]))
    same = ("digest", "counts", "holds", "problems", "cost", "changes", "rejections", "skips")
    assert {name: again[name] for name in same} == {name: first[name] for name in same}
    assert [(one["source"], one["rows"]) for one in again["inputs"]] == [
        ("hr", 3),
        ("licences", 5),
        ("withdrawn", 5),
    ]
    assert (dump(bench), len(bench.sandbox.log)) == (before, asked)
    assert len(kept_files(bench)) == 2, "two sources made the same of one file"


def test_todays_rules_and_what_was_recorded_since_decide(bench):
    settled(bench)
    licences(bench, *ROWS[:2])
    run = str(bench.json("push")["run"])
    licences(bench)
    assert bench.json("plan", "--input", run)["changes"] == []
    bench.configure(
        (TAUGHT[0], TRAINING.replace("score: points", "score: {from: points, default: 60}")), ARCHIVE
    )
    (change,) = bench.json("plan", "--input", run)["changes"]
    assert change["employee_id"] == "00002"
    assert "score none -> 60" in bench.run("plan", "--input", run).stdout
    shown = bench.run("plan", "--input", run, "--only", "00001").stdout
    assert f"Input: what run {run} read of licences on 20" in shown
    assert "nothing to change" in shown
    bench.configure(ARCHIVE)
    told = bench.json("plan", "--input", run)
    assert [one["source"] for one in told["inputs"]] == ["hr"]
    assert told["problems"] == []
    assert results(bench) == {"00001": ("80", "2025-11-03"), "00002": ("0", "2025-11-04")}


def test_of_what_was_not_read_nothing_is_kept_and_one_line_says_so(bench):
    bench.configure(ARCHIVE)
    before = str(bench.json("plan")["run"])
    bench.configure(TAUGHT, ARCHIVE)
    (bench.folder / "licences.csv").unlink()
    unread = str(bench.json("plan")["run"])
    licences(bench, ROWS[0])
    for run in (before, unread):
        told = bench.json("plan", "--input", run)
        said = f"no input of licences, withdrawn is kept of run {run}: nothing of that is planned"
        assert [one for one in told["problems"] if "is kept" in one] == [said]
        assert "result" not in told["counts"]
        assert f"? {said}" in bench.run("plan", "--input", run).stdout


def test_kept_training_is_listed_shown_and_exported_under_the_names_of_its_sources(bench):
    licences(bench, ROWS[0], "=1+1,FL,,,")
    run = str(bench.json("plan")["run"])
    listed = [one for one in bench.json("inputs")["inputs"] if one["run"] == int(run)]
    assert [(one["source"], one["kept"]) for one in listed] == [
        ("hr", True),
        ("licences", True),
        ("withdrawn", True),
    ]
    assert "licences: 2 rows, read 20" in bench.run("inputs", "show", run).stdout
    bench.run("inputs", "export", run, "out")
    bench.run("inputs", "export", run, "raw", "--raw")
    read = (bench.folder / "licences.csv").read_text()
    assert (bench.folder / "raw" / "licences.csv").read_text() == read
    assert (bench.folder / "out" / "withdrawn.csv").read_text() == read.replace("=1+1", "'=1+1")


def test_training_that_cannot_be_kept_is_recorded_all_the_same(bench, monkeypatch):
    settled(bench)
    licences(bench, ROWS[0])
    before, fsync = kept_files(bench), os.fsync

    def full(file: int) -> None:
        if ".partial-" in str(Path(f"/proc/self/fd/{file}").readlink()):
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(file)

    monkeypatch.setattr(os, "fsync", full)
    pushed = bench.json("push")
    assert results(bench) == {"00001": ("80", "2025-11-03")}
    problems = bench.json("runs", "show", str(pushed["run"]))["run"]["summary"][keeping.NOT_KEPT]
    assert [one.split(":")[0] for one in problems] == ["licences", "withdrawn"]
    assert kept_files(bench) == before


def test_the_moment_is_that_of_hr_though_it_was_read_once_more_after_training(bench):
    licences(bench, ROWS[0])
    run = bench.json("plan")["run"]
    earlier = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    with bench.database() as database, database.write() as conn:
        hr = (archived_input.c.run_id == run) & (archived_input.c.source == "hr")
        conn.execute(update(archived_input).where(hr).values(id=1000, read_at=earlier))
    again = bench.json("plan", "--input", str(run))
    assert datetime.fromisoformat(again["at"]) == earlier
    assert [one["source"] for one in again["inputs"]] == ["hr", "licences", "withdrawn"]


def test_a_backtest_records_resets_and_rejects_as_each_configuration_says(bench):
    settled(bench)
    late = "00002,FL,20.11.2025,,valid"
    for rows in (
        ROWS[:1],
        (*ROWS[:1], late),
        (*ROWS[:1], late),
        (*ROWS[:1], late, "00001,FL,03.12.2025,,withdrawn"),
    ):
        licences(bench, *rows)
        bench.run("plan")
    licences(bench, *ROWS[:1], late, "00003,FL,never,,valid")
    bench.run("plan")
    before, asked = dump(bench), len(bench.sandbox.log)
    start, end = TRAINING.index("  - source: {type: csv, name: withdrawn"), TRAINING.index("push:")
    bench.configure((TAUGHT[0], TRAINING[:start] + TRAINING[end:]), ARCHIVE)
    bench.config_file.rename(bench.folder / "new.yaml")
    bench.configure(TAUGHT, ARCHIVE)
    found = bench.json("backtest", "--config", "new.yaml")
    told = [
        tuple(
            None if side is None else (side["recorded"], side["reset"], side["rejected"])
            for side in (day["current"], day["new"])
        )
        for day in found["inputs"]
    ]
    nothing = (0, 0, 0)
    assert told == [
        (None, nothing),
        ((1, 0, 0), (1, 0, 0)),
        ((1, 0, 0), (1, 0, 0)),
        ((0, 1, 0), nothing),
        ((0, 0, 1), (0, 0, 1)),
    ]
    first = found["inputs"][0]["run"]
    assert found["problems"] == [
        f"no input of {names} is kept of run {first}: nothing of that is planned"
        for names in ("licences, withdrawn", "licences")
    ]
    assert (dump(bench), len(bench.sandbox.log)) == (before, asked)
    shown = bench.run("backtest", "--config", "new.yaml").stdout
    assert ("recorded" in shown, "reset" in shown) == (True, True)


def test_a_backtest_shows_what_a_changed_rule_of_training_would_record_anew(bench):
    settled(bench)
    licences(bench, *ROWS[:2])
    bench.run("plan")
    bench.configure(
        (TAUGHT[0], TRAINING.replace("score: points\n", "score: {from: points, default: 60}\n")), ARCHIVE
    )
    bench.config_file.rename(bench.folder / "new.yaml")
    bench.configure(TAUGHT, ARCHIVE)
    (last,) = bench.json("backtest", "--config", "new.yaml", "--last", "1")["inputs"]
    assert last["new"]["recorded"] == 1, "00002 had no score"
    assert last["rows"] == 3
    bench.configure(ARCHIVE)
    found = bench.json("backtest", "--config", "new.yaml", "--last", "1")
    assert found["total"]["new"]["given"] == 6, "the course is given first, and the row waits for it"
    bench.config_file.rename(bench.folder / "plain.yaml")
    bench.configure(TAUGHT, ARCHIVE)
    assert bench.json("backtest", "--config", "plain.yaml")["total"]["new"]["recorded"] == 0


def test_a_backtest_says_of_which_training_nothing_is_kept(bench):
    bench.configure(ARCHIVE)
    run = bench.json("plan")["run"]
    bench.configure(TAUGHT, ARCHIVE)
    said = f"no input of licences, withdrawn is kept of run {run}: nothing of that is planned"
    assert said in bench.json("backtest", "--config", "syncd.yaml", "--last", "9")["problems"]
    assert said in bench.run("backtest", "--config", "syncd.yaml").stderr
