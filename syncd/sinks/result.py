"""A Completion as a row for HR: text only, under names that sinks choose their columns from."""

from collections.abc import Mapping
from datetime import UTC, datetime

from syncd.core.completion import Completion

RESULT_FIELDS = (
    "employee_id",
    "litmos_user_id",
    "username",
    "kind",
    "object_id",
    "object_name",
    "completed",
    "percent",
    "score",
    "assigned_at",
    "started_at",
    "completed_at",
    "compliant_until",
    "result_id",
)
"""Every field of a row.

``kind`` is ``course`` or ``learning_path``, and ``object_id`` and ``object_name`` are its; ``completed`` is ``true`` or
``false``; ``percent`` is 0 to 100; times are UTC, ``2026-11-24T02:30:00Z``; what Litmos does not know is "".
``result_id`` is the same whenever the same result is delivered: a receiver can upsert by it.
"""


def completion_row(completion: Completion, employee_id: str) -> Mapping[str, str]:
    """The row of one Completion of this employee, with exactly the RESULT_FIELDS."""
    return {
        "employee_id": employee_id,
        "litmos_user_id": completion.user_id,
        "username": completion.username,
        "kind": completion.kind,
        "object_id": completion.object_id,
        "object_name": completion.object_name,
        "completed": "true" if completion.completed else "false",
        "percent": completion.percent,
        "score": completion.score,
        "assigned_at": utc_text(completion.assigned_at),
        "started_at": utc_text(completion.started_at),
        "completed_at": utc_text(completion.completed_at),
        "compliant_until": utc_text(completion.compliant_until),
        "result_id": completion.completion_id,
    }


def utc_text(moment: datetime | None) -> str:
    """ISO 8601 in UTC to the second, ending in Z; "" for None. ValueError for a time without a zone."""
    if moment is None:
        return ""
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {moment}")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
