"""Candidates: a case with what Litmos shows of each user who may be the employee."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from syncd.store import cases, mirror


def case_with_evidence(
    conn: Connection, account: str, employee_id: str, link_field: str
) -> dict[str, Any] | None:
    """One employee's case, its candidates with what tells them apart; None if they have none."""
    case = cases.find(conn, account, employee_id)
    if case is None:
        return None
    profiles = mirror.profiles(conn, account, [each["user_id"] for each in case["candidates"]])
    candidates = [
        {**each, **_evidence(profiles.get(each["user_id"]), link_field)} for each in case["candidates"]
    ]
    return {**case, "candidates": candidates}


def _evidence(profile: Mapping[str, Any] | None, link_field: str) -> dict[str, Any]:
    """What Litmos shows of a candidate now; ``gone`` if it has no such user any more."""
    found = profile or {}
    names = ("UserName", "FirstName", "LastName", "LastLogin", link_field)
    return {
        "gone": profile is None,
        "active": str(found.get("Active")).lower() == "true",
        **{name: str(found.get(name) or "") for name in names},
    }
