"""A process that was silent for too long: what it planned, or read, meanwhile is not stored, and its Run fails."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from syncd.app import App
from syncd.errors import Busy
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import rescue
from syncd.store import jobs, lease, mirror, runs
from syncd.store.database import Database
from syncd.store.schema import lease as lease_table
from syncd.sync import push, refresh
from tests.flows.rig import Rig, person

ELSEWHERE = "another|b|n|1|2|x"


@pytest.fixture
def rig(database: Database, tmp_path: Path):
    with Sandbox(limit=1000, window=1.0, seed={"learning_paths": [{"Name": "Onboarding"}]}) as sandbox:
        rig = Rig(sandbox=sandbox, database=database, folder=tmp_path)
        rig.hr = [person(number) for number in range(1, 4)]
        rig.write_hr()
        yield rig


@pytest.fixture
def app(rig: Rig) -> Iterator[App]:
    app = rig.open()
    yield app
    app.client.close()


def take_over(database: Database, flow: str) -> None:
    """Another process finds the lease run out, and takes it."""
    with database.write() as conn:
        now, name = database.now(conn), runs.lease_name("main", flow)
        conn.execute(update(lease_table).values(expires_at=now - timedelta(seconds=1)))
        lease.acquire(conn, name, ELSEWHERE, seconds=60, about="push", now=now)


def test_a_planner_that_lost_its_lease_stores_no_plan(rig, app):
    def step(what: str, _done: int, _total: int | None) -> None:
        if what == "planning":
            take_over(rig.database, "push")

    run_id = rig.run_id("push")
    with pytest.raises(Busy, match="pid 1 on another took over"):
        push(app, run_id, update=step)
    assert rig.run(run_id)["state"] == "failed"
    assert rig.run(run_id)["plan_digest"] in {None, ""}
    with rig.database.read() as conn:
        assert jobs.counts(conn, "main") == {}
    assert rig.writes() == 0


def test_a_plan_of_a_run_that_was_taken_for_dead_is_not_stored(rig, app):
    run_id = rig.run_id("push")

    def step(what: str, _done: int, _total: int | None) -> None:
        if what == "planning":
            with rig.database.write() as conn:
                runs.finish(conn, run_id, "failed", error="taken for dead", now=rig.database.now(conn))

    with pytest.raises(Busy, match=f"run {run_id} is failed by now"):
        push(app, run_id, update=step)
    with rig.database.read() as conn:
        assert jobs.counts(conn, "main") == {}


def test_a_refresh_that_lost_its_lease_leaves_the_mirror_alone(rig, app):
    run_id = rig.run_id("refresh")
    taken: list[str] = []

    def step(_what: str, _done: int, _total: int | None) -> None:
        if not taken:
            take_over(rig.database, "refresh")
            taken.append("refresh")

    with pytest.raises(Busy, match="took over"):
        refresh(app, run_id, update=step)
    assert taken
    with rig.database.read() as conn:
        assert mirror.readings(conn, "main").last is None
        assert not mirror.users(conn, "main")


@pytest.mark.parametrize("flow", ["refresh", "push", "pull"])
def test_a_run_whose_process_on_another_machine_is_silent_fails_when_its_lease_ends(flow, rig, app):
    """Nobody can see whether a process of another container lives: its lease decides."""
    run_id = rig.run_id(flow)
    name = runs.lease_name("main", flow)
    with rig.database.write() as conn:
        now = rig.database.now(conn)
        epoch = lease.acquire(conn, name, ELSEWHERE, seconds=60, about=flow, now=now)
        runs.start(conn, run_id, owner=ELSEWHERE, now=now)
    rescue(app)
    assert rig.run(run_id)["state"] == "running"
    with rig.database.write() as conn:
        assert lease.renew(conn, name, ELSEWHERE, epoch, seconds=-1, now=now)
    rescue(app)
    assert rig.run(run_id)["state"] == "failed"
    assert "died before the plan was stored" in rig.run(run_id)["error"]
