"""Imports in the queue: who waits for whom while one is unsettled, and for how long."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from syncd.core.request import Request, RequestKind, Stage, person_target
from syncd.store import changes, gauges, imports, jobs, queue
from syncd.store.database import Database
from syncd.store.enqueue import LEAVERS_WAIT
from syncd.store.schema import job as job_table
from tests.store.makers import (
    ACCOUNT,
    change_states,
    claim,
    complete,
    enqueue,
    job_states,
    must_claim,
    now_of,
    request,
    send,
)


def an_import(key: str, *user_ids: str) -> Request:
    """An import that updates these users; its Changes are named after them."""
    rows = [
        {"employee_id": f"E-{user_id}", "user_id": user_id, "username": f"{user_id}@x.org", "fields": {}}
        for user_id in user_ids
    ]
    return Request(
        key=key,
        kind=RequestKind.IMPORT_USERS,
        stage=Stage.CREATES,
        target=f"import:{key}",
        payload={"rows": rows, "skip_first_login": False},
        changes=tuple(f"{key}-{user_id}" for user_id in user_ids),
        covers=tuple(person_target("", user_id) for user_id in user_ids),
    )


def put(user_id: str, key: str = "", *, stage: Stage = Stage.UPDATES, after: tuple[str, ...] = ()) -> Request:
    """A PUT of the user whom an import of these tests calls the same."""
    return request(
        key or user_id,
        target=f"user:{user_id}",
        stage=stage,
        after=after,
        employee_id=f"E-{user_id}",
        user_id=user_id,
    )


def leaver(user_id: str) -> Request:
    return put(user_id, f"leave-{user_id}", stage=Stage.LEAVERS)


def pending(database: Database) -> queue.Job:
    """Claim the import, send it, and let Litmos have it."""
    job = must_claim(database)
    send(database, job)
    with database.write() as conn:
        now = database.now(conn)
        imports.save(conn, job.id, "I1", now)
        queue.uncertain(conn, job, delay=3600, code="IMPORT-WAITING", error="", now=now)
    return job


def settle(database: Database, job: queue.Job) -> None:
    """The import is over."""
    with database.write() as conn:
        now = database.now(conn)
        conn.execute(update(job_table).where(job_table.c.id == job.id).values(available_at=now))
        claimed = queue.claim(conn, ACCOUNT, "me", 60, now)
        assert claimed is not None
        assert claimed.id == job.id
        queue.complete(conn, claimed, requests=1, note="", now=now)
        imports.end(conn, ACCOUNT, job.id, now, late=False)


def due_in(database: Database, key: str) -> float:
    """Seconds until a Job is due."""
    with database.read() as conn:
        at = conn.execute(select(job_table.c.available_at).where(job_table.c.key == key)).scalar_one()
        return float((at - database.now(conn)).total_seconds())


def uncertain_changes(database: Database) -> int:
    """As the metric says it."""
    with database.read() as conn:
        return gauges.uncertain_changes(conn, ACCOUNT)


def test_a_write_to_somebody_whom_an_unsettled_import_names_waits_for_it(database):
    enqueue(database, [an_import("i", "a", "b")])
    job = pending(database)
    run_id = enqueue(database, [put("a"), put("c")])
    assert job_states(database, run_id) == {"a": "blocked", "c": "available"}
    assert uncertain_changes(database) == len(job.changes) > 0
    settle(database, job)
    assert job_states(database, run_id) == {"a": "available", "c": "available"}
    assert uncertain_changes(database) == 0


def test_a_leaver_waits_for_it_too_but_not_for_ever(database):
    enqueue(database, [an_import("i", "a", "b")])
    job = pending(database)
    enqueue(database, [leaver("a"), leaver("c")])
    assert must_claim(database).key == "leave-c"
    assert claim(database) is None
    assert LEAVERS_WAIT - 60 < due_in(database, "leave-a") <= LEAVERS_WAIT
    settle(database, job)
    assert must_claim(database).key == "leave-a"


def test_a_leaver_whose_time_has_come_goes_though_the_import_is_unsettled(database):
    enqueue(database, [an_import("i", "a")])
    pending(database)
    enqueue(database, [leaver("a")])
    with database.write() as conn:
        earlier = database.now(conn) - timedelta(seconds=1)
        conn.execute(update(job_table).where(job_table.c.key == "leave-a").values(available_at=earlier))
    assert must_claim(database).key == "leave-a"


def test_the_end_of_one_import_releases_nobody_whom_another_names(database):
    enqueue(database, [an_import("i", "a")])
    first = pending(database)
    enqueue(database, [an_import("k", "b")])
    pending(database)
    enqueue(database, [leaver("a"), leaver("b")])
    settle(database, first)
    assert must_claim(database).key == "leave-a"
    assert claim(database) is None


def test_an_import_waits_for_an_import_that_names_the_same_person(database):
    enqueue(database, [an_import("i", "a", "b")])
    job = pending(database)
    run_id = enqueue(database, [an_import("k", "b", "c")])
    assert job_states(database, run_id) == {"k": "blocked"}
    settle(database, job)
    assert job_states(database, run_id) == {"k": "available"}


def test_an_import_waits_for_what_is_being_sent_to_its_people(database):
    enqueue(database, [put("a")])
    job = must_claim(database)
    send(database, job)
    run_id = enqueue(database, [an_import("i", "a", "b")])
    assert job_states(database, run_id) == {"i": "blocked"}
    complete(database, job)
    assert job_states(database, run_id) == {"i": "available"}


@pytest.mark.parametrize("newer", [leaver("a"), put("a", "x"), an_import("k", "a")])
def test_an_unsent_import_gives_way_to_a_newer_plan_for_anybody_in_it(database, newer):
    run_id = enqueue(database, [an_import("i", "a", "b"), request("child", after=("i",))])
    enqueue(database, [newer])
    assert job_states(database, run_id) == {"i": "superseded", "child": "available"}
    assert change_states(database, run_id) == {"i-a": "superseded", "i-b": "superseded", "child": "queued"}


def test_an_unsent_import_stays_if_the_newer_plan_names_others(database):
    run_id = enqueue(database, [an_import("i", "a", "b")])
    enqueue(database, [put("c")])
    assert job_states(database, run_id) == {"i": "available"}


def test_an_unsent_job_gives_way_to_an_import_of_that_person(database):
    run_id = enqueue(database, [put("a"), put("c")])
    enqueue(database, [an_import("i", "a", "b")])
    assert job_states(database, run_id) == {"a": "superseded", "c": "available"}


def test_an_import_that_is_being_sent_counts_as_unsettled(database):
    enqueue(database, [an_import("i", "a")])
    must_claim(database)
    run_id = enqueue(database, [put("a")])
    assert job_states(database, run_id) == {"a": "blocked"}


def test_whether_somebody_is_named_by_an_unsettled_import(database):
    def named(user_id: str) -> bool:
        with database.read() as conn:
            return bool(imports.naming(conn, ACCOUNT, [f"user:{user_id}"]))

    enqueue(database, [an_import("i", "a")])
    assert not named("a")
    job = pending(database)
    with database.read() as conn:
        assert imports.counts(conn, ACCOUNT) == {"unsettled": 1, "late": 0}
    assert named("a")
    assert not named("b")
    settle(database, job)
    assert not named("a")


@pytest.mark.parametrize(
    "about",
    [
        {"employee_id": "E-a", "user_id": "linked-since"},
        {"employee_id": "E-x", "user_id": "x", "fields": {"UserName": "A@X.org"}},
    ],
    ids=["the employee, linked since", "somebody who is to have the name"],
)
def test_whoever_shares_a_name_with_an_unsettled_import_waits(about, database):
    enqueue(database, [an_import("i", "a")])
    job = pending(database)
    run_id = enqueue(database, [request("x", target="user:x", **about)])
    assert job_states(database, run_id) == {"x": "blocked"}
    settle(database, job)
    assert job_states(database, run_id) == {"x": "available"}


def test_an_import_waits_for_somebody_who_is_just_given_a_name_in_it(database):
    enqueue(database, [request("x", user_id="x", fields={"UserName": "a@x.org"})])
    job = must_claim(database)
    send(database, job)
    run_id = enqueue(database, [an_import("i", "a")])
    assert job_states(database, run_id) == {"i": "blocked"}


def test_planning_a_leaver_again_makes_nobody_wait_longer(database):
    enqueue(database, [an_import("i", "a")])
    pending(database)
    enqueue(database, [leaver("a")])
    with database.write() as conn:
        soon = database.now(conn) + timedelta(seconds=5)
        conn.execute(update(job_table).where(job_table.c.key == "leave-a").values(available_at=soon))
    run_id = enqueue(database, [leaver("a")])
    with database.read() as conn:
        query = select(job_table.c.available_at).where(job_table.c.run_id == run_id)
        assert conn.execute(query).scalar_one() == soon


def test_a_leaver_who_waits_for_a_page_too_is_released(database):
    enqueue(database, [an_import("i", "a")])
    job = pending(database)
    run_id = enqueue(
        database,
        [request("read", stage=Stage.LEAVERS), put("a", "leave-a", stage=Stage.LEAVERS, after=("read",))],
    )
    assert job_states(database, run_id)["leave-a"] == "blocked"
    with database.write() as conn:
        conn.execute(update(job_table).where(job_table.c.id == job.id).values(state="completed"))
        imports.end(conn, ACCOUNT, job.id, database.now(conn), late=False)
    assert due_in(database, "leave-a") <= 0


def test_an_import_that_was_not_applied_puts_nobody_off(database):
    enqueue(database, [an_import("i", "a")])
    job = pending(database)
    enqueue(database, [leaver("a")])
    with database.write() as conn:
        now = database.now(conn)
        conn.execute(update(job_table).where(job_table.c.id == job.id).values(available_at=now))
        again = queue.claim(conn, ACCOUNT, "me", 60, now)
        assert again is not None
        queue.retry(conn, again, delay=0, code="SETTLED-ABSENT", error="", now=now, counts=False)
        imports.end(conn, ACCOUNT, job.id, now, late=False)
    assert must_claim(database).key == "leave-a"


def test_a_late_import_is_remembered_for_a_week_and_names_its_people(database):
    enqueue(database, [an_import("i", "a")])
    job = pending(database)
    with database.write() as conn:
        now = database.now(conn)
        imports.end(conn, ACCOUNT, job.id, now, late=True)
        assert imports.late(conn, ACCOUNT, now) == {job.id: "I1"}
        assert imports.counts(conn, ACCOUNT)["late"] == 1
        assert [one.username for one in imports.late_people(conn, ACCOUNT)] == ["a@x.org"]
        assert imports.late(conn, "other", now) == {}
        assert imports.late(conn, ACCOUNT, now + timedelta(days=8)) == {}
        assert imports.late_people(conn, ACCOUNT) == ()


def give_up(database: Database) -> int:
    """Discard what can be claimed; its id."""
    job = must_claim(database)
    with database.write() as conn:
        queue.discard(conn, job, code="LITMOS-400", error="refused", now=database.now(conn))
    return job.id


def test_a_person_retries_nothing_that_shares_a_name_with_a_live_import(database):
    enqueue(database, [put("a")])
    discarded = give_up(database)
    enqueue(database, [an_import("i", "a")])
    job = pending(database)
    with database.write() as conn:
        assert jobs.retry_discarded(conn, ACCOUNT, [discarded], database.now(conn)) == []
    settle(database, job)
    with database.write() as conn:
        assert jobs.retry_discarded(conn, ACCOUNT, [discarded], database.now(conn)) == [discarded]


def test_a_person_retries_no_import_that_shares_a_name_with_a_live_job(database):
    enqueue(database, [an_import("i", "a")])
    discarded = give_up(database)
    enqueue(database, [put("a")])
    with database.write() as conn:
        assert jobs.retry_discarded(conn, ACCOUNT, [discarded], database.now(conn)) == []
    complete(database, must_claim(database))
    with database.write() as conn:
        assert jobs.retry_discarded(conn, ACCOUNT, [discarded], database.now(conn)) == [discarded]


def test_two_imports_that_end_at_once_do_not_wait_for_each_other(database):
    """On PostgreSQL each used to hold its own row and want the other's."""
    enqueue(database, [an_import("i", "a")])
    enqueue(database, [an_import("k", "b")])
    claimed = [must_claim(database), must_claim(database)]
    for job in claimed:
        send(database, job)
    enqueue(database, [leaver("a"), leaver("b")])
    met = threading.Barrier(2)

    def end(job: queue.Job) -> None:
        with database.write() as conn:
            now = database.now(conn)
            queue.complete(conn, job, requests=1, note="", now=now)
            if database.engine.dialect.name == "postgresql":
                met.wait(10)
            imports.end(conn, ACCOUNT, job.id, now, late=False)

    threads = [threading.Thread(target=end, args=(job,)) for job in claimed]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert {job_states(database, run)[key] for run, key in ((1, "i"), (2, "k"))} == {"completed"}


def test_an_import_is_known_from_when_it_was_taken_and_another_takes_its_place(database):
    enqueue(database, [an_import("i", "a")])
    job = pending(database)
    with database.write() as conn:
        first = imports.find(conn, job.id)
        later = database.now(conn) + timedelta(seconds=30)
        imports.save(conn, job.id, "I1", later)
        assert imports.find(conn, job.id) == first
        imports.save(conn, job.id, "I2", later)
        assert imports.find(conn, job.id) == imports.Taken(import_id="I2", since=later)


def test_what_an_import_has_failed_is_remembered_for_a_week(database):
    run_id = enqueue(database, [an_import("i", "a", "b"), request("c")])
    with database.write() as conn:
        changes.set_state(conn, run_id, ["i-b", "c"], "failed", now=database.now(conn))
    with database.read() as conn:
        assert imports.failed_lately(conn, ACCOUNT, now_of(database)) == {"i-b"}
        assert imports.failed_lately(conn, ACCOUNT, now_of(database) + timedelta(days=8)) == frozenset()
        assert imports.failed_lately(conn, "other", now_of(database)) == frozenset()
