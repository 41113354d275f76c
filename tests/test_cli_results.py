"""Results as a process brings them: a reset and a retake, a sink that is killed or fails, what each sink has, and who is who."""

import csv
import json
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from syncd.failpoint import OF_DELIVERY
from syncd.store.lease import held
from syncd.store.owner import this_process
from syncd.store.schema import link
from tests.workbench import KEY, Workbench, workbench

COLUMNS = "{employee_id: employee_id, title: object_name, status: status, attempt: attempt, id: result_id, seq: seq}"
COURSES = [{"Name": "First Aid", "Passmark": 60, "Points": 5, "Badge": "Helper", "CompliantTillDays": 365}]
SINK = """\
    - name: results
      path: results.csv
      columns: {employee_id: employee_id, title: object_name}
"""
DELTA = f"""\
    - {{name: delta, path: "out/{{batch}}.csv", mode: delta, columns: {COLUMNS}}}
    - {{name: whole, path: whole.csv, columns: {COLUMNS}}}
"""


@pytest.fixture
def bench(tmp_path):
    with workbench(tmp_path) as made:
        control(made, "seed", {"learning_paths": [{"Name": "Onboarding"}], "courses": COURSES})
        (tmp_path / "out").mkdir()
        made.in_process = True
        made.configure((SINK, DELTA))
        made.staff(3)
        made.run("push")
        yield made


def control(bench: Workbench, call: str, body: Any) -> None:
    request = urllib.request.Request(f"{bench.sandbox.control_url}/{call}", json.dumps(body).encode())  # noqa: S310
    urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - the sandbox


def send(bench: Workbench, method: str, path: str, body: Any = None) -> None:
    headers = {"apikey": KEY, "Content-Type": "application/json"}
    url = f"{bench.sandbox.base_url}{path}?source=test&format=json"
    data = json.dumps([] if body is None else body).encode()
    urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=5).close()  # noqa: S310


def complete(bench: Workbench, number: int, **more: Any) -> None:
    control(bench, "complete", {"UserName": f"p{number}@example.com", "Course": "First Aid", **more})


def reset(bench: Workbench, number: int) -> None:
    dump = bench.sandbox.dump()
    user = next(row["Id"] for row in dump["users"] if row["UserName"] == f"p{number}@example.com")
    send(bench, "PUT", f"/users/{user}/courses/{dump['courses'][0]['Id']}/reset")


def rows(path: Path) -> list[tuple[str, ...]]:
    with path.open(encoding="utf-8", newline="") as file:
        return sorted((r["employee_id"], r["title"], r["status"], r["attempt"]) for r in csv.DictReader(file))


def deltas(bench: Workbench) -> list[tuple[str, ...]]:
    """Everything in the files of the delta, which never overlap."""
    return sorted(row for path in (bench.folder / "out").iterdir() for row in rows(path))


AID = ("00001", "First Aid", "completed", "1")


@pytest.mark.parametrize("shown", [True, False], ids=["by a window", "by reading all"])
def test_a_reset_and_a_retake_arrive_as_a_reversal_and_a_new_version(bench, shown):
    control(bench, "modes", {"resets_shown": shown})
    complete(bench, 1)
    bench.in_process = not shown
    assert bench.json("pull")["delivered"] == {"delta": 1, "whole": 1}
    assert bench.json("pull")["delivered"] == {"delta": 0, "whole": 0}
    bench.in_process = True
    assert deltas(bench) == rows(bench.folder / "whole.csv") == [AID]
    reset(bench, 1)
    bench.run("pull", *([] if shown else ["--full"]))
    gone = ("00001", "First Aid", "withdrawn", "1")
    assert (deltas(bench), rows(bench.folder / "whole.csv")) == ([AID, gone], [])
    complete(bench, 1)
    bench.run("pull")
    again = ("00001", "First Aid", "completed", "2")
    assert (deltas(bench), rows(bench.folder / "whole.csv")) == (sorted([AID, gone, again]), [again])
    assert bench.json("pull", "--full")["delivered"] == {"delta": 0, "whole": 0}
    history = bench.json("results", "--history", "--employee", "00001")["results"]
    assert [(row["event"], row["reverses"]) for row in history] == [
        ("reported", ""),
        ("withdrawn", "1"),
        ("retaken", ""),
    ]


@pytest.mark.parametrize("point", OF_DELIVERY)
def test_a_sink_killed_in_the_middle_ends_with_each_result_once(bench, point):
    complete(bench, 1)
    complete(bench, 2, Score=90)
    bench.in_process = False
    bench.environ = {"SYNCD_TESTING": "1", "SYNCD_FAILPOINT": point}
    bench.run("pull", expect=137)
    bench.environ = {}
    complete(bench, 3)
    bench.in_process = True
    with bench.database() as database, database.write() as conn:
        conn.exec_driver_sql("UPDATE lease SET expires_at = '2000-01-01 00:00:00'")
    bench.run("pull")
    everybody = [(f"0000{number}", "First Aid", "completed", "1") for number in (1, 2, 3)]
    assert deltas(bench) == rows(bench.folder / "whole.csv") == everybody


def test_what_is_listed_counted_and_given_again(bench):
    complete(bench, 1)
    complete(bench, 2)
    bench.run("pull")
    listed = bench.json("results", "--kind", "course")
    assert [row["employee_id"] for row in listed["results"]] == ["00001", "00002"]
    complete(bench, 3, Percentage=40)
    bench.run("pull")
    since = str(listed["next_since"])
    assert [row["status"] for row in bench.json("results", "--since", since)["results"]] == ["in_progress"]
    printed = bench.run("results", "--csv", "--status", "completed").stdout.splitlines()
    assert [line.split(",")[0] for line in printed] == ["employee_id", "00001", "00002"]
    assert "in_progress" in bench.run("results").stdout
    assert "there are: course, module" in bench.run("results", "--kind", "courses", expect=2).stderr
    totals = bench.json("results", "totals")
    assert totals["reported"]["course"] == 3
    assert totals["sinks"]["delta"] == {
        **dict.fromkeys(("waiting", "withdrawn", "unlinked"), 0),
        "results": 3,
        "delivered": 2,
        "not_wanted": 1,
    }
    assert "whole: 3 results = 2 delivered" in bench.run("results", "totals").stdout
    assert bench.json("results", "redeliver", "delta")["versions"] == 2
    assert bench.json("results", "totals")["sinks"]["delta"]["waiting"] == 2
    assert bench.json("pull")["delivered"] == {"delta": 2, "whole": 0}
    assert "there are: delta, whole" in bench.run("results", "redeliver", "nowhere", expect=1).stderr


def test_nothing_is_given_again_while_a_pull_delivers(bench):
    complete(bench, 1)
    bench.run("pull")
    with (
        bench.database() as database,
        held(database, "pull:main", this_process(), seconds=60, about="pull"),
    ):
        assert "is at work (pull)" in bench.run("results", "redeliver", "delta", expect=7).stderr
    assert bench.json("results", "totals")["sinks"]["delta"]["delivered"] == 1


def test_a_sink_that_fails_blocks_no_other_and_has_everything_later(bench):
    complete(bench, 1)
    (bench.folder / "out").rmdir()
    bench.run("pull", expect=8)
    assert rows(bench.folder / "whole.csv") == [AID]
    (bench.folder / "out").mkdir()
    bench.run("pull")
    assert deltas(bench) == [AID]


def test_every_kind_of_result_comes_by_its_own_reading(bench):
    kinds = "[course, module, learning_path, achievement, session, badge, points]"
    bench.configure(
        (SINK, DELTA), ("pull:\n", f"pull:\n  results: {kinds}\n  statuses: [completed, missed, failed]\n")
    )
    dump = bench.sandbox.dump()
    roll = [
        {"UserName": "p1@example.com", "Completed": True, "Attended": True, "Score": "95"},
        {"UserName": "p2@example.com"},
    ]
    day = {"StartDate": "2024-03-04T09:00:00Z", "EndDate": "2024-03-04T12:00:00Z"}
    ahead = {"StartDate": "2099-03-04T09:00:00Z", "EndDate": "2099-03-04T12:00:00Z"}
    session = {"Course": "First Aid", "Instructor": "p3@example.com", "Registrations": roll}
    now = bench.sandbox.world.now().date().isoformat()
    today = {
        name: text.replace("2024-03-04T09", f"{now}T00").replace("2024-03-04T12", f"{now}T00")
        for name, text in day.items()
    }
    dump["sessions"] = [
        {**session, "Name": "Old", "Days": [day]},
        {**session, "Name": "Today", "Days": [today]},
        {**session, "Name": "Ahead", "Days": [ahead], "Registrations": roll[1:]},
    ]
    control(bench, "seed", dump)
    complete(bench, 1, Score=90)
    complete(bench, 2, Score=40)
    bench.run("pull")
    found = {(r["kind"], r["employee_id"], r["status"], r["score"]) for r in bench.json("results")["results"]}
    assert found == {
        ("course", "00001", "completed", ""),
        ("course", "00002", "in_progress", ""),
        ("module", "00001", "completed", "90"),
        ("module", "00002", "failed", "40"),
        ("achievement", "00001", "completed", ""),
        ("session", "00001", "completed", "95"),
        ("session", "00002", "missed", ""),
        ("session", "00002", "assigned", ""),
        ("badge", "00001", "completed", ""),
        ("points", "00001", "completed", "5"),
    }
    (achievement,) = bench.json("results", "--kind", "achievement")["results"]
    assert achievement["certificate_id"]
    assert achievement["compliant_until"]
    dump = bench.sandbox.dump()
    dump["awards"] = []
    for user in dump["users"]:
        user["Points"] = 0
    for one in dump["sessions"]:
        one["Registrations"] = []
    control(bench, "seed", dump)
    complete(bench, 1, Score=91)
    control(bench, "complete", {"UserName": "p1@example.com", "LearningPath": "Onboarding"})
    before = len(bench.sandbox.log)
    bench.run("pull")
    gone = {(r["kind"], r["event"]) for r in bench.json("results", "--status", "withdrawn")["results"]}
    assert gone == {("session", "withdrawn"), ("session", "reported"), ("badge", "withdrawn")}
    badges = [entry.path for entry in bench.sandbox.log[before:] if entry.path.endswith("/badges")]
    assert len(badges) == 2, "only of those with something new"


def test_badges_of_who_was_linked_later_are_read_once(bench):
    bench.configure((SINK, DELTA), ("pull:\n", "pull:\n  results: [course, badge]\n"))
    complete(bench, 1)
    bench.run("pull")
    earlier, later = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    reads = []
    for made_at in (earlier, later):
        with bench.database() as database, database.write() as conn:
            newest = link.c.employee_id == "00002"
            conn.execute(update(link).values(made_at=earlier))
            conn.execute(update(link).where(newest).values(made_at=made_at))
        before = len(bench.sandbox.log)
        bench.run("pull")
        reads.append(sum(entry.path.endswith("/badges") for entry in bench.sandbox.log[before:]))
    assert reads == [0, 1]


def test_a_sink_that_was_taken_out_is_told_apart_and_can_be_forgotten(bench):
    complete(bench, 1)
    (bench.folder / "out").rmdir()
    bench.run("pull", expect=8)
    assert "whole is configured" not in bench.run("status").stderr
    assert "delta is configured; take it out" in bench.run("results", "forget", "delta", expect=1).stderr
    without = DELTA[DELTA.index("    - {name: whole") :]
    bench.configure((SINK, without))
    shown = bench.run("status")
    assert "1 delivered, 0 waiting" in shown.stdout
    assert "1 results wait for delta, a sink that is configured no longer" in shown.stderr
    assert "there are: delta" in bench.run("results", "forget", "dleta", expect=1).stderr
    assert bench.json("results", "forget", "delta")["waiting"] == 1
    assert "delta" not in bench.run("status").stderr
    entry = bench.json("audit")["audit"][0]
    assert (entry["action"], entry["object"], entry["detail"]) == (
        "forget-sink",
        "sink delta",
        {"waiting": 1},
    )
    bench.configure((SINK, DELTA))
    (bench.folder / "out").mkdir()
    assert bench.json("pull")["delivered"] == {"delta": 1, "whole": 0}, "it is a new sink"


def test_who_is_who_comes_once_and_login_links_only_where_they_are_asked_for(bench):
    identities = "what: identities, columns: {id: employee_id, user: username, on: active, link: login_link}"
    bench.configure(
        (
            SINK,
            f'    - {{name: who, path: "out/{{batch}}.csv", mode: delta, {identities}, login_link: true}}\n',
        )
    )
    assert bench.json("pull")["delivered"] == {"who": 3}
    assert bench.json("status")["results"] == {
        **dict.fromkeys(("results", "delivered", "waiting"), 0),
        "removed": {},
    }
    assert bench.json("pull")["delivered"] == {"who": 0}
    control(bench, "edit", {"do": "deactivate", "UserName": "p2@example.com"})
    assert bench.json("pull")["delivered"] == {"who": 1}
    found: dict[str, tuple[str, str, bool]] = {}
    for path in sorted((bench.folder / "out").iterdir(), key=lambda one: one.stat().st_mtime_ns):
        with path.open(encoding="utf-8", newline="") as file:
            found |= {
                row["id"]: (row["user"], row["on"], "loginkey=" in row["link"])
                for row in csv.DictReader(file)
            }
    assert found == {
        "00001": ("p1@example.com", "true", True),
        "00002": ("p2@example.com", "false", True),
        "00003": ("p3@example.com", "true", True),
    }
    link = bench.sandbox.dump()["users"][-1]["LoginKey"]
    assert link.encode() not in (bench.folder / "syncd.db").read_bytes()
    bench.configure((SINK, f"    - {{name: who, path: who.csv, {identities}}}\n"))
    assert "needs login_link: true" in bench.run("config", "check", expect=3).stderr
