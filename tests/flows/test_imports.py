"""Many people go by one bulk import: whatever Litmos does with it, everybody ends up as HR says, nobody twice."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from syncd.app import App
from syncd.core.limits import Limits
from syncd.failpoint import KILLED
from syncd.sandbox.journal import Entry
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.sending.worker import Worker
from syncd.store import changes, drift, enqueue, jobs
from syncd.store.database import Database
from syncd.store.schema import attempt, job
from tests.flows.pusher import CROWD, process_of
from tests.flows.rig import MAPPING, Rig, creates_without_a_read, person
from tests.flows.test_kill import state_of
from tests.flows.test_modes import ALONE, ON_POSTGRESQL, TOGETHER, Clock, control, named

WORLD = {"learning_paths": [{"Name": "Onboarding"}]}


WITHOUT_PATHS = replace(MAPPING, items=())
"""For speed: learning paths go by a request a person."""


def crowd() -> list[dict[str, str]]:
    return [person(number) for number in range(1, CROWD + 1)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@contextmanager
def many_new(database: Database, folder: Path, clock: Clock) -> Iterator[Rig]:
    """More people who are new to Litmos than an import takes requests."""
    with Sandbox(limit=500, window=0.5, bulk_delay=0.2, seed=WORLD, clock=clock) as sandbox:
        made = Rig(sandbox=sandbox, database=database, folder=folder, hr=crowd())
        made.changed = {
            "mapping": WITHOUT_PATHS,
            "limits": Limits(minimum_population=1000),
            "bulk_imports": True,
        }
        yield made


@pytest.fixture
def rig(database: Database, tmp_path: Path, clock: Clock) -> Iterator[Rig]:
    with many_new(database, tmp_path, clock) as made:
        yield made


def sent(rig: Rig, method: str, path: str) -> list[Entry]:
    return [entry for entry in rig.sandbox.log if (entry.method, entry.path) == (method, path)]


def as_hr_says(rig: Rig) -> None:
    """Everybody is there once, with the values, teams and path that HR and the rules give them."""
    users = [user for user in rig.sandbox.dump()["users"] if user["ExternalEmployeeId"]]
    found = sorted((u["UserName"], u["JobTitle"] or "", u["ExternalEmployeeId"], u["Active"]) for u in users)
    assert found == sorted(
        (row["email"], row["title"], row["employee_id"], row["status"] == "Active") for row in rig.hr
    )
    assert rig.members() == {(row["department"], row["email"]) for row in rig.hr}
    assert rig.sandbox.audit()["duplicate_creates"] == 0
    assert creates_without_a_read(rig.sandbox) == []
    assert rig.sandbox.errors == []


def codes(rig: Rig, run_id: int) -> dict[str, str]:
    """Key of each failed Change -> its code."""
    with rig.database.read() as conn:
        return {
            row["key"]: row["code"]
            for row in changes.listed(conn, run_id=run_id, states=["failed"], limit=None)
        }


def test_many_new_people_are_one_import(rig):
    rig.changed["mapping"] = MAPPING
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    as_hr_says(rig)
    assert len(sent(rig, "POST", "/bulkimports")) == 1
    assert sent(rig, "POST", "/users") == []
    with rig.database.read() as conn:
        of_import = select(attempt.c.outcome, attempt.c.http_status).join(job).order_by(attempt.c.id)
        tries = conn.execute(of_import.where(job.c.kind == "import_users")).all()
    assert tries[0].http_status // 100 == 2, "what Litmos said when it took the import"
    assert tuple(tries[-1]) == ("completed", 200), "what it said when it had ended"
    assert len(rig.sandbox.dump()["assignments"]) == CROWD
    assert rig.sandbox.world.mails == []
    before = rig.writes()
    assert rig.push(fresh=True).draft.plan.changes == ()
    assert rig.writes() == before


def test_the_plan_costs_what_is_then_sent(rig):
    pushed = rig.push()
    cost = pushed.draft.plan.cost
    asked = [entry for entry in rig.sandbox.log if not entry.path.startswith("/org")]
    reading = 3
    """users, teams and learning paths, before the plan"""
    assert cost.low <= len(asked) - reading <= cost.high
    assert cost.high < CROWD + len(rig.hr)


def test_plain_updates_are_one_import_and_what_it_cannot_do_goes_by_put(rig):
    rig.push()
    for row in rig.hr:
        row["title"] = "Lead"
    rig.hr[0]["title"] = ""
    rig.hr[1]["email"] = "renamed@example.com"
    pushed = rig.push(fresh=True)
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    as_hr_says(rig)
    assert len(sent(rig, "POST", "/bulkimports")) == 2
    assert sum(entry.method == "PUT" for entry in rig.sandbox.log) == 2


def test_a_row_that_litmos_refuses_fails_alone_and_then_goes_singly(rig):
    rig.hr[4]["email"] = "p#5@example.com"
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "failed"
    failed = codes(rig, pushed.run_id)
    assert failed.pop("user:00005") == "IMPORT-REFUSED"
    assert set(failed.values()) == {"PARENT-FAILED"}
    assert len(failed) == 1
    again = rig.push(fresh=True)
    assert codes(rig, again.run_id)["user:00005"].startswith("LITMOS-409")
    assert len(sent(rig, "POST", "/bulkimports")) == 1
    rig.hr[4]["email"] = "p5@example.com"
    rig.push(fresh=True)
    as_hr_says(rig)


def made_by_hand(rig: Rig, employee_id: str) -> None:
    """A person makes an account with the UserName of the fifth."""
    names = {"FirstName": "By", "LastName": "Hand", "ExternalEmployeeId": employee_id}
    address = {"UserName": "p5@example.com", "Email": "p5@example.com"}
    control(rig.sandbox, "edit", [{"do": "create_user", "set": {**address, **names}}])


def test_somebody_who_was_given_the_name_meanwhile_is_left_alone(rig):
    pushed = rig.push(drained=False)
    made_by_hand(rig, "X")
    app = rig.open()
    drain(app, pushed.run_id)
    app.client.close()
    assert codes(rig, pushed.run_id)["user:00005"] == "LITMOS-409-USERNAME-TAKEN"
    user = rig.users()["p5@example.com"]
    assert (user["LastName"], user["ExternalEmployeeId"]) == ("Hand", "X")
    assert len(rig.users()) == CROWD


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_before"},
        {"kind": "drop_after"},
        {"kind": "html"},
        {"kind": "truncated"},
        {"kind": "malformed"},
        {"kind": "empty"},
        {"kind": "status", "status": 502},
        {"kind": "status", "status": 503, "reason": "Rating Limit Exceeded", "count": 3},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
def test_an_import_without_a_proper_answer_is_settled(fault, rig):
    rig.changed["import_patience"] = 1.0
    rig.sandbox.faults.set([{"method": "POST", "path": "^/bulkimports$", **fault}])
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    as_hr_says(rig)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ["^/bulkimports/", "usererrors", "^/users/details"])
@pytest.mark.parametrize("kind", ["html", "truncated", "drop_before", "status"])
def test_a_look_at_an_import_that_fails_is_repeated(path, kind, rig):
    rig.sandbox.faults.set(
        [{"kind": kind, "method": "GET", "path": path, "nth": 2, "count": 2, "status": 500}]
    )
    if path == "usererrors":
        shown_late(rig)
        rig.sandbox.faults.set([{"kind": kind, "method": "GET", "path": path, "count": 2, "status": 500}])
    rig.refresh()
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    as_hr_says(rig)


def test_an_import_that_does_not_end_is_given_up_and_its_people_go_singly(rig, clock):
    rig.sandbox.world.bulk_delay = 1e6
    rig.changed["import_patience"] = 0.5
    pushed = rig.push()
    failed = codes(rig, pushed.run_id)
    assert {code for key, code in failed.items() if key.startswith("user:")} == {"IMPORT-TIMEOUT"}
    assert rig.run(rig.push(fresh=True).run_id)["state"] == "succeeded"
    as_hr_says(rig)
    assert len(sent(rig, "POST", "/bulkimports")) == 1
    clock.ahead += 2e6
    as_hr_says(rig)
    assert rig.push(fresh=True).draft.plan.changes == ()


def test_an_import_that_is_refused_is_not_tried_for_ever(rig):
    rig.sandbox.faults.set(
        [{"kind": "status", "method": "POST", "path": "^/bulkimports$", "status": 405, "count": 0}]
    )
    pushed = rig.push()
    failed = codes(rig, pushed.run_id)
    assert {code for key, code in failed.items() if key.startswith("user:")} == {"LITMOS-405-REFUSED"}
    assert rig.run(rig.push(fresh=True).run_id)["state"] == "succeeded"
    as_hr_says(rig)


def pending(rig: Rig) -> int:
    """A push whose import Litmos has and has not applied; the Run."""
    pushed = rig.push(fresh=True, drained=False)
    app = rig.open()
    app.hand.take()
    work_until_pending(app, pushed.run_id)
    app.client.close()
    return pushed.run_id


def of_employee(rig: Rig, employee_id: str) -> list[tuple[str, str]]:
    """(id, UserName) of every account that says it is this employee's."""
    users = rig.sandbox.dump()["users"]
    return [(user["Id"], user["UserName"]) for user in users if user["ExternalEmployeeId"] == employee_id]


def pushed_until_at_rest(rig: Rig) -> None:
    """Pushes until nothing is left to do; three must do."""
    for _ in range(3):
        rig.push(fresh=True)
    assert rig.push(fresh=True).draft.plan.changes == ()
    as_hr_says(rig)


def test_a_name_that_changes_hands_while_an_import_is_unsettled_overwrites_nobody(rig):
    rig.push()
    first = of_employee(rig, "00001")
    rig.hr += [person(number) for number in range(CROWD + 1, 2 * CROWD + 1)]
    rig.sandbox.world.bulk_delay = 1.0
    pending(rig)
    rig.hr[CROWD]["email"], rig.hr[0]["email"] = "new@example.com", f"p{CROWD + 1}@example.com"
    rig.push(fresh=True)
    assert [user_id for user_id, _ in of_employee(rig, "00001")] == [user_id for user_id, _ in first]
    assert len(of_employee(rig, f"{CROWD + 1:05d}")) == 1
    pushed_until_at_rest(rig)
    assert [user_id for user_id, _ in of_employee(rig, "00001")] == [user_id for user_id, _ in first]


def test_somebody_linked_while_their_import_is_unsettled_gets_no_second_account(rig):
    rig.sandbox.world.bulk_delay = 1.0
    pending(rig)
    made_by_hand(rig, "00005")
    rig.hr[4]["email"] = "q5@example.com"
    rig.push(fresh=True)
    pushed_until_at_rest(rig)


@pytest.mark.parametrize("newcomer", [False, True], ids=["renamed", "and the name given to somebody new"])
def test_an_import_that_is_applied_after_its_time_makes_no_second_account(newcomer, rig, clock):
    rig.sandbox.world.bulk_delay = 1e6
    rig.changed["import_patience"] = 0.5
    rig.push()
    rig.hr[4]["email"] = "q5@example.com"
    if newcomer:
        rig.hr.append(person(99, email="p5@example.com"))
    withheld = rig.push(fresh=True)
    late = {skip.employee_id for skip in withheld.draft.plan.skips if skip.code == "IMPORT-LATE"}
    assert late == ({"00005", "00099"} if newcomer else {"00005"})
    assert of_employee(rig, "00005") == of_employee(rig, "00099") == []
    clock.ahead += 2e6
    pushed_until_at_rest(rig)


@pytest.mark.parametrize("status", [404, 405, 406, 400])
def test_one_odd_answer_to_a_look_ends_no_import(status, rig):
    rig.sandbox.world.bulk_delay = 0.5
    fault = {"kind": "status", "method": "GET", "path": "^/bulkimports/", "status": status, "count": 2}
    rig.sandbox.faults.set([{**fault, "body": "<html><title>Endpoint not found.</title></html>"}])
    assert rig.run(rig.push().run_id)["state"] == "succeeded"
    assert len(sent(rig, "POST", "/bulkimports")) == 1
    as_hr_says(rig)


def test_somebody_deactivated_in_litmos_meanwhile_is_not_imported(rig):
    rig.push()
    for row in rig.hr:
        row["title"] = "Lead"
    pushed = rig.push(fresh=True, drained=False)
    control(rig.sandbox, "edit", [{"do": "deactivate", "UserName": "p3@example.com"}])
    app = rig.open()
    drain(app, pushed.run_id)
    app.client.close()
    assert codes(rig, pushed.run_id) == {"user:00003": "IMPORT-INACTIVE"}
    assert "p3@example.com" not in sent(rig, "POST", "/bulkimports")[-1].body
    pushed_until_at_rest(rig)


def test_somebody_renamed_in_litmos_between_reading_and_applying_is_told_of(rig):
    rig.push()
    for row in rig.hr:
        row["title"] = "Lead"
    rig.sandbox.world.bulk_delay = 1.0
    run_id = pending(rig)
    user_id = of_employee(rig, "00003")[0][0]
    control(
        rig.sandbox,
        "edit",
        [{"do": "set_user", "UserName": "p3@example.com", "set": {"UserName": "human3@example.com"}}],
    )
    app = rig.open()
    drain(app, run_id)
    app.client.close()
    assert codes(rig, run_id) == {"user:00003": "IMPORT-STRAY"}
    assert of_employee(rig, "00003") == [(user_id, "human3@example.com")]


def test_what_a_person_edits_meanwhile_is_drift_and_what_we_import_is_none(rig):
    rig.push()
    for row in rig.hr:
        row["title"] = "Lead"
    rig.sandbox.world.bulk_delay = 0.3
    run_id = pending(rig)
    control(rig.sandbox, "edit", [{"do": "set_user", "UserName": "p3@example.com", "set": {"City": "Ulm"}}])
    time.sleep(0.4)
    rig.refresh()
    app = rig.open()
    drain(app, run_id)
    app.client.close()
    with rig.database.read() as conn:
        found = [
            (row["user_id"], row["field"], row["after"]) for row in drift.listed(conn, "main", run_id=None)
        ]
    assert found == [(of_employee(rig, "00003")[0][0], "City", "Ulm")]


def test_every_request_of_an_import_is_counted(rig):
    pushed = rig.push()
    with rig.database.read() as conn:
        made = next(
            row for row in jobs.list_jobs(conn, "main", run_id=pushed.run_id) if row["kind"] == "import_users"
        )
        counted = sum(row["requests"] for row in jobs.list_attempts(conn, made["id"]))
    paths = [entry.path for entry in rig.sandbox.log]
    looks = [path for path in paths if path.startswith("/bulkimports")]
    before_the_plan = 1
    assert counted == len(looks) + paths.count("/users/details") - before_the_plan


def test_a_cancelled_run_leaves_its_unsettled_import_to_be_looked_after(rig):
    rig.sandbox.world.bulk_delay = 0.5
    run_id = pending(rig)
    with rig.database.write() as conn:
        now = rig.database.now(conn)
        jobs.cancel_run(conn, run_id, now)
    app = rig.open()
    drain(app, run_id)
    app.client.close()
    assert len([user for user in rig.users().values() if user["ExternalEmployeeId"]]) == CROWD
    pushed_until_at_rest(rig)


def shown_late(rig: Rig) -> None:
    """Who is created is not in the lists at once, but soon: so it is asked what Litmos says of them, and looked once more."""
    rig.sandbox.world.modes = rig.sandbox.world.modes.changed({"visibility_delay": 0.3})
    rig.changed["settle_delay"] = 1.0


HARMS: list[dict[str, Any]] = [
    {"kind": "html"},
    {"kind": "malformed"},
    {"kind": "truncated"},
    {"kind": "empty"},
    {"kind": "drop_before"},
    *(
        {"kind": "status", "status": 200, "body": body}
        for body in (
            "null",
            "[]",
            "{}",
            "7",
            '"Completed"',
            '{"Status": []}',
            '{"Status": {"a": 1}}',
            '{"Status": "Completed", "Id": 7, "Failed": "many"}',
            '[{"Username": null}]',
            '[{"Username": ["x"], "ImportStatus": {}}]',
            '[{"ImportStatus": "Failed"}, 7]',
            "[" * 5000,
        )
    ),
    *({"kind": "status", "status": status} for status in (204, 302, 400, 404, 409, 418, 429, 500, 504)),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ["^/bulkimports/[^/]*$", "usererrors$"], ids=["state", "errors"])
@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: " ".join(str(value)[:20] for value in harm.values()))
def test_a_harmed_answer_about_an_import_crashes_nothing_and_loses_nobody(harm, path, rig):
    if path.startswith("usererrors"):
        shown_late(rig)
    rig.sandbox.faults.set([{"method": "GET", "path": path, "count": 2, **harm}])
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    as_hr_says(rig)


def test_a_leaver_in_an_unsettled_import_is_switched_off_afterwards_and_keeps_its_values(rig):
    rig.push()
    for row in rig.hr:
        row["title"] = "Lead"
    rig.sandbox.world.bulk_delay = 1.5
    pending(rig)
    rig.hr[2]["status"] = "Left"
    second = rig.push()
    assert rig.run(second.run_id)["state"] == "succeeded"
    user = rig.users()["p3@example.com"]
    assert (user["Active"], user["JobTitle"]) == (False, "Lead")
    put = next(entry for entry in rig.sandbox.log if entry.method == "PUT" and user["Id"] in entry.path)
    looks = [entry for entry in rig.sandbox.log if entry.path.startswith("/bulkimports/")]
    assert rig.sandbox.log.index(looks[-1]) < rig.sandbox.log.index(put)


def test_a_leaver_does_not_wait_for_ever(rig, monkeypatch):
    rig.push()
    for row in rig.hr:
        row["title"] = "Lead"
    rig.sandbox.world.bulk_delay = 1e6
    pending(rig)
    monkeypatch.setattr(enqueue, "LEAVERS_WAIT", 0.3)
    rig.changed["import_patience"] = 3.0
    rig.hr[2]["status"] = "Left"
    rig.push()
    user = rig.users()["p3@example.com"]
    assert user["Active"] is False
    of_user = [entry.method for entry in rig.sandbox.log if entry.path == f"/users/{user['Id']}"]
    assert of_user == ["GET", "PUT"], "the record was not read just before it was written"


def work_until_pending(app: App, run_id: int) -> None:
    """Do what is due until Litmos has the import."""
    worker = Worker(app.database, app.target, app.hand, app.work, app.owner, app.stop)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        worker.run_once()
        with app.database.read() as conn:
            found = conn.execute(select(attempt.c.code).where(attempt.c.code == "IMPORT-WAITING")).first()
            waiting = found is not None and len(changes.listed(conn, run_id=run_id, states=["queued"])) > 0
        if waiting:
            return
    raise AssertionError("no import is pending")


LATE_LISTS = [{"visibility_delay": 3.0}]
"""Lists that show somebody only after the first look at a completed import."""


def under(reading: dict[str, Any], database: Database, folder: Path) -> None:
    """Three days of a crowd that goes by import, in a Litmos that is read this way."""
    with Sandbox(limit=500, window=0.5, bulk_delay=0.1, seed=WORLD, modes=reading) as sandbox:
        rig = Rig(sandbox=sandbox, database=database, folder=folder, hr=crowd())
        rig.changed = {
            "mapping": WITHOUT_PATHS,
            "limits": Limits(minimum_population=1000),
            "bulk_imports": True,
        }
        unseen = 1.1 * reading.get("visibility_delay", 0.0)
        if "import_end" in reading:
            rig.changed["import_patience"] = 1.0 + unseen
        rig.changed["settle_delay"] = max(0.1, unseen)
        for title in ("Rep", "Lead & <Head>", "Boss"):
            for row in rig.hr:
                row["title"] = title
            pushed = rig.push(fresh=True)
            run = rig.run(pushed.run_id)
            assert (run["state"], run["error"]) == ("succeeded", "")
            as_hr_says(rig)
        assert len(sent(rig, "POST", "/bulkimports")) == 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("reading", [{}, *ALONE, *TOGETHER, *LATE_LISTS], ids=named)
def test_imports_under_every_reading(reading, database, tmp_path):
    under(reading, database, tmp_path)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("reading", ON_POSTGRESQL, ids=named)
def test_imports_on_postgresql(reading, database, tmp_path):
    under(reading, database, tmp_path)


POINTS = (
    "marked-sent:4",
    "bytes-sent:4",
    "answered-unread:4",
    "answered-uncommitted:4",
    "committed:4",
    "answered-uncommitted:5",
    "committed:5",
)
"""The fourth write, after three teams, is the import; what is committed after it are looks at it."""


def push(sandbox: Sandbox, url: str, folder: Path, failpoint: str = "") -> subprocess.CompletedProcess[str]:
    """One push of the crowd as a process."""
    return process_of(sandbox, url, folder, "crowd", failpoint=failpoint)


@pytest.mark.parametrize("failpoint", POINTS)
def test_a_killed_import_and_a_restart_end_as_an_undisturbed_one(failpoint, database_url, tmp_path):
    with Sandbox(limit=500, window=0.5, bulk_delay=0.3, seed=WORLD) as sandbox:
        killed = push(sandbox, database_url, tmp_path, failpoint)
        assert killed.returncode == KILLED, killed.stderr
        assert not any(entry.path.endswith("/users") for entry in sandbox.log if entry.method == "POST")
        restarted = push(sandbox, database_url, tmp_path)
        assert restarted.stdout.split()[-1] == "succeeded", restarted.stderr
        names = [
            json_row for json_row in state_of(sandbox)["users"] if '"ExternalEmployeeId": "0' in json_row
        ]
        assert len(names) == CROWD
        audit = sandbox.audit()
        assert (audit["duplicate_creates"], audit["rejected_503"]) == (0, 0)
        assert creates_without_a_read(sandbox) == []
