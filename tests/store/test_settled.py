"""Who is at rest in the store: whatever a list shows that was not known disturbs, and nobody whom HR had is unknown."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from syncd.core.model import Role
from syncd.core.operation import Effects, Learner
from syncd.store import reflection, settled
from syncd.store.folding import keep_up_to_date
from syncd.store.schema import employee
from syncd.store.settled import Settled
from tests.core.factories import path_key
from tests.store.makers import ACCOUNT, now_of
from tests.store.test_mirror import SALES, apply, profile, snapshot, take

P1 = path_key("p1")


def rest(database, *people):
    """These are at rest, and each has the user of the same number."""
    rows = [
        Settled(employee_id=who, row_hash=who.encode(), filled=0, at_rest=True, user_id=who.replace("E", "u"))
        for who in people
    ]
    with database.write() as conn:
        settled.save(conn, ACCOUNT, "hr", rows, gone=None)


def restless(database):
    with database.read() as conn:
        return settled.disturbed(conn, ACCOUNT, "hr", database.now(conn))


@pytest.fixture
def known(database):
    """Two people who are members, leaders and learners, by lists of which it counts as never read who is on them."""
    began_at = now_of(database) - timedelta(minutes=2)
    everybody = frozenset({"u1", "u2"})
    lists = {
        "members": {SALES.id: everybody},
        "learners": {
            P1: tuple(Learner(user_id=one, completed=False, percent=0.0) for one in sorted(everybody))
        },
        "roles": {(SALES.id, Role.LEADER): everybody},
    }
    take(database, snapshot(began_at, profile("u1"), profile("u2"), **lists))
    with database.write() as conn:
        keep_up_to_date(conn, ACCOUNT, teams=[], items=[], roles=[])
    rest(database, "E1", "E2")
    return began_at + timedelta(minutes=1)


@pytest.mark.parametrize(
    "lists",
    [
        ({SALES.id: frozenset({"u1"})}, {}, {}),
        ({}, {P1: (Learner(user_id="u1", completed=False, percent=0.0),)}, {}),
        ({}, {}, {(SALES.id, Role.LEADER): {"u1"}}),
    ],
    ids=["members", "learners", "leaders"],
)
def test_who_is_missing_from_a_list_that_is_read_again_is_looked_at(database, known, lists):
    """It is no drift, for the list was not kept up to date; but the plan rests on it."""
    with database.write() as conn:
        found = reflection.apply_lists(conn, ACCOUNT, *lists, began_at=known)
    assert (found, restless(database)) == ([], {"E2"})


def test_a_user_who_is_called_otherwise_may_be_somebody_elses(database, known):
    with database.write() as conn:
        nobody = Settled(employee_id="E3", row_hash=b"3", filled=0, at_rest=True)
        settled.save(conn, ACCOUNT, "hr", [nobody], gone=[])
    apply(database, Effects(profiles=(profile("u1", FirstName="Ann"),)))
    assert restless(database) == {"E1"}
    apply(database, Effects(profiles=({**profile("u1"), "UserName": "ann@example.com"},)))
    assert restless(database) == {"E1", "E3"}


def test_nobody_whom_hr_had_is_unknown(database):
    """Those who are absent are known for it."""
    now = now_of(database)
    with database.write() as conn:
        for who, present in (("E1", True), ("E2", True), ("E3", True), ("E4", False)):
            values = {"account": ACCOUNT, "employee_id": who, "present": present, "status": "active"}
            times = {"first_seen_at": now, "last_seen_at": now}
            conn.execute(insert(employee).values(**values, **times, data={}, origin="", source="hr"))
    rest(database, "E1")
    with database.write() as conn:
        settled.expect(conn, ACCOUNT, "hr", ["E2", "E4", "E9"])
    assert restless(database) == {"E2"}
    with database.write() as conn:
        settled.expect(conn, ACCOUNT, "hr", None)
    assert restless(database) == {"E2", "E3"}
