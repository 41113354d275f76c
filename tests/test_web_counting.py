"""Counting: what takes long is not counted anew for every look, and what is quick always is."""

from datetime import UTC, datetime, timedelta

import pytest

from syncd.web.counting import KEPT, MOST, QUICK, Counts

NOON = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


class Counted:
    """Something to count, which takes so long by a clock of its own."""

    def __init__(self, took: float) -> None:
        self.seconds, self.took, self.times = 0.0, took, 0
        self.counts = Counts(clock=lambda: self.seconds)

    def count(self) -> int:
        """How often it was counted."""
        self.seconds += self.took
        self.times += 1
        return self.times

    def look(self, what: object = "people", after: float = 0.0) -> tuple[int, datetime]:
        """What somebody is shown who looks so many seconds later."""
        self.seconds += after
        return self.counts.of(what, NOON + timedelta(seconds=self.seconds), self.count)


def test_what_is_quick_is_counted_for_each_look():
    quick = Counted(QUICK / 2)
    assert [quick.look()[0] for _ in range(3)] == [1, 2, 3]


def test_what_takes_long_is_shown_again_with_its_age_for_a_hundred_times_as_long():
    slow = Counted(2.0)
    assert slow.look() == (1, NOON)
    assert slow.look(after=KEPT * 2.0 - 0.1) == (1, NOON), "the time of counting, not of the look"
    assert slow.look(after=0.2)[0] == 2
    assert slow.times == 2


def test_each_thing_is_counted_for_itself():
    slow = Counted(1.0)
    assert [slow.look(("run", number))[0] for number in (1, 2, 1)] == [1, 2, 1]


def test_only_so_many_counts_are_remembered_the_newest():
    slow = Counted(1.0)
    for number in range(MOST + 1):
        slow.look(number)
    assert slow.look(MOST)[0] == MOST + 1
    assert slow.look(0)[0] == MOST + 2, "the oldest was forgotten"


def test_a_count_that_fails_is_not_remembered():
    counts = Counts(clock=iter(range(0, 1000, 10)).__next__)

    def fails() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        counts.of("people", NOON, fails)
    assert counts.of("people", NOON, lambda: 7) == (7, NOON)
