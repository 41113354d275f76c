"""``syncd logs``: what happened, found by run, person, level, code, event and time; and what comes."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from syncd.cli.logs import following
from syncd.store import events
from tests.workbench import KEY, workbench


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """A push of three people, one of whom Litmos refuses."""
    with workbench(tmp_path_factory.mktemp("logs")) as made:
        made.in_process = True
        made.staff(3)
        fault = {"kind": "status", "method": "POST", "path": "^/users$", "nth": 2, "count": 1, "status": 400}
        made.sandbox.faults.set([fault])
        made.run("push", expect=None)
        yield made


def lines(bench, *arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in bench.run("logs", "--json", *arguments).stdout.splitlines()]


def named(found) -> list[str]:
    return [str(line["event"]) for line in found]


def test_a_push_is_told_from_its_start_to_its_end_by_run(bench):
    told = named(lines(bench, "--run", "1"))
    assert told[0] == "run_started"
    assert told.count("run_ended") == 1
    assert {"source_read", "plan_made", "attempt_ended"} <= set(told)
    (ended,) = lines(bench, "--event", "run_ended")
    assert ended["run_id"] == 1
    assert ended["facts"]["flow"] == "push"
    assert ended["facts"]["changes"]["done"] > 5
    assert ended["facts"]["requests"] > 0
    assert ended["facts"]["seconds"] > 0
    assert lines(bench, "--run", "99") == []


def test_every_line_of_a_job_has_its_run_and_each_attempt_one_line(bench):
    attempts = lines(bench, "--event", "attempt_ended")
    assert all(one["run_id"] == 1 and one["job_id"] for one in attempts)
    with bench.database() as database, database.read() as conn:
        stored = conn.exec_driver_sql("SELECT count(*) FROM attempt").scalar_one()
    assert len(attempts) == stored


def test_a_person_is_found_by_the_jobs_of_their_changes(bench):
    theirs = lines(bench, "--person", "00002")
    with bench.database() as database, database.read() as conn:
        jobs = conn.exec_driver_sql("SELECT job_id FROM change WHERE employee_id = '00002'").scalars().all()
    assert {one["job_id"] for one in theirs} == set(jobs) - {None}
    assert lines(bench, "--person", "nobody") == []


def test_levels_and_codes_narrow(bench):
    worse = lines(bench, "--level", "warning")
    assert {one["level"] for one in worse} <= {"warning", "error"}
    coded = [one for one in lines(bench) if one["code"]]
    assert coded
    code = str(coded[0]["code"])
    assert {one["code"] for one in lines(bench, "--code", code)} == {code}


def test_what_finds_nothing_says_so_and_an_event_that_there_is_not_is_refused(bench):
    """A mistyped filter would look like an answer; standard output stays empty for programs."""
    nothing = bench.run("logs", "--code", "LITMOS-400", "--level", "error")
    assert nothing.stdout == ""
    assert nothing.stderr == "No event is like that: --level error --code LITMOS-400\n"
    assert "is it run_ended or " in bench.run("logs", "--event", "run_endet", expect=2).stderr


def test_since_is_a_span_or_a_moment(bench):
    everything = lines(bench)
    assert lines(bench, "--since", "1h") == everything
    assert lines(bench, "--since", "2000-01-01T00:00") == everything
    assert lines(bench, "--since", "2100-01-01") == []
    assert "neither" in bench.run("logs", "--since", "yesterday", expect=2).stderr
    assert "there is no loud" in bench.run("logs", "--level", "loud", expect=2).stderr


def test_people_read_a_line_each_and_only_the_newest(bench):
    told = bench.run("logs", "--limit", "2").stdout.splitlines()
    assert len(told) == 2
    (ended,) = bench.run("logs", "--event", "run_ended").stdout.splitlines()
    assert "run=1 flow=push" in ended
    assert "changes=done:" in ended


def test_no_key_and_nobody_is_in_what_is_stored(bench):
    told = bench.run("logs").stdout
    assert KEY not in told
    for text in ("@example.com", "First1", "Last1"):
        assert text not in told


def test_what_a_person_does_by_a_command_is_told_too(bench):
    bench.run("pause", "--class", "learning", "--reason", "a test")
    bench.run("resume")
    assert named(lines(bench))[-2:] == ["paused", "resumed"]


def test_following_tells_each_once_also_what_was_stored_late():
    stored = [{"id": 7}]
    waits = iter([False, False, False, True])

    def read(after: int):
        return [row for row in sorted(stored, key=lambda row: -row["id"]) if row["id"] > after]

    more = iter([[{"id": 9}], [{"id": 8}, {"id": 10}], []])

    def wait(_seconds: float) -> bool:
        ends = next(waits)
        if not ends:
            stored.extend(next(more))
        return ends

    told = [[row["id"] for row in rows] for rows in following(read, wait, 7, seen=[7])]
    assert told == [[9], [8, 10]]


def test_an_event_is_stored_whatever_is_in_it(database):
    told = {
        "event": "run_ended",
        "level": "critical",
        "timestamp": datetime(2026, 11, 28, tzinfo=UTC).isoformat(),
        "run_id": "no number",
        "code": "A\x00B",
        "odd": {"x": object, "half": "\udc80", "long": "y" * 10_000},
    }
    with database.write() as conn:
        events.add(conn, [events.row_of(told, "main", "host:1")])
    with database.read() as conn:
        (row,) = events.listed(conn, "main", events.Sought(), limit=10)
    assert (row["level"], row["run_id"], row["code"]) == ("error", None, "A\ufffdB")
    assert len(row["facts"]["odd"]["long"]) == events.LONGEST
