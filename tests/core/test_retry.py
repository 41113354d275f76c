"""What becomes of a Job after a failed Attempt."""

import pytest

from syncd.core.retry import LONGEST_DELAY, Decision, Verdict, backoff, decide
from syncd.errors import Limited, Permanent, Transient, Unauthorized, Uncertain


@pytest.mark.parametrize(
    ("error", "attempts", "expected"),
    [
        (Limited("503"), 8, Decision(verdict=Verdict.RETRY, counts=False)),
        (Unauthorized("401"), 1, Decision(verdict=Verdict.PAUSE, counts=False)),
        (Permanent("409"), 1, Decision(verdict=Verdict.DISCARD)),
        (Uncertain("reset"), 1, Decision(verdict=Verdict.SETTLE, delay=30.0)),
        (Transient("refused"), 1, Decision(verdict=Verdict.RETRY, delay=2.5)),
        (Transient("refused"), 3, Decision(verdict=Verdict.RETRY, delay=10.0)),
        (Transient("refused"), 8, Decision(verdict=Verdict.DISCARD)),
    ],
)
def test_decisions(error, attempts, expected):
    assert decide(error, attempts=attempts, max_attempts=8, settle_delay=30.0, jitter=0.5) == expected


def test_backoff_grows_to_its_bound_and_no_further():
    delays = [backoff(n, 0.999) for n in range(1, 30)]
    assert delays == sorted(delays)
    assert delays[-1] <= LONGEST_DELAY
