"""Item views: learning paths and courses as Litmos shows them, alone and as a user has them."""

from typing import Any

from syncd.sandbox.entities import Course, Enrolment, LearningPath, User
from syncd.sandbox.world import World


def path_view(path: LearningPath) -> dict[str, Any]:
    """A learning path, members in the captured order (litmos-api 4.4)."""
    return {
        "Id": path.id,
        "Name": path.name,
        "Description": path.description,
        "Active": path.active,
        "OriginalId": path.number,
        "ForSale": False,
        "Price": 0.0,
        "EcommerceShortDescription": "",
        "EcommerceLongDescription": "",
        "AccessTillDate": None,
        "AccessTillDays": None,
        "IsEquivalency": False,
        "LearningPathTeamLibrary": False,
        "Languages": None,
    }


def course_view(course: Course) -> dict[str, Any]:
    """A course (litmos-api 4.5)."""
    return {
        "Id": course.id,
        "Code": course.code,
        "Name": course.name,
        "Active": course.active,
        "ForSale": False,
        "OriginalId": course.number,
        "Description": "",
        "EcommerceShortDescription": "",
        "EcommerceLongDescription": "",
        "CourseCodeForBulkImport": course.import_code,
        "Price": 0.0,
        "AccessTillDate": None,
        "AccessTillDays": None,
        "CourseTeamLibrary": False,
        "CreatedBy": "",
        "SeqId": 0,
        "Tags": None,
    }


def user_path_view(world: World, row: Enrolment) -> dict[str, Any]:
    """A path as a user has it; the finishing date has two names (mode ``other_names``)."""
    path = world.paths[row.item_id]
    return {
        "Id": path.id,
        "Name": path.name,
        "Active": path.active,
        "OriginalId": path.number,
        "Complete": row.complete,
        "PercentageComplete": row.percentage,
        "AssignedDate": row.created_at,
        "StartDate": row.started_at,
        "CompletedDate" if world.modes.other_names else "DateCompleted": row.finished_at,
        "ResultId": row.result_id,
        "AccessTillDate": None,
    }


def user_course_view(world: World, row: Enrolment, *, in_path: bool) -> dict[str, Any]:
    """A course as a user has it [SPEC]."""
    course = world.courses[row.item_id]
    return {
        "Id": course.id,
        "Code": course.code,
        "Name": course.name,
        "Active": course.active,
        "Complete": row.complete,
        "PercentageComplete": row.percentage,
        "AssignedDate": row.created_at,
        "StartDate": row.started_at,
        "CompletedDate": row.finished_at,
        "UpToDate": up_to_date(world, row),
        "Overdue": row.complete and not up_to_date(world, row),
        "CompliantTill": row.compliant_until,
        "IsLearningPath": in_path,
        "CourseCreatedDate": course.created_at,
        "CourseCreator": "",
        "OriginalId": course.number,
        "ResultId": row.result_id,
        "AccessTillDate": None,
    }


def up_to_date(world: World, row: Enrolment) -> bool:
    """Whether a completion counts: what else UpToDate and Overdue tell is not known (assumed)."""
    return row.complete and (row.compliant_until is None or world.now() < row.compliant_until)


def learner_view(user: User, row: Enrolment) -> dict[str, Any]:
    """A user as a path shows her [CODE Trustpower]."""
    return {
        "Id": user.id,
        "UserName": user.profile["UserName"],
        "FirstName": user.profile["FirstName"],
        "LastName": user.profile["LastName"],
        "Completed": row.complete,
        "PercentageComplete": row.percentage,
    }
