"""One push as a process of its own, so that it can be killed.

It is forked from a server that has loaded all that a push needs, and nothing else: loading takes longer than the push.
"""

import multiprocessing
import os
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from syncd.core.holding import HoldMode
from syncd.core.limits import Limit, Limits
from syncd.core.recertify import Renewal
from syncd.core.rules import ItemRule
from syncd.sandbox.server import Sandbox
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


_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload([__name__])


def process_of(
    sandbox: Sandbox, url: str, folder: Path, story: str = "", *, failpoint: str = ""
) -> subprocess.CompletedProcess[str]:
    """One push as a process, which dies at the failpoint; what it says is in the folder until it has ended."""
    said = folder / "said", folder / "complained"
    options = url, sandbox.base_url, sandbox.api_key, folder, story
    process = _SERVER.Process(target=_process, args=(said, failpoint, options))
    process.start()
    try:
        process.join(90)
        assert process.exitcode is not None, "it has not ended in 90 s"
        out, errors = (file.read_text(encoding="utf-8") for file in said)
        return subprocess.CompletedProcess(options, process.exitcode, out, errors)
    finally:
        process.kill()
        process.join()
        process.close()


def _process(said: tuple[Path, Path], failpoint: str, options: tuple[str, str, str, Path, str]) -> None:
    os.environ.update({"SYNCD_TESTING": "1", "SYNCD_FAILPOINT": failpoint})
    for number, file in enumerate(said, start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    main(*options)


def main(url: str, base_url: str, api_key: str, folder: Path, story: str) -> None:
    """Push, and print how the Run ended.

    In the story ``renewable`` a course is reset 30 days before it ceases to count. In ``leavers`` half of the staff has left, which is too many; ``crowd`` goes by bulk import.
    """
    sandbox: Any = SimpleNamespace(
        base_url=base_url, api_key=api_key, limiter=SimpleNamespace(limit=LIMIT, window=WINDOW)
    )
    rig = Rig(sandbox=sandbox, database=open_database(url), folder=folder, hr=list(STAFF))
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
