"""Sessions: instructor-led training, for which Litmos has no date windows: lists of sessions, and the roll call of each.

P(past) + P(future) requests for the lists, one for each roll call that is read, and one more for the attendance of a session
that is over. A list that does not tell the course and the module (the document is silent) costs P(courses), one for each
course, and one for each of its instructor-led modules more.
"""

from collections.abc import Iterator
from datetime import datetime

from syncd.core.completion import Completion, ResultKind, result_id
from syncd.litmos import shape
from syncd.litmos.client import Calls, Row
from syncd.litmos.wire import query_time


def attendances(calls: Calls, since: datetime) -> Iterator[tuple[str, list[Completion]]]:
    """Each session that is to come, or began after ``since``: its id, and all who are on its roll. Raises LitmosError.

    Whoever is no longer on the roll is not registered any more.
    """
    for past in (True, False):
        path = ("sessions", "past" if past else "future")
        params = {"since": query_time(since)} if past else {}
        for session in _placed(calls, calls.rows(path, params)):
            if not past or (shape.moment(session, "StartDate") or since) >= since:
                yield session["Id"], _roll(calls, session, past=past)


def _placed(calls: Calls, sessions: list[Row]) -> list[Row]:
    """The sessions with their course and module."""
    unplaced = {row["Id"] for row in sessions if not (row.get("CourseId") and row.get("ModuleId"))}
    if not unplaced:
        return sessions
    found = [row for row in sessions if row["Id"] not in unplaced]
    for course in calls.rows(("courses",)):
        for module in calls.rows(("courses", course["Id"], "modules", "ILT")):
            of_module = calls.rows(("courses", course["Id"], "modules", module["Id"], "sessions"))
            found += [
                {**row, "CourseId": course["Id"], "ModuleId": module["Id"]}
                for row in of_module
                if row["Id"] in unplaced
            ]
    return found


def _roll(calls: Calls, session: Row, *, past: bool) -> list[Completion]:
    place = ("courses", session["CourseId"], "modules", session["ModuleId"], "sessions", session["Id"])
    there = {row["Id"] for row in calls.rows((*place, "attendance"))} if past else set()
    return [
        _attendance(session, row, attended=row["Id"] in there, past=past)
        for row in calls.rows((*place, "rollcall"))
    ]


def _attendance(session: Row, row: Row, *, attended: bool, past: bool) -> Completion:
    """A row of a roll call; the session's own dates are those of the result."""
    completed = shape.truth(row, "Completed")
    return Completion(
        result_id=result_id(ResultKind.SESSION, row["Id"], session["Id"]),
        kind=ResultKind.SESSION,
        user_id=row["Id"],
        object_id=session["Id"],
        object_name=shape.text(session, "Name"),
        completed=completed,
        missed=past and not completed and not attended,
        percent="100" if completed else "0",
        score=shape.text(row, "Score"),
        started_at=shape.moment(session, "StartDate") if attended or completed else None,
        completed_at=shape.moment(session, "EndDate") if completed else None,
        course_id=session["CourseId"],
        instructor_id=shape.text(session, "InstructorUserId"),
    )
