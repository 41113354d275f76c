"""Imports in the queue: who waits for whom while one is unsettled, and for how long."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from syncd.core.compile import Request, RequestKind, person_target
from syncd.store import changes, imports, queue
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
        stage=2,
        target=f"import:{key}",
        payload={"rows": rows, "skip_first_login": False},
        changes=tuple(f"{key}-{user_id}" for user_id in user_ids),
        covers=tuple(person_target("", user_id) for user_id in user_ids),
    )


def leaver(user_id: str) -> Request:
    return request(f"leave-{user_id}", target=f"user:{user_id}", stage=0)


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
        imports.forget(conn, job.id)
        imports.release_leavers(conn, ACCOUNT, now)


def due_in(database: Database, key: str) -> float:
    """Seconds until a Job is due."""
    with database.read() as conn:
        at = conn.execute(select(job_table.c.available_at).where(job_table.c.key == key)).scalar_one()
        return float((at - database.now(conn)).total_seconds())


def test_a_write_to_somebody_whom_an_unsettled_import_names_waits_for_it(database):
    enqueue(database, [an_import("i", "a", "b")])
    job = pending(database)
    run_id = enqueue(database, [request("a"), request("c")])
    assert job_states(database, run_id) == {"a": "blocked", "c": "available"}
    settle(database, job)
    assert job_states(database, run_id) == {"a": "available", "c": "available"}


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
    enqueue(database, [request("a")])
    job = must_claim(database)
    send(database, job)
    run_id = enqueue(database, [an_import("i", "a", "b")])
    assert job_states(database, run_id) == {"i": "blocked"}
    complete(database, job)
    assert job_states(database, run_id) == {"i": "available"}


@pytest.mark.parametrize("newer", [leaver("a"), request("x", target="user:a"), an_import("k", "a")])
def test_an_unsent_import_gives_way_to_a_newer_plan_for_anybody_in_it(database, newer):
    run_id = enqueue(database, [an_import("i", "a", "b"), request("child", after=("i",))])
    enqueue(database, [newer])
    assert job_states(database, run_id) == {"i": "superseded", "child": "available"}
    assert change_states(database, run_id) == {"i-a": "superseded", "i-b": "superseded", "child": "queued"}


def test_an_unsent_import_stays_if_the_newer_plan_names_others(database):
    run_id = enqueue(database, [an_import("i", "a", "b")])
    enqueue(database, [request("c")])
    assert job_states(database, run_id) == {"i": "available"}


def test_an_unsent_job_gives_way_to_an_import_of_that_person(database):
    run_id = enqueue(database, [request("a"), request("c")])
    enqueue(database, [an_import("i", "a", "b")])
    assert job_states(database, run_id) == {"a": "superseded", "c": "available"}


def test_an_import_that_is_being_sent_counts_as_unsettled(database):
    enqueue(database, [an_import("i", "a")])
    must_claim(database)
    run_id = enqueue(database, [request("a")])
    assert job_states(database, run_id) == {"a": "blocked"}


def test_whether_somebody_is_named_by_an_unsettled_import(database):
    def named(user_id: str) -> bool:
        with database.read() as conn:
            return imports.is_named(conn, ACCOUNT, user_id)

    enqueue(database, [an_import("i", "a")])
    assert not named("a")
    job = pending(database)
    assert named("a")
    assert not named("b")
    settle(database, job)
    assert not named("a")


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
