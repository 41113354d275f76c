"""What an Attempt sent and got is kept with it, goes with its Job, and is removed after its time."""

from datetime import timedelta

from sqlalchemy import delete, select, update

from syncd.store import attempts, exchanges
from syncd.store.schema import exchange, job
from tests.store.makers import ACCOUNT, enqueue, must_claim, now_of, request


def tried(database, *made: dict[str, object]) -> int:
    """A Job that was tried once, with these exchanges; its id."""
    enqueue(database, [request("1")])
    claimed = must_claim(database)
    with database.write() as conn:
        row = conn.execute(select(job).where(job.c.id == claimed.id)).mappings().one()
        attempts.log(conn, claimed.id, "me", row, "retry", now=database.now(conn))
        exchanges.save(conn, claimed.id, made)
    return claimed.id


def kept(database, job_id: int) -> list[list[dict[str, object]]]:
    with database.read() as conn:
        return list(exchanges.of_job(conn, job_id).values())


def test_they_are_kept_with_the_newest_attempt_and_go_with_the_job(database):
    job_id = tried(database, {"method": "GET", "text": "čaj ☕"})
    assert kept(database, job_id) == [[{"method": "GET", "text": "čaj ☕"}]]
    with database.write() as conn:
        exchanges.save(conn, job_id, ())
        conn.execute(delete(job).where(job.c.id == job_id))
        assert conn.execute(select(exchange)).all() == []


def test_they_are_removed_after_their_time_and_never_earlier(database):
    job_id = tried(database, {"method": "GET"})
    assert exchanges.prune(database, ACCOUNT, None) == 0
    assert exchanges.prune(database, ACCOUNT, 3600) == 0
    with database.write() as conn:
        conn.execute(update(exchange).values(at=now_of(database) - timedelta(hours=2)))
    assert exchanges.prune(database, "another", 3600) == 0
    assert exchanges.prune(database, ACCOUNT, 3600) == 1
    assert kept(database, job_id) == []
