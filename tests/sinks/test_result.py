"""A version of a result as a row for HR."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from syncd.core.completion import Completion
from syncd.core.delivered import RESULT_FIELDS
from syncd.core.results import Event, Status, Version
from syncd.sinks.result import result_row, utc_text


def test_a_row_has_exactly_the_documented_fields():
    said = Completion(
        result_id="course:u1:c1",
        kind="course",
        user_id="u1",
        username="ana@example.com",
        object_id="c1",
        object_name="Safety",
        completed=True,
        percent="100",
        started_at=datetime(2026, 1, 2, 3, 4, 5, 999, tzinfo=UTC),
        completed_at=datetime(2026, 1, 2, 1, tzinfo=timezone(timedelta(hours=2))),
    )
    version = Version(
        version=3,
        event=Event.WITHDRAWN,
        status=Status.WITHDRAWN,
        attempt=1,
        said=said,
        reverses=2,
        employee_id="007",
        seq=9,
    )
    row = result_row(version)
    assert tuple(row) == RESULT_FIELDS
    assert row == {
        "employee_id": "007",
        "litmos_user_id": "u1",
        "username": "ana@example.com",
        "kind": "course",
        "object_id": "c1",
        "object_name": "Safety",
        "completed": "false",
        "percent": "100",
        "score": "",
        "assigned_at": "",
        "started_at": "2026-01-02T03:04:05Z",
        "completed_at": "2026-01-01T23:00:00Z",
        "compliant_until": "",
        "result_id": "course:u1:c1",
        "status": "withdrawn",
        "event": "withdrawn",
        "attempt": "1",
        "version": "3",
        "reverses": "2",
        "seq": "9",
        "certificate_id": "",
        "course_id": "",
        "instructor_id": "",
    }


def test_a_time_without_a_zone_is_a_bug_not_a_guess():
    with pytest.raises(ValueError, match="without a zone"):
        utc_text(datetime(2026, 1, 2))  # noqa: DTZ001 - that is the point
