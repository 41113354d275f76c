"""What people do on the pages is what the commands do, and each deed is in the audit."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest

from syncd.store import audit, changes
from syncd.web.roles import Role
from syncd.web.site import Site
from syncd.wiring import wire
from tests.flows.rig import person
from tests.test_web import Pages
from tests.workbench import Workbench, workbench

STAFF = 30


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """Thirty people, of whom HR says that 22 have left: more than may lose access without a person. No test here sends anything."""
    with workbench(tmp_path_factory.mktemp("deeds")) as made:
        made.in_process = True
        made.staff(STAFF)
        made.run("push")
        made.write_hr(
            [person(each, status="Left" if each <= 22 else "Active") for each in range(1, STAFF + 1)]
        )
        made.run("push", expect=4)
        with closing(sqlite3.connect(made.folder / "syncd.db")) as conn:
            conn.execute("VACUUM INTO ?", (str(made.folder / "begun.db"),))
        yield made


@pytest.fixture
def bench(world: Workbench) -> Workbench:
    """The same for each test, whatever another one has done to the database."""
    for name in ("syncd.db", "syncd.db-wal", "syncd.db-shm"):
        (world.folder / name).unlink(missing_ok=True)
    shutil.copyfile(world.folder / "begun.db", world.folder / "syncd.db")
    return world


@pytest.fixture
def pages(bench: Workbench) -> Iterator[Pages]:
    app = wire(bench.config())
    yield Pages(site=Site(app=app, config=bench.config(), alive=lambda: True))
    app.close()


def do(pages: Pages, path: str, role: Role, **form: str) -> tuple[int, str]:
    """Do something with a token; the status, and what is said."""
    answer = pages.post(path, form, Authorization=pages.token(role))
    return answer.status_code, answer.json()["said"]


def entries(pages: Pages) -> list[dict[str, Any]]:
    with pages.site.database.read() as conn:
        return [dict(row) for row in reversed(audit.listed(conn, "main"))]


def test_who_would_lose_access_is_typed_as_a_number(pages, bench):
    (held,) = bench.json("runs", "--state", "held")["runs"]
    plan = f"/runs/{held['id']}"
    page = pages.get(f"{plan}/plan").text
    assert "22 people would lose access" in page
    assert pages.get(f"{plan}/plan.json").json()["losing"] == 22
    for typed in ("", "21"):
        status, said = do(pages, f"{plan}/approve", Role.APPROVER, digest=held["plan_digest"], confirm=typed)
        assert (status, "type 22" in said) == (409, True)
    status, said = do(pages, f"{plan}/approve", Role.APPROVER, digest="0" * 16, confirm="22")
    assert (status, "look at it again" in said) == (409, True), "another plan than was seen"
    assert len(bench.usernames()) >= STAFF
    one = {"employees": "00001", "digest": held["plan_digest"]}
    assert do(pages, f"{plan}/approve", Role.APPROVER, **one, confirm="1")[0] == 200
    status, said = do(pages, f"{plan}/reject", Role.APPROVER, reason="a broken export")
    assert (status, said.split(":")[0]) == (200, "Rejected")
    assert do(pages, f"{plan}/reject", Role.APPROVER, reason="again")[0] == 409
    approved, rejected = entries(pages)[-2:]
    assert (approved["actor"], approved["object"]) == ("token:approver", f"run {held['id']}")
    assert approved["detail"]["employees"] == ["00001"]
    assert (rejected["action"], rejected["detail"]["reason"]) == ("reject", "a broken export")
    with pages.site.database.read() as conn:
        states = {
            row["employee_id"]: row["state"] for row in changes.listed(conn, run_id=held["id"], limit=None)
        }
    assert states["00001"] == "queued"
    assert states["00002"] == "cancelled"


def test_a_run_is_cancelled_once_and_what_was_held_is_past(pages, bench):
    """And the time for which a person let it wait is a phase of its own."""
    (held,) = bench.json("runs", "--state", "held")["runs"]
    path = f"/runs/{held['id']}"
    chosen = {"employees": "00001", "digest": held["plan_digest"], "confirm": "1"}
    assert do(pages, f"{path}/approve", Role.APPROVER, **chosen)[0] == 200
    assert do(pages, f"{path}/reject", Role.APPROVER, reason="a broken export")[0] == 200
    assert do(pages, f"{path}/cancel", Role.OPERATOR)[0] == 200
    status, said = do(pages, f"{path}/cancel", Role.OPERATOR)
    assert (status, "already" in said) == (409, True)
    assert entries(pages)[-1]["action"] == "cancel"
    (first,) = bench.json("runs", "--state", "cancelled", "--flow", "push")["runs"]
    assert '<p class="past">Was held: LIMIT-DEACTIVATIONS' in pages.get(path).text
    assert "Was held: LIMIT-DEACTIVATIONS" in bench.run("runs", "show", str(first["id"])).stdout
    shown = pages.get(f"{path}.json").json()
    assert [one["phase"] for one in shown["phases"]][:3] == ["waits to begin", "reads and plans", "held"]
    spent = {one["phase"]: one["seconds"] for one in shown["phases"]}
    listed = [run for run in pages.get("/runs.json").json()["runs"] if run["id"] == first["id"]]
    for run in (shown["run"], *listed, first):
        assert run["held_seconds"] == pytest.approx(spent["held"], abs=0.1)
        whole = datetime.fromisoformat(run["finished_at"]) - datetime.fromisoformat(run["started_at"])
        assert run["took"] == pytest.approx(whole.total_seconds() - run["held_seconds"], abs=0.01), (
            "what a person let it wait is no work"
        )


def test_a_command_is_in_the_audit_as_a_page_is(pages, bench):
    bench.run("pause", "--class", "users", "--reason", "a window")
    assert do(pages, "/queue/resume", Role.OPERATOR)[1] == "Resumed: users."
    paused, resumed = entries(pages)[-2:]
    assert (paused["action"], paused["detail"]) == ("pause", {"classes": ["users"], "reason": "a window"})
    assert paused["actor"].startswith("cli:")
    assert (resumed["actor"], resumed["action"]) == ("token:operator", "resume")
    listed = bench.json("audit", "--action", "pause")["audit"]
    assert [row["number"] for row in listed] == [paused["number"]]
    head = bench.json("audit", "verify")["head"]
    assert head == resumed["hash"]
    bench.run("audit", "verify", "--expect", paused["hash"])
    bench.run("audit", "verify", "--expect", "0" * 64, expect=1)


def test_what_cannot_be_done_says_so(pages):
    assert do(pages, "/retry", Role.OPERATOR)[0] == 409
    assert do(pages, "/retry", Role.OPERATOR, run="1") == (409, "0 of 0 jobs are tried again.")
    assert do(pages, "/queue/pause", Role.OPERATOR, **{"class": "nothing", "reason": "x"})[0] == 409
    assert do(pages, "/cases/00001/decide", Role.APPROVER, verdict="link:")[0] == 409
    assert do(pages, "/cases/99999/decide", Role.APPROVER, verdict="create")[0] == 409
    assert do(pages, "/runs/1/reject", Role.APPROVER)[1] == "Say why, for the sync log."


def test_a_broken_export_is_not_approved_by_a_click(pages, bench):
    """Half of the rows are gone, and whoever is left has no title: the number of changes is typed, on the page and in the command."""
    (leavers,) = bench.json("runs", "--state", "held")["runs"]
    bench.run("reject", str(leavers["id"]), "--reason", "another export")
    bench.write_hr([person(each, title="") for each in range(1, STAFF // 2 + 1)])
    bench.run("push", expect=4)
    (held,) = bench.json("runs", "--state", "held")["runs"]
    plan = f"/runs/{held['id']}"
    shown = pages.get(f"{plan}/plan.json").json()
    number, told = shown["confirm"]["number"], shown["confirm"]["told"]
    assert (number, shown["losing"]) == (shown["number"], 0)
    becomes = (
        "Once all of it is approved, the input of 15 rows (the last accepted one has 30) becomes what the next one "
        "is compared with."
    )
    page = pages.get(f"{plan}/plan").text
    assert becomes in page
    assert f"{told}. Type the number of changes that would be sent" in page
    typed = {"digest": held["plan_digest"]}
    status, said = do(pages, f"{plan}/approve", Role.APPROVER, **typed)
    assert (status, f"type {number}" in said) == (409, True)
    assert (
        do(pages, f"{plan}/approve", Role.APPROVER, **typed, employees="00003", confirm=str(number))[0] == 409
    )
    refused = bench.run("approve", str(held["id"]), expect=2).stderr
    assert becomes in refused
    assert f"syncd approve {held['id']} --confirm-count {number}" in refused
    assert bench.state(held["id"]) == "held"
    bench.run("approve", str(held["id"]), "--confirm-count", str(number), "--no-wait")
    assert bench.state(held["id"]) == "running"


def test_a_run_that_waits_for_its_turn_is_said_nothing_of_its_configuration(pages, bench):
    queued = bench.queue("push")
    run = pages.get(f"/runs/{queued}.json", Authorization=pages.token(Role.OPERATOR)).json()
    assert run["settings_changed"] == []
    assert "configuration is another" not in pages.get(f"/runs/{queued}").text


def test_a_refresh_and_a_push_say_what_they_did(pages, bench):
    bench.run("refresh")
    (refreshed, *_) = bench.json("runs", "--flow", "refresh")["runs"]
    told = "read 30 users, 2 teams, 1 learning path, in "
    assert told in bench.run("runs", "--flow", "refresh").stdout
    assert told in bench.run("runs", "show", str(refreshed["id"])).stdout
    assert told[1:] in pages.get(f"/runs/{refreshed['id']}").text
    assert told in pages.get("/runs?flow=refresh").text
    assert "30 users to create" in pages.get("/runs?flow=push").text


def test_rejected_rows_are_grouped_by_code_with_the_names_of_their_people(pages, bench):
    rows = [person(each) for each in range(1, STAFF + 1)]
    rows[4]["email"] = rows[5]["email"] = "x"
    rows[6]["employee_id"] = rows[7]["employee_id"]
    bench.write_hr(rows)
    bench.run("push", expect=4)
    groups = pages.get("/quarantine.json", Authorization=pages.token(Role.OPERATOR)).json()["groups"]
    assert [(one["code"], len(one["rows"])) for one in groups] == [
        ("USERNAME-INVALID", 2),
        ("ID-DUPLICATE", 1),
    ]
    assert [one["name"] for one in groups[0]["rows"]] == ["First5 Last5", "First6 Last6"]
    assert "2 × USERNAME-INVALID" in pages.get("/quarantine").text
    seen = pages.get("/quarantine.json", Authorization=pages.token(Role.VIEWER)).json()["quarantine"]
    assert {one["name"] for one in seen} == {""}
    counted_over_all_pages(pages)


def counted_over_all_pages(pages: Pages) -> None:
    """And each count leads to its rows."""
    first = pages.get("/quarantine.json?limit=2").json()
    assert [(one["code"], one["number"], len(one["rows"])) for one in first["groups"]] == [
        ("USERNAME-INVALID", 2, 2)
    ]
    second = pages.get(first["next"]).json()
    assert [(one["code"], one["number"], len(one["rows"])) for one in second["groups"]] == [
        ("ID-DUPLICATE", 1, 1)
    ]
    assert first["codes"] == second["codes"] == pages.get("/problems.json").json()["rejected"]
    for one in first["codes"]:
        listed = pages.get(f"/quarantine.json?code={one['code']}").json()["quarantine"]
        assert [row["code"] for row in listed] == [one["code"]] * one["number"]
        for path in ("/problems", "/quarantine"):
            assert f'href="/quarantine?code={one["code"]}">{one["number"]} × ' in pages.get(path).text
    page = pages.get("/quarantine?limit=1").text
    assert "2 × USERNAME-INVALID" in page
    assert "1 of them on this page" in page
    assert "No row is rejected for NOPE first" in pages.get("/quarantine?code=NOPE").text
    assert pages.get("/quarantine.json?code=NOPE").json()["quarantine"] == []
