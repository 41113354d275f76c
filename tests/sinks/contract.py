"""What every sink keeps: whole or not at all, the same batch again without a second effect, no secret in an error.

A test module subclasses ``SinkContract`` and gives a ``bench``, a sink as the configuration makes it with a look at what has
arrived. Killing is real: ``python tests/sinks/contract.py CONFIG BATCH POINT`` delivers the rows it
reads, and dies at the point.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from syncd.config import load  # noqa: E402 - also run as a program
from syncd.errors import SinkError  # noqa: E402
from syncd.sinks import Checked, Sink  # noqa: E402
from syncd.wiring import sinks_of  # noqa: E402
from tests.config.files import ENVIRON, HEAD, USERS  # noqa: E402

COLUMNS = """columns:
        result_id: result_id
        person: employee_id
        passed: {from: completed, map: {"true": Y, "false": N}}
        percent: percent
        done_on: {from: completed_at, date: {zone: Europe/Berlin}}
        origin: {value: litmos}
"""
CANARY = "CANARY"
"""In every secret and in every person's id: no error may hold it."""


def result(number: int, **changed: str) -> dict[str, str]:
    """A row as sinks are given it."""
    return {
        "result_id": f"r{number}",
        "employee_id": f"{CANARY}-{number:04d}",
        "completed": "true",
        "percent": "87.5",
        "completed_at": "2026-11-24T23:30:00Z",
        **changed,
    }


def arrived(row: dict[str, str]) -> tuple[str, ...]:
    """What a receiver must have of a row."""
    passed = {"true": "Y", "false": "N"}[row["completed"]]
    return (row["result_id"], row["employee_id"], passed, row["percent"], "2026-11-25", "litmos")


@dataclass(kw_only=True)
class Bench:
    """A sink under test: its YAML, what has ``received``, how to make it fail, and where to kill it."""

    folder: Path
    yaml: str
    received: Callable[[], list[tuple[str, ...]]]
    break_it: Callable[[], object]
    points: Sequence[str]
    environ: dict[str, str] = field(default_factory=dict)
    path: Sequence[str] = ()

    @property
    def config(self) -> Path:
        """The configuration file, written anew."""
        file = self.folder / "syncd.yaml"
        sink = f"pull:\n  sinks:\n    - name: back\n      {self.yaml.strip()}\n      {COLUMNS}"
        file.write_text(HEAD + USERS + sink, encoding="utf-8")
        return file

    @property
    def sink(self) -> Sink:
        """The sink as syncd opens it."""
        return sinks_of(load(self.config, environ={**ENVIRON, **self.environ}))["back"]

    def killed(self, batch_id: str, rows: Sequence[dict[str, str]], point: str) -> None:
        """Deliver in a process of its own that dies at the point, as by kill -9."""
        command = [sys.executable, __file__, str(self.config), batch_id, point]
        environ = {**os.environ, **ENVIRON, **self.environ, "PYTHONPATH": os.pathsep.join(self.path)}
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            env=environ,
            input=json.dumps(rows).encode(),
            timeout=60,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()


class SinkContract:
    """The tests. ``bench`` is a fixture of the subclass's module."""

    def test_a_batch_is_delivered_whole_and_again_has_one_effect(self, bench):
        rows = [result(number) for number in range(7)]
        bench.sink.deliver("b-1", rows)
        assert sorted(bench.received()) == sorted(map(arrived, rows))
        bench.sink.deliver("b-1", rows)
        assert sorted(bench.received()) == sorted(map(arrived, rows))

    def test_a_new_version_replaces_what_there_was_and_the_rest_stays(self, bench):
        rows = [result(1), result(2)]
        bench.sink.deliver("b-1", rows)
        later = [result(2, completed="false", percent="10"), result(3)]
        bench.sink.deliver("b-2", [rows[0], *later] if bench.sink.wants_everything else later)
        found = {row[0]: row for row in bench.received()}
        assert found == {row["result_id"]: arrived(row) for row in [rows[0], *later]}

    def test_a_row_that_cannot_be_written_lets_none_in_and_is_named_without_its_values(self, bench):
        bench.sink.deliver("b-1", [result(1)])
        rows = [result(2), result(3, completed=CANARY)]
        with pytest.raises(SinkError) as caught:
            bench.sink.deliver("b-2", rows)
        assert "row 2 passed: the value is not in the map" in str(caught.value)
        assert "Batch b-2 (2 rows) stays pending" in str(caught.value)
        assert CANARY not in str(caught.value)
        assert bench.received() == [arrived(result(1))]

    def test_killed_in_the_middle_each_row_is_there_once_after_redelivery(self, bench):
        rows = [result(number) for number in range(2500)]
        for point in bench.points:
            bench.killed("b-1", rows, point)
        bench.sink.deliver("b-1", rows)
        assert sorted(bench.received()) == sorted(map(arrived, rows))

    def test_a_sink_that_fails_says_so_without_a_secret_or_a_person(self, bench):
        assert isinstance(bench.sink, Checked)
        assert CANARY not in bench.sink.check()
        bench.break_it()
        sink: Any = bench.sink
        for attempt in (lambda: sink.deliver("b-1", [result(1)]), sink.check):
            with pytest.raises(SinkError) as caught:
                attempt()
            assert CANARY not in str(caught.value)
            assert "back" in str(caught.value) or str(bench.folder) in str(caught.value)


def _die(*_args: Any, **_more: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def _arm_files(point: str) -> None:
    original = Path.replace

    def replace(self: Path, target: Path) -> None:
        original(self, target)
        _die()

    if point == "fsync":
        os.fsync = _die
    elif point == "replaced":
        cast("Any", Path).replace = replace


def _arm_databases(point: str) -> None:
    from sqlalchemy import Engine, event
    from sqlalchemy.engine.default import DefaultDialect

    def executed(_conn: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.startswith("INSERT"):
            _die()

    commit = DefaultDialect.do_commit

    def do_commit(self: DefaultDialect, connection: Any) -> None:
        commit(self, connection)
        _die()

    if point == "executed":
        event.listen(Engine, "after_cursor_execute", executed)
    elif point == "committed":
        cast("Any", DefaultDialect).do_commit = do_commit


def _arm_webhooks(point: str) -> None:
    from syncd.http import signing
    from syncd.sinks import webhook

    original = signing.judged
    seen: list[Any] = []

    def judged(answer: Any) -> tuple[str, bool]:
        seen.append(answer)
        if len(seen) == 2:
            _die()
        return original(answer)

    if point == "answered":
        vars(webhook)["judged"] = judged


if __name__ == "__main__":
    _config, _batch, _point = sys.argv[1:]
    for arm in (_arm_files, _arm_databases, _arm_webhooks):
        arm(_point)
    sinks_of(load(_config))["back"].deliver(_batch, json.load(sys.stdin))
