"""Recertifying: whether somebody's completion of a course is emptied, so that it is to be taken again. Pure; the table is here."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

ALIKE = timedelta(days=1)
"""Dates closer than this are of one completion: how Litmos shifts dates between its lists is not certain (litmos-api 2)."""
WHOLE = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """When a rule resets: so long ``before`` a completion ceases to count (Litmos' CompliantTill), or so long after it.

    ``every`` counts from the day of completion, where Litmos tells no CompliantTill or the rule has no ``before``.
    """

    before: timedelta | None = None
    every: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How somebody stands with a course that they have: ``percent`` 0-100; a date that is not known is None.

    ``reset_until`` and ``reset_completed_at`` are the dates of the completion that syncd last reset.
    """

    completed: bool = False
    percent: float = 0.0
    compliant_until: datetime | None = None
    completed_at: datetime | None = None
    reset_until: datetime | None = None
    reset_completed_at: datetime | None = None

    @property
    def was_reset(self) -> bool:
        """Whether this is the completion that was reset, of which Litmos goes on telling."""
        until, at = self.compliant_until, self.completed_at
        return _alike(until, self.reset_until) or _alike(at, self.reset_completed_at)

    def is_of(self, planned: "Result") -> bool:
        """Whether this is a whole completion, the one that ``planned`` is about."""
        pairs = (
            (planned.compliant_until, self.compliant_until),
            (planned.completed_at, self.completed_at),
        )
        known = [(was, now) for was, now in pairs if was is not None]
        return is_whole(self) and bool(known) and all(_alike(was, now) for was, now in known)

    def fits(self, planned: "Result") -> bool:
        """The same; of one of which no date was known when it was planned, it may be any."""
        return self.is_of(planned) or (is_whole(self) and not planned.is_dated)

    @property
    def is_dated(self) -> bool:
        """Whether any date of it is known."""
        return self.compliant_until is not None or self.completed_at is not None


UNTOUCHED = Result()
"""Of what somebody has not completed, or not begun."""


class Verdict(StrEnum):
    """Whether a result is reset, or why not."""

    RESET = "reset"
    NOT_ASSIGNED = "not assigned"
    NOT_COMPLETED = "not completed"
    UNDER_WAY = "under way"
    """is completed, and is being taken again"""
    UNDATED = "undated"
    ALREADY = "already reset"
    NOT_DUE = "not due"
    TOO_SHORT = "too short"
    """the completion is younger than the moment from which it would be reset: it would be reset without end"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A Verdict; ``due`` is the moment from which the result is reset, ``because`` why then; None and "" if unknown."""

    verdict: Verdict
    due: datetime | None = None
    because: str = ""


def is_whole(result: Result) -> bool:
    """Whether it is completed, and nobody is under way with it again."""
    return result.completed and result.percent >= WHOLE


def decide(result: Result | None, renewal: Renewal, at: datetime) -> Decision:
    """What becomes of a course that a rule with this Renewal gives somebody, at the moment ``at``.

    ========  =========  =======  ================  ===========  =========================  ==================
    assigned  completed  percent  a date is known   it was       due                        then
                                                    reset
    ========  =========  =======  ================  ===========  =========================  ==================
    no        any        any      any               any          any                        NOT_ASSIGNED
    yes       no         any      any               any          any                        NOT_COMPLETED
    yes       yes        < 100    any               any          any                        UNDER_WAY
    yes       yes        100      no                any          any                        UNDATED
    yes       yes        100      yes               yes          any                        ALREADY
    yes       yes        100      yes               no           before it was completed    TOO_SHORT
    yes       yes        100      yes               no           later than ``at``          NOT_DUE
    yes       yes        100      yes               no           at ``at`` or earlier       RESET
    ========  =========  =======  ================  ===========  =========================  ==================

    Due is CompliantTill less ``before``, if both are known, else the day of completion plus ``every``.
    """
    if result is None:
        return Decision(verdict=Verdict.NOT_ASSIGNED)
    if not result.completed:
        return Decision(verdict=Verdict.NOT_COMPLETED)
    if not is_whole(result):
        return Decision(verdict=Verdict.UNDER_WAY)
    due, because = _due(result, renewal)
    if due is None:
        return Decision(verdict=Verdict.UNDATED)
    if result.was_reset:
        return Decision(verdict=Verdict.ALREADY, due=due, because=because)
    if result.completed_at is not None and due <= result.completed_at:
        return Decision(verdict=Verdict.TOO_SHORT, due=due, because=because)
    verdict = Verdict.RESET if due <= at else Verdict.NOT_DUE
    return Decision(verdict=verdict, due=due, because=because)


def _due(result: Result, renewal: Renewal) -> tuple[datetime | None, str]:
    try:
        if renewal.before is not None and result.compliant_until is not None:
            until = f"it counts until {result.compliant_until:%Y-%m-%d}"
            return (
                result.compliant_until - renewal.before,
                f"{until}, and is reset {_days(renewal.before)} before",
            )
        if renewal.every is not None and result.completed_at is not None:
            done = f"it was completed on {result.completed_at:%Y-%m-%d}"
            return result.completed_at + renewal.every, f"{done}, and is reset {_days(renewal.every)} later"
    except OverflowError:  # a year that no calendar has
        pass
    return None, ""


def _days(length: timedelta) -> str:
    return f"{length.days} days" if length.days != 1 else "1 day"


def _alike(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and abs(one - other) < ALIKE
