"""The queue: unique claims, fences, dependencies, rescue, superseding, and what a person may do to it."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from syncd.core.model import Action, Change, ObjectKind
from syncd.core.request import JobClass, RequestKind, Stage
from syncd.sending.worker import FAIR, turn_of
from syncd.store import changes, jobs, queue, runs
from syncd.store.database import Database
from syncd.store.enqueue import enqueue as store_jobs
from syncd.store.queue import LostLeaseError
from syncd.store.rescue import rescue as rescue_jobs
from syncd.store.schema import attempt
from syncd.store.schema import job as job_table
from tests.store.makers import (
    ACCOUNT,
    change_states,
    claim,
    complete,
    enqueue,
    job_states,
    must_claim,
    new_run,
    now_of,
    request,
    send,
)

LATER = timedelta(hours=1)


def discard(database: Database, job: queue.Job) -> None:
    with database.write() as conn:
        queue.discard(conn, job, code="LITMOS-400", error="refused", status=400, now=database.now(conn))


def expire(database: Database) -> None:
    """Let the lease of every running Job be over."""
    with database.write() as conn:
        past = database.now(conn) - LATER
        conn.execute(update(job_table).where(job_table.c.state == "running").values(lease_until=past))


def rescue(database: Database) -> int:
    with database.write() as conn:
        return rescue_jobs(conn, ACCOUNT, database.now(conn))


def test_jobs_are_claimed_by_stage_and_then_by_age(database):
    enqueue(
        database,
        [
            request("b", stage=Stage.UPDATES),
            request("c", stage=Stage.UPDATES),
            request("a", stage=Stage.LEAVERS),
        ],
    )
    assert [must_claim(database).key for _ in range(3)] == ["a", "b", "c"]
    assert claim(database) is None


def test_every_job_is_claimed_once_by_threads(database):
    run_id = enqueue(database, [request(f"j{n:03d}") for n in range(60)])
    claimed: list[str] = []

    def work(owner: str) -> None:
        while (job := claim(database, owner)) is not None:
            claimed.append(job.key)
            complete(database, job)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(claimed) == [f"j{n:03d}" for n in range(60)]
    assert set(job_states(database, run_id).values()) == {"completed"}


def test_a_job_in_another_account_is_not_claimed(database):
    enqueue(database, [request("a")])
    with database.write() as conn:
        assert queue.claim(conn, "other", "me", 60, database.now(conn)) is None


@pytest.mark.parametrize("ending", ["complete", "discard", "retry", "uncertain", "give_back", "touch"])
def test_whoever_lost_the_lease_changes_nothing(database, ending):
    run_id = enqueue(database, [request("a")])
    zombie = must_claim(database, "zombie")
    expire(database)
    assert rescue(database) == 1
    heir = must_claim(database, "heir")
    now = now_of(database)
    endings = {
        "complete": lambda conn: queue.complete(conn, zombie, requests=1, note="", now=now),
        "discard": lambda conn: queue.discard(conn, zombie, code="X", error="", now=now),
        "retry": lambda conn: queue.retry(conn, zombie, delay=0, code="X", error="", now=now, counts=True),
        "uncertain": lambda conn: queue.uncertain(conn, zombie, delay=0, code="X", error="", now=now),
        "give_back": lambda conn: queue.give_back(conn, zombie, now),
        "touch": lambda conn: queue.touch(conn, zombie, 60, sending=True, now=now),
    }
    with pytest.raises(LostLeaseError), database.write() as conn:
        endings[ending](conn)
    assert job_states(database, run_id) == {"a": "running"}
    complete(database, heir)


def test_the_same_owner_with_an_older_epoch_is_fenced_too(database):
    enqueue(database, [request("a")])
    old = must_claim(database, "me")
    expire(database)
    rescue(database)
    must_claim(database, "me")
    with pytest.raises(LostLeaseError):
        complete(database, old)


def test_rescue_gives_an_unsent_job_back_and_leaves_a_living_one(database):
    run_id = enqueue(database, [request("a")])
    must_claim(database)
    assert rescue(database) == 0
    expire(database)
    assert rescue(database) == 1
    assert job_states(database, run_id) == {"a": "available"}
    assert must_claim(database).settling is False


def test_rescue_records_the_attempt_and_gives_up_a_job_that_always_kills_its_process(database):
    run_id = enqueue(database, [request("a"), request("b", after=("a",))])
    for _ in range(8):
        assert job_states(database, run_id) == {"a": "available", "b": "blocked"}
        must_claim(database)
        expire(database)
        assert rescue(database) == 1
    assert job_states(database, run_id) == {"a": "discarded", "b": "available"}
    assert change_states(database, run_id) == {"a": "failed", "b": "queued"}
    with database.read() as conn:
        rows = conn.execute(select(attempt.c.number, attempt.c.outcome, attempt.c.code)).all()
    assert rows == [*[(n, "retry", "WORKER-DIED") for n in range(1, 8)], (8, "discarded", "WORKER-DIED")]


def test_rescue_makes_a_sent_job_uncertain_and_it_is_settled_next(database):
    run_id = enqueue(database, [request("a")])
    send(database, must_claim(database))
    expire(database)
    rescue(database)
    assert job_states(database, run_id) == {"a": "uncertain"}
    again = must_claim(database)
    assert again.settling is True
    assert again.attempts == 1


@pytest.mark.parametrize("column", ["lease_until", "available_at"])
def test_a_clock_that_was_set_back_delays_no_job(column, database):
    """By two hours: what was set before is further ahead than anything that syncd sets."""
    run_id = enqueue(database, [request("a")])
    if column == "lease_until":
        must_claim(database)
    with database.write() as conn:
        ahead = database.now(conn) + 2 * LATER
        conn.execute(update(job_table).where(job_table.c.run_id == run_id).values({column: ahead}))
    assert claim(database) is None
    rescue(database)
    assert must_claim(database).key == "a"


def test_rescue_sees_what_a_late_worker_has_just_marked_sent(postgres):
    """A zombie that wakes between rescue's look and its update must not have its write repeated unread."""
    run_id = enqueue(postgres, [request("a")])
    zombie = must_claim(postgres)
    expire(postgres)
    thread = threading.Thread(target=rescue, args=(postgres,))
    with postgres.write() as conn:
        queue.touch(conn, zombie, -1, sending=True, now=postgres.now(conn))
        thread.start()
        thread.join(0.5)
    thread.join(10)
    rescue(postgres)
    assert job_states(postgres, run_id) == {"a": "uncertain"}


def test_giving_back_a_job_whose_write_may_have_left_makes_it_uncertain(database):
    run_id = enqueue(database, [request("a")])
    job = must_claim(database)
    send(database, job)
    with database.write() as conn:
        queue.give_back(conn, job, database.now(conn))
    assert job_states(database, run_id) == {"a": "uncertain"}


def test_giving_back_an_unsent_job_costs_no_attempt(database):
    enqueue(database, [request("a")])
    job = must_claim(database)
    with database.write() as conn:
        queue.give_back(conn, job, database.now(conn))
    assert must_claim(database).attempts == 1


def test_a_retry_waits_and_forgets_that_it_was_sent(database):
    run_id = enqueue(database, [request("a")])
    job = must_claim(database)
    send(database, job)
    with database.write() as conn:
        now = database.now(conn)
        queue.retry(conn, job, delay=600, code="LITMOS-500", error="boom", now=now, counts=True)
    assert claim(database) is None
    with database.write() as conn:
        later = queue.claim(conn, ACCOUNT, "me", 60, now + timedelta(seconds=601))
    assert later is not None
    assert (later.settling, later.attempts) == (False, 2)
    expire(database)
    assert rescue(database) == 1
    assert job_states(database, run_id) == {"a": "available"}


def test_a_limited_retry_counts_no_attempt(database):
    enqueue(database, [request("a")])
    for _ in range(3):
        job = must_claim(database)
        assert job.attempts == 1
        with database.write() as conn:
            queue.retry(conn, job, delay=0, code="LIMITED", error="", now=database.now(conn), counts=False)


def test_a_child_waits_for_all_its_parents_and_runs_even_if_one_was_refused(database):
    run_id = enqueue(
        database,
        [
            request("p1", stage=Stage.TEAMS),
            request("p2", stage=Stage.CREATES),
            request("c", stage=Stage.LEAVERS, after=("p1", "p2")),
        ],
    )
    first, second = must_claim(database), must_claim(database)
    assert (first.key, second.key) == ("p1", "p2")
    assert claim(database) is None
    complete(database, first)
    assert job_states(database, run_id)["c"] == "blocked"
    discard(database, second)
    assert must_claim(database).key == "c"


def test_two_parents_that_end_at_once_release_their_child(database):
    for number in range(10):
        enqueue(database, [request(f"p{number}"), request(f"q{number}")])
    pairs = [(must_claim(database), must_claim(database)) for _ in range(10)]
    assert all(pairs)
    run_id = enqueue(database, [request("x"), request("y"), request("child", after=("x", "y"))])
    x, y = must_claim(database), must_claim(database)
    threads = [threading.Thread(target=complete, args=(database, one)) for one in (x, y)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert job_states(database, run_id)["child"] == "available"


def test_every_try_leaves_an_attempt(database):
    enqueue(database, [request("a")])
    job = must_claim(database)
    with database.write() as conn:
        now = database.now(conn)
        queue.uncertain(conn, job, delay=0, code="TIMEOUT", error="no answer", now=now)
    complete(database, must_claim(database))
    with database.read() as conn:
        found = [(row["number"], row["outcome"], row["code"]) for row in jobs.list_attempts(conn, job.id)]
    assert found == [(1, "uncertain", "TIMEOUT"), (2, "completed", "")]


def test_a_newer_plan_supersedes_what_was_not_sent(database):
    old = enqueue(database, [request("a", target="user:1"), request("b", target="user:2")])
    new = enqueue(database, [request("c", target="user:1")])
    assert job_states(database, old) == {"a": "superseded", "b": "available"}
    assert change_states(database, old) == {"a": "superseded", "b": "queued"}
    assert job_states(database, new) == {"c": "available"}


@pytest.mark.parametrize("state", ["running", "uncertain"])
def test_a_newer_plan_leaves_alone_what_is_being_sent(database, state):
    old = enqueue(database, [request("a", target="user:1")])
    send(database, must_claim(database))
    if state == "uncertain":
        expire(database)
        rescue(database)
    new = enqueue(database, [request("c", target="user:1")])
    assert job_states(database, old) == {"a": state}
    assert job_states(database, new) == {}
    assert change_states(database, new) == {"c": "superseded"}


def test_what_would_wait_for_a_request_left_out_waits_for_the_job_that_is_being_sent(database):
    enqueue(database, [request("a", target="user:1")])
    busy = must_claim(database)
    new = enqueue(database, [request("c", target="user:1"), request("d", after=("c",))])
    assert job_states(database, new) == {"d": "blocked"}
    complete(database, busy)
    assert job_states(database, new) == {"d": "available"}


def test_nothing_is_claimed_while_paused(database):
    enqueue(database, [request("a")])
    with database.write() as conn:
        jobs.pause(conn, ACCOUNT, code="LITMOS-401", reason="key refused", now=database.now(conn))
    assert claim(database) is None
    with database.write() as conn:
        assert not queue.has_due(conn, ACCOUNT, database.now(conn))
        assert jobs.resume(conn, ACCOUNT)
        assert not jobs.resume(conn, ACCOUNT)
    assert must_claim(database).key == "a"


def test_senders_that_are_refused_at_once_pause_together(database):
    """Four senders get 401 in the same instant; each of them pauses the queue, and none may fail by it."""
    failures: list[BaseException] = []
    together = threading.Barrier(4)

    def pause() -> None:
        try:
            for _ in range(10):
                together.wait(20)
                with database.write() as conn:
                    jobs.pause(conn, ACCOUNT, code="LITMOS-401", reason="no", now=database.now(conn))
        except BaseException as error:  # noqa: BLE001 - whatever it is, it would have ended a sender
            failures.append(error)
            together.abort()

    threads = [threading.Thread(target=pause) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    with database.read() as conn:
        found = jobs.paused(conn, ACCOUNT)
    assert found is not None
    assert found.code == "LITMOS-401"


def test_cancelling_a_run_cancels_what_was_not_sent(database):
    run_id = enqueue(database, [request("a"), request("b"), request("c", after=("b",))])
    send(database, must_claim(database))
    with database.write() as conn:
        assert jobs.cancel_run(conn, run_id, database.now(conn)) == 2
    assert job_states(database, run_id) == {"a": "running", "b": "cancelled", "c": "cancelled"}
    assert change_states(database, run_id)["c"] == "cancelled"


def test_cancelling_a_run_releases_what_another_run_has_waiting_for_it(database):
    old = enqueue(database, [request("a", target="user:1")])
    job = must_claim(database)
    new = enqueue(database, [request("c", target="user:1"), request("d", after=("c",))])
    with database.write() as conn:
        now = database.now(conn)
        queue.retry(conn, job, delay=0, code="X", error="", now=now, counts=True)
        jobs.cancel_run(conn, old, now)
    assert job_states(database, new) == {"d": "available"}


def test_cancelling_waits_for_a_claim_in_progress(postgres):
    run_id = enqueue(postgres, [request("a")])
    cancelled: list[int] = []

    def cancel() -> None:
        with postgres.write() as conn:
            cancelled.append(jobs.cancel_run(conn, run_id, postgres.now(conn)))

    thread = threading.Thread(target=cancel)
    with postgres.write() as conn:
        job = queue.claim(conn, ACCOUNT, "me", 60, postgres.now(conn))
        thread.start()
        thread.join(0.5)
    thread.join(10)
    assert job is not None
    assert cancelled == [0]
    complete(postgres, job)
    assert job_states(postgres, run_id) == {"a": "completed"}


def test_discarded_jobs_are_tried_again_when_a_person_says_so(database):
    run_id = enqueue(database, [request("a")])
    job = must_claim(database)
    discard(database, job)
    with database.write() as conn:
        assert jobs.retry_discarded(conn, ACCOUNT, [job.id], database.now(conn)) == [job.id]
    assert job_states(database, run_id) == {"a": "available"}
    assert change_states(database, run_id) == {"a": "queued"}
    assert must_claim(database).attempts == 1


def test_of_two_discarded_jobs_for_one_target_the_newer_is_tried_again(database):
    first_run = enqueue(database, [request("a", target="user:1")])
    first = must_claim(database)
    discard(database, first)
    second_run = enqueue(database, [request("b", target="user:1")])
    second = must_claim(database)
    discard(database, second)
    with database.write() as conn:
        again = jobs.retry_discarded(conn, ACCOUNT, [first.id, second.id], database.now(conn))
    assert again == [second.id]
    assert job_states(database, first_run) == {"a": "discarded"}
    assert job_states(database, second_run) == {"b": "available"}


def test_a_discarded_job_is_not_tried_again_beside_a_live_one_for_its_target(database):
    enqueue(database, [request("a", target="user:1")])
    job = must_claim(database)
    discard(database, job)
    enqueue(database, [request("b", target="user:1")])
    with database.write() as conn:
        assert jobs.retry_discarded(conn, ACCOUNT, [job.id], database.now(conn)) == []


@pytest.mark.parametrize("state", ["done", "failed", "held", "cancelled", "planned"])
def test_what_a_later_change_took_up_is_not_tried_again(database, state):
    """Who was to be deactivated, and has come back since, would be deactivated; a plan that is not sent changes nothing."""
    first = enqueue(database, [request("a")])
    old = must_claim(database)
    discard(database, old)
    later = new_run(database)
    again = [Change(key="a", action=Action.UPDATE, kind=ObjectKind.USER, employee_id="a")]
    with database.write() as conn:
        now = database.now(conn)
        changes.insert_all(conn, later, again, state="planned")
        changes.set_state(conn, later, ["a"], state, code="", message="", now=now)
        tried = jobs.retry_discarded(conn, ACCOUNT, [old.id], now)
    assert tried == ([old.id] if state == "planned" else [])
    assert job_states(database, first) == {"a": "available" if state == "planned" else "discarded"}


def test_counts_by_state_of_one_run_and_of_all(database):
    run_id = enqueue(database, [request("a"), request("b")])
    enqueue(database, [request("c")])
    complete(database, must_claim(database))
    with database.read() as conn:
        assert jobs.counts(conn, ACCOUNT, run_id) == {"available": 1, "completed": 1}
        assert jobs.counts(conn, ACCOUNT) == {"available": 2, "completed": 1}


def test_a_large_plan_is_queued_whole(database):
    run_id = new_run(database)
    many = [request(f"k{n}", after=(f"k{n - 1}",) if n % 2 else ()) for n in range(2500)]
    enqueue(database, many, run_id=run_id)
    with database.read() as conn:
        assert jobs.counts(conn, ACCOUNT, run_id) == {"available": 1250, "blocked": 1250}


def test_a_heartbeat_keeps_what_its_process_has_in_hand(database):
    """A Job of many requests may wait for its next slot for longer than its lease."""
    enqueue(database, [request("a"), request("b"), request("c")])
    mine, lost, other = (
        must_claim(database, lease=0.5),
        must_claim(database, lease=-1),
        must_claim(database, "you"),
    )
    before = leases(database)
    with database.write() as conn:
        queue.keep_alive(conn, ACCOUNT, "me", 500, database.now(conn))
    after = leases(database)
    assert after[mine.id] > before[mine.id] + timedelta(seconds=400)
    assert {after[job.id] - before[job.id] for job in (lost, other)} == {timedelta()}


def leases(database: Database) -> dict[int, datetime]:
    with database.read() as conn:
        return {row["id"]: row["lease_until"] for row in jobs.list_jobs(conn, ACCOUNT, state="running")}


def test_what_a_person_waits_for_goes_before_all_but_leavers(database):
    enqueue(database, [request("bulk", stage=Stage.TEAMS), request("leaver", stage=Stage.LEAVERS)])
    run_id = new_run(database)
    with database.write() as conn:
        some = [request("user", stage=Stage.UPDATES), request("path", stage=Stage.ITEMS)]
        store_jobs(conn, ACCOUNT, run_id, some, max_attempts=8, now=database.now(conn), urgent=True)
    assert [must_claim(database).key for _ in range(4)] == ["leaver", "user", "path", "bulk"]


def test_a_class_whose_turn_it_is_goes_first_but_not_before_what_is_urgent(database):
    learning = RequestKind.ASSIGN_ITEMS
    taken = replace(request("taken", stage=Stage.REMOVALS), kind=RequestKind.REMOVE_MEMBER)
    enqueue(database, [request("user"), replace(request("path", stage=Stage.ITEMS), kind=learning), taken])

    def claimed(turn_of: JobClass) -> str:
        with database.write() as conn:
            job = queue.claim(conn, ACCOUNT, "me", 60, database.now(conn), turn_of=turn_of)
        assert job is not None
        return job.key

    assert claimed(JobClass.LEARNING) == "path"
    enqueue(database, [request("leaver", stage=Stage.LEAVERS)])
    assert claimed(JobClass.USERS) == "leaver"
    assert claimed(JobClass.TEAMS) == "user", "what is taken away never runs ahead"
    assert claimed(JobClass.LEARNING) == "taken", "a turn that nobody takes is lost to nobody"


@pytest.mark.parametrize("stage", sorted(set(Stage) - {Stage.LEAVERS, Stage.TEAMS}))
def test_whatever_stage_a_class_is_at_it_has_its_turn_except_for_removals(database, stage):
    enqueue(
        database,
        [
            replace(request("first", stage=Stage.TEAMS), kind=RequestKind.CREATE_TEAM),
            replace(request("turn", stage=stage), kind=RequestKind.ASSIGN_ITEMS),
        ],
    )
    with database.write() as conn:
        job = queue.claim(conn, ACCOUNT, "me", 60, database.now(conn), turn_of=JobClass.LEARNING)
    assert job is not None
    assert job.key == ("first" if stage is Stage.REMOVALS else "turn")


def test_every_class_has_its_turn():
    turns = [turn_of(claims) for claims in range(4 * FAIR)]
    assert turns.count(None) == 4 * (FAIR - 1)
    assert set(turns) == {None, *JobClass}


def test_what_another_account_did_takes_nothing_up(database):
    first = enqueue(database, [request("a")])
    old = must_claim(database)
    discard(database, old)
    with database.write() as conn:
        now = database.now(conn)
        made = runs.create(conn, "other", "push", trigger="test", actor="test", now=now)
        assert made is not None
        theirs = Change(key="a", action=Action.UPDATE, kind=ObjectKind.USER, employee_id="a")
        changes.insert_all(conn, made, [theirs], state="done")
        assert jobs.retry_discarded(conn, ACCOUNT, [old.id], now) == [old.id]
    assert job_states(database, first) == {"a": "available"}
