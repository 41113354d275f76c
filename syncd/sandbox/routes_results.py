"""Routes of results and achievements (litmos-api 4.5)."""

from datetime import datetime
from typing import Any

from syncd.sandbox import profile as profiles
from syncd.sandbox.call import DONE, Call, Contract, Reply, Route, listed
from syncd.sandbox.completing import complete, correct, progress
from syncd.sandbox.entities import Achievement, Enrolment
from syncd.sandbox.item_views import up_to_date
from syncd.sandbox.paging import moment, page
from syncd.sandbox.refusal import BodyError, Refusal
from syncd.sandbox.wire_json import date_in
from syncd.sandbox.world import World

MODULE_RESULT = Contract(
    root="ModuleResult",
    members=("CourseId", "UserId", "Score", "Completed", "UpdatedAt", "Note", "Attempts"),
    dates=frozenset({"UpdatedAt"}),
)
_HALF_WAY = 50.0


def touched_at(row: Enrolment) -> datetime:
    """When the progress of a row last changed."""
    return max(row.progress_at or row.created_at, row.updated_at)


def _details(world: World, call: Call) -> Reply:
    """A row for each user and course; ``since`` is needed, ``to`` is not; more than 1000 is a 406 [SPEC]."""
    since, to = moment(call, "since"), moment(call, "to")
    if since is None:
        raise Refusal(406, "Please provide a valid 'since='")
    rows = [
        row
        for row in world.shelves["course"].enrolments()
        if row.active and touched_at(row) >= since and (to is None or touched_at(row) <= to)
    ]
    rows.sort(key=lambda row: row.result_number)
    shown = page(world, call, rows, strict=True)
    return listed("Users", "User", [_detail(world, row) for row in shown])


def _detail(world: World, row: Enrolment) -> dict[str, Any]:
    user, course = world.users[row.user_id], world.courses[row.item_id]
    profile = user.profile
    return {
        "Id": user.id,
        "UserOriginalId": user.number,
        "Username" if world.modes.other_names else "UserName": user.name,
        "FirstName": profile["FirstName"],
        "LastName": profile["LastName"],
        "Active": user.active,
        "Email": profile["Email"],
        "AccessLevel": profile["AccessLevel"],
        "LoginKey": profile["LoginKey"],
        "CourseId": course.id,
        "CourseOriginalId": course.number,
        "UpdatedDate": touched_at(row),
        "Code": course.code,
        "CourseName": course.name,
        "Completed" if world.modes.other_names else "Complete": row.complete,
        "PercentageComplete": row.percentage,
        "CompletedDate": row.finished_at,
        "UpToDate": up_to_date(world, row),
        "Overdue": row.complete and not up_to_date(world, row),
        "CompliantTillDate": row.compliant_until,
    }


def _put_module(world: World, call: Call) -> Reply:
    """PUT /results/modules/{id}: 200, empty; a JSON date that is not ``/Date(ms)/`` is a 500 [REC].

    Of a completion that is there, the date and the score are replaced (assumed).
    """
    body = call.item(MODULE_RESULT)
    at = _date(body.get("UpdatedAt")) or world.now()
    course = next((course for course in world.courses.values() if course.module_id == call.args[0]), None)
    if course is None or course.id != body.get("CourseId"):
        raise Refusal(404, "The module does not exist.")
    user = world.user(profiles.text(body.get("UserId")) or "")
    row = world.shelves["course"].enrolment(user.id, course.id)
    if profiles.truth(body.get("Completed")) and row is not None and row.active and row.complete:
        correct(world, row, profiles.text(body.get("Score")) or "", at=at)
    elif profiles.truth(body.get("Completed")):
        complete(world, "course", user.id, course.id, at=at, score=profiles.text(body.get("Score")) or "")
    else:
        progress(world, "course", user.id, course.id, percent=_HALF_WAY, at=at)
    return DONE


def _date(value: object) -> datetime | None:
    """A date as the wire left it: text in JSON, a datetime from XML."""
    if isinstance(value, datetime):
        return value
    if value == "":
        raise BodyError("DateTime expected")
    return date_in(value)


def _achievements(world: World, call: Call) -> Reply:
    """Newest first, ``since`` and ``userid`` narrow (litmos-api 4.5)."""
    since, user_id = moment(call, "since"), call.query.get("userid", "")
    rows = [
        row
        for row in world.achievements
        if (since is None or row.earned_at >= since) and (not user_id or row.user_id == user_id)
    ]
    rows.sort(key=lambda row: (row.earned_at, row.number), reverse=True)
    shown = page(world, call, rows)
    return listed("Achievements", "Achievement", [_achievement(world, row) for row in shown])


def _achievement(world: World, row: Achievement) -> dict[str, Any]:
    profile = world.users[row.user_id].profile
    return {
        "UserId": row.user_id,
        "Title": row.title,
        "Description": "",
        "AchievementDate": row.earned_at,
        "CourseId": row.item_id,
        "CompliantTillDate": row.compliant_until,
        "Score": row.score,
        "Result": "Completed",
        "Type": row.kind,
        "FirstName": profile["FirstName"],
        "LastName": profile["LastName"],
        "AchievementId": row.id,
        "CertificateId": row.certificate_id,
    }


ROUTES = (
    Route("GET", "/results/details", _details),
    Route("PUT", "/results/modules/{}", _put_module),
    Route("GET", "/achievements", _achievements),
)
