"""Results: what people learnt, read by date window, and all results of courses at once."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from syncd.core.completion import Completion, ResultKind, result_id
from syncd.core.delta import windows
from syncd.litmos import shape
from syncd.litmos.client import Calls, Path, Row
from syncd.litmos.faults import doubtful
from syncd.litmos.wire import instant, query_time

_PATHS: dict[str, tuple[Path, tuple[str, ...], tuple[str, ...]]] = {
    ResultKind.COURSE: (
        ("org", "results", "details"),
        ("UserId", "Id"),
        ("CreatedDate", "CompletedDate"),
    ),
    ResultKind.MODULE: (
        ("org", "modules", "results"),
        ("UserId", "Id"),
        ("ModuleResultId", "AttemptNumber"),
    ),
    ResultKind.LEARNING_PATH: (
        ("org", "learningpaths", "results"),
        ("UserId", "Id"),
        ("CreatedDate", "FinishDate"),
    ),
    ResultKind.ACHIEVEMENT: (("org", "achievements"), ("UserId", "Id"), ()),
}
"""By kind: the path, what every row has, and what else tells two rows apart."""
WINDOWED = frozenset(_PATHS)
"""The kinds that Litmos has date windows for."""
EVER = "2000-01-01"


def completions(
    calls: Calls, since: datetime, to: datetime, kinds: Collection[str] = WINDOWED
) -> Iterator[Completion]:
    """Each result of these kinds that changed between ``since`` and ``to``, oldest window first; one request a kind and window,
    and one more for each thousand rows.

    Unfinished results come too. ``to`` must lie ahead to include today (litmos-api 6.6), and whether Litmos means UTC is
    unsettled, so overlap by a day. Raises LitmosError, after whole windows only.
    """
    for begin, end in windows(since, to):
        params = {"since": query_time(begin), "to": query_time(end)}
        found: list[Completion] = []
        for kind, (path, key, also) in _PATHS.items():
            if kind in kinds:
                rows = calls.rows(path, params, key=key, also=also)
                found += _read(path, kind, rows)
        yield from found


def all_courses(calls: Calls) -> list[Completion]:
    """The result of everybody in every course as it is now: P(n) requests, and slow ones (litmos-api 3).

    ``GET /results/details`` tells neither a score nor when it began.
    """
    path = ("results", "details")
    rows = calls.rows(path, {"since": EVER}, key=("Id", "CourseId"))
    named = [
        {**row, "UserId": row["Id"], "Id": row["CourseId"], "Name": row.get("CourseName")} for row in rows
    ]
    return _read(path, ResultKind.COURSE, named)


def points(profiles: Collection[Row]) -> list[Completion]:
    """The points of each user, from their full records: a result whose score is all they ever earned."""
    return [
        Completion(
            result_id=result_id(ResultKind.POINTS, row["Id"], "all"),
            kind=ResultKind.POINTS,
            user_id=row["Id"],
            username=shape.text(row, "UserName"),
            object_id="",
            object_name="",
            completed=True,
            score=shape.text(row, "Points"),
        )
        for row in profiles
        if shape.text(row, "Points") not in {"", "0"}
    ]


def badges(calls: Calls, user_id: str) -> list[Completion]:
    """The badges of one user: one request, and none of a user whom Litmos does not know."""
    return [
        Completion(
            result_id=result_id(ResultKind.BADGE, user_id, row["Id"]),
            kind=ResultKind.BADGE,
            user_id=user_id,
            object_id=row["Id"],
            object_name=shape.text(row, "Title"),
            completed=True,
        )
        for row in calls.rows(("users", user_id, "badges"))
    ]


def _read(path: Path, kind: str, rows: Collection[Row]) -> list[Completion]:
    try:
        if kind == ResultKind.ACHIEVEMENT:
            return [_achievement(row) for row in rows]
        return [_completion(kind, row) for row in rows]
    except ValueError as error:
        raise doubtful(f"/{'/'.join(path)}: {error}") from None


def _completion(kind: str, row: Row) -> Completion:
    """A row of a course, a module or a path; the rows of paths name no user (litmos-api 4.4)."""
    finished = instant(_first(row, "CompletedDate", "FinishDate", "FinishedDate"))
    completed = shape.truth(row, "Completed", "Complete")
    user_id, object_id = row["UserId"], row["Id"]
    active = row.get("Active") is None or shape.truth(row, "Active")
    percent = shape.percent(row)
    return Completion(
        result_id=result_id(kind, user_id, object_id),
        kind=kind,
        user_id=user_id,
        username=shape.text(row, "Username" if "Username" in row else "UserName"),
        object_id=object_id,
        object_name=shape.text(row, "Name"),
        active=active,
        completed=completed,
        failed=kind == ResultKind.MODULE and not completed and finished is not None and _below(row),
        percent="" if percent is None else f"{percent:.2f}".rstrip("0").rstrip("."),
        score=shape.text(row, "Score"),
        assigned_at=instant(row.get("CreatedDate")),
        started_at=instant(_first(row, "StartedDate", "StartDate")),
        completed_at=finished if completed else None,
        compliant_until=instant(row.get("CompliantTillDate")) if completed else None,
        updated_at=instant(row.get("UpdatedDate")),
        attempt=_attempt(row) if kind == ResultKind.MODULE else None,
    )


def _below(row: Row) -> bool:
    """Whether an attempt that is over did not reach the passmark."""
    try:
        return float(row.get("Score") or 0) < float(row.get("Passmark") or 0)
    except (TypeError, ValueError):
        return False


def _attempt(row: Row) -> int | None:
    number = row.get("AttemptNumber")
    return number if isinstance(number, int) and not isinstance(number, bool) and number > 0 else None


def _achievement(row: Row) -> Completion:
    """A row of ``/org/achievements``: earned once and for all, each with an id of its own; it lapses at its date."""
    path_id, course_id = shape.text(row, "LearningPathId"), shape.text(row, "CourseId")
    earned = instant(row.get("AchievementDate"))
    return Completion(
        result_id=result_id(ResultKind.ACHIEVEMENT, row["UserId"], row["Id"]),
        kind=ResultKind.ACHIEVEMENT,
        user_id=row["UserId"],
        object_id=course_id or path_id,
        object_name=shape.text(row, "Title"),
        completed=True,
        completed_at=earned,
        compliant_until=instant(_first(row, "CompliantTillDate", "ComplaintTillDate")),
        updated_at=instant(row.get("UpdatedDate")) or earned,
        certificate_id=shape.text(row, "CertificateId"),
        course_id=course_id,
    )


def _first(row: Row, *names: str) -> Any:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)
