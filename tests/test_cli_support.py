"""Help from afar: the support bundle names nobody; ``status --watch`` looks again; shells complete."""

import json
import re
import shutil
import stat
import subprocess
import zipfile

import pytest

from syncd.cli.status import CLEAR, watched
from syncd.insight.scrubbing import Pseudonyms
from tests.workbench import KEY, workbench

ID, FIRST, LAST, EMAIL = "EMP-CANARY-1", "Canaryfirst", "Canarylast", "canary.person@example.com"
CANARIES = (KEY, ID, FIRST, LAST, EMAIL, "canary.person", "Canaryboss", "CANARY-operator")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """The files of a bundle after pushes about somebody who must not be in it, by name; and the file."""
    with workbench(tmp_path_factory.mktemp("bundle")) as bench:
        bench.in_process = True
        example = f"{{employee_id: {ID}, status: Active, email: {EMAIL}, first_name: {FIRST}, last_name: {LAST}, title: x, department: Sales}}"
        bench.configure(
            (
                "push: {policy: sync}",
                f"push: {{policy: sync}}\nexamples:\n  - given: {example}\n    expect: {{in_scope: true}}",
            ),
            (
                "users:\n",
                f"scope: {{when: {{title: {{not: Canaryboss}}}}}}\nusers:\n  protected: {{usernames: [{EMAIL}1]}}\n",
            ),
        )
        rows = bench.staff(3)
        bench.write_hr(
            [
                {**rows[0], "employee_id": ID, "first_name": FIRST, "last_name": LAST, "email": EMAIL},
                *rows[1:],
            ]
        )
        bench.sandbox.faults.set(
            [{"kind": "status", "method": "POST", "path": "^/users$", "count": 1, "status": 400}]
        )
        bench.run("push", "--only", ID, expect=None)
        bench.run("push", expect=None)
        bench.run("cases", "resolve", ID, "--ignore")
        bench.run("pause", "--reason", f"{FIRST} {LAST} asked")
        target = bench.folder / "help.zip"
        bench.run("support-bundle", str(target))
        with zipfile.ZipFile(target) as opened:
            yield {name: opened.read(name).decode() for name in opened.namelist()}, target, bench


def test_nobody_and_no_key_is_in_it(bundle):
    files, target, _bench = bundle
    for name, text in files.items():
        for canary in CANARIES:
            assert canary.lower() not in text.lower(), (name, canary)
        assert not re.search(r"[\w.]+@[\w-]+\.\w+", text), name
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_the_manifest_names_each_file_and_the_bundle_has_what_helps(bundle):
    files, _target, _bench = bundle
    listed = re.findall(r"^  (\S+\.jsonl?) ", files["MANIFEST.txt"], re.MULTILINE)
    assert {*listed, "MANIFEST.txt"} == set(files)
    read = {name: json.loads(text) for name, text in files.items() if name.endswith(".json")}
    assert read["version.json"]["packages"]["sqlalchemy"].startswith("2.")
    settings = {one["key"]: one.get("value") for one in read["configuration.json"]}
    assert settings["litmos.api_key"].startswith("••••")
    assert settings["push.policy"] == "sync"
    assert settings["users.protected.usernames"] is None
    assert settings["examples[0].given.first_name"] is None
    assert [run["flow"] for run in read["runs.json"]] == ["push", "push"]
    assert read["problems.json"] or read["runs.json"]
    assert read["status.json"]["pauses"][0]["job_class"] == "all"
    assert read["database.json"]["revision"] == read["database.json"]["revision_needed"]
    assert read["database.json"]["rows"]["run"] == 2
    assert read["database.json"]["size_bytes"] > 10_000
    assert read["checks.json"]["database_file_mode"] == "0o600"


def test_its_events_say_what_happened_to_whom_by_pseudonym(bundle):
    files, _target, _bench = bundle
    told = [json.loads(line) for line in files["events.jsonl"].splitlines()]
    assert {"run_started", "attempt_ended", "run_ended", "case_decided"} <= {one["event"] for one in told}
    (decided,) = [one for one in told if one["event"] == "case_decided"]
    assert re.fullmatch(r"person-\d+", decided["employee_id"])
    assert re.fullmatch(r"person-\d+", decided["facts"]["actor"])


def test_a_file_that_is_there_is_never_written_over(bundle):
    _files, target, bench = bundle
    before = target.read_bytes()
    assert "cannot be made" in bench.run("support-bundle", str(target), expect=1).stderr
    assert target.read_bytes() == before


def test_pseudonyms_are_the_same_for_the_same_and_leave_the_rest():
    names = Pseudonyms(lambda texts: frozenset(texts) & {"00042", "17", "u-1"})
    told = {
        "employee_id": "00042",
        "n": 17,
        "why": 'employee 00042 (user u-1): "Sales"',
        "actor": "cli:ana",
        "17": ["x"],
    }
    assert names.scrub(told) == {
        "employee_id": "person-1",
        "n": 17,
        "why": 'employee person-1 (user person-2): "Sales"',
        "actor": "person-3",
        "person-4": ["x"],
    }
    assert names.scrub("see /home/nonroot/x and ana@example.com") == "see ~/x and [redacted]"


def test_status_can_be_watched_as_lines_of_json(bundle):
    _files, _target, bench = bundle
    said: list[str] = []
    ends = iter([False, False, True])
    watched(lambda: said.append("shown"), lambda: next(ends), redraws=False)
    assert said == ["shown"] * 3
    assert json.loads(bench.run("status", "--json").stdout)["jobs"] is not None


def test_a_terminal_is_emptied_before_each_look(capsys):
    watched(lambda: None, lambda: True, redraws=True)
    assert capsys.readouterr().out == f"{CLEAR}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_that_its_shell_takes(bundle, shell):
    _files, _target, bench = bundle
    script = bench.run("completion", shell).stdout
    assert "_SYNCD_COMPLETE" in script
    if shutil.which(shell) and shell != "fish":
        done = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    assert "none of" in bench.run("completion", "powershell", expect=2).stderr
