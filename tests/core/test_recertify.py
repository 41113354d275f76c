"""Recertifying: the whole table of decisions, and what must hold of all of them."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.recertify import Renewal, Result, Verdict, decide

TODAY = datetime(2026, 11, 27, 12, tzinfo=UTC)
BEFORE = Renewal(before=timedelta(days=30))
EVERY = Renewal(every=timedelta(days=365))
BOTH = Renewal(before=timedelta(days=30), every=timedelta(days=365))


def days(number):
    return TODAY + timedelta(days=number)


def done(until=None, at=None, **more):
    """A whole completion; days from today."""
    return Result(
        completed=True,
        percent=100.0,
        compliant_until=None if until is None else days(until),
        completed_at=None if at is None else days(at),
        **more,
    )


def test_who_does_not_have_the_course_has_nothing_to_reset():
    assert decide(None, BEFORE, TODAY).verdict is Verdict.NOT_ASSIGNED


@pytest.mark.parametrize("renewal", [BEFORE, EVERY, BOTH])
@pytest.mark.parametrize(
    ("percent", "completed", "verdict"),
    [
        (0.0, False, Verdict.NOT_COMPLETED),
        (60.0, False, Verdict.NOT_COMPLETED),
        (100.0, False, Verdict.NOT_COMPLETED),
        (0.0, True, Verdict.UNDER_WAY),
        (99.9, True, Verdict.UNDER_WAY),
    ],
)
def test_only_a_whole_completion_is_reset(renewal, percent, completed, verdict):
    """Even one that is long over: somebody is taking the course."""
    result = Result(completed=completed, percent=percent, compliant_until=days(-9), completed_at=days(-900))
    assert decide(result, renewal, TODAY).verdict is verdict


@pytest.mark.parametrize(
    ("result", "renewal", "verdict", "due"),
    [
        # no date from which the rule could count
        (done(), BEFORE, Verdict.UNDATED, None),
        (done(), EVERY, Verdict.UNDATED, None),
        (done(), BOTH, Verdict.UNDATED, None),
        (done(at=-400), BEFORE, Verdict.UNDATED, None),
        (done(until=-1), EVERY, Verdict.UNDATED, None),
        # before: to the moment
        (done(until=31), BEFORE, Verdict.NOT_DUE, 1),
        (done(until=30), BEFORE, Verdict.RESET, 0),
        (done(until=29), BEFORE, Verdict.RESET, -1),
        (done(until=-400), BEFORE, Verdict.RESET, -430),
        (done(until=29, at=-336), BEFORE, Verdict.RESET, -1),
        # every: to the moment
        (done(at=-364), EVERY, Verdict.NOT_DUE, 1),
        (done(at=-365), EVERY, Verdict.RESET, 0),
        (done(until=400, at=-365), EVERY, Verdict.RESET, 0),
        # both: CompliantTill comes first, the completion stands in for it
        (done(until=300, at=-400), BOTH, Verdict.NOT_DUE, 270),
        (done(at=-400), BOTH, Verdict.RESET, -35),
        # once for each completion
        (done(until=29, reset_until=days(29)), BEFORE, Verdict.ALREADY, -1),
        (done(at=-365, reset_completed_at=days(-365)), EVERY, Verdict.ALREADY, 0),
        (done(until=29, at=-336, reset_completed_at=days(-336)), BEFORE, Verdict.ALREADY, -1),
        (done(until=29, at=-336, reset_until=days(-300), reset_completed_at=days(-700)), BEFORE, Verdict.RESET, -1),
        # a course that counts no longer than it is reset before
        (done(until=20, at=-5), BEFORE, Verdict.TOO_SHORT, -10),
        (done(until=25, at=-5), BEFORE, Verdict.TOO_SHORT, -5),
        (done(until=26, at=-5), BEFORE, Verdict.RESET, -4),
    ],
)  # fmt: skip
def test_every_row_of_the_table(result, renewal, verdict, due):
    found = decide(result, renewal, TODAY)
    assert (found.verdict, found.due) == (verdict, None if due is None else days(due))
    assert bool(found.because) is (due is not None)


def test_a_date_that_no_calendar_has_resets_nothing():
    late = Result(completed=True, percent=100.0, completed_at=datetime.max.replace(tzinfo=UTC))
    assert decide(late, EVERY, TODAY).verdict is Verdict.UNDATED


DATES = st.none() | st.integers(-1000, 1000).map(days)
RESULTS = st.builds(
    Result,
    completed=st.booleans(),
    percent=st.sampled_from([0.0, 50.0, 100.0]),
    compliant_until=DATES,
    completed_at=DATES,
    reset_until=DATES,
    reset_completed_at=DATES,
)


@given(RESULTS, st.sampled_from([BEFORE, EVERY, BOTH]), st.integers(-1000, 1000))
def test_what_is_reset_is_whole_due_and_not_reset_again(result, renewal, day):
    found = decide(result, renewal, days(day))
    if found.verdict is not Verdict.RESET:
        return
    assert result.completed
    assert result.percent == 100.0
    assert found.due is not None
    assert found.due <= days(day)
    assert result.completed_at is None or result.completed_at < found.due
    again = Result(
        completed=True,
        percent=100.0,
        compliant_until=result.compliant_until,
        completed_at=result.completed_at,
        reset_until=result.compliant_until,
        reset_completed_at=result.completed_at,
    )
    assert decide(again, renewal, days(day + 5000)).verdict is Verdict.ALREADY


@pytest.mark.parametrize(("until", "at"), list(product([None, -1, 0, 2], repeat=2)))
def test_a_completion_is_the_planned_one_by_every_date_that_was_known(until, at):
    """Known then was that it counts until today, and was made yesterday at this time."""
    planned = done(until=0, at=-1)
    assert done(until=until, at=at).is_of(planned) is (until == 0 and at == -1)
    assert done(until=until, at=at).is_of(done(until=0)) is (until == 0)
    assert not done(until=until, at=at).is_of(done())
