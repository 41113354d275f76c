"""The commands that hold back or clear the queue: pause, resume, cancel, prune."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from syncd import daemon as daemon_module
from syncd.daemon import Daemon
from syncd.store import runs
from syncd.store.schema import run
from syncd.wiring import wire
from tests.flows.rig import person
from tests.workbench import Workbench, eventually, workbench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with workbench(tmp_path) as made:
        made.in_process = True
        made.staff(4)
        yield made


def given(bench: Workbench) -> tuple[int, int, int]:
    """How many users, memberships and learning paths of HR's people there are."""
    dump = bench.sandbox.dump()
    users = [user for user in dump["users"] if user["ExternalEmployeeId"]]
    return len(users), len(dump["memberships"]), len(dump["assignments"])


def test_a_paused_class_stays_queued_and_is_sent_after_resume(bench):
    bench.run("pause", "--class", "learning", "--class", "teams", "--reason", "audit until noon")
    pushed = bench.run("push")
    assert "Run 1: running" in pushed.stdout
    assert "The rest is paused" in pushed.stderr
    assert given(bench) == (4, 0, 0)
    shown = bench.run("status").stderr
    assert "audit until noon" in shown
    assert "syncd resume --class teams" in shown
    assert bench.json("resume", "--class", "teams") == {
        "schema_version": 1,
        "resumed": ["teams"],
        "still_paused": ["learning"],
    }
    bench.run("push")
    assert given(bench) == (4, 4, 0)
    assert "Resumed: learning" in bench.run("resume").stdout
    bench.run("push")
    assert given(bench) == (4, 4, 4)
    assert bench.state(1) == "succeeded"
    assert "Nothing of that was paused" in bench.run("resume").stdout


def test_all_is_paused_even_for_a_refresh_that_reads(bench):
    bench.run("pause")
    bench.run("push")
    bench.run("refresh")
    assert bench.writes() == 0
    assert [one["job_class"] for one in bench.json("status")["pauses"]] == ["all"]


def test_an_unknown_class_is_refused(bench):
    assert "pilots is none of leavers, users, teams, learning" in bench.run(
        "pause", "--class", "pilots", expect=2
    ).stderr.replace("\n", " ")


def test_a_cancelled_run_leaves_nothing_half_sent(bench):
    bench.run("pause", "--class", "learning")
    bench.run("push")
    ended = bench.json("cancel", "1")
    assert (ended["state"], ended["unsettled"]) == ("cancelled", 0)
    assert ended["cancelled"] > 0
    bench.run("resume")
    assert given(bench) == (4, 4, 0)
    assert "is cancelled already" in bench.run("cancel", "1", expect=1).stderr
    assert "there is no run 77" in bench.run("cancel", "77", expect=1).stderr
    bench.run("push")
    assert given(bench) == (4, 4, 4), "the next push plans what is left"


def test_prune_says_what_goes(bench):
    bench.configure(("web: {port: 0}", "web: {port: 0}\nretention: {pushes: 30d, others: 7d}"))
    for _ in range(3):
        bench.run("push")
    assert "Removed: nothing" in bench.run("prune").stdout
    grow_old(bench)
    assert "Would be removed: 2 runs" in bench.run("prune", "--dry-run").stdout
    assert bench.json("prune")["removed"]["runs"] == 2
    assert [one["id"] for one in bench.json("runs")["runs"]] == [3]
    assert "in step" in bench.run("why", person(1)["employee_id"]).stdout, "what is known is no history"


def grow_old(bench: Workbench) -> None:
    """All Runs ended a year ago."""
    with bench.database() as database, database.write() as conn:
        year = timedelta(days=365)
        for each in runs.listed(conn, "main"):
            conn.execute(
                update(run).where(run.c.id == each["id"]).values(finished_at=each["finished_at"] - year)
            )


def test_the_daemon_prunes(bench, monkeypatch):
    bench.configure(("web: {port: 0}", "web: {port: 0}\nretention: {pushes: 30d, others: 7d}"))
    monkeypatch.setattr(daemon_module, "POLL", 0.05)
    for _ in range(2):
        bench.run("push")
    grow_old(bench)
    config = bench.config()
    served = Daemon(wire(config), config)
    served.start()
    try:
        eventually(lambda: [one["id"] for one in bench.json("runs")["runs"]] == [2])
    finally:
        assert served.end()
        served.app.close()


def test_a_reserve_is_left_to_other_programs(bench):
    """A share of the window for whoever else uses the key: the slots are so many fewer."""
    bench.configure(("limit: {requests: 300,", "limit: {requests: 300, reserve: 40,"))
    bench.run("push")
    assert bench.json("status")["window"]["slots"] == 260


def test_retention_is_a_week_at_least(bench):
    bench.configure(("web: {port: 0}", "web: {port: 0}\nretention: {pushes: 1d}"))
    assert "retention.pushes" in bench.run("config", "check", expect=3).stderr
