"""syncd doctor: what it prints, with which exit code, and that the key is never shown.

On day 0, with a wrong key, at a terminal and where it is killed it is a process; the rest is run in this one.
"""

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syncd.sandbox import seeding
from tests.flows.rig import person
from tests.workbench import KEY, Workbench, workbench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with workbench(tmp_path) as made:
        made.in_process = True
        made.staff(6)
        yield made


def states(found: dict[str, Any]) -> dict[str, str]:
    return {finding["check"]: finding["state"] for finding in found["findings"]}


def test_doctor_on_day_0_exits_0_and_says_what_to_type_next(bench):
    bench.in_process = False
    done = bench.run("doctor")
    assert "3 requests; Litmos was only read." in done.stdout
    assert "Next: syncd plan" in done.stderr
    assert "would be created, for example: 00001" in done.stdout
    assert KEY not in done.stdout + done.stderr
    assert bench.writes() == 0


def test_doctor_as_json(bench):
    bench.run("push")
    found = bench.json("doctor")
    assert found["state"] == "ok"
    assert found["requests"] == 3
    assert found["coverage"]["linked"] == 6
    assert set(states(found).values()) == {"ok"}
    assert all(set(finding) == {"check", "state", "seen", "next", "facts"} for finding in found["findings"])


def test_a_wrong_key_exits_8(bench):
    bench.in_process = False
    bench.environ["LITMOS_API_KEY"] = "WRONG-canary-77"
    done = bench.run("doctor", expect=8)
    assert "problem  key" in done.stdout
    assert "next: put an Account Owner's key in place" in done.stdout
    assert "WRONG-canary-77" not in done.stdout + done.stderr


def test_a_missing_source_and_an_unreachable_litmos_exit_8(bench):
    bench.hr_file.unlink()
    assert states(bench.json("doctor", expect=8))["source"] == "problem"
    bench.staff(6)
    bench.sandbox.stop()
    try:
        assert states(bench.json("doctor", expect=8))["key"] == "problem"
    finally:
        bench.sandbox.start()


def test_a_missing_column_is_the_configurations_fault(bench):
    bench.configure(("JobTitle: title", "JobTitle: titel"))
    found = bench.json("doctor", expect=3)
    assert "did you mean" in next(f["seen"] for f in found["findings"] if f["check"] == "source")


def test_an_invalid_configuration_exits_3_and_is_a_finding(bench):
    bench.configure(("policy: sync", "policy: everything"))
    assert "syncd.yaml" in bench.run("doctor", expect=3).stderr
    found = bench.json("doctor", expect=3)
    assert states(found) == {"configuration": "problem"}


def test_a_learning_path_that_is_not_there_exits_1(bench):
    bench.configure(("path: Onboarding", "path: Onbording"))
    done = bench.run("doctor", expect=1)
    assert "not in Litmos: Onbording" in done.stdout
    assert "Next:" not in done.stderr


def test_an_empty_postgresql_database_is_a_problem_with_its_command(bench, postgres_url):
    bench.configure(
        ("sqlite:///syncd.db", postgres_url.replace("+psycopg", "").rsplit("/", 1)[0] + "/template1")
    )
    found = bench.json("doctor", expect=1)
    assert states(found)["database"] == "problem"
    assert "syncd db upgrade" in next(f["next"] for f in found["findings"] if f["check"] == "database")
    assert bench.sandbox.log == []


def test_a_name_cannot_command_the_terminal(bench):
    bench.sandbox.stop()
    evil = "evil\x1b[2J@example.com"
    seed = {"users": [{"UserName": evil, "FirstName": "E", "LastName": "V", "IsCustomUsername": True}]}
    with workbench(bench.folder) as other:
        other.in_process = True
        other.sandbox.reset()
        seeding.load(other.sandbox.world, {**seed, "learning_paths": [{"Name": "Onboarding"}]})
        done = other.run("doctor")
    assert "evil" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert json.dumps(evil) not in done.stderr


# ---------------------------------------------------------------- the probe

NOBODY = "probe@example.com"


@pytest.fixture
def probing(bench: Workbench) -> Workbench:
    """With a disposable user and a disposable team."""
    users = [{"UserName": NOBODY, "FirstName": "P", "LastName": "Q", "Skype": "own text"}]
    paths = [{"Name": "Onboarding"}]
    seeding.load(bench.sandbox.world, {"users": users, "teams": [{"Name": "Probe"}], "learning_paths": paths})
    return bench


def record(bench: Workbench) -> dict[str, Any]:
    """The disposable user, null and "" alike."""
    users = [user for user in bench.sandbox.dump()["users"] if user["UserName"] == NOBODY]
    return {name: value or "" for name, value in users[0].items() if name != "UpdatedDate"}


def test_a_probe_answers_and_its_answers_are_kept(probing):
    before = record(probing)
    probing.in_process = False
    done = probing.run("doctor", "--probe", NOBODY, "--team", "Probe", "--yes")
    assert "put_absent                replace" in done.stdout
    assert "24 requests; the user is as before." in done.stdout
    assert KEY not in done.stdout + done.stderr
    assert record(probing) == before
    probing.in_process = True
    found = probing.json("doctor")
    facts = next(finding["facts"] for finding in found["findings"] if finding["check"] == "contract")
    assert facts["deactivation_keeps_teams"]["value"] == "yes"
    status = probing.json("status")
    assert (status["probe"]["state"], status["probe"]["requests"]) == ("restored", 22)
    assert status["probe"]["actor"].startswith("cli:")
    assert "original" not in status["probe"], "the record is for restoring, not for showing"
    assert status["contract"]["put_absent"]["value"] == "replace"
    assert status["contract"]["put_absent"]["settled_at"].endswith("+00:00")
    again = probing.json("doctor", "--probe", NOBODY, "--yes")
    assert (again["requests"], again["answers"]["removals_reported"]) == (11, "")


def test_no_log_line_names_anybody(probing):
    probing.configure(("web: {port: 0}", "web: {port: 0}\nlog: {level: debug, format: json}"))
    probing.sandbox.faults.set([{"kind": "status", "method": "POST", "path": "/users$", "status": 404}])
    for words in (["doctor"], ["doctor", "--probe", NOBODY, "--team", "Probe", "--yes"]):
        done = probing.run(*words)
        assert '"event"' in done.stderr
        assert "@" not in done.stderr
        assert KEY not in done.stderr


def test_without_consent_nothing_is_sent(probing):
    assert "--yes" in probing.run("doctor", "--probe", NOBODY, expect=2).stderr
    assert "--probe" in probing.run("doctor", "--team", "Probe", expect=2).stderr
    assert probing.sandbox.log == []


@pytest.mark.parametrize(("answer", "code", "sent"), [(b"y\n", 0, 11), (b"n\n", 0, 0), (b"\n", 0, 0)])
def test_on_a_terminal_it_asks(probing, answer, code, sent):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(probing.command("doctor", "--probe", NOBODY), cwd=probing.folder, env=probing.env,
                               stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    os.close(theirs)
    os.write(ours, answer)
    assert process.wait(30) == code
    os.close(ours)
    assert len(probing.sandbox.log) == sent


def test_who_is_not_disposable_is_refused_with_exit_1(probing):
    probing.write_hr([person(1, email=NOBODY)])
    refused = probing.run("doctor", "--probe", NOBODY, "--yes", expect=1)
    assert "not disposable" in refused.stderr
    assert "Nothing was written" in refused.stderr
    assert probing.writes() == 0


@pytest.mark.parametrize(
    "failpoint", ["marked-sent:1", "bytes-sent:1", "answered-unread:2", "bytes-sent:4", "bytes-sent:6"]
)
def test_a_probe_that_was_killed_is_seen_and_undone(probing, failpoint):
    before = record(probing)
    probing.environ |= {"SYNCD_TESTING": "1", "SYNCD_FAILPOINT": failpoint}
    probing.in_process = False
    probing.run("doctor", "--probe", NOBODY, "--team", "Probe", "--yes", expect=137)
    probing.in_process = True
    probing.environ.clear()
    done = probing.run("doctor", expect=1)
    assert "problem  contract" in done.stdout
    assert f"next: syncd doctor --probe {NOBODY}" in done.stdout
    assert NOBODY in probing.run("status").stderr
    probing.run("doctor", "--probe", NOBODY, "--yes")
    assert record(probing) == before
    assert not [row for row in probing.sandbox.dump()["memberships"] if row["Active"]]
    assert "problem" not in probing.run("doctor").stdout
