"""Every command that acts leaves its entry in the audit: by a table over all commands there are."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer

from syncd.cli.main import app
from tests.flows.rig import person
from tests.workbench import Workbench, workbench

STAFF = 5
LOOK = {
    *(
        "status",
        "why",
        "preview",
        "plan",
        "grants",
        "backtest",
        "healthcheck",
        "runs",
        "runs show",
        "runs diff",
    ),
    *("changes", "changes show", "problems", "starters", "logs", "messages", "messages test"),
    *("pseudonym", "support-bundle", "completion"),
    *(
        "jobs",
        "cases",
        "results",
        "inputs",
        "audit",
        "employees show",
        "employees",
        "employees quarantine",
        "quarantine",
        "cases show",
        "results totals",
        "inputs show",
    ),
    *(
        "inputs export",
        "config check",
        "config show",
        "config schema",
        "db check",
        "audit verify",
        "web tokens",
    ),
}
"""Commands that change nothing that syncd or Litmos knows."""
ELSEWHERE = {"init", "serve", "sandbox", "demo", "db upgrade", "web password", "results forget"}
"""Commands that write files, make the tables, or serve what others do; and one whose entry ``test_cli_results`` looks at."""
NOBODY = "probe@example.com"
DISPOSABLE = {"UserName": NOBODY, "FirstName": "P", "LastName": "Q", "Active": True}
ACTS: tuple[tuple[str, tuple[str, ...], str, int], ...] = (
    ("push", ("push",), "push", 0),
    ("refresh", ("refresh",), "refresh", 0),
    ("pull", ("pull",), "pull", 0),
    ("push", ("push", "--only", "00001"), "push", 0),
    ("push", ("push",), "push", 4),
    ("approve", ("approve", "{run}"), "approve", 0),
    ("revert", ("revert", "{run}"), "revert", 4),
    ("reject", ("reject", "{run}", "--reason", "no"), "reject", 0),
    ("push", ("push",), "push", 4),
    ("cancel", ("cancel", "{run}"), "cancel", 0),
    ("pause", ("pause", "--reason", "a window"), "pause", 0),
    ("resume", ("resume",), "resume", 0),
    ("jobs retry", ("jobs", "retry", "--run", "1"), "retry", 0),
    ("cases resolve", ("cases", "resolve", "00001", "--ignore"), "decide case", 0),
    ("cases resolve", ("cases", "resolve", "00001", "--undo"), "undo case", 0),
    ("results redeliver", ("results", "redeliver", "results"), "redeliver", 0),
    ("adopt", ("adopt", "--rule", "teams[0]"), "adopt", 0),
    ("prune", ("prune",), "prune", 0),
    ("web token", ("web", "token", "grafana", "--role", "viewer"), "make token", 0),
    ("web revoke", ("web", "revoke", "grafana"), "revoke token", 0),
    ("doctor", ("doctor", "--probe", NOBODY, "--yes"), "probe", 0),
    ("purge", ("purge", "00005", "--yes", "--even-though-present"), "purge", 0),
)
"""(command, how it is called, what the audit calls it, exit code), one after the other; ``{run}`` is the newest run."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """Five people, of whom two may be changed without a person."""
    folder: Path = tmp_path_factory.mktemp("audit")
    with workbench(folder) as made:
        made.in_process = True
        made.configure(
            ("push: {policy: sync}", "push: {policy: sync, limits: {updates: {count: 2, percent: null}}}")
        )
        made.staff(STAFF)
        edit = {"do": "create_user", "set": DISPOSABLE}
        httpx.post(f"{made.sandbox.control_url}/edit", json=edit).raise_for_status()
        yield made


def commands(of: Any, name: str = "") -> Iterator[str]:
    """The name of every command that does something by itself."""
    inner = getattr(of, "commands", {})
    if not inner or of.invoke_without_command:
        yield name
    for part, one in inner.items():
        yield from commands(one, f"{name} {part}".strip())


def test_every_command_that_acts_leaves_its_entry(bench):
    for number, (_command, arguments, action, code) in enumerate(ACTS):
        if (action, code) == ("push", 4):
            bench.write_hr([person(each, title=f"Title {number}") for each in range(1, STAFF + 1)])
        newest = bench.json("runs", "--limit", "1")["runs"]
        run = str(newest[0]["id"]) if newest else ""
        before = entries(bench)
        bench.run(*(one.format(run=run) for one in arguments), expect=code)
        after = entries(bench)
        assert len(after) == len(before) + 1, arguments
        assert after[0]["action"] == action, arguments
        assert after[0]["actor"].startswith("cli:")
    assert entries(bench, "--action", "revert")[0]["detail"]["reverts"]
    assert [one["employee_id"] for one in entries(bench, "--action", "push")].count("00001") == 1
    assert bench.run("audit", "verify").stdout.startswith("The audit is whole")


def entries(bench: Workbench, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bench.json("audit", *options)["audit"]
    return found


def test_looking_leaves_none(bench):
    before = entries(bench)
    for arguments in (("plan",), ("preview", "00001"), ("runs", "diff", "1", "1"), ("prune", "--dry-run")):
        bench.run(*arguments)
    assert entries(bench) == before


def test_every_command_is_known_to_act_or_to_look():
    """A new command fails here, until somebody says which it is."""
    known = {command for command, _, _, _ in ACTS} | LOOK | ELSEWHERE
    assert set(commands(typer.main.get_command(app))) - {""} == known
