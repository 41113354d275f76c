"""A version of a result, or who somebody is in Litmos, as a row for HR: text only, under names that sinks choose columns from."""

from collections.abc import Mapping
from datetime import UTC, datetime

from syncd.core.results import Version

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
    "status",
    "event",
    "attempt",
    "version",
    "reverses",
    "seq",
    "certificate_id",
    "course_id",
    "instructor_id",
)
"""Every field of a row.

``object_id`` and ``object_name`` are those of what ``kind`` says; ``completed`` is ``true`` for what counts or has expired,
else ``false``; ``percent`` is 0 to 100; times are UTC, ``2026-11-24T02:30:00Z``; what Litmos does not know is "".
``result_id`` is the same for all attempts and versions of a result: a receiver can upsert by it. ``reverses`` is the version
that a withdrawal takes back, else "". ``seq`` rises over all versions of the account: a cursor.
"""
IDENTITY_FIELDS = ("employee_id", "litmos_user_id", "username", "active", "last_login", "login_link")
"""Every field of a row of identities; ``login_link`` is "" unless the sink asks for it."""


def result_row(version: Version) -> Mapping[str, str]:
    """The row of one version, with exactly the RESULT_FIELDS."""
    said = version.said
    return {
        "employee_id": version.employee_id,
        "litmos_user_id": said.user_id,
        "username": said.username,
        "kind": str(said.kind),
        "object_id": said.object_id,
        "object_name": said.object_name,
        "completed": "true" if version.is_earned else "false",
        "percent": said.percent,
        "score": said.score,
        "assigned_at": utc_text(said.assigned_at),
        "started_at": utc_text(said.started_at),
        "completed_at": utc_text(said.completed_at),
        "compliant_until": utc_text(said.compliant_until),
        "result_id": said.result_id,
        "status": version.status.value,
        "event": version.event.value,
        "attempt": str(version.attempt),
        "version": str(version.version),
        "reverses": str(version.reverses or ""),
        "seq": str(version.seq),
        "certificate_id": said.certificate_id,
        "course_id": said.course_id,
        "instructor_id": said.instructor_id,
    }


def utc_text(moment: datetime | None) -> str:
    """ISO 8601 in UTC to the second, ending in Z; "" for None. ValueError for a time without a zone."""
    if moment is None:
        return ""
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {moment}")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
