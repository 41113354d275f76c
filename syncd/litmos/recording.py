"""Recording: training that HR knows of is written into Litmos: a module that is complete, a session that was attended (litmos-api 4.5).

Whether Litmos refuses, ignores or assigns the course when somebody does not have it is not known: that is read before. After a
doubt the results that changed lately are read. Writing the same twice has the same effect.
"""

from datetime import timedelta

from syncd.core.model import ItemKey, ItemKind
from syncd.core.operation import Effects, Learner
from syncd.core.recertify import ALIKE, Result, is_whole
from syncd.core.training_operations import RecordModule, RecordSession
from syncd.errors import Permanent
from syncd.litmos import reading, shape
from syncd.litmos.applying import ALREADY_SO
from syncd.litmos.client import Calls, Row
from syncd.litmos.wire import date_out, query_time, text_of

ACCEPTED = 1
"""EventStatus of somebody who is registered, in the vendor's sample [SPEC]."""
AROUND = timedelta(days=3)
"""Results are looked for so long before and after: whether Litmos' windows mean UTC is not certain (litmos-api 2)."""


def record_module(calls: Calls, operation: RecordModule) -> Effects:
    """PUT /results/modules/{id}, members in the documented order, the date as /Date(ms)/: ISO is answered by a 500 [REC].

    Two requests, one if Litmos shows the course completed then or later. Raises Permanent, and nothing is written, if the
    user does not have the course (any more).
    """
    found = standing(calls, operation.user_id, operation.course_id)
    item = ItemKey(ItemKind.COURSE, operation.course_id)
    if not operation.corrects and _is_newer(found, operation):
        return Effects(progress=((item, found),), requests=calls.requests, note=ALREADY_SO)
    body = {
        "CourseId": operation.course_id,
        "UserId": operation.user_id,
        "Score": operation.score,
        "Completed": True,
        "UpdatedAt": date_out(operation.at),
        "Note": operation.note,
        "Attempts": operation.attempt,
    }
    calls.write("PUT", ("results", "modules", operation.module_id), body)
    return Effects(requests=calls.requests)


def settle_module(calls: Calls, operation: RecordModule) -> Effects | None:
    """By the results of modules that changed lately: done if this one is there as it was to be.

    They show no note: a correction that has one may have changed nothing else, and is written again, to the same effect.
    """
    if operation.corrects and operation.note:
        return None
    span = {
        "since": query_time(operation.sought_at - AROUND),
        "to": query_time(operation.sought_at + AROUND),
    }
    rows = calls.rows(
        ("org", "modules", "results"), span, key=("UserId", "Id"), also=("FinishedDate", "AttemptNumber")
    )
    return Effects(requests=calls.requests) if any(_is_it(row, operation) for row in rows) else None


def record_session(calls: Calls, operation: RecordSession) -> Effects:
    """POST .../rollcall of one user [SPEC], who is registered before unless they are; one to four requests.

    Raises Permanent if there is no place left, or if the user does not have the course (409 [SPEC]).
    """
    place = _place(operation)
    row = _on_roll(calls, operation)
    if row is not None and _attended(row, operation):
        return Effects(requests=calls.requests, note=ALREADY_SO)
    if row is None:
        calls.write("POST", (*place, "users", "register"), [{"Id": operation.user_id}])
        row = _on_roll(calls, operation)
    if row is None:
        raise Permanent(
            "Litmos did not register the user for the session: it is full, or the course is not assigned to them",
            code="LITMOS-NOT-REGISTERED",
        )
    known = {name: text_of(row.get(name)) for name in ("FirstName", "LastName", "Email", "CompanyName")}
    body = {
        "Id": operation.user_id,
        "EventStatus": row.get("EventStatus") or ACCEPTED,
        **known,
        "Score": max(0, int(_score(row))) if operation.score is None else operation.score,
        "Completed": True,
    }
    calls.write("POST", (*place, "rollcall"), [body])
    return Effects(requests=calls.requests)


def settle_session(calls: Calls, operation: RecordSession) -> Effects | None:
    """By the roll call."""
    row = _on_roll(calls, operation)
    return Effects(requests=calls.requests) if row is not None and _attended(row, operation) else None


def _place(operation: RecordSession) -> tuple[str, ...]:
    course, module, session = operation.course_id, operation.module_id, operation.session_id
    return ("courses", course, "modules", module, "sessions", session)


def _on_roll(calls: Calls, operation: RecordSession) -> Row | None:
    rows = calls.rows((*_place(operation), "rollcall"))
    return next((row for row in rows if row["Id"] == operation.user_id), None)


def _attended(row: Row, operation: RecordSession) -> bool:
    done = row.get("Completed") is not None and shape.truth(row, "Completed")
    return done and (operation.score is None or _score(row) == operation.score)


def standing(calls: Calls, user_id: str, course_id: str) -> Learner:
    """How somebody stands with a course that they have. Raises Permanent if they do not have it."""
    found = reading.course_of_user(calls, user_id, course_id)
    if found is None:
        raise Permanent(
            "Litmos says that the user does not have the course; the next refresh sees who has it, and what HR knows of "
            "goes out once it is assigned",
            status=404,
            code="LITMOS-404-NOT-ASSIGNED",
        )
    return found


def _is_newer(found: Learner, operation: RecordModule) -> bool:
    """Whether the course, and so each of its modules, is completed, and was then or later."""
    whole = is_whole(Result(completed=found.completed, percent=found.percent))
    return whole and found.completed_at is not None and found.completed_at > operation.at - ALIKE


def _is_it(row: Row, operation: RecordModule) -> bool:
    """Whether a row of /org/modules/results is of this completion, with this score."""
    if (row["UserId"], row["Id"]) != (operation.user_id, operation.module_id):
        return False
    finished = shape.moment(row, "FinishedDate")
    alike = finished is not None and abs(finished - operation.at) < ALIKE
    return alike and shape.truth(row, "Completed") and _score(row) == operation.score


def _score(row: Row) -> float:
    """What a row says of the score; none is 0."""
    text = text_of(row.get("Score")) or "0"
    return float(text) if text.replace(".", "", 1).isdigit() else -1.0
