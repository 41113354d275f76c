"""Pausing by class: a person stops what is for leavers, users, teams or learning, or all of it."""

import pytest

from syncd.core.request import JobClass, Request, RequestKind, Stage
from syncd.store import jobs, queue
from syncd.store.database import Database
from syncd.store.queue import ALL
from tests.store.makers import ACCOUNT, claim, enqueue, must_claim


def of(key: str, kind: RequestKind, stage: Stage) -> Request:
    """A Request of a kind, about the employee of that name."""
    payload = {"employee_id": key, "fields": {}}
    return Request(key=key, kind=kind, stage=stage, target=f"x:{key}", payload=payload, changes=(key,))


EACH = {
    "leaver": of("leaver", RequestKind.PUT_USER, Stage.LEAVERS),
    "team": of("team", RequestKind.CREATE_TEAM, Stage.TEAMS),
    "user": of("user", RequestKind.CREATE_USER, Stage.CREATES),
    "member": of("member", RequestKind.ADD_MEMBERS, Stage.MEMBERS),
    "path": of("path", RequestKind.ASSIGN_ITEMS, Stage.ITEMS),
}


def pause(database: Database, job_class: str) -> bool:
    with database.write() as conn:
        return jobs.pause(
            conn, ACCOUNT, code="PERSON", reason="audit", now=database.now(conn), job_class=job_class
        )


def resume(database: Database, job_class: str) -> bool:
    with database.write() as conn:
        return jobs.resume(conn, ACCOUNT, job_class=job_class)


def all_claimed(database: Database) -> list[str]:
    found = []
    while (job := claim(database)) is not None:
        found.append(job.key)
    return found


@pytest.mark.parametrize("kind", list(RequestKind))
@pytest.mark.parametrize("stage", [Stage.LEAVERS, Stage.UPDATES])
def test_every_request_has_a_class(kind, stage):
    expected = {
        "team": JobClass.TEAMS,
        "member": JobClass.TEAMS,
        "role": JobClass.TEAMS,
        "item": JobClass.LEARNING,
        "course": JobClass.LEARNING,
        "result": JobClass.LEARNING,
        "user": JobClass.USERS,
    }
    last = kind.value.removesuffix("s").split("_")[-1]
    wanted = (
        JobClass.LEARNING if kind in {RequestKind.GIVE_TEAM, RequestKind.TAKE_FROM_TEAM} else expected[last]
    )
    assert of("a", kind, stage).job_class is (JobClass.LEAVERS if stage is Stage.LEAVERS else wanted)


@pytest.mark.parametrize(
    ("job_class", "left"),
    [
        ("leavers", ["team", "user", "member", "path"]),
        ("users", ["leaver", "team", "member", "path"]),
        ("teams", ["leaver", "user", "path"]),
        ("learning", ["leaver", "team", "user", "member"]),
        (ALL, []),
    ],
)
def test_a_class_is_paused_and_the_others_go_on(database, job_class, left):
    enqueue(database, list(EACH.values()))
    assert pause(database, job_class)
    assert not pause(database, job_class)
    assert all_claimed(database) == left
    assert resume(database, job_class)
    assert all_claimed(database) == [key for key in EACH if key not in left]


def test_what_is_uncertain_is_settled_though_its_class_is_paused(database):
    enqueue(database, [EACH["user"]])
    job = must_claim(database)
    with database.write() as conn:
        queue.uncertain(conn, job, delay=0, code="X", error="", now=database.now(conn))
    pause(database, "users")
    assert must_claim(database).settling


def test_that_the_key_works_again_does_not_end_a_persons_pause(database):
    enqueue(database, [EACH["user"]])
    pause(database, ALL)
    with database.write() as conn:
        jobs.pause(conn, ACCOUNT, code="LITMOS-401", reason="refused", now=database.now(conn))
        assert jobs.resume(conn, ACCOUNT)
        assert jobs.paused(conn, ACCOUNT) is None
        assert [one.job_class for one in jobs.pauses(conn, ACCOUNT)] == [ALL]
    assert claim(database) is None
