"""Training that HR knows of, as people run it: recorded once, corrected, kept back, reset; from CSV and from SQL."""

import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from syncd.failpoint import KILLED
from syncd.sending.worker import Worker
from syncd.store import jobs
from syncd.store.queue import Job
from tests.workbench import Workbench, workbench

SEED = {
    "learning_paths": [{"Name": "Onboarding"}],
    "courses": [{"Name": "Forklift", "Code": "FL-1"}, {"Name": "Fire"}],
}
TRAINING = """\
courses: [Forklift, Fire]
training:
  - source: {type: csv, name: licences, path: licences.csv}
    record: module
    employee_id: person
    course: {from: licence, map: {FL: FL-1, FIRE: Fire}, else: skip}
    date: {from: issued, format: "%d.%m.%Y"}
    score: points
    when: {state: valid}
  - source: {type: csv, name: withdrawn, path: licences.csv}
    record: reset
    employee_id: person
    course: {from: licence, map: {FL: FL-1, FIRE: Fire}, else: skip}
    date: {from: issued, format: "%d.%m.%Y"}
    when: {state: withdrawn}
push: {policy: sync, limits: {minimum_population: 1000}}
"""
HEADER = "person,licence,issued,points,state\n"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with workbench(tmp_path, seed=SEED) as made:
        made.in_process = True
        made.configure(("push: {policy: sync}\n", TRAINING))
        made.staff(3)
        licences(made)
        yield made


def licences(bench: Workbench, *rows: str) -> None:
    (bench.folder / "licences.csv").write_text(HEADER + "".join(f"{row}\n" for row in rows))


def settled(bench: Workbench) -> int:
    """A push after which all have their accounts and courses; how many writes there were so far."""
    bench.run("push", "--fresh")
    return bench.writes()


def results(bench: Workbench, title: str = "Forklift") -> dict[str, tuple[str, str]]:
    """Employee id -> (score, day) of everybody who has completed the course."""
    dump = bench.sandbox.dump()
    course = next(row["Id"] for row in dump["courses"] if row["Name"] == title)
    people = {user["Id"]: user["ExternalEmployeeId"] for user in dump["users"]}
    return {
        people[row["UserId"]]: (str(row["Score"]), row["FinishDate"][:10])
        for row in dump["assignments"]
        if row["ItemId"] == course and "UserId" in row and row["FinishDate"]
    }


def puts(bench: Workbench) -> list[str]:
    return [entry.path for entry in bench.sandbox.log if entry.path.startswith("/results/modules/")]


def test_what_hr_knows_is_recorded_once_and_a_correction_again(bench):
    before = settled(bench)
    licences(bench, "00001,FL,03.11.2025,80,valid", "00002,FL,04.11.2025,,valid", "00003,CAR,1.1.2025,,valid")
    pushed = bench.run("push")
    assert "2 results to record" in pushed.stdout
    assert 'record course "Forklift" as completed, 2025-11-03, score 80' in pushed.stdout
    assert results(bench) == {"00001": ("80", "2025-11-03"), "00002": ("0", "2025-11-04")}
    assert bench.writes() == before + 2
    for options in ([], ["--fresh"]):
        assert "nothing to change" in bench.run("push", *options).stdout
    licences(bench, "00001,FL,03.11.2025,95,valid")  # a row that vanished takes nothing back
    assert "score 80 -> 95" in bench.run("push").stdout
    assert results(bench) == {"00001": ("95", "2025-11-03"), "00002": ("0", "2025-11-04")}
    assert len(puts(bench)) == 3
    told = bench.run("why", "00001", "Forklift").stdout
    assert "record course" in told
    assert "licences.csv:2" in told


def test_rows_that_are_wrong_are_listed_all_at_once_and_block_nothing(bench):
    settled(bench)
    licences(
        bench,
        "00009,FL,03.11.2025,80,valid",
        "00001,FL,3 Nov,101,valid",
        "00001,FIRE,03.11.2999,,valid",
        ",FL,,x,valid",
        "00002,FL,01.02.2026,80,valid",
        "00002,FL,01.02.2026,90,valid",
        "00003,FL,01.02.2026,70,valid",
    )
    shown = bench.run("push").stdout
    for told in (
        'licences.csv:2 employee 00009 rejected: EMPLOYEE-UNKNOWN: training[0]: employee "00009" is nobody',
        "licences.csv:3 employee 00001 rejected: DATE-INVALID: training[0].date",
        "SCORE-INVALID: training[0].score (syncd.yaml:",
        "'101' is no whole number from 0 to 100",
        "DATE-FUTURE",
        "licences.csv:5 employee ? rejected: ID-MISSING",
        "licences.csv:6 employee 00002 rejected: TRAINING-TWICE: training[0]: licences.csv:7 says another thing",
        "1 result to record",
        "6 rows rejected",
    ):
        assert told in shown, shown
    assert results(bench) == {"00003": ("70", "2026-02-01")}
    kept = bench.json("employees", "quarantine")["quarantine"]
    assert {row["source"] for row in kept} == {"licences"}
    assert "is in step with HR" in bench.run("employees", "show", "00001").stdout
    told = bench.run("why", "00001").stdout
    assert "licences.csv:3 is rejected: DATE-INVALID" in told
    assert "rejected (" not in told
    assert ": recorded by run 2" in bench.run("why", "00003").stdout


def test_rows_wait_for_the_account_and_the_course_and_inactive_people_are_kept_back(bench):
    settled(bench)
    rows = bench.staff(4)
    bench.configure(
        (
            "push: {policy: sync}\n",
            TRAINING.replace("[Forklift, Fire]", "[{course: Fire, when: {department: Support}}]"),
        )
    )
    licences(bench, "00004,FIRE,01.02.2026,80,valid", "00001,FL,01.02.2026,80,valid")
    shown = bench.run("push", "--all").stdout
    assert "employee 00004 left alone: TRAINING-NO-USER" in shown
    assert (
        'employee 00001 left alone: TRAINING-NOT-ASSIGNED: course "Forklift": the course is not assigned'
        in shown
    )
    assert puts(bench) == []
    assert "1 result to record" in bench.run("push", "--fresh").stdout
    assert results(bench, "Fire") == {"00004": ("80", "2026-02-01")}
    bench.write_hr([rows[0], {**rows[1], "status": "Left"}, *rows[2:]])
    licences(bench, "00002,FIRE,01.02.2026,80,valid")
    assert "TRAINING-KEPT-BACK" in bench.run("push", "--all").stdout
    assert "Litmos user" in bench.run("why", "00002").stdout
    assert "is inactive; the row waits" in bench.run("push", "--all").stdout
    assert len(puts(bench)) == 1


def test_policy_and_limits_hold_results_as_everything_else(bench):
    settled(bench)
    licences(bench, "00001,FL,01.02.2026,80,valid", "00002,FL,01.02.2026,80,valid")
    bench.configure(("push: {policy: sync}\n", TRAINING.replace("policy: sync", "policy: create-only")))
    assert "2 withheld by push.policy" in bench.run("push").stdout
    bench.configure(
        ("push: {policy: sync}\n", TRAINING.replace("{minimum_pop", "{results: {count: 1}, minimum_pop"))
    )
    held = bench.run("push", expect=None).stdout
    assert "LIMIT-RESULTS: 2 results recorded are more than push.limits.results.count = 1" in held
    assert puts(bench) == []
    run_id = bench.json("runs", "--state", "held")["runs"][0]["id"]
    bench.run("approve", str(run_id))
    assert results(bench).keys() == {"00001", "00002"}
    reverted = bench.run("revert", str(run_id), "--dry-run", expect=None)
    assert "syncd takes no result back" in reverted.stdout + reverted.stderr


def test_a_withdrawn_licence_resets_once_and_what_came_after_stays(bench):
    settled(bench)
    licences(bench, "00001,FL,03.11.2025,80,valid")
    bench.run("push")
    rows = ["00001,FL,03.11.2025,80,valid", "00001,FL,05.11.2025,,withdrawn"]
    licences(bench, *rows)
    bench.run("refresh")
    assert 'reset course "Forklift"' in bench.run("push").stdout
    assert results(bench) == {}
    bench.run("refresh")
    assert "nothing to change" in bench.run("push").stdout
    licences(bench, *rows, "00001,FL,06.11.2025,90,valid")
    bench.run("push", "--fresh")
    assert results(bench) == {"00001": ("90", "2025-11-06")}
    bench.run("refresh")
    assert "nothing to change" in bench.run("push").stdout


def test_what_litmos_shows_already_is_not_sent(bench):
    settled(bench)
    licences(bench, "00001,FL,03.11.2025,80,valid")
    bench.run("push")
    with closing(sqlite3.connect(bench.folder / "syncd.db")) as database:
        database.execute("DELETE FROM recorded")
        database.commit()
    assert "1 result to record" in bench.run("push").stdout  # the mirror does not know yet
    bench.run("refresh")
    assert "nothing to change" in bench.run("push").stdout
    assert len(puts(bench)) == 1


def test_a_source_of_training_that_cannot_be_read_stops_nothing_else(bench):
    (bench.folder / "licences.csv").write_text("who,licence\n1,FL\n")
    assert 'column "person" is not in licences; it has: who, licence' in bench.run("push").stdout
    (bench.folder / "licences.csv").unlink()
    assert "training[0]: nothing of licences is recorded" in bench.run("push").stdout
    assert len(bench.usernames()) == 3


def test_training_whose_reader_is_not_installed_stops_nothing_else_and_doctor_tells_of_it(bench, monkeypatch):
    sheet = TRAINING.replace(
        "{type: csv, name: licences, path: licences.csv}", "{type: excel, name: sheet, path: a.xlsx}"
    )
    bench.configure(("push: {policy: sync}\n", sheet))
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    (bench.folder / "a.xlsx").write_bytes(b"PK")
    assert 'pip install "syncd[excel]"' in bench.run("push").stdout
    assert len(bench.usernames()) == 3
    licences(bench, "00001,FL,03.11.2025,,withdrawn")
    found = [one for one in bench.json("doctor", expect=1)["findings"] if one["check"] == "training"]
    assert [one["state"] for one in found] == ["problem", "ok"]
    licences(bench, "00001,FL,never,,withdrawn", "00001,FL,03.11.2025,,withdrawn")
    (_, other) = [one for one in bench.json("doctor", expect=1)["findings"] if one["check"] == "training"]
    assert (other["state"], other["seen"]) == ("warning", "1 row to be recorded, if not done; 1 row rejected")


def test_rows_of_a_database(bench):
    with closing(sqlite3.connect(bench.folder / "lms.db")) as database:
        database.execute(
            "CREATE TABLE done (person TEXT, licence TEXT, issued TEXT, points INTEGER, state TEXT)"
        )
        database.execute("INSERT INTO done VALUES ('00001', 'FL', '03.11.2025', 80, 'valid')")
        database.commit()
    source = '{type: sql, name: licences, url: "sqlite:///lms.db", query: SELECT * FROM done}'
    bench.configure(
        (
            "push: {policy: sync}\n",
            TRAINING.replace("{type: csv, name: licences, path: licences.csv}", source),
        )
    )
    settled(bench)
    bench.run("push", "--fresh")
    assert results(bench) == {"00001": ("80", "2025-11-03")}
    assert "nothing to change" in bench.run("push").stdout


@pytest.mark.parametrize("point", ["marked-sent", "answered-unread", "answered-uncommitted"])
def test_a_push_that_is_killed_around_the_write_records_once(bench, point):
    settled(bench)
    licences(bench, "00001,FL,03.11.2025,80,valid")
    bench.in_process = False
    bench.environ = {"SYNCD_TESTING": "1", "SYNCD_FAILPOINT": point}
    bench.run("push", expect=KILLED)
    bench.environ = {}
    bench.run("push")
    earned = [row for row in bench.sandbox.dump()["achievements"] if row["UserId"]]
    assert results(bench) == {"00001": ("80", "2025-11-03")}
    assert len(earned) == 1
    assert len(puts(bench)) == 1
    assert "nothing to change" in bench.run("push").stdout


def test_what_was_found_unwritten_is_written_though_the_push_has_nothing_else_to_do(bench, monkeypatch):
    """The Job of a dead process is settled, and waits to be sent: the push that looks right then must not end."""
    settled(bench)
    licences(bench, "00001,FL,03.11.2025,80,valid")
    bench.in_process, bench.environ = False, {"SYNCD_TESTING": "1", "SYNCD_FAILPOINT": "marked-sent"}
    bench.run("push", expect=KILLED)
    bench.in_process, bench.environ = True, {}
    looks, is_unsettled, absent = threading.Semaphore(0), jobs.is_unsettled, Worker._absent

    def look(*args: Any) -> bool:
        looks.release()
        return is_unsettled(*args)

    def slow(self: Worker, job: Job) -> None:
        absent(self, job)
        while looks.acquire(blocking=False):
            pass
        for _ in range(2):
            looks.acquire(timeout=3)

    monkeypatch.setattr(jobs, "is_unsettled", look)
    monkeypatch.setattr(Worker, "_absent", slow)
    bench.run("push")
    assert results(bench) == {"00001": ("80", "2025-11-03")}


SESSION = """\
courses: [Forklift]
training:
  - source: {type: csv, name: attendance, path: licences.csv}
    record: session
    employee_id: person
    course: Forklift
    session: {from: licence}
    score: {from: points, default: 100}
push: {policy: sync, limits: {minimum_population: 1000}}
"""


def test_attendance_is_called_on_the_roll_with_its_score(tmp_path):
    day = {"StartDate": "2026-01-10T09:00:00Z", "EndDate": "2026-01-10T16:00:00Z"}
    boss = {"UserName": "boss@example.com", "FirstName": "B", "LastName": "Oss"}
    session: dict[str, Any] = {"Course": "Forklift", "Name": "January", "Instructor": "boss@example.com"}
    seed = {**SEED, "users": [boss], "sessions": [{**session, "Days": [day], "Slots": 2}]}
    with workbench(tmp_path, seed=seed) as bench:
        bench.in_process = True
        bench.configure(("push: {policy: sync}\n", SESSION))
        bench.staff(3)
        licences(bench)
        settled(bench)
        rows = ["00001,January,,90,", "00002,January,,,", "00001,June,,,"]
        licences(bench, *rows)
        shown = bench.run("push", "--fresh").stdout
        assert 'record course "Forklift" as attended, score 90' in shown
        assert 'SESSION-UNKNOWN: training[0]: session "June" is not in course "Forklift"' in shown
        assert roll(bench) == {"00001": (True, "90"), "00002": (True, "100")}
        before = bench.writes()
        assert "nothing to change" in bench.run("push", "--fresh").stdout
        licences(bench, "00001,January,,95,", "00002,January,,,", "00003,January,,,")
        failed = bench.run("push", "--fresh", expect=None)
        assert roll(bench) == {"00001": (True, "95"), "00002": (True, "100")}
        assert "1 of 2 changes failed" in failed.stderr
        assert "full" in bench.run("why", "00003", "Forklift").stdout
        assert bench.writes() == before + 2


def roll(bench: Workbench) -> dict[str, tuple[bool, str]]:
    """Employee id -> (completed, score) of who is registered to the session."""
    dump = bench.sandbox.dump()
    people = {user["Id"]: user["ExternalEmployeeId"] for user in dump["users"]}
    rows = dump["sessions"][0]["Registrations"]
    return {people[row["UserId"]]: (row["Completed"], row["Score"]) for row in rows}


def test_a_saved_plan_records_what_it_says_and_is_stale_once_the_course_is_gone(bench):
    settled(bench)
    licences(bench, "00001,FL,03.11.2025,80,valid")
    bench.run("plan", "--save", "plan.json")
    bench.run("push", "--plan", "plan.json")
    assert results(bench) == {"00001": ("80", "2025-11-03")}
    licences(bench, "00002,FL,03.11.2025,80,valid")
    bench.run("plan", "--save", "plan.json")
    bench.configure(("push: {policy: sync}\n", TRAINING.replace("[Forklift, Fire]", "[Fire]")))
    bench.run("push", "--fresh")
    bench.configure(("push: {policy: sync}\n", TRAINING))
    assert "course" in bench.run("push", "--plan", "plan.json", expect=4).stderr
    assert len(puts(bench)) == 1


def test_only_one_persons_training(bench):
    settled(bench)
    licences(bench, "00001,FL,03.11.2025,80,valid", "00002,FL,03.11.2025,80,valid", "00003,FL,x,80,valid")
    shown = bench.run("push", "--only", "00002").stdout
    assert "1 result to record" in shown
    assert "rejected" not in shown
    assert results(bench).keys() == {"00002"}
    assert "1 result to record" in bench.run("push").stdout


def test_a_preview_shows_each_row_of_training_step_by_step_and_what_becomes_of_it(bench):
    settled(bench)
    licences(
        bench,
        "00001,FL,03.11.2025,80,valid",
        "00001,FIRE,never,,valid",
        "00001,CAR,01.11.2025,,valid",
        "00002,FL,03.11.2025,,valid",
    )
    bench.run("plan")
    rows = bench.json("preview", "00001")["training"]
    assert [(one["origin"], one["rule"], one["code"]) for one in rows] == [
        ("licences.csv:2", "training[0]", "planned"),
        ("licences.csv:3", "training[0]", "rejected"),
        ("licences.csv:4", "training[0]", "not_meant"),
        ("licences.csv:2", "training[1]", "not_meant"),
        ("licences.csv:3", "training[1]", "not_meant"),
        ("licences.csv:4", "training[1]", "not_meant"),
    ]
    assert rows[0]["cells"]["points"] == "80"
    steps = rows[0]["steps"]["training[0].course"]
    assert [(one["name"], one["made"]) for one in steps] == [("from", "FL"), ("map", "FL-1"), ("is", "FL-1")]
    shown = bench.run("preview", "00001").stdout
    assert "planned: " in shown
    assert 'record course "Forklift" as completed, 2025-11-03, score 80' in shown
    assert "rejected: DATE-" in shown
    bench.run("push")
    told = bench.json("preview", "00001")["training"][0]
    assert (told["code"], told["outcome"]) == ("done", "nothing is left to do: it was recorded as it is")


def test_against_another_configuration_counts_what_training_it_would_have_recorded(bench):
    settled(bench)
    licences(
        bench, "00001,FL,03.11.2025,80,valid", "00002,FL,04.11.2025,,valid", "00002,FIRE,04.11.2025,,valid"
    )
    bench.run("plan")
    old = (
        (bench.folder / "syncd.yaml")
        .read_text()
        .replace("    score: points\n", "")
        .replace("FL: FL-1", "FL: Moped", 1)
    )
    (bench.folder / "old.yaml").write_text(old)
    found = bench.json("plan", "--against", "old.yaml")
    told = {(one["employee_id"], one["cause"]): (one["before"], one["after"]) for one in found["differing"]}
    assert told["00001", "training[0]"] == ("", "record, 2025-11-03, score 80")
    assert told["00001", "training"] == ("rejected: COURSE-UNKNOWN", "")
    assert told["00002", "training[0]"] == ("", "record, 2025-11-04")
    assert len(found["differing"]) == 4, "the fire course is recorded by both"
    shown = bench.run("plan", "--against", "old.yaml", "--all").stdout
    assert 'result of module "' in shown
    assert '", course "Forklift": nothing -> record, 2025-11-03, score 80' in shown
    (bench.folder / "none.yaml").write_text(
        old[: old.index("training:")] + old[old.index("push: {policy: sync, limits") :]
    )
    found = bench.json("plan", "--against", "none.yaml")
    assert [one["after"] for one in found["differing"]] == [
        "record, 2025-11-03, score 80",
        "record, 2025-11-04",
        "record, 2025-11-04",
    ]
