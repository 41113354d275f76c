"""What an approval of a Run that was held takes as known of its input: the same as a push that was not held."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from syncd.core.cases import Resolution, Verdict
from syncd.core.holding import Choice
from syncd.core.limits import Limit, Limits
from syncd.core.rules import Absence
from syncd.planning.approval import approve, reject
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.store import cases, inputs, links, people
from syncd.store.awaited_tables import awaited_input, awaited_person
from syncd.store.database import Database, open_database
from syncd.store.migrate import upgrade
from syncd.store.schema import employee, unwanted
from syncd.sync import push
from tests.flows.rig import MAPPING, Rig, person

SOON = Absence(deactivates=True, after_files=2, after_hours=0)
ALL_HELD = Limits(changes=Limit(count=0), creates=Limit(count=0), shrink_percent=90)
FREE = Limits(
    changes=Limit(),
    deactivations=Limit(),
    creates=Limit(),
    removals=Limit(),
    team_removals=Limit(),
    shrink_percent=90,
)


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Six people whose users are there, linked to nobody; every push is held."""
    with Sandbox(limit=500, window=0.5, seed=world(known=True)) as sandbox:
        yield held_rig(sandbox, database, tmp_path)


def world(*, known: bool) -> dict[str, Any]:
    """A Litmos with a learning path, and the users of six people if they are ``known``."""
    users = [
        {"UserName": f"p{n}@example.com", "Email": f"p{n}@example.com", "FirstName": "F", "LastName": "L"}
        for n in range(1, 7)
    ]
    return {"learning_paths": [{"Name": "Onboarding"}], "users": users if known else []}


def held_rig(sandbox: Sandbox, database: Database, folder: Path) -> Rig:
    """Six people, absence that counts, and a limit that holds every push."""
    made = Rig(sandbox=sandbox, database=database, folder=folder, hr=[person(n) for n in range(1, 7)])
    lifecycle = replace(MAPPING.lifecycle, overlap=timedelta(days=7))
    made.changed = {"mapping": replace(MAPPING, absence=SOON, lifecycle=lifecycle), "limits": ALL_HELD}
    return made


def let_go(rig: Rig, run_id: int, **choice: Any) -> tuple[int, int]:
    """Approve, and send."""
    app = rig.open()
    try:
        counts = approve(app, run_id, actor="ana", **choice)
        drain(app, run_id)
    finally:
        app.client.close()
    return counts


def push_approved(rig: Rig) -> None:
    """A push that is held, and approved."""
    pushed = rig.push()
    assert pushed.state == "held"
    let_go(rig, pushed.run_id)


def facts(rig: Rig) -> dict[str, Any]:
    """What is known of HR, but for when."""
    table = employee
    with rig.database.read() as conn:
        columns = (table.c.employee_id, table.c.status, table.c.data, table.c.origin, table.c.present)
        rows = conn.execute(select(*columns, table.c.absent_count).order_by(table.c.employee_id)).all()
        last = inputs.last_accepted(conn, "main", "hr")
        made = {one: links.how(conn, "main", one) for one in links.load(conn, "main")}
        return {
            "people": [tuple(row) for row in rows],
            "links": {one: how[0] for one, how in made.items() if how is not None},
            "unwanted": sorted(conn.execute(select(unwanted.c.key)).scalars()),
            "accepted": None if last is None else last["sha256"],
        }


def awaited(rig: Rig) -> int:
    """How much is kept of inputs that wait."""
    with rig.database.read() as conn:
        return sum(len(conn.execute(select(table)).all()) for table in (awaited_input, awaited_person))


def two_days(rig: Rig, send: Callable[[Rig], object]) -> None:
    """A first load; then somebody moves, somebody leaves, and somebody is not there."""
    send(rig)
    rig.hr[0]["department"] = "Support"
    rig.hr[1]["status"] = "Left"
    del rig.hr[5]
    send(rig)


@pytest.mark.parametrize("known", [True, False])
def test_the_same_is_known_after_an_approval_as_after_a_push_that_was_not_held(known, database, tmp_path):
    found = []
    (tmp_path / "other").mkdir()
    other = open_database(f"sqlite:///{tmp_path / 'other' / 'syncd.db'}")
    upgrade(other)
    for opened, folder, send in ((database, tmp_path, push_approved), (other, tmp_path / "other", Rig.push)):
        with Sandbox(limit=500, window=0.5, seed=world(known=known)) as sandbox:
            rig = held_rig(sandbox, opened, folder)
            if send is Rig.push:
                rig.changed["limits"] = FREE
            two_days(rig, send)
            found.append(facts(rig))
            assert awaited(rig) == 0
    other.close()
    assert found[0] == found[1]
    assert [(row[4], row[5]) for row in found[0]["people"]] == [(True, 0)] * 5 + [(False, 1)]
    assert set(found[0]["links"].values()) == {"UserName" if known else "create"}
    assert found[0]["unwanted"] == ["membership:00001@commercial/sales"]


def test_who_is_missing_from_the_next_file_after_an_approval_is_missed(rig):
    push_approved(rig)
    rig.changed["limits"] = FREE
    del rig.hr[5]
    for title in ("One", "Two"):
        rig.hr[0]["title"] = title
        rig.push()
    assert not rig.users()["p6@example.com"]["Active"]


def test_all_of_it_in_parts_is_as_the_whole_and_a_part_is_not(rig):
    pushed = rig.push()
    let_go(rig, pushed.run_id, choice=Choice(employees=frozenset({"00002"})))
    found = facts(rig)
    assert (found["people"], found["accepted"]) == ([], None)
    assert found["links"] == {"00002": "UserName"}
    let_go(rig, pushed.run_id)
    found = facts(rig)
    assert len(found["people"]) == 6
    assert found["accepted"] is not None
    assert len(found["links"]) == 6
    assert awaited(rig) == 0


@pytest.mark.parametrize("whole", [True, False])
def test_what_is_rejected_is_not_taken(whole, rig):
    pushed = rig.push()
    app = rig.open()
    choice = Choice() if whole else Choice(employees=frozenset({"00002"}))
    reject(app, pushed.run_id, actor="ana", reason="a broken export", choice=choice)
    app.client.close()
    if not whole:
        let_go(rig, pushed.run_id)
    found = facts(rig)
    assert (found["people"], found["accepted"]) == ([], None)
    assert "00002" not in found["links"]
    assert awaited(rig) == 0


def test_a_newer_plan_takes_its_place(rig):
    rig.push()
    before = awaited(rig)
    rig.hr[0]["title"] = "Lead"
    rig.push()
    assert awaited(rig) == before > 0


def test_of_whom_a_later_input_was_taken_the_older_one_is_not(rig):
    held = rig.push()
    rig.changed["limits"] = FREE
    rig.hr[1]["title"] = "Lead"
    rig.write_hr()
    app = rig.open()
    pushed = push(app, rig.run_id("push"), people=["00002"])
    drain(app, pushed.run_id)
    app.client.close()
    let_go(rig, held.run_id)
    with rig.database.read() as conn:
        one, two = (people.get(conn, "main", who) for who in ("00001", "00002"))
    assert one is not None
    assert two is not None
    assert one["data"]["fields"]["JobTitle"] == "Rep"
    assert two["data"]["fields"]["JobTitle"] == "Lead"
    assert rig.users()["p2@example.com"]["JobTitle"] == "Lead"


def test_a_held_push_of_one_person_takes_that_person_when_it_is_approved(rig):
    rig.write_hr()
    app = rig.open()
    pushed = push(app, rig.run_id("push"), people=["00002"])
    app.client.close()
    assert pushed.state == "held"
    let_go(rig, pushed.run_id)
    found = facts(rig)
    assert [row[0] for row in found["people"]] == ["00002"]
    assert found["accepted"] is None


def test_a_decision_since_then_wins_over_the_links_of_the_plan(rig):
    pushed = rig.push()
    with rig.database.write() as conn:
        now = rig.database.now(conn)
        decided = Resolution(verdict=Verdict.IGNORE)
        cases.resolve(conn, "main", "00002", decided, by="ana", now=now)
    let_go(rig, pushed.run_id)
    assert "00002" not in facts(rig)["links"]
    assert rig.users()["p2@example.com"]["JobTitle"] != "Rep"
