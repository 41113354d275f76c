"""Routes of /org/*: what was created or changed within a window of at most 7 days (litmos-api 4)."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from syncd.sandbox import org_results
from syncd.sandbox.call import Call, Reply, Route, listed
from syncd.sandbox.entities import Enrolment, TeamItem, User
from syncd.sandbox.item_views import course_view, path_view
from syncd.sandbox.paging import Window, page, window
from syncd.sandbox.routes_teams import brief
from syncd.sandbox.user_rules import view
from syncd.sandbox.world import World

_NOT_IN_DELTA = ("Points", "SkipFirstLogin", "Password", "JobRole", "OriginalId")
Rows = Iterable[Mapping[str, Any]]


def _dates(row: Any) -> dict[str, Any]:
    return {"CreatedDate": row.created_at, "UpdatedDate": row.updated_at, "CreatedBy": "", "UpdatedBy": ""}


def _user(world: World, user: User) -> dict[str, Any]:
    """The profile without Points, SkipFirstLogin, Password, JobRole; OriginalUserId for OriginalId [SPEC]."""
    row = {"OriginalUserId": user.number, **view(world, user), **_dates(user)}
    return {name: value for name, value in row.items() if name not in _NOT_IN_DELTA}


def _users(world: World, span: Window) -> Rows:
    users = (u for u in world.users.values() if world.seen(u) and span.holds(u.created_at, u.updated_at))
    return [_user(world, user) for user in users]


def _logins(world: World, span: Window) -> Rows:
    return [_user(world, user) for user in world.users.values() if span.holds(user.last_login_at)]


def _teams(world: World, span: Window) -> Rows:
    return [
        {**brief(team), "OriginalTeamId": team.number, "Active": team.active, **_dates(team)}
        for team in world.teams.values()
        if span.holds(team.created_at, team.updated_at)
    ]


def _shown(world: World, *, active: bool) -> bool:
    """Removals are rows with Active=false, or not there at all: unsettled, so a mode."""
    return active or world.modes.removals_reported


def _memberships(world: World, span: Window) -> Rows:
    return [
        {
            "TeamId": row.team_id,
            "Id": row.user_id,
            "OriginalTeamId": world.teams[row.team_id].number,
            "OriginalUserId": world.users[row.user_id].number,
            "Active": row.active,
            "IsTeamLeader": row.leader,
            "IsTeamAdmin": row.admin,
            **_dates(row),
        }
        for rows in world.members.values()
        for row in rows.values()
        if span.holds(row.created_at, row.updated_at) and _shown(world, active=row.active)
    ]


def _enrolments(world: World, span: Window, kind: str) -> list[Enrolment]:
    return [
        row
        for row in world.shelves[kind].enrolments()
        if span.holds(row.created_at, row.updated_at) and _shown(world, active=row.active)
    ]


def _path_users(world: World, span: Window) -> Rows:
    return [
        {
            "LearningPathId": row.item_id,
            "Id": row.user_id,
            "OriginalLearningPathId": world.paths[row.item_id].number,
            "Active": row.active,
            "OriginalUserId": world.users[row.user_id].number,
            **_dates(row),
        }
        for row in _enrolments(world, span, "path")
    ]


def _user_courses(world: World, span: Window) -> Rows:
    return [
        {
            "UserId": row.user_id,
            "Id": row.item_id,
            "OriginalUserId": world.users[row.user_id].number,
            "OriginalCourseId": world.courses[row.item_id].number,
            "Active": row.active,
            **_dates(row),
        }
        for row in _enrolments(world, span, "course")
    ]


def _paths(world: World, span: Window) -> Rows:
    return [
        {**path_view(path), **_dates(path), "DisplayOrder": 0, "IncludeInLibrary": False}
        for path in world.paths.values()
        if span.holds(path.created_at, path.updated_at)
    ]


def _courses(world: World, span: Window) -> Rows:
    return [
        {**course_view(course), "OriginalCourseId": course.number, **_dates(course)}
        for course in world.courses.values()
        if span.holds(course.created_at, course.updated_at)
    ]


def _path_courses(world: World, span: Window) -> Rows:
    return [
        {
            "LearningPathId": path.id,
            "Id": course_id,
            "OriginalLearningPathId": path.number,
            "OriginalCourseId": world.courses[course_id].number,
            "Active": True,
            **_dates(path),
        }
        for path in world.paths.values()
        if span.holds(path.created_at, path.updated_at)
        for course_id in path.course_ids
    ]


def _team_items(world: World, span: Window, kind: str) -> list[TeamItem]:
    return [
        row
        for row in world.shelves[kind].team_items()
        if span.holds(row.created_at, row.updated_at) and _shown(world, active=row.active)
    ]


def _team_paths(world: World, span: Window) -> Rows:
    return [
        {
            "TeamId": row.team_id,
            "Id": row.item_id,
            "OriginalLearningPathId": world.paths[row.item_id].number,
            "OriginalTeamId": world.teams[row.team_id].number,
            "Active": row.active,
            "IsInTeamLibrary": row.library,
            **_dates(row),
        }
        for row in _team_items(world, span, "path")
    ]


def _team_courses(world: World, span: Window) -> Rows:
    return [
        {
            "TeamId": row.team_id,
            "Id": row.item_id,
            "OriginalCourseId": world.courses[row.item_id].number,
            "OriginalTeamId": world.teams[row.team_id].number,
            "Active": row.active,
            "IsInTeamLibrary": row.library,
            "LearningPathAssignment": False,
            **_dates(row),
        }
        for row in _team_items(world, span, "course")
    ]


def _answer(world: World, call: Call, *, name: str, rows: Callable[[World, Window], Rows]) -> Reply:
    found = sorted(rows(world, window(world, call)), key=lambda row: str(row.get("UpdatedDate") or ""))
    return listed(f"{name}s", name, page(world, call, found))


def _route(path: str, name: str, rows: Callable[[World, Window], Rows]) -> Route:
    return Route("GET", path, partial(_answer, name=name, rows=rows))


ROUTES = (
    _route("/org/users/details", "User", _users),
    _route("/org/users/logins", "User", _logins),
    _route("/org/users/courses", "UserCourse", _user_courses),
    _route("/org/teams", "Team", _teams),
    _route("/org/teams/users", "TeamUser", _memberships),
    _route("/org/teams/learningpaths", "TeamLearningPath", _team_paths),
    _route("/org/teams/courses", "TeamCourse", _team_courses),
    _route("/org/learningpaths", "LearningPath", _paths),
    _route("/org/learningpaths/users", "LearningPathUser", _path_users),
    _route("/org/learningpaths/courses", "LearningPathCourse", _path_courses),
    _route("/org/learningpaths/results", "LearningPathResult", org_results.path_results),
    _route("/org/courses", "Course", _courses),
    _route("/org/results/details", "UserResult", org_results.course_results),
    _route("/org/modules/results", "ModuleResult", org_results.module_results),
    _route("/org/achievements", "Achievement", org_results.achievements),
    _route("/org/activities/assignments", "AssignmentActivity", org_results.assignments),
)
