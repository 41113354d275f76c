"""A person who joins several teams joins them in one call, and is in them whatever Litmos has there already."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syncd.core.rules import Column, TeamRule
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.store.database import Database
from syncd.sync import push
from tests.flows.rig import MAPPING, Rig, person, place
from tests.flows.test_learning import by_hand, id_of

COLUMNS = ("first", "second", "third")


def team_rule(column: str) -> TeamRule:
    return TeamRule(place=place(f"teams[{column}]"), names=((Column(name=column, where="syncd.yaml:1:1"),),))


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Two people, in three teams; from the second push on one of them is to be in three more that are there."""
    world = {"teams": [{"Name": name} for name in ("North", "South", "East")]}
    with Sandbox(limit=500, window=0.5, seed=world) as sandbox:
        rows = [person(n, first="A", second="B", third="C") for n in (1, 2)]
        made = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=rows)
        made.changed = {"mapping": replace(MAPPING, teams=tuple(map(team_rule, COLUMNS)), items=())}
        made.push()
        sandbox.journal.clear()
        made.hr[0] |= {"first": "North", "second": "South", "third": "East"}
        yield made


def teams_of(rig: Rig, username: str) -> set[str]:
    dump = rig.sandbox.dump()
    names = {team["Id"]: team["Name"] for team in dump["teams"]}
    user = rig.users()[username]["Id"]
    return {names[row["TeamId"]] for row in dump["memberships"] if row["UserId"] == user and row["Active"]}


def joins(rig: Rig) -> list[int]:
    """The statuses of the calls by person."""
    found = [
        entry for entry in rig.sandbox.log if entry.method == "POST" and entry.path.startswith("/users/")
    ]
    return [entry.status for entry in found if entry.path.endswith("/teams")]


def push_while(rig: Rig, *names: str) -> Any:
    """A push; while its Jobs wait, somebody puts the person into these teams. Returns the Run."""
    rig.write_hr()
    app = rig.open()
    try:
        pushed = push(app, rig.run_id("push"))
        for name in names:
            user = rig.users()["p1@example.com"]["Id"]
            by_hand(rig, f"/teams/{id_of(rig, 'teams', name)}/users", [{"Id": user}])
        drain(app, pushed.run_id)
        return rig.run(pushed.run_id)
    finally:
        app.client.close()


def test_three_teams_are_one_call(rig):
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert joins(rig) == [200]
    assert teams_of(rig, "p1@example.com") == {"North", "South", "East"}
    assert not rig.push(fresh=True).draft.plan.changes


def test_who_is_in_one_of_them_by_now_joins_the_others(rig):
    assert push_while(rig, "South")["state"] == "succeeded"
    assert joins(rig) == [409, 200]
    assert teams_of(rig, "p1@example.com") == {"North", "South", "East"}


def test_who_is_in_all_of_them_by_now_is_left_there(rig):
    assert push_while(rig, "North", "South", "East")["state"] == "succeeded"
    assert joins(rig) == [409]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_an_answer_that_never_came_is_settled_by_reading(rig, kind):
    rig.sandbox.faults.set([{"kind": kind, "method": "POST", "path": "^/users/.*/teams", "nth": 1}])
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert teams_of(rig, "p1@example.com") == {"North", "South", "East"}
    assert len(joins(rig)) <= 2


def test_what_syncd_gave_by_person_it_takes_again(rig):
    rig.push()
    rig.hr[0] |= {"first": "A", "second": "B", "third": "C"}
    rig.push()
    assert teams_of(rig, "p1@example.com") == {"A", "B", "C"}
