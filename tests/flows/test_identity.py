"""Identity, end to end: renames that change hands, names that somebody keeps, and a database that was lost."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from syncd.app import App
from syncd.core.limits import Limits, Policy
from syncd.core.usernames import temporary
from syncd.sandbox.server import Sandbox
from syncd.store import cases, links
from syncd.store.database import Database
from syncd.store.schema import metadata
from syncd.sync import push
from syncd.worker import Worker
from tests.flows.rig import MAPPING, Rig, person

WORLD = {"learning_paths": [{"Name": "Onboarding"}]}


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Eight people who are in Litmos already; no Limit holds anything."""
    with Sandbox(limit=200, window=0.5, seed=WORLD) as sandbox:
        made = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(n) for n in range(1, 9)])
        made.changed = {"limits": Limits(minimum_population=1000)}
        made.push()
        yield made


def edit(rig: Rig, **what: Any) -> None:
    """What a person does in Litmos."""
    httpx.post(f"{rig.sandbox.control_url}/edit", json=what).raise_for_status()


def give(rig: Rig, *names: tuple[int, int]) -> None:
    """HR gives people each other's addresses: (1, 2) gives person 1 the address that person 2 had."""
    for number, other in names:
        rig.hr[number - 1]["email"] = f"p{other}@example.com"


def people(rig: Rig) -> dict[str, str]:
    """ExternalEmployeeId -> UserName of everybody."""
    return {user["ExternalEmployeeId"]: name for name, user in rig.users().items()}


def ids(rig: Rig) -> dict[str, str]:
    """ExternalEmployeeId -> Litmos id of everybody."""
    return {user["ExternalEmployeeId"]: user["Id"] for user in rig.users().values()}


def as_hr_says(rig: Rig) -> bool:
    """Whether everybody has the UserName that HR gives them."""
    return people(rig) == {row["employee_id"]: row["email"] for row in rig.hr}


def refused(rig: Rig) -> list[str]:
    """The write requests that the sandbox refused."""
    return [
        f"{e.method} {e.path} {e.status}" for e in rig.sandbox.log if e.method != "GET" and e.status >= 400
    ]


@pytest.mark.parametrize(
    "names",
    [
        ((1, 2), (2, 1)),
        ((1, 2), (2, 3), (3, 1)),
        ((1, 2), (2, 3), (3, 4), (4, 5), (5, 1), (6, 7), (7, 6)),
        ((1, 2), (2, 3), (3, 99)),
    ],
    ids=["swap", "circle", "two circles", "chain"],
)
def test_names_change_hands_without_a_refusal_and_everybody_keeps_their_user(rig, names):
    before = ids(rig)
    give(rig, *names)
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert as_hr_says(rig)
    assert ids(rig) == before
    assert refused(rig) == []
    writes = rig.writes()
    assert rig.push(fresh=True).draft.plan.changes == ()
    assert rig.writes() == writes


def test_a_new_person_takes_the_name_of_somebody_who_is_renamed(rig):
    give(rig, (1, 77))
    rig.hr.append(person(9, email="p1@example.com"))
    assert rig.run(rig.push().run_id)["state"] == "succeeded"
    assert as_hr_says(rig)
    assert refused(rig) == []


def stop_after(rig: Rig, writes: int) -> None:
    """A push whose process is gone after so many write requests, with a Job left in its queue."""
    rig.write_hr()
    app = rig.open()
    try:
        pushed = push(app, rig.run_id("push"))
        assert pushed.state == "running"
        worker = stepped(app)
        before = rig.writes()
        while rig.writes() - before < writes:
            assert worker.run_once()
    finally:
        app.client.close()


def stepped(app: App) -> Worker:
    """One worker of an App, to be stepped by hand."""
    return Worker(
        database=app.database,
        target=app.target,
        gate=app.hand,
        settings=app.work,
        owner=app.owner,
        stop=app.stop,
    )


@pytest.mark.parametrize("writes", [1, 2])
@pytest.mark.parametrize("fresh", [False, True])
def test_a_swap_that_was_cut_off_is_finished_by_the_next_push(rig, writes, fresh):
    """After the one stepped aside, or after the other took the name as well."""
    give(rig, (1, 2), (2, 1))
    stop_after(rig, writes)
    assert temporary("p2@example.com", ids(rig)["00001"]) in rig.users()
    pushed = rig.push(fresh=fresh)
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert as_hr_says(rig)
    assert refused(rig) == []


def test_a_swap_that_hr_takes_back_while_one_stands_aside_is_taken_back(rig):
    """The other one's rename was queued by then and is still made, so it takes a push more."""
    give(rig, (1, 2), (2, 1))
    stop_after(rig, 1)
    give(rig, (1, 1), (2, 2))
    rig.push(fresh=True)
    rig.push(fresh=True)
    assert as_hr_says(rig)


def test_stepping_aside_with_an_unknown_outcome_is_settled_before_the_next_push_goes_on(rig):
    give(rig, (1, 2), (2, 1))
    rig.sandbox.faults.set([{"kind": "drop_after", "method": "PUT", "path": "^/users/"}])
    stop_after(rig, 1)
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert as_hr_says(rig)
    assert refused(rig) == []


def codes(rig: Rig) -> dict[str, str]:
    """The cases: employee -> code."""
    with rig.database.read() as conn:
        return {case["employee_id"]: case["code"] for case in cases.listed(conn, "main") if case["code"]}


def test_a_name_that_a_leaver_keeps_is_a_case_and_not_a_refusal(rig):
    """The new person is not found by UserName, for Litmos is told to match by the employee id alone."""
    rig.changed |= {"mapping": replace(MAPPING, match=("ExternalEmployeeId",))}
    rig.hr[0]["status"] = "Left"
    rig.push()
    rig.hr.append(person(9, email="p1@example.com"))
    give(rig, (2, 1))
    rig.hr[1]["title"] = "Lead"
    rig.hr[6]["email"] = "p2@example.com"
    rig.hr[1]["email"], rig.hr[8]["email"] = "p1@example.com", "p9@example.com"
    writes = rig.writes()
    pushed = rig.push()
    assert codes(rig) == {"00002": "USERNAME-TAKEN", "00007": "USERNAME-TAKEN"}
    assert people(rig)["00009"] == "p9@example.com"
    assert people(rig)["00002"] == "p2@example.com"
    assert rig.users()["p2@example.com"]["JobTitle"] == "Rep"
    assert refused(rig) == []
    message = pushed.draft.rejections[0].reasons[0].message
    assert "inactive, linked to employee 00001" in message
    assert rig.writes() > writes


def test_a_new_hire_whose_name_an_inactive_stranger_has_is_a_case(rig):
    rig.changed |= {"mapping": replace(MAPPING, match=("ExternalEmployeeId",))}
    stranger = {"UserName": "p9@example.com", "FirstName": "Old", "LastName": "One", "Active": False}
    edit(rig, do="create_user", set=stranger)
    rig.hr.append(person(9))
    rig.push(fresh=True)
    assert codes(rig) == {"00009": "USERNAME-TAKEN"}
    assert refused(rig) == []


def test_a_policy_that_renames_nobody_frees_no_name(rig):
    rig.changed |= {"policy": Policy.CREATE_ONLY}
    give(rig, (1, 77))
    rig.hr.append(person(9, email="p1@example.com"))
    rig.push()
    assert codes(rig) == {"00009": "USERNAME-TAKEN"}
    assert refused(rig) == []


# ---------------------------------------------------------------- a lost database


def lose_the_database(rig: Rig) -> None:
    """Everything that syncd knew is gone."""
    with rig.database.write() as conn:
        for table in reversed(metadata.sorted_tables):
            conn.execute(table.delete())


def test_a_lost_database_finds_everybody_by_the_link_field_and_makes_nobody_twice(rig):
    """One was renamed in Litmos, one in HR since, two have swapped names, one is inactive and comes back, one left."""
    rig.hr[5]["status"] = rig.hr[6]["status"] = "Left"
    rig.push()
    before = ids(rig)
    edit(rig, do="set_user", UserName="p1@example.com", set={"UserName": "other@example.com"})
    lose_the_database(rig)
    give(rig, (2, 78), (3, 4), (4, 3))
    rig.hr[5]["status"] = "Active"
    pushed = rig.push(fresh=True)
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert pushed.draft.plan.counts["user"] == {"reactivate": 1, "update": 4}
    assert ids(rig) == before
    assert as_hr_says(rig)
    assert {name for name, user in rig.users().items() if not user["Active"]} == {"p7@example.com"}
    with rig.database.read() as conn:
        assert links.load(conn, "main") == before
    assert rig.push(fresh=True).draft.plan.changes == ()


def test_a_database_that_is_lost_in_the_middle_of_a_swap_finds_the_one_who_stands_aside(rig):
    give(rig, (1, 2), (2, 1))
    before = ids(rig)
    stop_after(rig, 1)
    lose_the_database(rig)
    rig.push(fresh=True)
    assert as_hr_says(rig)
    assert ids(rig) == before
