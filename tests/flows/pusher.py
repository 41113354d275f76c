"""One push as a process of its own, so that it can be killed: URL of the database, of the sandbox, its key, the folder.

A fifth argument names a story.
"""

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from syncd.core.holding import HoldMode
from syncd.core.limits import Limit, Limits
from syncd.core.recertify import Renewal
from syncd.core.rules import ItemRule
from syncd.sending.crew import drain
from syncd.store.database import open_database
from tests.core.factories import course_name
from tests.flows.rig import MAPPING, Rig, person, place

STAFF = [person(number) for number in range(1, 9)]
LIMIT, WINDOW = 500, 0.5
CROWD = 36
RENEWABLE = "renewable"
FIRE = ItemRule(
    place=place("courses[0]"), item=course_name("Fire"), renewal=Renewal(before=timedelta(days=30))
)
"""Everybody is given the course Fire, and it is reset 30 days before a completion ceases to count."""


def main(url: str, base_url: str, api_key: str, folder: str, story: str = "") -> None:
    """Push, and print how the Run ended.

    In the story ``renewable`` a course is reset 30 days before it ceases to count. In ``leavers`` half of the staff has left, which is too many; ``crowd`` goes by bulk import.
    """
    sandbox: Any = SimpleNamespace(
        base_url=base_url, api_key=api_key, limiter=SimpleNamespace(limit=LIMIT, window=WINDOW)
    )
    rig = Rig(sandbox=sandbox, database=open_database(url), folder=Path(folder), hr=list(STAFF))
    if story == "leavers":
        rig.hr = [{**row, "status": "Left"} for row in STAFF[:4]] + [
            {**row, "title": "Lead"} for row in STAFF[4:]
        ]
        limits = Limits(deactivations=Limit(count=1), changes=Limit())
        rig.changed = {"limits": limits, "hold": HoldMode.SLICE}
    if story == "crowd":
        rig.hr = [person(number) for number in range(1, CROWD + 1)]
        rig.changed = {"bulk_imports": True, "mapping": replace(MAPPING, items=()), "import_patience": 5.0}
    if story == RENEWABLE:
        rig.changed = {
            "mapping": replace(MAPPING, items=(*MAPPING.items, FIRE)),
            "limits": Limits(minimum_population=1000),
            "refresh_max_age": 0.0,
        }
    pushed = rig.push(drained=story != RENEWABLE)
    if story == RENEWABLE:  # also what a push before it left, if this one has nothing to send
        drain(rig.open(), pushed.run_id)
    print(rig.run(pushed.run_id)["state"])  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
