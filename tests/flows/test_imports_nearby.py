"""The same for imports in an account so large that no import reads all users: windows, and whom they do not show singly."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.app import App
from syncd.core import import_requests
from syncd.core.import_cost import Load, Scene
from syncd.sandbox.profile import JOB_ROLES
from syncd.sending.crew import drain
from syncd.sending.worker import Worker
from syncd.store import mirror, runs
from syncd.store.database import Database
from tests.flows.rig import Rig, field_rule
from tests.flows.test_imports import (  # noqa: F401 - they are tests here, too
    LATE_LISTS,
    WITHOUT_PATHS,
    as_hr_says,
    codes,
    crowd,
    made_by_hand,
    many_new,
    sent,
    test_a_cancelled_run_leaves_its_unsettled_import_to_be_looked_after,
    test_a_leaver_in_an_unsettled_import_is_switched_off_afterwards_and_keeps_its_values,
    test_a_name_that_changes_hands_while_an_import_is_unsettled_overwrites_nobody,
    test_a_row_that_litmos_refuses_fails_alone_and_then_goes_singly,
    test_an_import_that_does_not_end_is_given_up_and_its_people_go_singly,
    test_an_import_that_is_applied_after_its_time_makes_no_second_account,
    test_an_import_that_is_refused_is_not_tried_for_ever,
    test_an_import_without_a_proper_answer_is_settled,
    test_many_new_people_are_one_import,
    test_one_odd_answer_to_a_look_ends_no_import,
    test_plain_updates_are_one_import_and_what_it_cannot_do_goes_by_put,
    test_somebody_deactivated_in_litmos_meanwhile_is_not_imported,
    test_somebody_linked_while_their_import_is_unsettled_gets_no_second_account,
    test_somebody_renamed_in_litmos_between_reading_and_applying_is_told_of,
    test_somebody_who_was_given_the_name_meanwhile_is_left_alone,
    test_what_a_person_edits_meanwhile_is_drift_and_what_we_import_is_none,
    under,
)
from tests.flows.test_modes import ALONE, TOGETHER, Clock, named

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def near_is_cheap(_load: Load, scene: Scene, *, near: bool, later: int = 0) -> tuple[int, int]:
    """As if all users were a thousand pages."""
    del scene, later
    return (4, 30) if near else (2000, 3000)


@pytest.fixture(autouse=True)
def _large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_requests, "cost", near_is_cheap)


@pytest.fixture
def rig(database: Database, tmp_path: Path, clock: Clock) -> Iterator[Rig]:
    with many_new(database, tmp_path, clock) as made:
        yield made


def lists(rig: Rig) -> int:
    """How often all users were read."""
    return len(sent(rig, "GET", "/users/details"))


def read_the_list(app: App, rig: Rig) -> None:
    """Work until all users were read for the import, and no further."""
    worker = Worker(app.database, app.target, app.hand, app.work, app.owner, app.stop)
    while lists(rig) < 2:
        assert worker.run_once()


def sending(rig: Rig) -> Counter[str]:
    """How often which path was read to carry out a push."""
    pushed = rig.push(fresh=True, drained=False)
    before = len(rig.sandbox.log)
    app = rig.open()
    drain(app, pushed.run_id)
    app.client.close()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    read = [entry.path for entry in rig.sandbox.log[before:] if entry.method == "GET"]
    return Counter(re.sub("^/users/(?!details)[^/]+$", "/users/{}", path) for path in read)


def test_new_people_cost_one_list_and_updates_none(rig):
    assert sending(rig)["/users/details"] == 1
    as_hr_says(rig)
    for row in rig.hr:
        row["title"] = "Lead"
    heard = sending(rig)
    as_hr_says(rig)
    assert heard["/users/details"] == 0
    assert heard["/org/users/details"] == 2, "before and after it"
    assert heard["/users/{}"] == 0
    assert len(sent(rig, "POST", "/bulkimports")) == 2
    assert not [entry for entry in rig.sandbox.log if entry.method == "PUT"]


def test_a_full_reading_afterwards_finds_no_drift_and_nothing_left_to_do(rig):
    rig.push()
    rig.refresh()
    with rig.database.read() as conn:
        assert runs.listed(conn, "main", limit=1)[0]["summary"]["drift"] == 0
    assert rig.push(fresh=True).draft.plan.changes == ()


def test_who_is_made_by_hand_after_the_list_is_left_alone(rig):
    """The window shows them, though the list did not."""
    pushed = rig.push(drained=False)
    app = rig.open()
    read_the_list(app, rig)
    made_by_hand(rig, "X")
    drain(app, pushed.run_id)
    app.client.close()
    assert codes(rig, pushed.run_id)["user:00005"] == "LITMOS-409-USERNAME-TAKEN"
    assert rig.users()["p5@example.com"]["LastName"] == "Hand"
    assert "p5@example.com" not in sent(rig, "POST", "/bulkimports")[0].body


def test_a_list_that_is_too_old_is_read_again(rig):
    """Somebody approved it later, or the process was down."""
    pushed = rig.push(drained=False)
    app = rig.open()
    read_the_list(app, rig)
    with rig.database.write() as conn:
        began, until = mirror.listed(conn, "main") or pytest.fail("nobody read a list")
        mirror.set_watermark(conn, "main", mirror.LISTED_UNTIL, until.replace(year=2020))
        assert began < until
    drain(app, pushed.run_id)
    app.client.close()
    as_hr_says(rig)
    assert lists(rig) == 3


def test_whom_the_window_does_not_show_is_read_singly(rig):
    """A job role is not in a window's rows: each of these records is read, or all of them."""
    role = min(JOB_ROLES)
    rig.push()
    of_role = field_rule("JobRole", "level")
    rig.changed["mapping"] = replace(WITHOUT_PATHS, fields=(*WITHOUT_PATHS.fields, of_role))
    for row in rig.hr:
        row["level"] = role
    heard = sending(rig)
    assert {user["JobRole"] for user in rig.users().values() if user["ExternalEmployeeId"]} == {role}
    assert len(sent(rig, "POST", "/bulkimports")) == 2
    assert (heard["/users/details"], heard["/users/{}"]) in {(1, 0), (0, len(rig.hr))}
    assert rig.push(fresh=True).draft.plan.changes == ()


def test_a_window_that_says_nothing_costs_readings_and_loses_nobody(rig):
    """It is not believed for what it does not say: whoever it does not show is looked up."""
    rig.refresh()
    pushed = rig.push(drained=False)
    empty = {"method": "GET", "path": "^/org/users/details", "kind": "status", "status": 200, "body": "[]"}
    rig.sandbox.faults.set([{**empty, "count": 0}])
    app = rig.open()
    drain(app, pushed.run_id)
    app.client.close()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    as_hr_says(rig)


@pytest.mark.parametrize("kind", ["html", "truncated", "malformed", "drop_before"])
def test_a_window_that_is_no_answer_is_read_again(kind, rig):
    rig.refresh()
    rig.push(drained=False)
    rig.sandbox.faults.set(
        [{"kind": kind, "method": "GET", "path": "^/org/users/details", "nth": 1, "count": 3}]
    )
    rig.push()
    as_hr_says(rig)


def test_an_import_that_litmos_forgets_fails_its_people_once_they_were_looked_for(rig):
    """It is Completed, and nobody is there: the next push sends them singly."""
    rig.sandbox.world.bulk_delay = 1e6
    done = {"Id": "I", "Status": "Completed"}
    fault = {"method": "GET", "path": "^/bulkimports/[^/]*$", "kind": "status", "status": 200}
    rig.sandbox.faults.set([{**fault, "count": 0, "body": json.dumps(done)}])
    pushed = rig.push()
    found = codes(rig, pushed.run_id)
    assert {code for key, code in found.items() if key.startswith("user:")} == {"IMPORT-SILENT"}
    rig.push(fresh=True)
    as_hr_says(rig)


@pytest.mark.parametrize("reading", [{}, *ALONE, *TOGETHER, *LATE_LISTS], ids=named)
def test_imports_nearby_under_every_reading(reading, database, tmp_path):
    under(reading, database, tmp_path)
