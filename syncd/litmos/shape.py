"""Shape: whether the members of a row have the types that the contract gives them. Pure.

A member of another type is no value: it is never turned into a text or taken for "no" (``str([])``, ``bool("maybe")``). Null
and "" are alike (litmos-api 2). All raise Transient, a doubtful answer, unless they say otherwise.
"""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from syncd.core.profile import PROFILE_FIELDS, FieldKind
from syncd.litmos.faults import doubtful
from syncd.litmos.wire import instant, text_of

_FULL = ("Id", "UserName", "FirstName", "LastName", "Email", "AccessLevel", "Active")
_ALSO_NUMBERS = frozenset({"OriginalId", "Points", "PostalCode", "ExternalEmployeeId", "Score"})
"""Members that the vendor's samples show as numbers, too [SPEC]."""
_WORDS = {"true": True, "false": False}
_MOST = 100.0

Row = Mapping[str, Any]


def text(row: Row, member: str) -> str:
    """A text, trimmed; "" for null and for a member that is not there."""
    value = row.get(member)
    if not _is_text(member, value):
        raise doubtful(f"{member} is no text")
    return text_of(value)


def name(row: Row) -> str:
    """The Name of a team or learning path, which is never blank."""
    found = text(row, "Name")
    if not found:
        raise doubtful("a row has no Name")
    return found


def truth(row: Row, *members: str) -> bool:
    """The first of these members that is there, which is a boolean, or one as text, as in the vendor's samples [SPEC]."""
    value = next((row[member] for member in members if row.get(member) is not None), None)
    found = _truth(value)
    if found is None:
        raise doubtful(f"{' or '.join(members)} is neither true nor false")
    return found


def percent(row: Row) -> float | None:
    """PercentageComplete, 0 to 100, as a number or as text [SPEC]; None if it is not there."""
    value = row.get("PercentageComplete")
    if value is None or value == "":
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise doubtful("PercentageComplete is no number")
    return min(max(number, 0.0), _MOST)


def moment(row: Row, *members: str) -> datetime | None:
    """The first of these dates that is there; None for none, and for one that nobody can read: nothing rests on such a one."""
    value = next((row[member] for member in members if row.get(member) not in (None, "")), None)
    try:
        return instant(value)
    except ValueError:
        return None


def flaw(record: Row) -> str:
    """What keeps this from being a full record of a user, or "". Raises nothing."""
    for member in _FULL:
        if member not in record:
            return f"{member} is missing in a full record"
    return part_flaw(record)


def part_flaw(row: Row) -> str:
    """What is wrong with the members of a user that a row carries, or "". Raises nothing."""
    for member, value in row.items():
        spec = PROFILE_FIELDS.get(member)
        if spec is None:
            continue
        if spec.kind is FieldKind.BOOL:
            if _truth(value) is None and (member == "Active" or value not in (None, "")):
                return f"{member} is neither true nor false"
        elif not _is_text(member, value):
            return f"{member} is no text"
    return "UserName is blank" if "UserName" in row and not text_of(row["UserName"]) else ""


def _truth(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return _WORDS.get(value.strip().lower()) if isinstance(value, str) else None


def _is_text(member: str, value: object) -> bool:
    if value is None or isinstance(value, str):
        return True
    return member in _ALSO_NUMBERS and isinstance(value, int | float) and not isinstance(value, bool)
