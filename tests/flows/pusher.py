"""One push as a process of its own, so that it can be killed: URL of the database, of the sandbox, its key, the folder.

A fifth argument says how many people there are; they go by bulk import where that is cheaper.
"""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from syncd.store.database import open_database
from tests.flows.rig import Rig, person

STAFF = [person(number) for number in range(1, 9)]
LIMIT, WINDOW = 500, 0.5


def main(url: str, base_url: str, api_key: str, folder: str, crowd: str = "") -> None:
    """Push, and print how the Run ended."""
    sandbox: Any = SimpleNamespace(
        base_url=base_url, api_key=api_key, limiter=SimpleNamespace(limit=LIMIT, window=WINDOW)
    )
    people = [person(number) for number in range(1, int(crowd) + 1)] if crowd else list(STAFF)
    rig = Rig(sandbox=sandbox, database=open_database(url), folder=Path(folder), hr=people)
    rig.changed = {"bulk_imports": bool(crowd)}
    pushed = rig.push()
    print(rig.run(pushed.run_id)["state"])  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
