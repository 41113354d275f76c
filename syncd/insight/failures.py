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


def taken_up(conn: Connection, account: str, change: Mapping[str, Any]) -> bool:
    """Whether a later Change of the same thing of the same person took up a Change."""
    person = change["employee_id"]
    last = changelists.not_done(conn, account, [person]) if person else []
    return bool(person) and change["id"] not in {one["id"] for one in last}
