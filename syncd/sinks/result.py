"""A version of a result, or who somebody is in Litmos, as a row for HR: text only, under names that sinks choose columns from."""

from collections.abc import Mapping
from datetime import UTC, datetime

from syncd.core.results import Version


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
