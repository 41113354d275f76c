"""A cancelled Run leaves nothing half-sent: nothing new of it is sent, and what may have been sent is settled."""

import pytest

from syncd.store import jobs, queue, runs
from syncd.store.database import Database
from syncd.store.rescue import rescue
from tests.store.makers import (
    ACCOUNT,
    change_states,
    claim,
    complete,
    enqueue,
    job_states,
    must_claim,
    request,
    send,
)


def cancel(database: Database, run_id: int) -> int:
    with database.write() as conn:
        now = database.now(conn)
        assert runs.cancel(conn, run_id, actor="me", now=now)
        return jobs.cancel_run(conn, run_id, now)


def state_of(database: Database, run_id: int) -> str:
    with database.read() as conn:
        return str(runs.must_get(conn, run_id)["state"])


def back(database: Database, job: queue.Job) -> None:
    with database.write() as conn:
        queue.give_back(conn, job, database.now(conn))


def again(database: Database, job: queue.Job) -> None:
    with database.write() as conn:
        queue.retry(conn, job, delay=0, code="X", error="", now=database.now(conn), counts=True)


def died(database: Database, job: queue.Job) -> None:
    with database.write() as conn:
        queue.touch(conn, job, -1.0, sending=False, now=database.now(conn))
        rescue(conn, ACCOUNT, database.now(conn))


@pytest.mark.parametrize("put_back", [back, again, died])
def test_what_is_put_back_unsent_is_not_sent(database, put_back):
    run_id = enqueue(database, [request("a"), request("b", after=("a",))])
    job = must_claim(database)
    assert cancel(database, run_id) == 1
    put_back(database, job)
    assert claim(database) is None
    assert job_states(database, run_id) == {"a": "cancelled", "b": "cancelled"}
    assert change_states(database, run_id) == {"a": "cancelled", "b": "cancelled"}


@pytest.mark.parametrize("put_back", [back, died])
def test_what_may_have_been_sent_is_settled(database, put_back):
    run_id = enqueue(database, [request("a")])
    job = must_claim(database)
    send(database, job)
    cancel(database, run_id)
    put_back(database, job)
    settling = must_claim(database)
    assert settling.settling
    complete(database, settling)
    assert job_states(database, run_id) == {"a": "completed"}


def test_what_is_proved_absent_is_not_sent_again(database):
    run_id = enqueue(database, [request("a")])
    job = must_claim(database)
    send(database, job)
    with database.write() as conn:
        queue.uncertain(conn, job, delay=0, code="X", error="", now=database.now(conn))
    cancel(database, run_id)
    again(database, must_claim(database))
    assert claim(database) is None
    assert job_states(database, run_id) == {"a": "cancelled"}


def test_what_is_being_sent_ends_and_the_run_stays_cancelled(database):
    run_id = enqueue(database, [request("a")])
    job = must_claim(database)
    send(database, job)
    assert cancel(database, run_id) == 0
    complete(database, job)
    with database.write() as conn:
        assert runs.finish_if_done(conn, run_id, database.now(conn)) == "cancelled"
    assert state_of(database, run_id) == "cancelled"


def test_a_run_that_has_ended_is_not_cancelled(database):
    run_id = enqueue(database, [request("a")])
    complete(database, must_claim(database))
    with database.write() as conn:
        runs.finish_if_done(conn, run_id, database.now(conn))
        assert not runs.cancel(conn, run_id, actor="me", now=database.now(conn))
    assert state_of(database, run_id) == "succeeded"


def test_a_job_that_is_put_back_while_its_run_is_cancelled_is_cancelled_whoever_is_first(postgres):
    """The Run's row orders the two: the canceller finds the Job put back, or who puts it back finds the Run cancelled."""
    import threading

    for _ in range(10):
        run_id = enqueue(postgres, [request("a")])
        job = must_claim(postgres)
        together = threading.Barrier(2)

        def put_back(job: queue.Job = job, together: threading.Barrier = together) -> None:
            together.wait(10)
            again(postgres, job)

        thread = threading.Thread(target=put_back)
        thread.start()
        together.wait(10)
        cancel(postgres, run_id)
        thread.join(20)
        assert job_states(postgres, run_id) == {"a": "cancelled"}
