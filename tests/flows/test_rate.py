"""The limit is never exceeded, and few more requests are sent than writes; how fast it is, ``benchmarks/limiter.py`` measures."""

from dataclasses import replace
from pathlib import Path

import pytest

from syncd.core.limits import Limits
from syncd.sandbox.server import Sandbox
from syncd.store.database import Database
from tests.flows.rig import MAPPING, Rig, person

NOTHING_BUT_USERS = replace(MAPPING, teams=(), items=())
LIMIT, WINDOW = 60, 1.0


def company(database: Database, sandbox: Sandbox, folder: Path, size: int) -> Rig:
    """A rig whose whole company needs one update each."""
    changed = {"limits": Limits(minimum_population=100_000), "mapping": NOTHING_BUT_USERS}
    return Rig(
        sandbox=sandbox,
        database=database,
        folder=folder,
        hr=[person(number) for number in range(size)],
        changed=changed,
    )


def known(size: int) -> dict[str, object]:
    """A Litmos that has everybody, with another job title."""
    return {
        "users": [
            {
                "UserName": row["email"],
                "Email": row["email"],
                "FirstName": row["first_name"],
                "LastName": row["last_name"],
                "JobTitle": "another",
                "ExternalEmployeeId": row["employee_id"],
                "Active": True,
            }
            for row in (person(number) for number in range(size))
        ]
    }


@pytest.mark.parametrize("writes", ["updates", "creates"])
def test_three_hundred_writes_at_the_limit(writes, database, tmp_path):
    """300 writes on SQLite, 80 on PostgreSQL: no 503, and few more requests than writes."""
    size = 300 if database.is_sqlite and writes == "updates" else 80
    with Sandbox(limit=LIMIT, window=WINDOW, seed=known(size) if writes == "updates" else "empty") as sandbox:
        rig = company(database, sandbox, tmp_path, size)
        pushed = rig.push()
        audit = sandbox.audit()
        assert rig.run(pushed.run_id)["state"] == "succeeded"
        assert audit["writes"] == size
        assert audit["rejected_503"] == 0
        assert audit["most_in_window"] <= LIMIT
        assert audit["requests"] <= size + 10
