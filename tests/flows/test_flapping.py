"""HR's value alternates: a membership and a learning path do not come and go with it for ever."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from syncd.core.conditions import OneOf
from syncd.core.limits import Flaps, Limits
from syncd.sandbox.server import Sandbox
from syncd.store.database import Database
from syncd.store.schema import change
from tests.flows.rig import MAPPING, Rig, person

WORLD = {"learning_paths": [{"Name": "Onboarding"}]}


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Four people; Onboarding is for reps."""
    with Sandbox(limit=500, window=0.5, seed=WORLD) as sandbox:
        made = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(n) for n in range(1, 5)])
        reps = OneOf(column="title", where="syncd.yaml:1:1", values=frozenset({"Rep"}))
        mapping = replace(MAPPING, items=(replace(MAPPING.items[0], when=reps),))
        made.changed = {"mapping": mapping, "limits": Limits(minimum_population=1000, flaps=Flaps(count=2))}
        made.push()
        yield made


def alternate(rig: Rig, times: int) -> None:
    """Person 1 is in Sales and a rep, then in Support and none, and so on."""
    for _ in range(times):
        here = rig.hr[0]["department"] == "Sales"
        rig.hr[0] |= (
            {"department": "Support", "title": "Lead"} if here else {"department": "Sales", "title": "Rep"}
        )
        rig.push()


def test_what_flaps_is_kept_as_it_is_and_told_until_it_has_been_quiet(rig):
    alternate(rig, 3)
    assert ("Support", "p1@example.com") in rig.members()
    writes = rig.writes()
    rig.hr[0] |= {"department": "Sales", "title": "Rep"}
    pushed = rig.push()
    assert rig.writes() == writes + 1  # the title
    told = {skip.key: skip.code for skip in pushed.draft.plan.skips}
    sales, support = "membership:00001@commercial/sales", "membership:00001@commercial/support"
    assert told[sales] == told[support] == "FLAPPING"
    assert any(key.startswith("assignment:00001@") for key in told)
    assert any(text.startswith("FLAPPING (3): ") for text in pushed.draft.plan.problems)
    assert {("Support", "p1@example.com")} == {one for one in rig.members() if one[1] == "p1@example.com"}
    with rig.database.write() as conn:
        long_ago = rig.database.now(conn) - timedelta(days=8)
        conn.execute(update(change).values(finished_at=long_ago))
    rig.push()
    assert {("Sales", "p1@example.com")} == {one for one in rig.members() if one[1] == "p1@example.com"}
    assert rig.push(send=False).draft.plan.changes == ()


def test_it_may_flap_where_that_is_wanted(rig):
    rig.changed["limits"] = Limits(minimum_population=1000, flaps=None)
    alternate(rig, 5)
    assert {("Support", "p1@example.com")} == {one for one in rig.members() if one[1] == "p1@example.com"}
