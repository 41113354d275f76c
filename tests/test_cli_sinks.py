"""Sinks as somebody meets them who runs syncd: doctor tells beforehand, one that fails blocks no other, nothing comes twice."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from syncd.config import load
from syncd.errors import SinkError
from syncd.sync import pull
from syncd.wiring import wire
from tests.sinks.test_webhook import SECRETS, Receiver
from tests.workbench import Workbench, workbench

PULL = "columns: {employee_id: employee_id, title: object_name}\n"
MORE = """\
    - name: table
      type: sql
      url: sqlite:///hr.db
      table: results
      key: id
      columns: {id: result_id, employee: employee_id, done: {from: completed, map: {"true": Y, "false": N}}, at: completed_at}
    - name: hook
      type: webhook
      url: ${env:HOOK}
      secrets: ["${env:S1}", "${env:S2}"]
      columns: {result_id: result_id}
"""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with workbench(tmp_path) as made:
        made.in_process = True
        made.staff(3)
        made.configure((PULL, PULL + MORE))
        made.environ |= {"HOOK": "https://127.0.0.1:1/", "S1": SECRETS[0], "S2": SECRETS[1]}
        yield made


def in_table(bench: Workbench, statement: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(bench.folder / "hr.db")) as connection, connection:
        return connection.execute(statement).fetchall()


def test_results_reach_each_sink_once_though_others_fail_meanwhile(bench):
    receiver = Receiver()
    try:
        bench.run("push")
        for number in (1, 2, 3):
            body = {"UserName": f"p{number}@example.com", "LearningPath": "Onboarding"}
            httpx.post(f"{bench.sandbox.control_url}/complete", json=body).raise_for_status()
        in_table(bench, "CREATE TABLE other (id)")
        bench.environ["HOOK"] = receiver.url
        failed = bench.run("pull", expect=8)
        assert "table: there is no table results" in failed.stderr
        assert len((bench.folder / "results.csv").read_bytes().splitlines()) == 4
        assert len(receiver.rows()) == 3, "a sink that fails blocks no other"
        assert "sink table" in bench.run("doctor", expect=1).stdout
        in_table(bench, "CREATE TABLE results (id TEXT PRIMARY KEY, employee TEXT, done TEXT, at DATETIME)")
        assert "results at" in bench.run("doctor").stdout
        for _ in range(2):
            bench.run("pull")
        assert sorted(in_table(bench, "SELECT employee, done FROM results")) == [
            (f"{number:05d}", "Y") for number in (1, 2, 3)
        ]
        assert len(receiver.calls) == 1
    finally:
        receiver.close()


def test_a_secret_of_a_sink_that_is_gone_blocks_no_other(bench):
    hook = MORE[MORE.index("    - name: hook") :].replace("${env:HOOK}", "${file:hook.txt}")
    bench.configure(("  sinks:\n", f"  sinks:\n{hook}"))
    file = bench.folder / "hook.txt"
    file.write_text("https://127.0.0.1:1/")
    bench.run("push")
    httpx.post(
        f"{bench.sandbox.control_url}/complete",
        json={"UserName": "p1@example.com", "LearningPath": "Onboarding"},
    ).raise_for_status()
    app = wire(load(bench.config_file, environ=bench.env))
    try:
        file.unlink()
        with pytest.raises(SinkError, match=r"hook: .*hook\.txt"):
            pull(app, bench.queue("pull"))
    finally:
        app.close()
    assert len((bench.folder / "results.csv").read_bytes().splitlines()) == 2
