"""``syncd serve`` as a process: it does what is queued, stops in good order, and goes on after kill -9.

What is asked of it beside that is a command in this process.
"""

import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from syncd import daemon as daemon_module
from syncd.daemon import Daemon
from syncd.sending.crew import rescue
from syncd.store import jobs, messages, runs
from syncd.store.migrate import upgrade
from syncd.wiring import wire
from tests.flows.rig import person
from tests.workbench import KEY, Workbench, eventually, workbench

SLOW_WRITES = {"kind": "slow", "method": "POST", "seconds": 0.3, "count": 0}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with workbench(tmp_path) as made:
        made.in_process = True
        made.staff(12)
        with made.database() as database:
            upgrade(database)
        yield made


def everybody(number: int) -> set[str]:
    return {person(each)["email"] for each in range(1, number + 1)}


def test_serve_answers_for_its_health(bench):
    with bench.serving() as served:
        assert json.loads(served.get("/healthz")[1])["status"] == "ok"
        assert json.loads(served.get("/readyz")[1]) == {"status": "ready", "reasons": []}
        assert "syncd_alive 1.0" in served.get("/metrics")[1]
        assert served.terminate() == 0
    kept = [line.split()[3] for line in bench.run("logs").stdout.splitlines()]
    assert {"serving", "stopping", "stopped"} <= set(kept)


def test_healthcheck_tells_a_served_from_a_dead_daemon(bench):
    with bench.serving() as served:
        port = served.events("serving")[0]["port"]
        bench.in_process = False
        bench.run("healthcheck", "--url", f"http://127.0.0.1:{port}/healthz")
        served.terminate()
    assert (
        "does not answer"
        in bench.run("healthcheck", "--url", f"http://127.0.0.1:{port}/healthz", expect=1).stderr
    )


def test_observe_plans_on_schedule_and_sends_nothing(bench):
    bench.configure(("policy: sync", "policy: observe, limits: {creates: {count: 5}}"))
    assert "policy   observe: plans are made and shown, nothing is sent" in bench.run("status").stdout
    with bench.serving():
        made = bench.queue("push")
        eventually(lambda: bench.state(made) == "succeeded", lambda: bench.state(made))
    shown = bench.run("runs", "show", str(made)).stdout
    assert "create user: 12 planned" in shown
    assert "Would be held: LIMIT-CREATES: 12 creates are more than push.limits.creates.count = 5" in shown
    assert "approve" not in shown
    assert bench.writes() == 0


def test_serve_does_all_three_flows_that_are_queued(bench):
    with bench.serving():
        for flow in ("refresh", "push"):
            made = bench.queue(flow)
            eventually(partial(succeeded, bench, made), lambda: bench.run("runs").stdout)
        who = person(1)["email"]
        control(bench, "complete", {"UserName": who, "LearningPath": "Onboarding"})
        made = bench.queue("pull")
        eventually(lambda: bench.state(made) == "succeeded", lambda: bench.run("runs").stdout)
    assert bench.usernames() == everybody(12)
    assert (bench.folder / "results.csv").read_text().splitlines() == [
        "employee_id,title",
        "00001,Onboarding",
    ]


def succeeded(bench: Workbench, run_id: int) -> bool:
    return bench.state(run_id) == "succeeded"


def control(bench: Workbench, call: str, body: object) -> None:
    """Play the administrator of the sandbox."""
    request = urllib.request.Request(f"{bench.sandbox.control_url}/{call}", json.dumps(body).encode())  # noqa: S310 - the sandbox
    urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - the sandbox


def test_sigterm_in_the_middle_of_a_push_loses_nothing(bench):
    bench.sandbox.faults.set([SLOW_WRITES])
    with bench.serving() as served:
        made = bench.queue("push")
        eventually(lambda: len(bench.usernames()) >= 2)
        assert served.terminate() == 0
        assert served.events("stopped")[0]["in_time"] is True
        assert served.errors.read_text() == ""
    sent = bench.usernames()
    assert sent < everybody(12)
    assert bench.state(made) == "running"
    left = bench.json("jobs", "--run", str(made))["jobs"]
    assert {job["state"] for job in left} <= {"available", "blocked", "completed"}, "nothing is in doubt"
    bench.sandbox.faults.set([])
    bench.run("push")
    assert bench.usernames() == everybody(12)
    assert bench.state(made) == "succeeded"


def test_sigterm_while_a_refresh_reads_ends_at_once(bench):
    bench.sandbox.faults.set([{"kind": "slow", "method": "GET", "seconds": 0.5, "count": 0}])
    with bench.serving() as served:
        made = bench.queue("refresh")
        eventually(lambda: bench.state(made) == "running")
        assert served.terminate() == 0
        assert served.errors.read_text() == ""
    assert bench.state(made) == "failed"
    assert "stopped" in bench.json("runs", "show", str(made))["run"]["error"]


def test_a_killed_daemon_goes_on_after_its_restart(bench):
    bench.sandbox.faults.set([SLOW_WRITES])
    with bench.serving() as served:
        made = bench.queue("push")
        eventually(lambda: len(bench.usernames()) >= 2)
        served.kill()
    assert bench.usernames() < everybody(12)
    bench.sandbox.faults.set([])
    with bench.serving():
        eventually(lambda: bench.state(made) == "succeeded", lambda: bench.run("jobs").stdout)
    users = [user["UserName"] for user in bench.sandbox.dump()["users"]]
    assert sorted(users) == sorted(everybody(12)), "nobody twice"


def test_a_second_daemon_on_the_same_file_names_the_holder(bench):
    with bench.serving() as served:
        bench.in_process = False
        refused = bench.run("serve", expect=7)
        assert f"pid {served.process.pid}" in refused.stderr
        assert served.get("/healthz")[0] == 200
    bench.serve().terminate()


def test_the_log_is_json_without_keys_and_people(bench):
    bench.staff(3, first_name="Canarina", email="canarina@canary.example")
    bench.write_hr([person(1, first_name="Canarina", last_name="Vögelchen", email="canarina@canary.example")])
    bench.sandbox.faults.set([{"kind": "status", "method": "POST", "path": "users", "status": 400,
                               "reason": "canarina@canary.example", "body": "canarina@canary.example"}])  # fmt: skip
    with bench.serving() as served:
        made = [bench.queue("push"), bench.queue("push")]
        eventually(lambda: {bench.state(each) for each in made} <= {"succeeded", "failed"})
        served.terminate()
        text = served.log.read_text() + served.errors.read_text()
    assert all({"event", "level", "timestamp"} <= set(line) for line in served.lines())
    assert served.events("plan_made")
    for secret in (KEY, "canarina@", "Canarina", "Vögelchen", "V\\u00f6gelchen"):
        assert secret not in text


@contextmanager
def daemon_of(bench: Workbench) -> Iterator[Daemon]:
    """A daemon in this process, not started."""
    config = bench.config()
    app = wire(config)
    try:
        yield Daemon(app, config)
    finally:
        app.close()


def test_a_refused_key_pauses_the_queue_until_it_works_again(bench, monkeypatch):
    monkeypatch.setattr(daemon_module, "PROBE_EVERY", 0.2)
    made = bench.queue("push")
    bench.sandbox.faults.set([{"kind": "status", "method": "POST", "status": 401, "count": 0}])
    with daemon_of(bench) as daemon:
        daemon.start()
        try:
            eventually(lambda: paused(daemon) is not None)
            assert state(daemon, made) == "running"
            bench.sandbox.faults.set(
                [{"kind": "status", "status": 401, "count": 0}]
            )  # now the probe fails too
            eventually(lambda: "paused" in bench.run("status").stderr)
            bench.sandbox.faults.set([])
            eventually(lambda: state(daemon, made) == "succeeded")
        finally:
            assert daemon.end()
        assert paused(daemon) is None
    assert bench.usernames() == everybody(12)


def paused(daemon: Daemon) -> object:
    with daemon.app.database.read() as conn:
        return jobs.paused(conn, "main")


def state(daemon: Daemon, run_id: int) -> str:
    with daemon.app.database.read() as conn:
        return str(runs.must_get(conn, run_id)["state"])


def schedule_of(daemon: Daemon) -> list[tuple[str, str]]:
    """Flow and slot of every Run, oldest first."""
    with daemon.app.database.read() as conn:
        return [(run["flow"], run["slot"]) for run in reversed(runs.listed(conn, "main"))]


@pytest.fixture
def hourly(bench: Workbench) -> Iterator[Daemon]:
    """A daemon whose pushes are due at every full hour in Berlin; its clock is set by ``at``."""
    bench.configure(("push: null", 'push: "0 * * * *", timezone: Europe/Berlin'))
    with daemon_of(bench) as made:
        yield made


def at(daemon: Daemon, moment: str) -> None:
    daemon.clock = lambda: datetime.fromisoformat(moment)


def end_all(daemon: Daemon) -> None:
    """All Runs have ended."""
    with daemon.app.database.write() as conn:
        for run in runs.listed(conn, "main"):
            runs.finish(conn, run["id"], "succeeded", now=daemon.app.database.now(conn))


def test_threads_that_fire_at_once_make_one_run(hourly):
    at(hourly, "2030-06-01T10:00:01+00:00")
    threads = [threading.Thread(target=hourly._fire, args=["push"]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert schedule_of(hourly) == [("push", "2030-06-01T12:00")]


def test_a_late_firing_belongs_to_the_slot_that_it_was_due_in(hourly):
    at(hourly, "2030-06-01T10:00:01+00:00")
    hourly._fire("push")
    end_all(hourly)
    at(hourly, "2030-06-01T10:07:00+00:00")
    hourly._fire("push")
    assert schedule_of(hourly) == [("push", "2030-06-01T12:00")]


def test_a_slot_is_skipped_while_the_run_before_it_has_not_ended(hourly):
    at(hourly, "2030-06-01T10:00:01+00:00")
    hourly._fire("push")
    at(hourly, "2030-06-01T11:00:01+00:00")
    hourly._fire("push")
    assert schedule_of(hourly) == [("push", "2030-06-01T12:00")]
    end_all(hourly)
    at(hourly, "2030-06-01T12:00:01+00:00")
    hourly._fire("push")
    assert schedule_of(hourly)[-1] == ("push", "2030-06-01T14:00")


def test_a_run_that_a_person_never_began_stops_no_schedule(hourly):
    with hourly.app.database.write() as conn:
        runs.create(conn, "main", "push", trigger="person", actor="cli:x", now=hourly.app.database.now(conn))
    at(hourly, "2030-06-01T10:00:01+00:00")
    hourly._fire("push")
    assert schedule_of(hourly)[-1] == ("push", "2030-06-01T12:00")


def test_a_run_that_a_person_never_began_fails_after_a_while(hourly):
    with hourly.app.database.write() as conn:
        now = hourly.app.database.now(conn)
        made = [
            runs.create(
                conn, "main", "push", trigger="person", actor="cli:x", now=now - timedelta(minutes=age)
            )
            for age in (20, 1)
        ]
    rescue(hourly.app)
    assert [state(hourly, run_id) for run_id in made if run_id] == ["failed", "queued"]


def test_the_repeated_hour_runs_once(hourly):
    for moment in ("2026-10-25T00:00:01+00:00", "2026-10-25T01:00:01+00:00", "2026-10-25T02:00:01+00:00"):
        at(hourly, moment)
        hourly._fire("push")
        end_all(hourly)
    assert schedule_of(hourly) == [("push", "2026-10-25T02:00"), ("push", "2026-10-25T03:00")]


def test_a_new_database_catches_up_on_nothing(hourly):
    at(hourly, "2030-06-01T10:30:00+00:00")
    hourly._catch_up()
    assert schedule_of(hourly) == []
    with hourly.app.database.read() as conn:
        (known,) = messages.known_schedules(conn, hourly.app.account)
    assert known.startswith("schedule:push:"), "from now on it may be late"


def test_the_latest_missed_slot_is_caught_up_on_once(hourly):
    at(hourly, "2026-01-01T10:00:01+00:00")
    hourly._fire("push")
    end_all(hourly)
    at(hourly, "2030-06-01T10:30:00+00:00")
    hourly._catch_up()
    hourly._catch_up()
    assert schedule_of(hourly) == [("push", "2026-01-01T11:00"), ("push", "2030-06-01T12:00")]


def test_nothing_is_caught_up_on_when_nothing_was_missed(hourly):
    at(hourly, "2026-01-01T10:00:01+00:00")
    hourly._fire("push")
    end_all(hourly)
    at(hourly, "2026-01-01T10:59:00+00:00")
    hourly._catch_up()
    assert len(schedule_of(hourly)) == 1
