"""Days as people write them, and the moments between which they lie."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from syncd.core.spans import day, span


@pytest.mark.parametrize(
    "text", ["", "no-day", "2026-02-30", "0000-99-99", "1969-12-31", "9000-01-01", "9999-12-31"]
)
def test_what_is_no_day_is_none(text):
    assert day(text) is None


def test_a_day_is_read_with_blanks_around_it():
    assert day(" 2026-11-24 ") == date(2026, 11, 24)


def test_a_span_reaches_to_the_end_of_its_last_day_wherever_the_clock_is_put_back():
    berlin = ZoneInfo("Europe/Berlin")
    since, until = span(date(2026, 10, 25), date(2026, 10, 25), berlin)
    assert since is not None
    assert until is not None
    assert since.astimezone(UTC) == datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert until.astimezone(UTC) == datetime(2026, 10, 25, 23, tzinfo=UTC), "a day of 25 hours"
    assert span(None, None, berlin) == (None, None)
