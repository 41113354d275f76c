"""Sessions as results: whoever is on a roll, whatever the lists tell of where a session belongs."""

from datetime import UTC, datetime, timedelta

import pytest

from syncd.litmos.target import Target
from syncd.sandbox import Sandbox
from tests.litmos.fakes import client

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
WORLD = {
    "users": [
        {"UserName": f"{name}@example.com", "FirstName": name, "LastName": "L"} for name in ("anna", "bert")
    ],
    "courses": [{"Name": "First Aid"}, {"Name": "Online"}],
    "sessions": [
        {
            "Course": "First Aid",
            "Name": name,
            "Instructor": "bert@example.com",
            "Days": [{"StartDate": f"{day}T09:00:00Z", "EndDate": f"{day}T12:00:00Z"}],
            "Registrations": [
                {"UserName": "anna@example.com", "Attended": True},
                {"UserName": "bert@example.com", "Completed": True, "Score": "90"},
            ],
        }
        for name, day in (("Old", "2025-01-01"), ("Past", "2026-03-03"), ("Ahead", "2026-04-02"))
    ],
}


@pytest.mark.parametrize(("placed", "requests"), [(True, 5), (False, 13)])
def test_sessions_that_do_not_tell_their_course_are_found_by_it(placed, requests):
    with Sandbox(seed=WORLD, now=lambda: NOW, modes={"sessions_placed": placed}) as sandbox:
        target = Target(client(sandbox.base_url, api_key=lambda: sandbox.api_key))
        found = dict(target.attendances(NOW - timedelta(days=9)))
        course = sandbox.dump()["courses"][0]["Id"]
        assert len(sandbox.log) == requests
    rows = [row for roll in found.values() for row in roll]
    assert {(row.object_name, row.completed, row.missed, row.started_at is not None) for row in rows} == {
        ("Past", False, False, True),
        ("Past", True, False, True),
        ("Ahead", False, False, False),
        ("Ahead", True, False, True),
    }
    assert {row.course_id for row in rows} == {course}
    assert {row.score for row in rows if row.completed} == {"90"}
