"""Phases: what a Run did one after the other; what waits for a person is a phase of its own."""

from datetime import UTC, datetime, timedelta

import pytest

from syncd.core.phases import Times, held_seconds, phases, worked_seconds

START = datetime(2026, 11, 28, 9, tzinfo=UTC)


def at(seconds):
    return None if seconds is None else START + timedelta(seconds=seconds)


def times(*, held=False, **seconds):
    return Times(created=START, was_held=held, **{name: at(value) for name, value in seconds.items()})


def told(given, now=1000):
    return [(one.name, one.seconds) for one in phases(given, at(now))]


BEGUN = ("waits to begin", 1.0)


@pytest.mark.parametrize(
    ("given", "expected", "held"),
    [
        (times(), [("waits to begin", 1000.0)], 0),
        (times(started=1), [BEGUN, ("reads and plans", 999.0)], 0),
        (
            times(started=1, planned=5, first_job=5, idle=20, finished=20),
            [BEGUN, ("reads and plans", 4.0), ("sends", 15.0)],
            0,
        ),
        (
            times(started=1, planned=5, held=True),
            [BEGUN, ("reads and plans", 4.0), ("held", 995.0)],
            995,
        ),
        (
            times(started=1, planned=5, decided=305, first_job=305, finished=310, held=True),
            [BEGUN, ("reads and plans", 4.0), ("held", 300.0), ("sends", 5.0)],
            300,
        ),
        (
            times(started=1, planned=5, decided=305, finished=305, held=True),
            [BEGUN, ("reads and plans", 4.0), ("held", 300.0)],
            300,
        ),
        (
            times(started=1, planned=5, first_job=5, idle=15, decided=115, finished=120, held=True),
            [BEGUN, ("reads and plans", 4.0), ("sends", 10.0), ("held", 100.0), ("sends", 5.0)],
            100,
        ),
        (
            times(started=1, planned=5, first_job=5, idle=50, decided=20, finished=50, held=True),
            [BEGUN, ("reads and plans", 4.0), ("sends", 45.0)],
            0,
        ),
    ],
)
def test_a_run_did_these_one_after_the_other(given, expected, held):
    assert told(given) == expected
    assert held_seconds(given, at(1000)) == held
    whole = None if given.finished is None else (given.finished - at(1)).total_seconds()
    assert worked_seconds(given) == (None if whole is None else whole - held)


def test_a_refresh_plans_nothing():
    assert [one.name for one in phases(times(started=1), at(9), plans=False)] == ["waits to begin", "reads"]
