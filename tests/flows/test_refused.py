"""What Litmos has refused twice is not sent again as it is: until the data change, or a person wants it tried."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.core.limits import Limits
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.store import changelists, jobs, runs
from syncd.store.database import Database
from tests.flows.rig import Rig, person

WORLD = {"learning_paths": [{"Name": "Onboarding"}]}
ALWAYS = {"kind": "status", "status": 400, "reason": "Bad", "count": 0}


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Four people who are new to Litmos."""
    with Sandbox(limit=500, window=0.5, seed=WORLD) as sandbox:
        made = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(n) for n in range(1, 5)])
        made.changed = {"limits": Limits(minimum_population=1000)}
        yield made


def refuse(rig: Rig, nth: int, **fault: object) -> None:
    rig.sandbox.faults.set(
        [{**ALWAYS, "method": "POST", "path": "^/users$", "nth": nth, "count": 1, **fault}]
    )


def refused_twice(rig: Rig, nth: int) -> int:
    """Two pushes in which the same create was refused; the last one's id."""
    refuse(rig, nth)
    rig.push()
    refuse(rig, 1)
    return rig.push().run_id


def codes(pushed) -> list[str]:
    return sorted(skip.code for skip in pushed.draft.plan.skips)


def test_a_refused_create_is_not_sent_again_and_nor_is_what_needs_it(rig):
    assert rig.run(refused_twice(rig, 2))["state"] == "failed"
    sent = rig.writes()
    again = rig.push()
    assert rig.run(again.run_id)["state"] == "succeeded"
    assert rig.writes() == sent
    assert codes(again) == ["REFUSED", "REFUSED-WAITS", "REFUSED-WAITS"]
    assert "syncd jobs retry" in next(s.message for s in again.draft.plan.skips if s.code == "REFUSED")
    assert any("refused" in sentence for sentence in again.draft.plan.problems)


def test_one_refusal_may_be_a_fluke(rig):
    refuse(rig, 2)
    rig.push()
    assert codes(rig.push()) == []
    assert len([user for user in rig.users().values() if user["ExternalEmployeeId"]]) == 4


def test_other_data_are_sent(rig):
    failed = refused_twice(rig, 2)
    with rig.database.read() as conn:
        (refused,) = jobs.list_jobs(conn, "main", run_id=failed, state="discarded")
    rig.hr = [
        {**row, "title": "Lead"} if row["employee_id"] == refused["payload"]["employee_id"] else row
        for row in rig.hr
    ]
    pushed = rig.push()
    assert codes(pushed) == []
    assert len([user for user in rig.users().values() if user["ExternalEmployeeId"]]) == 4


def test_a_person_may_have_it_tried_again(rig):
    failed = refused_twice(rig, 2)
    rig.sandbox.faults.set([])
    with rig.database.write() as conn:
        (refused,) = jobs.list_jobs(conn, "main", run_id=failed, state="discarded")
        again = jobs.retry_discarded(conn, "main", [refused["id"]], rig.database.now(conn))
        runs.reopen_of_jobs(conn, again)
    app = rig.open()
    drain(app, failed)
    app.client.close()
    assert len([user for user in rig.users().values() if user["ExternalEmployeeId"]]) == 4
    assert codes(rig.push()) == []
    assert len(rig.members()) == 4


@pytest.mark.parametrize("status", [404, 409])
def test_what_may_be_otherwise_by_now_is_tried_by_each_push(rig, status):
    for nth in (2, 1):
        refuse(rig, nth, status=status)
        rig.push()
    assert codes(rig.push()) == []
    assert len([user for user in rig.users().values() if user["ExternalEmployeeId"]]) == 4


def test_what_was_done_since_and_is_undone_by_somebody_is_sent_again(rig):
    rig.push()
    rig.hr[0] = {**rig.hr[0], "title": "Lead"}
    rig.sandbox.faults.set([{**ALWAYS, "method": "PUT", "count": 2}])
    rig.push()
    rig.push()
    assert codes(rig.push()) == ["REFUSED"]
    rig.hr[0] = {**rig.hr[0], "title": "Head"}
    rig.push()
    rig.hr[0] = {**rig.hr[0], "title": "Lead"}
    assert codes(rig.push()) == []
    assert rig.users()[rig.hr[0]["email"]]["JobTitle"] == "Lead"


def test_what_is_refused_for_many_at_once_is_held_against_nobody(rig):
    rig.sandbox.faults.set([{**ALWAYS, "method": "POST", "path": "^/teams/.*/users"}])
    rig.push()
    rig.push()
    rig.sandbox.faults.set([])
    assert codes(rig.push()) == []
    assert len(rig.members()) == 4


def test_what_fails_for_somebody_who_was_at_rest_is_a_problem(rig):
    """That they were at rest is of a push that looked only at those whom something had happened to; this one looks at everybody."""
    rig.changed["config_digest"] = "one"
    rig.push()
    rig.push()
    rig.changed["config_digest"] = ""
    rig.hr[0]["title"] = "Chief"
    rig.sandbox.faults.set([{**ALWAYS, "method": "PUT", "path": "^/users/"}])
    run_id = rig.push().run_id
    with rig.database.write() as conn:
        now = rig.database.now(conn)
        (problem,) = changelists.problems(conn, "main", now - timedelta(days=30))
        assert (problem["run_id"], problem["number"]) == (run_id, 1)
        (failed,) = jobs.list_jobs(conn, "main", run_id=run_id, state="discarded")
        assert jobs.retry_discarded(conn, "main", [failed["id"]], now) == [failed["id"]]
