"""Small makers for the tests of the store: a Run with its Changes, Requests, claims in transactions of their own."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, inspect, text

from syncd.core.model import Action, Change, ObjectKind
from syncd.core.request import Request, RequestKind, Stage
from syncd.store import changes, jobs, queue, runs
from syncd.store.database import Database
from syncd.store.enqueue import enqueue as store_jobs
from syncd.store.queue import Job

ACCOUNT = "main"


def now_of(database: Database) -> datetime:
    """The database's time."""
    with database.read() as conn:
        return database.now(conn)


def new_run(database: Database, *, flow: str = "push", started: bool = True) -> int:
    """A Run, running unless not ``started``."""
    with database.write() as conn:
        now = database.now(conn)
        made = runs.create(conn, ACCOUNT, flow, trigger="test", actor="test", now=now)
        assert made is not None
        if started:
            runs.start(conn, made, owner="me", now=now)
    return made


def request(
    key: str,
    *,
    target: str = "",
    stage: Stage = Stage.UPDATES,
    after: tuple[str, ...] = (),
    **payload: object,
) -> Request:
    """A Request that carries one Change of the same key, about the employee of that name unless ``payload`` says other."""
    return Request(
        key=key,
        kind=RequestKind.PUT_USER,
        stage=stage,
        target=target or f"user:{key}",
        payload={"employee_id": key, **payload},
        after=after,
        changes=(key,),
    )


def enqueue(database: Database, requests: Sequence[Request], *, run_id: int | None = None) -> int:
    """A Run with these Requests as Jobs; returns its id."""
    run_id = run_id or new_run(database)
    with database.write() as conn:
        planned = [
            Change(key=key, action=Action.UPDATE, kind=ObjectKind.USER, employee_id=key)
            for one in requests
            for key in one.changes
        ]
        changes.insert_all(conn, run_id, planned, state="planned")
        store_jobs(conn, ACCOUNT, run_id, requests, max_attempts=8, now=database.now(conn))
    return run_id


def claim(database: Database, owner: str = "me", *, lease: float = 60.0) -> Job | None:
    """Claim a Job in a transaction of its own, as a worker does."""
    with database.write() as conn:
        return queue.claim(conn, ACCOUNT, owner, lease, database.now(conn))


def must_claim(database: Database, owner: str = "me", *, lease: float = 60.0) -> Job:
    """Claim a Job that must be there."""
    found = claim(database, owner, lease=lease)
    assert found is not None
    return found


def send(database: Database, job: Job) -> None:
    """Commit that the Job's write may have been sent."""
    with database.write() as conn:
        queue.touch(conn, job, 60.0, sending=True, now=database.now(conn))


def complete(database: Database, job: Job) -> None:
    """Record the Job's success."""
    with database.write() as conn:
        queue.complete(conn, job, requests=1, note="", now=database.now(conn))


def job_states(database: Database, run_id: int) -> dict[str, str]:
    """Request key -> Job state."""
    with database.read() as conn:
        return {
            row["key"]: row["state"] for row in jobs.list_jobs(conn, ACCOUNT, run_id=run_id, limit=10_000)
        }


def change_states(database: Database, run_id: int) -> dict[str, str]:
    """Change key -> state."""
    with database.read() as conn:
        return {row["key"]: row["state"] for row in changes.listed(conn, run_id=run_id, limit=None)}


def drop_views(conn: Connection) -> None:
    """Drop the views for people's reports: else PostgreSQL drops no table that they read."""
    for view in inspect(conn).get_view_names():
        conn.execute(text(f'DROP VIEW "{view}"'))
