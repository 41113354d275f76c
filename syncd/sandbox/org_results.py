"""The rows of /org/* that tell of progress: results, achievements, and the audit log of assignments."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from syncd.sandbox.entities import Enrolment
from syncd.sandbox.item_views import up_to_date
from syncd.sandbox.paging import Window
from syncd.sandbox.routes_results import touched_at
from syncd.sandbox.world import World

Rows = Iterable[Mapping[str, Any]]


def _progressed(world: World, span: Window, kind: str) -> list[Enrolment]:
    """Rows with progress; what was only assigned has no result yet (assumed)."""
    return [
        row
        for row in (_shown(world, one) for one in world.shelves[kind].enrolments())
        if row.active and span.holds(*_moments(world, row))
    ]


def _moments(world: World, row: Enrolment) -> tuple[datetime | None, ...]:
    """The times by which a row is in a window; a reset is one, if it is shown at all."""
    if row.started_at is not None:
        return (row.progress_at,)
    return (row.updated_at,) if row.before_reset is not None and world.modes.resets_shown else ()


def _shown(world: World, row: Enrolment) -> Enrolment:
    """Whether a reset takes the result of before out of these lists is unsettled, so a mode."""
    emptied = row.started_at is None and row.before_reset is not None
    return row.before_reset if emptied and row.before_reset and not world.modes.resets_reported else row


def path_results(world: World, span: Window) -> Rows:
    """Progress in learning paths [SPEC]."""
    return [
        {
            "Id": row.item_id,
            "UserId": row.user_id,
            "OriginalLearningPathId": world.paths[row.item_id].number,
            "OriginalUserId": world.users[row.user_id].number,
            "Active": row.active,
            "Name": world.paths[row.item_id].name,
            "PercentageComplete": row.percentage,
            "Completed": row.complete,
            "CreatedDate": row.created_at,
            "UpdatedDate": touched_at(row),
            "CompliantTillDate": None,
            "StartDate": row.started_at,
            "FinishDate": row.finished_at,
            "CreatedBy": "",
        }
        for row in _progressed(world, span, "path")
    ]


def course_results(world: World, span: Window) -> Rows:
    """Progress in courses [SPEC]."""
    return [
        {
            "Id": row.item_id,
            "UserId": row.user_id,
            "OriginalCourseId": world.courses[row.item_id].number,
            "OriginalUserId": world.users[row.user_id].number,
            "Name": world.courses[row.item_id].name,
            "Active": row.active,
            "CreatedDate": row.created_at,
            "UpdatedDate": touched_at(row),
            "StartedDate": row.started_at,
            "Completed": row.complete,
            "PercentageComplete": row.percentage,
            "CompletedDate": row.finished_at,
            "UpToDate": up_to_date(world, row),
            "Overdue": row.complete and not up_to_date(world, row),
            "CompliantTillDate": row.compliant_until,
            "DueDate": None,
            "LastAttemptDate": row.attempted_at,
            "CreatedBy": "",
            "UpdatedBy": "",
            "Code": world.courses[row.item_id].code,
            "UserName": world.users[row.user_id].name,
            "LearningPathAssignment": not row.direct,
            "TeamAssignment": False,
        }
        for row in _progressed(world, span, "course")
    ]


def module_results(world: World, span: Window) -> Rows:
    """Progress in modules, of which each course has one [SPEC]."""
    rows = []
    for row in _progressed(world, span, "course"):
        course, user = world.courses[row.item_id], world.users[row.user_id]
        rows.append(
            {
                "Id": course.module_id,
                "UserId": user.id,
                "OriginalModuleId": course.module_number,
                "OriginalUserId": user.number,
                "ModuleResultId": row.result_id,
                "Active": row.active,
                "Name": course.name,
                "Passmark": course.passmark,
                "Score": row.score,
                "UserName": user.name,
                "Completed": row.complete,
                "AttemptNumber": row.attempt,
                "CreatedBy": "",
                "FinishedDate": row.attempted_at,
                "CreatedDate": row.created_at,
                "StartedDate": row.started_at,
                "TimeTaken": 0,
                "UpdatedDate": touched_at(row),
                "Code": course.code,
            }
        )
    return rows


def achievements(world: World, span: Window) -> Rows:
    """What was earned [SPEC]; a course or a path."""
    rows = []
    for row in world.achievements:
        if not span.holds(row.created_at):
            continue
        is_path = row.item_id in world.paths
        number = world.paths[row.item_id].number if is_path else world.courses[row.item_id].number
        rows.append(
            {
                "Id": row.id,
                "UserId": row.user_id,
                "CourseId": "" if is_path else row.item_id,
                "LearningPathId": row.item_id if is_path else "",
                "OriginalAchievementId": row.number,
                "OriginalUserId": world.users[row.user_id].number,
                "OriginalCourseId": 0 if is_path else number,
                "OriginalLearningPathId": number if is_path else 0,
                "CompliantTillDate": row.compliant_until,
                "Title": row.title,
                "AchievementDate": row.earned_at,
                "Type": row.kind,
                "CertificateId": row.certificate_id,
                "CreatedDate": row.created_at,
                "UpdatedDate": row.created_at,
                "CreatedBy": "",
                "UpdatedBy": "",
            }
        )
    return rows


def assignments(world: World, span: Window) -> Rows:
    """Who was given what, and what was taken; reveals removals [INFER]."""
    return [row for row in world.activities if _within(span, row["ActivityDate"])]


def _within(span: Window, moment: object) -> bool:
    return isinstance(moment, datetime) and span.holds(moment)
