"""The command line: what it prints and where, and with which exit code it ends.

Each exit code, and each group of commands, is seen of a process at least once (``as_process``); the rest is run in this
process, which takes a tenth of the time.
"""

import json
import os
import pty
import re
import resource
import shlex
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from syncd.config import manual
from syncd.store import imports
from tests.flows.rig import person
from tests.store.makers import enqueue
from tests.store.test_imports import an_import, pending
from tests.workbench import KEY, Workbench, eventually, workbench

COMMANDS: tuple[list[str], ...] = (
    [],
    *(["init"], ["doctor"], ["serve"], ["healthcheck"], ["sandbox"], ["demo"], ["config"], ["db"]),
    *(
        ["refresh"],
        ["plan"],
        ["push"],
        ["pull"],
        ["approve"],
        ["reject"],
        ["status"],
        ["preview"],
        ["why"],
        ["revert"],
    ),
    *(["runs"], ["runs", "show"], ["employees"], ["employees", "show"], ["employees", "quarantine"]),
    *(["jobs"], ["jobs", "retry"], ["config", "check"], ["config", "show"], ["config", "schema"]),
    *(["db", "upgrade"], ["db", "check"], ["grants"], ["adopt"]),
    *(["cases"], ["cases", "show"], ["cases", "resolve"]),
)
ESCAPE = "\x1b"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with workbench(tmp_path) as made:
        made.in_process = True
        made.staff(6)
        yield made


@pytest.fixture
def bare(tmp_path: Path) -> Workbench:
    """A folder with nothing in it, and no sandbox."""
    return Workbench(folder=tmp_path, sandbox=None, in_process=True)  # type: ignore[arg-type]  # nothing is asked of it


@contextmanager
def as_process(bench: Workbench) -> Iterator[Workbench]:
    """Commands in the block are run as people run them, each a process of its own."""
    bench.in_process = False
    yield bench
    bench.in_process = True


# ---------------------------------------------------------------- help


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(bare, words):
    shown = bare.run(*words, "--help")
    assert shown.stdout.startswith("Usage: ")
    assert ESCAPE not in shown.stdout
    assert shown.stderr == ""


def test_help_lists_the_exit_codes(bare):
    with as_process(bare):
        text = " ".join(bare.run("--help").stdout.split())
    for words in ("0 ok", "2 usage", "3 configuration", "4 held", "5 finished", "6 changes pending", "7 another",
                  "8 HR source", "130/143"):  # fmt: skip
        assert words in text


def test_help_is_quick(bare):
    """In seconds of processor time, which other tests at the same time hardly change."""
    took = []
    bare.in_process = False
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        bare.run("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    sys.stdout.write(f"syncd --help: best of five {min(took):.3f} s\n")
    assert 0.0 < min(took) < 0.4


def test_the_version(bare):
    with as_process(bare):
        assert re.fullmatch(r"syncd \d+\.\d+\S*\n", bare.run("--version").stdout)


@pytest.mark.parametrize(
    "words",
    [["pusch"], ["push", "--nonsense"], ["approve"], ["approve", "x"], ["jobs", "retry"], ["runs", "show"]],
)
def test_usage_errors_exit_2_and_print_no_data(bare, words):
    bare.in_process = words != ["pusch"]
    done = bare.run(*words, expect=2)
    assert done.stdout == ""
    assert done.stderr


# ---------------------------------------------------------------- setting up


def test_init_writes_a_valid_configuration_and_never_overwrites(bare):
    with as_process(bare):
        bare.run("init")
    assert bare.config_file.exists()
    assert "is valid" in bare.run("config", "check").stdout
    bare.config_file.write_text("mine", encoding="utf-8")
    refused = bare.run("init", expect=1)
    assert "nothing was written" in refused.stderr
    assert bare.config_file.read_text(encoding="utf-8") == "mine"


def test_the_sample_that_init_writes_fits_the_configuration_as_it_is(bench):
    bench.config_file.unlink()
    bench.run("init")
    shipped = bench.config_file.read_text(encoding="utf-8")
    ours = shipped.replace("https://api.litmos.com/v1.svc", bench.sandbox.base_url)
    bench.config_file.write_text(ours, encoding="utf-8")
    (bench.folder / "hr.sample.csv").rename(bench.hr_file)
    rows = len(bench.hr_file.read_text(encoding="utf-8").splitlines()) - 1
    run = bench.json("plan")["run"]
    summary = bench.json("runs", "show", str(run))["run"]["summary"]
    assert rows > 5
    assert (summary["rejected"], summary["counts"]["user"]) == (0, {"create": rows})


@pytest.mark.parametrize(("words", "login"), [((), "sso"), (("--login", "invitation"), "invitation")])
def test_init_writes_how_people_log_in_and_asks_nobody_without_a_terminal(bare, words, login):
    bare.run("init", *words)
    written = bare.config_file.read_text(encoding="utf-8")
    changed = [
        line for line, was in zip(written.splitlines(), manual().splitlines(), strict=True) if line != was
    ]
    assert [line[: len(f"  login: {login} ")] for line in changed] == (
        [] if login == "sso" else ["  login: invitation "]
    )
    assert "is valid" in bare.run("config", "check").stdout


@pytest.mark.parametrize(("answer", "login"), [(b"\n", "sso"), (b"y\n", "invitation")])
def test_init_asks_at_a_terminal_how_people_log_in(bare, answer, login):
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    done = subprocess.run(
        bare.command("init"),
        cwd=bare.folder,
        env=bare.env,
        stdin=theirs,
        capture_output=True,
        timeout=60,
        check=True,
    )
    os.close(theirs)
    os.close(ours)
    assert b"mail each new user an invitation?" in done.stderr
    assert f"\n  login: {login} " in bare.config_file.read_text(encoding="utf-8")


def test_no_configuration_exits_3(bare):
    with as_process(bare):
        assert "syncd.yaml" in bare.run("plan", expect=3).stderr


def test_config_check_tells_all_faults_at_once_with_their_places(bench):
    bench.configure(
        ("timeout:", "timeuot:"), ("JobTitle:", "JobTitel:"), ("policy: sync", "policy: everything")
    )
    done = bench.run("config", "check", expect=3)
    assert done.stdout == ""
    text = bench.config_file.read_text(encoding="utf-8").splitlines()
    for wrong in ("timeuot", "JobTitel", "everything"):
        number = next(number for number, line in enumerate(text, 1) if wrong in line)
        assert re.search(rf"syncd\.yaml:{number}:\d+: ", done.stderr), (wrong, done.stderr)
    assert "did you mean" in done.stderr
    faults = bench.json("config", "check", expect=3)
    assert faults["valid"] is False
    assert len(faults["faults"]) == 3
    assert all(re.search(r":\d+:\d+$", fault["where"]) for fault in faults["faults"])


def test_an_unset_secret_is_a_fault_of_the_configuration(bench):
    env = {name: value for name, value in bench.env.items() if name != "LITMOS_API_KEY"}
    done = subprocess.run(bench.command("config", "check"), cwd=bench.folder, env=env, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == 3
    assert "LITMOS_API_KEY" in done.stderr


def test_config_check_json_of_a_valid_one(bench):
    found = bench.json("config", "check")
    assert found["valid"] is True
    assert found["faults"] == []


def test_config_show_hides_the_key(bench):
    for words in (["config", "show"], ["config", "show", "--json"]):
        shown = bench.run(*words)
        assert "litmos.api_key" in shown.stdout
        assert KEY not in shown.stdout + shown.stderr


def test_config_schema_is_json(bare):
    assert "$schema" in json.loads(bare.run("config", "schema").stdout)


def test_db_upgrade_and_check(bench):
    with as_process(bench):
        bench.run("db", "check", expect=1)
    assert "upgraded" in bench.run("db", "upgrade").stdout
    assert "at head" in bench.run("db", "upgrade").stdout
    assert bench.json("db", "check")["at_head"] is True


# ---------------------------------------------------------------- the flows


def test_a_plan_is_no_push(bench):
    bench.staff(6)
    bench.run("push")
    bench.configure(("path: hr.csv", "path: gone.csv"))
    bench.run("push", expect=None)
    bench.configure()
    planned = bench.json("plan")["run"]
    push = bench.json("status")["flows"]["push"]
    assert push["last"]["state"] == "failed"
    assert push["planned_at"] > push["last"]["finished_at"] > push["succeeded_at"]
    (said,) = [line for line in bench.run("status").stdout.splitlines() if line.startswith("push")]
    assert f"run {push['last']['id']} failed" in said
    assert ", last plan " in said
    rows = [line.split() for line in bench.run("runs", "--flow", "push").stdout.splitlines()]
    assert [row[2] for row in rows if row[0].isdigit()] == ["planned", "failed", "succeeded"]
    assert [run["id"] for run in bench.json("runs", "--state", "planned")["runs"]] == [planned]
    assert planned not in [run["id"] for run in bench.json("runs", "--state", "succeeded")["runs"]]
    assert bench.run("runs", "show", str(planned)).stdout.startswith(f"Run {planned}: push planned")


def test_where_nothing_is_sent_no_push_ever_succeeded(bench):
    bench.configure(("policy: sync", "policy: observe"))
    bench.staff(6)
    assert "nothing was sent, for push.policy is observe" in bench.run("push").stdout
    push = bench.json("status")["flows"]["push"]
    assert (push["last_state"], push["succeeded_at"]) == ("planned", None)
    assert push["planned_at"] is not None


def test_a_push_that_only_observes_is_the_last_one_after_one_that_failed(bench):
    """A mere plan is not: it must not hide that the last push failed."""
    bench.hr_file.unlink()
    bench.run("push", expect=8)
    bench.staff(6)
    bench.run("plan")
    assert bench.json("status")["flows"]["push"]["last_state"] == "failed"
    bench.configure(("policy: sync", "policy: observe"))
    bench.run("push")
    push = bench.json("status")["flows"]["push"]
    assert (push["last_state"], push["succeeded_at"]) == ("planned", None)
    (said,) = [line for line in bench.run("status").stdout.splitlines() if line.startswith("push")]
    assert f"run {push['last']['id']} planned" in said


def test_a_day_on_the_command_line(bench):
    with as_process(bench):
        assert bench.json("refresh")["users"] == 0
    planned = bench.json("plan")
    assert planned["state"] == "succeeded"
    assert bench.writes() == 0
    with as_process(bench):
        bench.run("plan", "--detailed-exitcode", expect=6)
    pushed = bench.json("push")
    assert pushed["state"] == "succeeded"
    assert len(bench.usernames()) == 6
    bench.run("plan", "--detailed-exitcode", expect=0)
    with as_process(bench):
        assert bench.json("pull")["delivered"] == {"results": 0}
    status = bench.json("status")
    assert status["flows"]["push"]["last"]["state"] == "succeeded"
    assert [run["flow"] for run in bench.json("runs", "--flow", "pull")["runs"]] == ["pull"]
    shown = bench.json("runs", "show", str(pushed["run"]))
    assert shown["run"]["state"] == "succeeded"
    assert shown["changes"]
    with as_process(bench):
        somebody = bench.json("employees", "show", "00001")
    assert somebody["explanation"] == "is in step with HR"
    assert {job["state"] for job in bench.json("jobs")["jobs"]} == {"completed"}
    for words in (["status"], ["runs"], ["runs", "show", str(pushed["run"])], ["employees", "show", "00001"],
                  ["jobs"]):  # fmt: skip
        shown_text = bench.run(*words)
        assert shown_text.stdout
        assert shown_text.stderr == ""
    assert bench.run("employees", "quarantine").stderr.startswith("No row is in quarantine")


def test_what_is_not_there_is_said_to_be_not_there(bench):
    bench.run("db", "upgrade")
    assert "no run 99" in bench.run("runs", "show", "99", expect=1).stderr
    assert "Nobody knows" in bench.run("employees", "show", "x", expect=1).stderr
    for decide in ("approve", "reject"):
        assert "there is no run 99; syncd runs" in bench.run(decide, "99", expect=1).stderr


@pytest.fixture
def held(bench: Workbench) -> tuple[Workbench, int]:
    """A push that is held: everybody is said to have left."""
    bench.staff(30)
    bench.run("push")
    bench.staff(30, status="Left")
    return bench, bench.json("push", expect=4)["run"]


def test_a_held_run_exits_4_and_can_be_approved(held):
    bench, run = held
    assert bench.state(run) == "held"
    assert len(bench.usernames()) == 30
    assert "held" in bench.run("status").stderr
    bench.run("plan", "--detailed-exitcode", expect=4)
    with as_process(bench):
        bench.run("approve", str(run), "--digest", "0000", expect=4)
    assert len(bench.usernames()) == 30
    unconfirmed = bench.run("approve", str(run), expect=2)
    assert "30 people would lose access" in unconfirmed.stderr
    assert f"syncd approve {run} --confirm-count 30" in unconfirmed.stderr
    bench.run("approve", str(run), "--confirm-count", "29", expect=2)
    assert len(bench.usernames()) == 30
    bench.run("approve", str(run), "--confirm-count", "30")
    assert bench.state(run) == "succeeded"
    assert bench.usernames() == set()


def test_a_held_run_says_why_and_is_approved_in_parts(bench):
    """What no limit counts is sent at once with ``hold: slice``; of the rest a person chooses."""
    bench.configure(("push: {policy: sync}", "push: {policy: sync, hold: slice}"))
    rows = bench.staff(30)
    bench.run("push")
    bench.write_hr(
        [{**row, "status": "Left"} for row in rows[:8]] + [{**rows[8], "title": "Lead"}, *rows[9:]]
    )
    pushed = bench.run("push", expect=4)
    assert "Of 9 changes 8 wait for a person; the others go" in pushed.stdout
    assert "Run 2: held; 1 of 9 changes done" in pushed.stdout
    shown = bench.run("runs", "show", "2").stdout
    assert "Held: LIMIT-DEACTIVATIONS: 8 deactivations are 26.7 % of 30 people" in shown
    assert "Waiting for a person, LIMIT-DEACTIVATIONS: 8 deactivate user" in shown
    assert "syncd approve 2" in shown
    assert "none of deactivations" in bench.run("approve", "2", "--only", "leavers", expect=2).stderr
    assert "holds nothing of that" in bench.run("approve", "2", "--only", "creates", expect=1).stderr
    unconfirmed = bench.run("approve", "2", "--employee", "00001", "--only", "deactivations", expect=2).stderr
    assert "1 person would lose access" in unconfirmed
    assert "syncd approve 2 --only deactivations --employee 00001 --confirm-count 1" in unconfirmed
    bench.run("approve", "2", "--employee", "00001", "--employee", "00002", "--confirm-count", "2", expect=4)
    assert len(bench.usernames()) == 28
    assert ", approved by " in bench.run("why", "00001").stdout
    assert ", rejected by " not in bench.run("why", "00003").stdout
    bench.run("reject", "2", "--only", "deactivations", "--reason", "a broken export")
    assert ", rejected by " in bench.run("why", "00003").stdout
    assert bench.state(2) == "cancelled"
    assert len(bench.usernames()) == 28


def test_every_planned_change_is_accounted_for(bench):
    """Done, failed or held: the numbers of a run add up to its plan."""
    bench.configure(("push: {policy: sync}", "push: {policy: sync, hold: slice}"))
    rows = bench.staff(30)
    bench.run("push")
    rows = bench.staff(31)
    bench.write_hr(
        [{**row, "status": "Left"} for row in rows[:8]] + [{**rows[8], "title": "Lead"}, *rows[9:]]
    )
    planned = bench.json("plan")["changes"]
    bench.sandbox.faults.set(
        [{"kind": "status", "method": "POST", "path": "^/?users", "status": 400, "count": 1}]
    )
    pushed = bench.json("push", expect=4)
    became = Counter[str]()
    for states in pushed["changes"].values():
        became.update(states)
    assert became == {"done": 1, "held": 8, "failed": 3}  # the new hire, with a team and a learning path
    assert became.total() == len(planned)


def test_a_held_run_can_be_rejected(held):
    bench, run = held
    bench.run("reject", str(run), "--reason", "broken export")
    assert bench.state(run) == "cancelled"
    assert "broken export" in bench.run("runs", "show", str(run)).stdout
    assert len(bench.usernames()) == 30
    bench.run("approve", str(run), expect=4)


def test_changes_that_failed_exit_5_and_the_next_push_plans_them_again(bench):
    bench.sandbox.faults.set(
        [{"kind": "status", "method": "POST", "path": "^/?users", "status": 400, "count": 1}]
    )
    with as_process(bench):
        done = bench.run("push", expect=5)
    assert "failed" in done.stdout
    assert "syncd runs show" in done.stderr
    assert len(bench.usernames()) == 5, "one failure keeps nobody else waiting"
    bench.run("push")
    assert len(bench.usernames()) == 6, "the next push plans it again"


def test_discarded_jobs_are_tried_again(bench):
    bench.sandbox.faults.set(
        [{"kind": "status", "method": "POST", "path": "^/?users", "status": 400, "count": 1}]
    )
    run = bench.json("push", expect=5)["run"]
    discarded = bench.json("jobs", "--state", "discarded")["jobs"]
    assert len(discarded) == 1
    assert bench.json("jobs", "retry", "--run", str(run))["retried"] == [discarded[0]["id"]]
    assert bench.state(run) == "running"
    bench.run("push")
    eventually(lambda: len(bench.usernames()) == 6)


def test_two_pushes_at_once_one_is_busy(bench):
    bench.sandbox.faults.set([{"kind": "slow", "method": "GET", "seconds": 3.0, "count": 0}])
    first = subprocess.Popen(bench.command("push"), cwd=bench.folder, env=bench.env,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        eventually(
            lambda: (
                (bench.folder / "syncd.db").exists()
                and '"running"' in bench.run("runs", "--json", expect=None).stdout
            )
        )
        with as_process(bench):
            refused = bench.run("push", expect=7)
        assert f"pid {first.pid}" in refused.stderr
        bench.sandbox.faults.set([])
    finally:
        assert first.wait(60) == 0
    assert [run["state"] for run in bench.json("runs")["runs"]] == ["cancelled", "succeeded"]


def test_a_sandbox_that_is_down_exits_8(bench):
    bench.sandbox.stop()
    try:
        assert bench.run("refresh", expect=8).stderr.strip()
        assert bench.run("push", expect=8).stdout == ""
    finally:
        bench.sandbox.start()


def test_a_wrong_key_exits_8_and_is_not_shown(bench):
    bench.environ["LITMOS_API_KEY"] = "WRONG-canary-77"
    refused = bench.run("push", expect=8)
    assert "401" in refused.stderr or "key" in refused.stderr
    assert "litmos.api_key" in refused.stderr
    assert "syncd doctor" in refused.stderr
    assert "WRONG-canary-77" not in refused.stdout + refused.stderr


def test_a_missing_source_exits_8(bench):
    bench.hr_file.unlink()
    with as_process(bench):
        assert "hr.csv" in bench.run("push", expect=8).stderr


# ---------------------------------------------------------------- streams


def test_stdout_carries_only_data(bench):
    bench.environ.update(FORCE_COLOR="", NO_COLOR="1")
    bench.in_process = False
    for words in (["plan"], ["push"], ["status"], ["runs"], ["jobs"]):
        done = bench.run(*words)
        assert done.stdout
        assert ESCAPE not in done.stdout + done.stderr
        assert "\r" not in done.stdout


@pytest.mark.parametrize(("name", "coloured"), [("", True), ("NO_COLOR", False)])
def test_progress_is_on_a_terminal_only_and_colour_only_if_wanted(bench, name, coloured):
    bench.environ["TERM"] = "xterm"
    if name:
        bench.environ[name] = "1"
    shown = on_terminal(bench, "push")
    assert b"push" in shown
    assert bool(re.search(rb"\x1b\[[0-9;]*3[0-9]", shown)) is coloured


def on_terminal(bench: Workbench, *words: str) -> bytes:
    """What a command writes to stderr, if that is a terminal; of a process."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(bench.command(*words), cwd=bench.folder, env=bench.env,
                               stdout=subprocess.DEVNULL, stderr=theirs)  # fmt: skip
    os.close(theirs)
    found: list[bytes] = []

    def read() -> None:
        try:
            while piece := os.read(ours, 4096):
                found.append(piece)
        except OSError:
            return  # the other end was closed

    reader = threading.Thread(target=read)
    reader.start()
    assert process.wait(30) == 0
    reader.join(5)
    os.close(ours)
    return b"".join(found)


EVIL = "Eve\x1b[2J\x1b]0;owned\x07\u202eX\x9b31m"


def test_terminal_escapes_in_names_never_reach_a_terminal(bench):
    bench.write_hr([person(each, title=EVIL) for each in range(1, 4)])
    outputs = [bench.run("plan", "--all", expect=None), bench.run("push", expect=None)]
    bench.write_hr([person(each, title="Rep") for each in range(1, 4)])
    outputs += [bench.run("push", expect=None), bench.run("runs", expect=None), bench.run("jobs")]
    outputs += [bench.run("runs", "show", str(each)) for each in (1, 2, 3)]
    outputs += [bench.run("employees", "show", "00001"), bench.run("employees", "quarantine")]
    for done in outputs:
        for bad in ("\x1b", "\x07", "\x9b", "\u202e"):
            assert bad not in done.stdout + done.stderr, done.args


# ---------------------------------------------------------------- sandbox and demo


def test_sandbox_prints_its_address_and_serves(bare):
    process = subprocess.Popen(bare.command("sandbox", "--seed", "people-200"), cwd=bare.folder,
                               env={**bare.env, "PYTHONUNBUFFERED": ""}, stdout=subprocess.PIPE, text=True)  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.match(r"(http://127\.0\.0\.1:\d+)/v1\.svc ", line)
        assert found, line
        with urllib.request.urlopen(f"{found[1]}/_sandbox/dump", timeout=5) as answer:  # noqa: S310 - the sandbox
            assert len(json.load(answer)["users"]) >= 200
        process.terminate()
        assert process.wait(10) in (0, 143)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_the_demo_happens(bare):
    with as_process(bare):
        done = bare.run("demo", "--no-serve")
        assert "All of it happened." in done.stdout
        assert ESCAPE not in done.stdout
        again = bare.run("demo", "--no-serve", expect=1).stderr
    program = f"{sys.executable} -m syncd"
    assert (
        f"look at it: {program} status -c .syncd-demo/syncd.yaml; or begin anew: {program} demo --reset"
        in again
    )
    *_, look, _problems, _runs, anew = [line for line in done.stdout.splitlines() if line.startswith("  $ ")]
    assert anew == f"  $ {program} demo --reset"
    typed = shlex.split(look.removeprefix("  $ "))
    told = subprocess.run(typed, cwd=bare.folder, env=bare.env, capture_output=True, text=True, check=True)
    assert "run 5 held" in told.stdout


@pytest.mark.parametrize(
    "command", [["config", "schema"], ["--help"], ["config", "show"], ["runs", "--json"]]
)
def test_a_reader_that_has_seen_enough_is_no_failure(command, bench):
    """Its end of the pipe is closed before the first byte is written."""
    bench.run("db", "upgrade")
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as stdout:
        done = subprocess.run(
            bench.command(*command),
            cwd=bench.folder,
            env=bench.env,
            stdout=stdout,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_status_tells_of_imports_that_have_not_ended(bench):
    bench.run("db", "upgrade")
    with bench.database() as database:
        enqueue(database, [an_import("i", "a")])
        job = pending(database)
        assert "1 that Litmos has taken and not ended yet" in bench.run("status").stdout
        with database.write() as conn:
            imports.end(conn, "main", job.id, database.now(conn), late=True)
    assert "did not end in time" in bench.run("status").stderr
    assert bench.json("status")["imports"]["late"] == 1
