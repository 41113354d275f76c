"""Results: what becomes of the ledger when Litmos says something of a result. Pure; the tables are here.

A result is one per person and object, whatever the number of attempts. All that ever was of it are its versions, which are
only ever added. What counted (``completed``, ``expired``) and does not any more is withdrawn: a version that names the one
that it reverses.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from syncd.core.completion import Completion

DOUBT = timedelta(days=1)
"""How far Litmos' dates may be shifted (litmos-api 2): closer than this, two lists mean one moment; and only what ended so
long ago by our clock has ended for certain.
"""
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


class Status(StrEnum):
    """What a result is: the closed vocabulary that HR is told."""

    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    MISSED = "missed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Event(StrEnum):
    """Why there is a version."""

    REPORTED = "reported"
    CORRECTED = "corrected"
    RETAKEN = "retaken"
    RESTORED = "restored"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    LINKED = "linked"


EARNED = frozenset({Status.COMPLETED, Status.EXPIRED})
"""What counts as a result that was reached; what no longer is, is withdrawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a result: ``version`` counts from 1, ``attempt`` the person's tries.

    ``reverses`` is the version that a withdrawal takes back, 0 for anything else; ``employee_id`` is "" while nobody in HR
    is linked to the person; ``seq`` rises over all results of an account, 0 while it is not stored.
    """

    version: int
    event: Event
    status: Status
    attempt: int
    said: Completion
    reverses: int = 0
    employee_id: str = ""
    seq: int = 0

    @property
    def is_earned(self) -> bool:
        """Whether it says that the result was reached."""
        return self.status in EARNED


def status_of(said: Completion, now: datetime) -> Status:
    """What a result is, by what Litmos says of it.

    =========  ======  =======  ======  ==========================  ===========
    completed  active  failed   missed  else                        status
    =========  ======  =======  ======  ==========================  ===========
    yes        any     any      any     compliant till a day ago    expired
    yes        any     any      any                                 completed
    no         no      any      any                                 withdrawn
    no         yes     yes      any                                 failed
    no         yes     no       yes                                 missed
    no         yes     no       no      begun, or above 0 percent   in_progress
    no         yes     no       no                                  assigned
    =========  ======  =======  ======  ==========================  ===========

    ``Active=false`` takes back nothing that was completed: whether it speaks of the result, the person or the assignment is
    in no document, and a leaver's certificates must not be taken from HR.
    """
    if said.completed:
        return Status.EXPIRED if _is_over(said.compliant_until, now) else Status.COMPLETED
    if not said.active:
        return Status.WITHDRAWN
    if said.failed:
        return Status.FAILED
    if said.missed:
        return Status.MISSED
    begun = said.started_at is not None or said.percent not in {"", "0"}
    return Status.IN_PROGRESS if begun else Status.ASSIGNED


def _is_over(until: datetime | None, now: datetime) -> bool:
    return until is not None and now - until >= DOUBT


def decide(
    versions: Sequence[Version], said: Completion, now: datetime, *, sure: bool = False
) -> Version | None:
    """The version that what Litmos says makes of a result with these ``versions`` (oldest first), or None.

    A date window repeats and overlaps, so only what Litmos changed later than what is known counts. What was read directly
    (``sure``: a whole list, or the object itself) is how it is now, whatever its date, and tells dates less exactly.

    ==================  =========================================  ==========  ================
    known               Litmos says                                event       attempt
    ==================  =========================================  ==========  ================
    nothing             anything                                   reported    1
    any                 not later than known, or an earlier try    none
    any                 the same                                   none
    not reached         not reached, reached                       reported    the same
    reached             reached, otherwise (score, dates)          corrected   the same
    reached             reached later (or Litmos' next attempt)    retaken     the next
    reached             not reached                                withdrawn   the same
    withdrawn           not reached                                reported    the next
    withdrawn           what was withdrawn                         restored    the same
    withdrawn           reached otherwise                          retaken     the next
    ==================  =========================================  ==========  ================
    """
    status = status_of(said, now)
    if not versions:
        return Version(version=1, event=Event.REPORTED, status=status, attempt=said.attempt or 1, said=said)
    known = versions[-1]
    if not sure and _order(said) <= max(_order(one.said) for one in versions):
        return None
    said = _with_known(said, known.said) if sure else said
    earned = next((one for one in reversed(versions) if one.is_earned), None)
    if _is_same(known, said) or _is_past(versions, earned, said):
        return None
    event, attempt = _event(known, earned, said, status)
    withdrawn = event is Event.WITHDRAWN
    return replace(
        known,
        version=known.version + 1,
        event=event,
        status=Status.WITHDRAWN if withdrawn else status,
        attempt=said.attempt or attempt,
        said=said,
        reverses=known.version if withdrawn else 0,
        seq=0,
    )


def lapse(known: Version, now: datetime) -> Version | None:
    """The version that says that a completion has ceased to count, a day after the date that Litmos told; None if it has not."""
    if known.status is not Status.COMPLETED or not _is_over(known.said.compliant_until, now):
        return None
    return replace(
        known, version=known.version + 1, event=Event.EXPIRED, status=Status.EXPIRED, reverses=0, seq=0
    )


def link(known: Version, employee_id: str) -> Version | None:
    """The version that names the employee whose result it is; None if it does, or if nobody is linked."""
    if not employee_id or known.employee_id == employee_id:
        return None
    return replace(
        known, version=known.version + 1, event=Event.LINKED, employee_id=employee_id, reverses=0, seq=0
    )


def _order(said: Completion) -> tuple[datetime, datetime]:
    """What Litmos said later is greater."""
    return said.updated_at or _NEVER, said.completed_at or _NEVER


def _with_known(said: Completion, known: Completion) -> Completion:
    """A list read directly tells less than a window: what it does not carry stays, but for what a reset empties."""
    kept = replace(
        said,
        username=said.username or known.username,
        object_name=said.object_name or known.object_name,
        assigned_at=said.assigned_at or known.assigned_at,
        certificate_id=said.certificate_id or known.certificate_id,
        course_id=said.course_id or known.course_id,
        instructor_id=said.instructor_id or known.instructor_id,
        updated_at=max(filter(None, (said.updated_at, known.updated_at)), default=None),
    )
    if not said.completed and known.completed:
        return kept
    if not said.completed:
        return replace(kept, score=said.score or known.score, started_at=said.started_at or known.started_at)
    same = known.completed and _near(said.completed_at, known.completed_at)
    return replace(
        kept,
        score=said.score or known.score,
        started_at=said.started_at or (known.started_at if same else None),
        completed_at=known.completed_at if same else said.completed_at,
        compliant_until=known.compliant_until
        if same and _near(said.compliant_until, known.compliant_until)
        else said.compliant_until,
    )


def _near(one: datetime | None, other: datetime | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) < DOUBT


def _is_same(known: Version, said: Completion) -> bool:
    """Whether nothing is said that the known version does not say."""
    return replace(said, updated_at=None) == replace(known.said, updated_at=None)


def _is_past(versions: Sequence[Version], earned: Version | None, said: Completion) -> bool:
    """Whether it is about a try before the last one that was reached."""
    if earned is None:
        return False
    if said.attempt is not None:
        return said.attempt < earned.attempt
    return said.completed and any(
        one.is_earned and one.attempt < earned.attempt and one.said.completed_at == said.completed_at
        for one in versions
    )


def _event(known: Version, earned: Version | None, said: Completion, status: Status) -> tuple[Event, int]:
    if earned is None:
        return Event.REPORTED, known.attempt
    if status not in EARNED:
        return (Event.WITHDRAWN, known.attempt) if known.is_earned else (Event.REPORTED, earned.attempt + 1)
    if _is_next(earned, said):
        return Event.RETAKEN, earned.attempt + 1
    return (Event.CORRECTED if known.is_earned else Event.RESTORED), earned.attempt


def _is_next(earned: Version, said: Completion) -> bool:
    """Whether a later try was reached: by Litmos' own number, or completed later than the last one."""
    if said.attempt is not None:
        return said.attempt > earned.attempt
    return (said.completed_at or _NEVER) > (earned.said.completed_at or _NEVER)
