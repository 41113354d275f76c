"""What commands answer: to an id that nobody has, about what failed, about what was held, and where there is nothing to list."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_cli_listing import LISTINGS
from tests.workbench import Workbench, workbench

HOLDS = ("push: {policy: sync}", "push: {policy: sync, limits: {updates: {count: 2, percent: null}}}")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """Three people; run 2 was to change a title of one and Litmos refused it, run 3 was to change all three and is held."""
    with workbench(tmp_path_factory.mktemp("answers")) as made:
        made.in_process = True
        made.configure(HOLDS)
        rows = made.staff(3)
        made.run("push")
        made.write_hr([{**rows[0], "title": "Chief"}, *rows[1:]])
        made.sandbox.faults.set(
            [{"kind": "status", "method": "PUT", "status": 400, "reason": "JobTitle is not in the list"}]
        )
        made.run("push", expect=5)
        made.sandbox.faults.set([])
        made.write_hr([{**row, "title": "Lead"} for row in rows])
        made.run("push", expect=4)
        yield made


def pushes(bench: Workbench) -> dict[str, int]:
    """The push that failed, and the one that was held, by their ids."""
    found = bench.json("runs", "--flow", "push")["runs"]
    return {
        "failed": next(run["id"] for run in found if run["state"] == "failed"),
        "held": next(run["id"] for run in found if run["holds"]),
    }


@pytest.mark.parametrize(
    "command",
    [
        *(
            "runs show 99",
            "runs diff 98 99",
            "inputs show 99",
            "approve 99",
            "reject 99",
            "cancel 99",
            "revert 99",
        ),
        *(
            "changes show 99999",
            "jobs retry 99999",
            "jobs retry --run 99",
            "web revoke nobody",
            "preview nobody",
        ),
        *("why nobody", "employees show nobody", "cases show nobody", "cases resolve nobody --create"),
        *("grants nobody", "results redeliver nowhere"),
    ],
)
def test_an_id_that_nothing_has_is_exit_1_and_what_to_type_is_said(bench, command):
    runs = len(bench.json("runs")["runs"])
    done = bench.run(*command.split(), expect=1)
    assert "syncd " in done.stderr or "there are: results" in done.stderr
    assert len(bench.json("runs")["runs"]) == runs, "no run is made that can only fail"


@pytest.mark.parametrize(
    "command", ["approve", "runs show", "changes show", "jobs retry", "cancel", "changes --run", "logs --run"]
)
def test_an_id_that_none_can_have_is_a_mistake_in_typing(bench, command):
    assert "2147483647" in bench.run(*command.split(), "9" * 20, expect=2).stderr


def test_an_id_without_its_zeros_is_guessed(bench):
    for command in ("why", "employees show", "cases show", "grants"):
        assert f"syncd {command} 00001" in bench.run(*command.split(), "1", expect=1).stderr
    assert bench.json("why", "1", expect=1)["findings"][0]["facts"]["code"] == "UNKNOWN-PERSON"


def test_a_failed_run_and_its_change_say_what_was_sent_and_what_to_do(bench):
    run = pushes(bench)["failed"]
    shown = bench.run("runs", "show", str(run))
    for text in (
        "Took: ",
        ", ended 20",
        "Requests: ",
        "Input: hr (hr.csv), 3 rows, ",
        "Configuration: digest ",
    ):
        assert text in shown.stdout
    assert f"syncd changes --run {run} --state failed" in shown.stderr
    assert f"syncd jobs retry --run {run}" in shown.stderr
    (change,) = bench.json("changes", "--state", "failed")["changes"]
    told = bench.run("changes", "show", str(change["id"]))
    assert "PUT /users/{id}: answered 400 LITMOS-400-REFUSED" in told.stdout
    assert '"JobTitle": "Chief"' in told.stdout
    assert "Next: nothing; a later change took it up: syncd changes --employee 00001" in told.stderr
    assert "syncd jobs retry" not in told.stderr, "its values are of then"
    assert "a later run took up what did" in bench.run("jobs", "retry", str(change["job_id"])).stderr
    assert bench.json("changes", "--open")["changes"] == bench.json("problems")["problems"] == []
    (attempt,) = bench.json("changes", "show", str(change["id"]))["attempts"]
    assert [one["status"] for one in attempt["exchanges"] if one["method"] == "PUT"] == [400]
    why = bench.run("why", "00001", "JobTitle").stdout
    assert "failed: LITMOS-400-REFUSED HTTP 400 JobTitle is not in the list" in why


def test_sending_that_waits_and_a_refused_change_that_is_open_say_what_to_do(tmp_path):
    with workbench(tmp_path, window=2.0) as bench:
        bench.in_process = True
        rows = bench.staff(1)
        bench.sandbox.faults.set([{"kind": "status", "method": "POST", "status": 503, "count": 1}])
        waited = bench.run("push").stderr
        assert "Sending waits, and goes on by itself: " in waited, (
            "503: nobody is left without a word meanwhile"
        )
        assert bench.usernames() >= {"p1@example.com"}
        bench.write_hr([{**rows[0], "title": "Chief"}])
        bench.sandbox.faults.set(
            [{"kind": "status", "method": "PUT", "status": 400, "reason": "no such title"}]
        )
        bench.run("push", expect=5)
        (change,) = bench.json("changes", "--state", "failed")["changes"]
        told = bench.run("changes", "show", str(change["id"])).stderr
        assert "Litmos refused these values: mend them in HR, or the mapping" in told
        assert f"syncd jobs retry {change['job_id']}" in told
        assert (
            "HTTP 400): no such title; the next push tries again"
            in bench.run("why", "00001", "JobTitle").stdout
        )


def test_what_is_approved_while_litmos_is_not_reached_stays_approved_and_is_said(bench):
    held = pushes(bench)["held"]
    assert "held" in bench.run("runs").stdout
    assert "So far: waits to begin" in bench.run("runs", "show", str(held)).stdout
    working = bench.config_file.read_text(encoding="utf-8")
    away = bench.config_file.with_name("away.yaml")
    away.write_text(working.replace(bench.sandbox.base_url, "http://127.0.0.1:9/v1.svc"), encoding="utf-8")
    done = bench.run("approve", str(held), "--employee", "00001", "-c", str(away), expect=8)
    assert f"Run {held}: approved; 1 change waits in the queue" in done.stdout
    assert "Litmos is not reached, so nothing was sent yet" in done.stderr
    assert "It need not be approved again" in done.stderr
    assert bench.state(held) == "running"
    busy = {"kind": "status", "method": "GET", "path": "teams/none", "status": 503, "count": 1}
    bench.sandbox.faults.set([busy])
    done = bench.run("approve", str(held))
    assert f"Run {held}: approved; 2 changes are sent" in done.stdout, (
        "what Litmos puts off is waited for, as by a push"
    )
    assert bench.state(held) == "succeeded"
    assert {user["JobTitle"] for user in bench.sandbox.dump()["users"]} == {"Lead"}
    (chief,) = bench.json("jobs", "--state", "discarded")["jobs"]
    assert "a later run took up what did" in bench.run("jobs", "retry", str(chief["id"])).stderr, (
        "nobody is Chief again"
    )


def test_a_hash_that_is_none_is_a_mistake_in_typing_and_no_broken_audit(bench):
    assert "abc is no hash" in bench.run("audit", "verify", "--expect", "abc", expect=2).stderr
    assert "is not whole" in bench.run("audit", "verify", "--expect", "0" * 64, expect=1).stderr


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A database in which nothing ever happened."""
    with workbench(tmp_path_factory.mktemp("empty")) as made:
        made.in_process = True
        made.run("db", "upgrade")
        yield made


@pytest.mark.parametrize("listing", LISTINGS)
def test_a_list_of_nothing_says_so_in_one_line(empty, listing):
    words = listing.split()
    said = empty.run(*words).stderr.splitlines()
    assert len([line for line in said if not line.startswith(("Nothing is kept", "Nobody's first"))]) == 1, (
        said
    )
    for form in ("--json", "--csv"):
        assert not [line for line in empty.run(*words, form).stderr.splitlines() if line in said[:1]]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("runs --state held --failed", "No run is like that: --state held --failed"),
        ("changes --code X --run 3", "No change is like that: --run 3 --code X"),
        ("jobs --state discarded", "No job is like that: --state discarded"),
        ("audit --action approve", "No entry is like that: --action approve"),
        ("results --kind course", "No result is like that: --kind course"),
        ("messages --channel mail", "No message is like that: --channel mail"),
    ],
)
def test_a_list_that_was_narrowed_to_nothing_says_by_what(empty, command, said):
    assert empty.run(*command.split()).stderr == f"{said}\n"


@pytest.mark.parametrize("command", ["status --watch", "logs --follow", "runs"])
def test_who_stops_a_command_that_only_looks_is_told_nothing_of_a_push(empty, command, monkeypatch):
    def stopped(_path: Path | None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("syncd.config.load", stopped)
    done = empty.run(*command.split(), expect=130)
    assert (done.stdout, done.stderr) == ("", "")


def test_the_demo_says_commands_that_run(tmp_path: Path, monkeypatch):
    from syncd.demo.command import near, runnable

    program = tmp_path / "bin dir" / "syncd"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [str(program), "demo"])
    monkeypatch.setenv("PATH", "/nowhere")
    assert runnable() == "'bin dir/syncd'"
    monkeypatch.setenv("PATH", str(program.parent))
    assert runnable() == "syncd"
    monkeypatch.chdir(program.parent)
    assert near(tmp_path / "demo" / "syncd.yaml") == str(tmp_path / "demo" / "syncd.yaml")
    assert near(program) == "syncd"
