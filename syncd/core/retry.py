"""Retry: what becomes of a Job after an Attempt that did not succeed. A decision is a value; the worker obeys it."""

from dataclasses import dataclass
from enum import StrEnum

from syncd.errors import Limited, LitmosError, Permanent, Transient, Unauthorized, Uncertain


class Verdict(StrEnum):
    """What to do with the Job."""

    RETRY = "retry"
    SETTLE = "settle"
    DISCARD = "discard"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The verdict, after how many seconds, and whether the Attempt counts against ``max_attempts``."""

    verdict: Verdict
    delay: float = 0.0
    counts: bool = True


BASE_DELAY = 5.0
"""Seconds: the first backoff's upper bound."""
LONGEST_DELAY = 900.0
"""Seconds: no backoff is longer."""


def backoff(attempts: int, jitter: float) -> float:
    """Full jitter: between 0 and ``5 s * 2^(attempts-1)``, at most 15 min; ``jitter`` is in [0, 1)."""
    return float(min(LONGEST_DELAY, BASE_DELAY * 2 ** max(0, min(attempts, 20) - 1)) * jitter)


def decide(
    error: LitmosError, *, attempts: int, max_attempts: int, settle_delay: float, jitter: float
) -> Decision:
    """Decide by what kind of error it was; ``attempts`` includes the one that just failed.

    =============  ===========================================================================
    Limited        again as soon as a slot is free; never counted
    Unauthorized   the queue pauses; the Job goes back as it was; never counted
    Permanent      discard
    Uncertain      settle by reading, after ``settle_delay`` (a late request may still arrive)
    Transient      again with backoff; discard after ``max_attempts``
    =============  ===========================================================================
    """
    match error:
        case Unauthorized():
            return Decision(verdict=Verdict.PAUSE, counts=False)
        case Limited():
            return Decision(verdict=Verdict.RETRY, counts=False)
        case Permanent():
            return Decision(verdict=Verdict.DISCARD)
        case Uncertain():
            return Decision(verdict=Verdict.SETTLE, delay=settle_delay)
        case Transient() | LitmosError():
            if attempts >= max_attempts:
                return Decision(verdict=Verdict.DISCARD)
            return Decision(verdict=Verdict.RETRY, delay=backoff(attempts, jitter))


def crashed(error: Exception, *, settling: bool) -> LitmosError:
    """What an unexpected error means: the outcome is unknown; while settling there is nothing more to try."""
    text = f"unexpected {type(error).__name__}; please report it with the log"
    if settling:
        return Permanent(text, code="SYNCD-CRASHED")
    return Uncertain(text, code="SYNCD-CRASHED")
