"""Resetting: emptying a user's completion of a course, which cannot be undone; so it is read just before, and after a doubt."""

from syncd.core.operation import Effects, Learner, ResetCourse
from syncd.core.recertify import Result, is_whole
from syncd.errors import Permanent
from syncd.litmos import reading
from syncd.litmos.client import Calls

ALREADY_SO = "already so: it is not completed any more"
RENEWED = "kept: it is being taken, or was completed again, since the reset was planned"


def reset_course(calls: Calls, operation: ResetCourse) -> Effects:
    """PUT /users/{id}/courses/{id}/reset [SPEC], if the completion is still the one that was planned; two requests.

    Raises Permanent if Litmos says that the user does not have the course (any more).
    """
    found = _standing(calls, operation)
    if (nothing_left := _nothing_left(calls, operation, found)) is not None:
        return nothing_left
    calls.write("PUT", ("users", operation.user_id, "courses", operation.item.id, "reset"))
    empty = Learner(user_id=operation.user_id, completed=False, percent=0.0)
    return Effects(
        progress=((operation.item, empty),),
        resets=((operation.item, found),),
        requests=calls.requests,
    )


def settle(calls: Calls, operation: ResetCourse) -> Effects | None:
    """By the user's course: done if it is not completed any more, not done while the same completion is there."""
    return _nothing_left(calls, operation, _standing(calls, operation))


def _standing(calls: Calls, operation: ResetCourse) -> Learner:
    found = reading.course_of_user(calls, operation.user_id, operation.item.id)
    if found is None:
        raise Permanent(
            "Litmos says that the user does not have the course; the next refresh sees who has it",
            status=404,
            code="LITMOS-404-NOT-ASSIGNED",
        )
    return found


def _nothing_left(calls: Calls, operation: ResetCourse, found: Learner) -> Effects | None:
    """The Effects if there is nothing (more) to reset, else None.

    =========  =============================  ==========================
    completed  besides                        then
    =========  =============================  ==========================
    no                                        nothing left: ALREADY_SO
    yes        under way again                kept: RENEWED
    yes        other dates than were planned  kept: RENEWED
    yes        no date was known when it was  Permanent: RESET-UNDATED
               planned, nor is now
    yes        completed after it was due     kept: RENEWED
    yes        else                           to be reset
    =========  =============================  ==========================
    """
    item, progress = operation.item, ((operation.item, found),)
    if not found.completed:
        was = Learner(
            user_id=operation.user_id,
            completed=True,
            percent=100.0,
            compliant_until=operation.planned.compliant_until,
            completed_at=operation.planned.completed_at,
        )
        return Effects(progress=progress, resets=((item, was),), requests=calls.requests, note=ALREADY_SO)
    result = Result(
        completed=found.completed,
        percent=found.percent,
        compliant_until=found.compliant_until,
        completed_at=found.completed_at,
    )
    if is_whole(result) and not operation.planned.is_dated and result.completed_at is None:
        raise Permanent(
            "Litmos tells no date of the completion, so it is not known whether it is the one that is meant",
            code="RESET-UNDATED",
        )
    is_later = result.completed_at is not None and result.completed_at >= operation.due
    if is_whole(result) and result.fits(operation.planned) and not is_later:
        return None
    return Effects(progress=progress, requests=calls.requests, note=RENEWED)
