"""Bad input of every kind: a clear error, a run that failed whole or not at all, and nothing lost."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from syncd.store import runs
from syncd.store.database import open_database
from tests.flows.rig import person
from tests.needs import need
from tests.workbench import KEY, Workbench, workbench

STAFF = 8


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """Eight people are in Litmos; ``hr.csv`` is theirs."""
    with workbench(tmp_path) as made:
        made.in_process = True
        made.staff(STAFF)
        made.run("push")
        assert len(made.usernames()) == STAFF
        yield made


def refused(bench: Workbench, *words: str, expect: int = 8) -> str:
    """A push that fails: its Run failed, the words are in its error, and Litmos is as it was. Returns the error."""
    users, writes = bench.sandbox.dump()["users"], bench.writes()
    done = bench.run("push", expect=expect)
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr, done.stderr
    run = bench.json("runs", "--flow", "push", "--limit", "1")["runs"][0]
    assert run["state"] == "failed"
    assert run["error"]
    assert KEY not in done.stderr + run["error"]
    assert bench.sandbox.dump()["users"] == users
    assert bench.writes() == writes
    return done.stderr


def mended(bench: Workbench) -> None:
    """With the cause mended, the next push does what is to be done."""
    bench.sandbox.faults.set([])
    bench.staff(STAFF + 1)
    assert bench.json("push")["state"] == "succeeded"
    assert len(bench.usernames()) == STAFF + 1


# ---------------------------------------------------------------- HR's file


def test_a_missing_column_is_named_with_its_place_and_the_nearest(bench):
    text = bench.hr_file.read_text(encoding="utf-8")
    bench.hr_file.write_text(text.replace("last_name", "lastname", 1), encoding="utf-8")
    error = refused(bench, "last_name", "lastname", "did you mean", expect=3)
    line = next(
        i
        for i, one in enumerate(bench.config_file.read_text().splitlines(), 1)
        if "LastName: last_name" in one
    )
    assert f"syncd.yaml:{line}:" in error
    mended(bench)


def test_a_byte_order_mark_is_fine(bench):
    bench.staff(STAFF + 1)
    bench.hr_file.write_bytes(b"\xef\xbb\xbf" + bench.hr_file.read_bytes())
    assert bench.json("push")["state"] == "succeeded"
    assert len(bench.usernames()) == STAFF + 1


def test_a_wrong_encoding_is_never_guessed(bench):
    rows = [person(each, last_name="Müller" if each == 5 else "Novak") for each in range(1, STAFF + 2)]
    bench.write_hr(rows)
    bench.hr_file.write_bytes(bench.hr_file.read_text(encoding="utf-8").encode("cp1252"))
    refused(bench, "hr.csv", "utf-8")
    mended(bench)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"\n\n", "hr.csv"),
        (b"PK\x03\x04\x14\x00\x06\x00" + bytes(200), "hr.csv"),
        (b"<html><body>Sign in</body></html>\n", "hr.csv"),
    ],
    ids=["empty", "blank lines", "a zip or xlsx", "a web page"],
)
def test_what_is_no_export_is_refused(bench, content, word):
    bench.hr_file.write_bytes(content)
    users = bench.usernames()
    done = bench.run("push", expect=None)
    assert done.returncode in {3, 8}
    assert word in done.stderr
    assert bench.usernames() == users
    assert bench.json("runs", "--limit", "1")["runs"][0]["state"] == "failed"
    mended(bench)


def test_a_header_alone_deactivates_nobody(bench):
    bench.configure(("  status:", "  absent: {then: deactivate, after_files: 1, after_hours: 0}\n  status:"))
    bench.write_hr([])
    done = bench.run("push", expect=None)
    assert done.returncode in {4, 8}
    assert len(bench.usernames()) == STAFF
    mended(bench)


def test_half_a_file_is_held_and_deactivates_nobody(bench):
    bench.configure(("  status:", "  absent: {then: deactivate, after_files: 1, after_hours: 0}\n  status:"))
    bench.staff(STAFF // 2)
    done = bench.run("push", expect=4)
    assert "LIMIT-SHRINK" in done.stdout + done.stderr
    assert len(bench.usernames()) == STAFF


def rejections(bench: Workbench) -> dict[str, list[str]]:
    """Codes of the rejected rows, by origin."""
    return {
        row["origin"]: [reason["code"] for reason in row["reasons"]]
        for row in bench.json("employees", "quarantine")["quarantine"]
    }


def test_a_duplicate_id_rejects_both_rows_and_names_both(bench):
    bench.configure(("push: {policy: sync}", "push: {policy: sync, limits: {rejected_percent: 50}}"))
    rows = bench.staff(STAFF)
    bench.write_hr([*rows, person(3, title="Boss", email="other@example.com")])
    done = bench.run("push")
    assert "hr.csv:4" in done.stdout
    assert "hr.csv:10" in done.stdout
    assert rejections(bench)
    assert {"ID-DUPLICATE"} == {code for codes in rejections(bench).values() for code in codes}
    titles = {user["JobTitle"] for user in bench.sandbox.dump()["users"]}
    assert titles == {"Rep"}, "neither was applied"


def test_a_ragged_row_is_rejected_and_the_others_go_on(bench):
    bench.configure(("push: {policy: sync}", "push: {policy: sync, limits: {rejected_percent: 50}}"))
    bench.staff(STAFF + 1)
    with bench.hr_file.open("a", encoding="utf-8", newline="") as file:
        file.write("00099,Too,Few\r\n")
    done = bench.run("push", expect=None)
    assert f"hr.csv:{STAFF + 3}" in done.stdout + done.stderr
    if done.returncode == 0:
        assert len(bench.usernames()) == STAFF + 1
    else:
        assert done.returncode == 8
        assert len(bench.usernames()) == STAFF


def test_a_source_that_is_a_folder_is_refused(bench):
    bench.hr_file.unlink()
    bench.hr_file.mkdir()
    refused(bench, "hr.csv")
    bench.hr_file.rmdir()
    mended(bench)


# ---------------------------------------------------------------- Litmos


UNUSABLE = (
    {"kind": "html"},
    {"kind": "truncated"},
    {"kind": "malformed"},
    {"kind": "empty"},
    {"kind": "drop_before"},
    {"kind": "drop_after"},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 401},
    {"kind": "status", "status": 403},
    {"kind": "status", "status": 404},
)


def test_an_unusable_answer_fails_the_refresh_and_nothing_else(bench):
    bench.staff(STAFF - 1)
    before = bench.json("status")["users"]
    for fault in UNUSABLE:
        bench.sandbox.faults.set([{"method": "GET", "path": "users", "count": 0, **fault}])
        done = bench.run("refresh", expect=8)
        assert done.stderr.strip(), fault
        assert KEY not in done.stderr
        status = bench.json("status")
        assert status["users"] == before, (fault, "the mirror is as it was")
        assert status["flows"]["refresh"]["last"]["state"] == "failed", fault
        bench.sandbox.faults.set([])
        bench.run("refresh")
    mended(bench)


def test_a_refused_key_burns_nothing(bench):
    bench.staff(STAFF + 1)
    bench.sandbox.faults.set([{"kind": "status", "method": "POST", "status": 401, "count": 0}])
    done = bench.run("push", expect=8)
    assert "syncd push" in done.stderr
    run = bench.json("runs", "--limit", "1")["runs"][0]
    assert run["state"] == "running"
    assert {job["state"] for job in bench.json("jobs", "--run", str(run["id"]))["jobs"]} <= {
        "available",
        "blocked",
    }
    bench.sandbox.faults.set([{"kind": "status", "status": 401, "count": 0}])
    assert "syncd push" in bench.run("push", expect=8).stderr, "it still does not work"
    bench.sandbox.faults.set([])
    bench.run("push")
    assert len(bench.usernames()) == STAFF + 1
    assert bench.state(run["id"]) == "succeeded"


def test_a_503_makes_everybody_wait_and_costs_nothing(bench):
    bench.staff(STAFF + 1)
    bench.sandbox.faults.set([{"kind": "status", "method": "POST", "status": 503, "count": 1}])
    assert bench.json("push")["state"] == "succeeded"
    assert len(bench.usernames()) == STAFF + 1


def test_a_time_out_is_settled_by_reading(bench):
    bench.configure(timeout="1s")
    bench.staff(STAFF + 1)
    bench.sandbox.faults.set([{"kind": "hold_after", "method": "POST", "path": "^/?users", "seconds": 3.0}])
    assert bench.json("push")["state"] == "succeeded"
    names = [user["UserName"] for user in bench.sandbox.dump()["users"]]
    assert len(names) == len(set(names)) == STAFF + 1


# ---------------------------------------------------------------- our own disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    need("tmpfs", available=done.returncode == 0, install="run as root where mount is allowed")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Leave no room on the disk."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while file.write(bytes(size)):
                    continue
            except OSError:
                continue
    return filler


@pytest.mark.parametrize("open_elsewhere", [True, False])
def test_a_full_disk_stops_the_push_and_room_lets_it_go_on(bench, small_disk, open_elsewhere):
    url = f"sqlite:///{small_disk}/syncd.db"
    bench.configure(("sqlite:///syncd.db", url))
    bench.run("push")
    bench.staff(STAFF + 3)
    with ExitStack() as stack:
        if open_elsewhere:  # then SQLite's side files are there already
            opened = open_database(url)
            stack.callback(opened.close)
            with opened.read() as conn:
                opened.now(conn)
                assert runs.listed(conn, "main")
        filler = fill(small_disk)
        done = bench.run("push", expect=1)
        assert "disk" in done.stderr
        assert len(bench.usernames()) == STAFF
        filler.unlink()
        assert bench.json("push")["state"] == "succeeded"
    assert len(bench.usernames()) == STAFF + 3
