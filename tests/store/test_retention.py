"""What has ended goes after a while; what is alive, or needed, stays."""

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, update

from syncd.store import configurations, imports, runs
from syncd.store.database import Database
from syncd.store.retention import CHUNK, Retention, is_due, prune
from syncd.store.schema import attempt, change, input_, job, run
from tests.store.makers import ACCOUNT, complete, enqueue, must_claim, new_run, request

KEEP = Retention(pushes=100 * 86400.0, others=10 * 86400.0)


def ended(
    database: Database, days: float, *, flow: str = "push", state: str = "succeeded", plan: bool = False
) -> int:
    """A Run that ended so many days ago."""
    run_id = new_run(database, flow=flow)
    with database.write() as conn:
        now = database.now(conn)
        summary = {runs.PLANNED_ONLY: True} if plan else {}
        runs.finish(conn, run_id, state, now=now, summary=summary)
        conn.execute(update(run).where(run.c.id == run_id).values(finished_at=now - timedelta(days=days)))
    return run_id


def left(database: Database) -> set[int]:
    with database.read() as conn:
        return set(conn.execute(select(run.c.id)).scalars())


def test_pushes_and_other_runs_have_their_times(database):
    old = {ended(database, 101), ended(database, 11, plan=True), ended(database, 11, flow="refresh")}
    kept = {ended(database, 99), ended(database, 9, plan=True), ended(database, 9, flow="refresh")}
    gone = prune(database, ACCOUNT, KEEP)
    assert gone["runs"] == len(old)
    assert left(database) == kept


def test_a_dry_run_removes_nothing(database):
    found = {ended(database, 101), ended(database, 1)}
    assert prune(database, ACCOUNT, KEEP, dry_run=True) == {"runs": 1, "events": 0}
    assert left(database) == found


def test_for_ever_is_for_ever(database):
    found = {ended(database, 5000), ended(database, 1)}
    assert prune(database, ACCOUNT, Retention(pushes=None, others=None))["runs"] == 0
    assert left(database) == found


@pytest.mark.parametrize("state", ["succeeded", "failed"])
def test_the_newest_of_each_flow_and_state_stays_however_old(database, state):
    older, newest = ended(database, 500, state=state), ended(database, 400, state=state)
    prune(database, ACCOUNT, KEEP)
    assert left(database) == {newest}
    assert older not in left(database)


def test_a_run_of_which_a_job_has_not_ended_stays(database):
    living = enqueue(database, [request("a")])
    with database.write() as conn:
        now = database.now(conn)
        runs.cancel(conn, living, actor="me", now=now)
        conn.execute(update(run).values(finished_at=now - timedelta(days=500)))
    newest = ended(database, 1, state="cancelled")
    prune(database, ACCOUNT, KEEP)
    assert left(database) == {living, newest}


def test_a_run_with_an_import_that_may_still_be_applied_stays(database):
    run_id = enqueue(database, [request("a")])
    done = must_claim(database)
    complete(database, done)
    with database.write() as conn:
        now = database.now(conn)
        imports.save(conn, done.id, "i1", now)
        imports.end(conn, ACCOUNT, done.id, now, late=True)
        runs.finish_if_done(conn, run_id, now)
        conn.execute(update(run).values(finished_at=now - timedelta(days=500)))
    newest = ended(database, 1)
    prune(database, ACCOUNT, KEEP)
    assert left(database) == {run_id, newest}


def test_a_configuration_goes_when_no_run_names_it_any_more(database):
    ended(database, 101)
    newest = ended(database, 1)
    with database.write() as conn:
        now = database.now(conn)
        conn.execute(update(run).where(run.c.id == newest).values(config_digest="named"))
        for digest, days in (("named", 500), ("of nobody", 500), ("of nobody yet", 1)):
            configurations.save(conn, ACCOUNT, digest, {"a": digest}, now - timedelta(days=days))
    assert prune(database, ACCOUNT, KEEP)["configurations"] == 1
    with database.read() as conn:
        kept = [configurations.get(conn, ACCOUNT, each) for each in ("named", "of nobody", "of nobody yet")]
    assert kept == [{"a": "named"}, None, {"a": "of nobody yet"}]


def test_jobs_attempts_and_changes_go_with_their_run_in_small_transactions(database):
    size = CHUNK + 5
    run_id = enqueue(database, [request(f"k{number}") for number in range(size)])
    complete(database, must_claim(database))
    with database.write() as conn:
        now = database.now(conn)
        conn.execute(update(job).values(state="completed"))
        runs.finish_if_done(conn, run_id, now)
        conn.execute(update(run).values(finished_at=now - timedelta(days=500)))
    ended(database, 1)
    gone = prune(database, ACCOUNT, KEEP)
    assert (gone["runs"], gone["jobs"], gone["changes"]) == (1, size, size)
    with database.read() as conn:
        assert [
            conn.execute(select(func.count()).select_from(t)).scalar_one() for t in (job, change, attempt)
        ] == [
            0,
            0,
            0,
        ]


def test_accepted_inputs_stay_while_anything_may_be_compared_with_them(database):
    with database.write() as conn:
        now = database.now(conn)
        for number, accepted in enumerate([True, False, True]):
            values = {"account": ACCOUNT, "source": "hr", "sha256": str(number), "size_bytes": 1, "rows": 1}
            at = now - timedelta(days=500 - number)
            conn.execute(insert(input_).values(**values, read_at=at, accepted=accepted, fingerprint={}))
    assert prune(database, ACCOUNT, KEEP)["inputs"] == 1
    with database.read() as conn:
        assert set(conn.execute(select(input_.c.sha256)).scalars()) == {"0", "2"}


def test_of_many_daemons_one_removes_once_a_day(database):
    with database.write() as conn:
        now = database.now(conn)
        assert is_due(conn, ACCOUNT, now)
        assert not is_due(conn, ACCOUNT, now + timedelta(hours=1))
        assert is_due(conn, "other", now)
        assert is_due(conn, ACCOUNT, now + timedelta(days=1))
