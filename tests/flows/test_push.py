"""push, end to end: an HR file goes in, and the sandbox ends up as it should be."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.sandbox.server import Sandbox
from syncd.store.database import Database
from tests.flows.rig import Rig, person

WORLD = {"learning_paths": [{"Name": "Onboarding"}, {"Name": "Sales Basics"}]}


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """A small company, an empty Litmos that allows 100 requests in 0.5 s."""
    with Sandbox(limit=100, window=0.5, seed=WORLD) as sandbox:
        yield Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(n) for n in range(1, 9)])


def test_day_one_creates_everything_and_a_repetition_writes_nothing(rig):
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    users = rig.users()
    assert users["p1@example.com"]["ExternalEmployeeId"] == "00001"
    assert len([name for name in users if name.startswith("p")]) == 8
    assert ("Sales", "p1@example.com") in rig.members()
    assert len(rig.members()) == 8
    assert len(rig.sandbox.dump()["assignments"]) == 8
    before = rig.writes()
    again = rig.push(fresh=True)
    assert again.draft.plan.changes == ()
    assert rig.writes() == before
