"""Whether a Flow is late: every row of the table."""

from datetime import UTC, datetime, timedelta

import pytest

from syncd.core.lateness import LONG, Going, Lateness, lateness, patience

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NONE, UNBEGUN, OVERLONG = Lateness.NONE, Lateness.UNBEGUN, Lateness.OVERLONG


def going(hours: float, expected: float = 0.0) -> Going:
    """A Run at work for so many hours, of which so many were to be expected."""
    return Going(run_id=7, since=NOW - hours * HOUR, expected=3600 * expected)


@pytest.mark.parametrize(
    ("began", "state", "since", "at_work", "late"),
    [
        (NOW - HOUR, "succeeded", NOW - DAY, None, NONE),
        (NOW - HOUR, "failed", NOW - DAY, None, NONE),
        (NOW - 2 * HOUR, "succeeded", NOW - DAY, None, UNBEGUN),
        (NOW - 2 * HOUR, "succeeded", None, None, UNBEGUN),
        (NOW - HOUR, "queued", NOW - DAY, None, UNBEGUN),
        (NOW - timedelta(minutes=5), "queued", NOW - DAY, None, NONE),
        (None, "", NOW - DAY, None, UNBEGUN),
        (None, "", NOW - timedelta(minutes=1), None, NONE),
        (NOW - 9 * HOUR, "failed", NOW - timedelta(minutes=1), None, NONE),
        (NOW - 2 * HOUR, "running", NOW - DAY, going(2), NONE),
        (NOW - 2.1 * HOUR, "running", NOW - DAY, going(2.1), OVERLONG),
        (NOW - 9 * HOUR, "running", NOW - DAY, going(9, expected=5), NONE),
        (NOW - 9 * HOUR, "running", NOW - DAY, going(9, expected=4.4), OVERLONG),
        (NOW - 9 * HOUR, "running", NOW - timedelta(minutes=1), going(9), OVERLONG),
        (NOW - timedelta(minutes=1), "succeeded", NOW - DAY, going(9), OVERLONG),
        (NOW - 9 * HOUR, "held", NOW - 8 * HOUR, None, UNBEGUN),
    ],
)
def test_lateness(began, state, since, at_work, late):
    found = lateness(
        NOW - HOUR,
        began=began,
        state=state,
        since=since,
        going=at_work,
        grace=timedelta(minutes=30),
        now=NOW,
    )
    assert found is late


@pytest.mark.parametrize(("at_work", "late"), [(None, NONE), (going(1), NONE), (going(9), OVERLONG)])
def test_without_a_schedule_only_a_run_that_goes_on_is_late(at_work, late):
    assert lateness(None, began=None, state="", going=at_work, now=NOW) is late


def test_patience_is_twice_what_was_to_be_expected_and_never_short():
    assert patience(60) == LONG
    assert patience(5 * 3600) == 10 * HOUR
