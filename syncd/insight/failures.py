"""Failures: what failed and nothing has taken up since, by code, with what to do; the same on pages and in commands."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from syncd.store import changelists

OPEN_FOR = timedelta(days=30)
"""How far back failures are looked for that nothing has taken up."""
NEXT = (
    (
        "LITMOS-409",
        "Somebody else in Litmos has that name: decide in Cases whose it is, or change the row in HR.",
    ),
    (
        "LITMOS-4",
        "Litmos refused these values: mend them in HR, or the mapping; the next push sends them again.",
    ),
    ("PARENT-FAILED", "What this needed failed: mend that, and the next push plans this again."),
    ("IMPORT", "A bulk import did not take these people; the next push tries them one by one."),
)
"""What to do about a code, by how it begins."""
AGAIN = "Retry once the cause is mended, or wait for the next push."
ANYTHING = f"Open one of them to see what was tried. {AGAIN}"


def open_problems(conn: Connection, account: str, now: datetime) -> list[dict[str, Any]]:
    """What failed within OPEN_FOR before ``now`` and is open, by code, the commonest first; ``next`` says what to do."""
    found = changelists.problems(conn, account, now - OPEN_FOR)
    for one in found:
        one["next"] = what_to_do(one["code"], otherwise=ANYTHING)
    return found


def what_to_do(code: str, *, otherwise: str = AGAIN) -> str:
    """What to do about what failed with this code; ``otherwise`` where the code does not say."""
    return next((what for begins, what in NEXT if code.startswith(begins)), otherwise)


def next_step(
    conn: Connection, account: str, change: Mapping[Any, Any], job: Mapping[Any, Any] | None
) -> tuple[str, bool]:
    """What a person does about a Change that failed or is held, naming commands ("" for any other); whether its ``job`` may be tried again."""
    if change["state"] == "held":
        return f"it waits for a person: syncd runs show {change['run_id']}", False
    if change["state"] != "failed":
        return "", False
    if changelists.taken_up(conn, account, change["id"]):
        where = f": syncd changes --employee {change['employee_id']}" if change["employee_id"] else ""
        return f"nothing; a later change took it up{where}", False
    return what_to_do(change["code"]), job is not None and job["state"] == "discarded"
