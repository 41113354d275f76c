"""Runs: made once per slot of a schedule, moved only from the state that was seen, and always ended."""

import threading
from datetime import timedelta

import pytest

from syncd.core.limits import Hold
from syncd.store import changes, runs
from syncd.store.database import Database
from tests.store.makers import (
    ACCOUNT,
    change_states,
    complete,
    enqueue,
    must_claim,
    new_run,
    now_of,
    request,
)

HOLD = Hold(code="LIMIT-DEACTIVATIONS", message="21 deactivations, more than 20")


def state_of(database: Database, run_id: int) -> str:
    with database.read() as conn:
        return str(runs.must_get(conn, run_id)["state"])


def hold(database: Database, run_id: int) -> None:
    with database.write() as conn:
        runs.hold(conn, run_id, [HOLD], expires_at=database.now(conn) + timedelta(hours=1))


def finish(database: Database, run_id: int, state: str) -> bool:
    with database.write() as conn:
        return runs.finish(conn, run_id, state, now=database.now(conn))


def test_a_slot_of_a_schedule_has_one_run_whoever_fires(database):
    made: list[int | None] = []
    together = threading.Barrier(4)

    def fire() -> None:
        together.wait(20)
        with database.write() as conn:
            now = database.now(conn)
            slot = {"schedule": "push", "slot": "2026-11-24T03:00"}
            made.append(runs.create(conn, ACCOUNT, "push", trigger="schedule", actor="", now=now, **slot))

    threads = [threading.Thread(target=fire) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len([one for one in made if one is not None]) == 1
    assert len(made) == 4


def test_runs_without_a_slot_are_as_many_as_are_asked_for(database):
    assert new_run(database) != new_run(database)


def test_a_queued_run_is_started_once(database):
    run_id = new_run(database, started=False)
    with database.write() as conn:
        now = database.now(conn)
        assert runs.start(conn, run_id, owner="a", now=now)
        assert not runs.start(conn, run_id, owner="b", now=now)
        assert runs.must_get(conn, run_id)["owner"] == "a"


def test_an_ended_run_stays_as_it_ended(database):
    run_id = new_run(database)
    assert finish(database, run_id, "succeeded")
    assert not finish(database, run_id, "failed")
    assert state_of(database, run_id) == "succeeded"


def test_a_held_run_is_decided_once(database):
    run_id = new_run(database)
    hold(database, run_id)
    with database.write() as conn:
        now = database.now(conn)
        assert runs.decide(conn, run_id, "running", actor="ann", reason="checked", now=now)
        assert not runs.decide(conn, run_id, "cancelled", actor="bob", reason="no", now=now)
        found = runs.must_get(conn, run_id)
    assert (found["state"], found["decided_by"]) == ("running", "ann")
    assert found["holds"] == [{"code": HOLD.code, "message": HOLD.message}]


def test_a_run_that_was_ended_meanwhile_is_not_held(database):
    run_id = new_run(database)
    finish(database, run_id, "cancelled")
    hold(database, run_id)
    assert state_of(database, run_id) == "cancelled"


def test_a_newer_plan_expires_what_is_held(database):
    run_id = new_run(database)
    with database.write() as conn:
        changes.insert_all(conn, run_id, [], state="held")
    hold(database, run_id)
    newer = new_run(database)
    with database.write() as conn:
        assert runs.expire_held(conn, ACCOUNT, now=database.now(conn), superseded_by=newer) == 1
        assert f"run {newer}" in runs.must_get(conn, run_id)["decision_reason"]
    assert state_of(database, run_id) == "expired"


def test_what_nobody_decides_expires_in_time_and_not_before(database):
    run_id = new_run(database)
    hold(database, run_id)
    with database.write() as conn:
        now = database.now(conn)
        assert runs.expire_held(conn, ACCOUNT, now=now) == 0
        assert runs.expire_held(conn, ACCOUNT, now=now + timedelta(hours=2)) == 1
    assert state_of(database, run_id) == "expired"


@pytest.mark.parametrize(("failed", "ends"), [((), "succeeded"), (("b",), "failed")])
def test_a_push_ends_with_its_last_job(database, failed, ends):
    run_id = enqueue(database, [request("a"), request("b")])

    def end(key: str) -> str:
        job = must_claim(database)
        assert job.key == key
        complete(database, job)
        with database.write() as conn:
            now = database.now(conn)
            changes.set_state(conn, run_id, [key], "failed" if key in failed else "done", now=now)
            return runs.finish_if_done(conn, run_id, now)

    assert end("a") == "running"
    assert end("b") == ends


def test_the_tally_counts_changes_by_action_kind_and_state(database):
    run_id = enqueue(database, [request("a"), request("b")])
    with database.write() as conn:
        changes.set_state(conn, run_id, ["a"], "done", now=database.now(conn))
        assert changes.tally(conn, run_id) == {"update user": {"done": 1, "queued": 1}}
    assert change_states(database, run_id) == {"a": "done", "b": "queued"}


def test_a_plan_is_loaded_as_it_was_stored(database):
    run_id = enqueue(database, [request("b"), request("a")])
    with database.read() as conn:
        assert [one.key for one in changes.load(conn, run_id)] == ["b", "a"]
        assert changes.load(conn, run_id, states=["done"]) == []


def test_a_run_whose_process_died_before_its_plan_fails_and_one_with_jobs_goes_on(database):
    planning = new_run(database)
    sending = enqueue(database, [request("a")])
    with database.write() as conn:
        now = database.now(conn)
        assert runs.abandon_dead(conn, ACCOUNT, lambda _owner, _flow: False, now) == 0
        assert runs.abandon_dead(conn, ACCOUNT, lambda _owner, _flow: True, now) == 1
    assert state_of(database, planning) == "failed"
    assert state_of(database, sending) == "running"


def test_schedules_wait_in_line_and_a_persons_run_is_left_to_that_person(database):
    with database.write() as conn:
        now = database.now(conn)
        runs.create(conn, ACCOUNT, "push", trigger="person", actor="ann", now=now)
        first = runs.create(
            conn, ACCOUNT, "push", trigger="schedule", actor="", now=now, schedule="a", slot="1"
        )
        runs.create(conn, ACCOUNT, "pull", trigger="schedule", actor="", now=now, schedule="b", slot="1")
        found = runs.next_queued(conn, ACCOUNT)
    assert found is not None
    assert found["id"] == first


def test_runs_are_listed_newest_first_by_flow_and_state(database):
    old, new = new_run(database), new_run(database)
    new_run(database, flow="pull")
    finish(database, old, "succeeded")
    with database.read() as conn:
        assert [row["id"] for row in runs.listed(conn, ACCOUNT, flow="push")] == [new, old]
        assert [row["id"] for row in runs.listed(conn, ACCOUNT, state="succeeded")] == [old]
        newest = runs.last(conn, ACCOUNT, "push")
        assert newest is not None
        assert newest["id"] == old
        assert runs.get(conn, 999_999) is None


def test_a_run_that_was_to_send_nothing_is_told_apart(database):
    sent, planned = new_run(database), new_run(database)
    with database.write() as conn:
        for run_id, summary in ((sent, {"counts": {}}), (planned, {"counts": {}, runs.PLANNED_ONLY: True})):
            runs.start(conn, run_id, owner="a", now=database.now(conn))
            runs.finish(conn, run_id, "succeeded", summary=summary, now=database.now(conn))
        found = [runs.last(conn, ACCOUNT, "push"), runs.last(conn, ACCOUNT, "push", planned_only=True)]
        shown = {row["id"]: runs.shown_state(row) for row in runs.listed(conn, ACCOUNT)}
    assert [row and row["id"] for row in found] == [sent, planned]
    assert shown == {sent: "succeeded", planned: "planned"}


def test_the_newest_run_is_a_push_even_one_that_only_observes_but_no_mere_plan(database):
    marks: tuple[dict[str, bool], ...] = (
        {},
        {runs.PLANNED_ONLY: True, runs.OBSERVED: True},
        {runs.PLANNED_ONLY: True},
    )
    found = []
    for mark in marks:
        run_id = new_run(database)
        with database.write() as conn:
            runs.start(conn, run_id, owner="a", now=database.now(conn))
            runs.finish(conn, run_id, "succeeded", summary=mark, now=database.now(conn))
            newest = runs.newest(conn, ACCOUNT, "push")
        assert newest is not None
        found.append(newest["id"] - run_id)
    assert found == [0, 0, -1]


def test_an_ended_run_whose_jobs_are_tried_again_runs_once_more(database):
    run_id = new_run(database)
    finish(database, run_id, "failed")
    with database.write() as conn:
        runs.reopen(conn, [run_id])
        row = runs.must_get(conn, run_id)
    assert (row["state"], row["finished_at"]) == ("running", None)
    assert now_of(database) >= row["started_at"]
