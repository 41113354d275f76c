"""Failures: what failed and nothing has taken up since, by code, with what to do; the same on pages and in commands."""

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
ANYTHING = (
    "Open one of them to see what was tried; retry once the cause is mended, or wait for the next push."
)


def open_problems(conn: Connection, account: str, now: datetime) -> list[dict[str, Any]]:
    """What failed within OPEN_FOR before ``now`` and is open, by code, the commonest first; ``next`` says what to do."""
    found = changelists.problems(conn, account, now - OPEN_FOR)
    for one in found:
        one["next"] = next((what for code, what in NEXT if one["code"].startswith(code)), ANYTHING)
    return found
