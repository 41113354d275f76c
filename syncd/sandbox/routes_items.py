"""Routes of learning paths and courses: the things, and who has them (litmos-api 4.3 - 4.5)."""

from functools import partial

from syncd.sandbox import enrolling
from syncd.sandbox.call import CREATED, DONE, Call, Contract, Reply, Route, listed, single
from syncd.sandbox.completing import reset
from syncd.sandbox.item_views import course_view, learner_view, path_view, user_course_view, user_path_view
from syncd.sandbox.paging import chosen_users, page, searched
from syncd.sandbox.refusal import Refusal
from syncd.sandbox.routes_teams import ids_of
from syncd.sandbox.world import World

PATHS = Contract(root="LearningPaths", item="LearningPath", members=("Id", "LearningPathId"))
COURSES = Contract(root="Courses", item="Course", members=("Id", "CourseId", "CourseTeamLibrary"))
USERS = Contract(root="Users", item="User")
_MOST_USERS = 25


def _paths(world: World, call: Call) -> Reply:
    shown = page(world, call, searched(call, world.paths.values(), lambda path: path.name))
    return listed("LearningPaths", "LearningPath", [path_view(path) for path in shown])


def _path(world: World, call: Call) -> Reply:
    return single("LearningPath", path_view(world.path(call.args[0])))


def _path_courses(world: World, call: Call) -> Reply:
    courses = [world.courses[course_id] for course_id in world.path(call.args[0]).course_ids]
    shown = page(world, call, searched(call, courses, lambda course: course.name))
    return listed("Courses", "Course", [course_view(course) for course in shown])


def _learners(world: World, call: Call, *, kind: str) -> Reply:
    """Everyone the item reaches, inactive users too (assumed)."""
    item = world.path(call.args[0]) if kind == "path" else world.course(call.args[0])
    rows = {user: row for user, row in world.shelves[kind].users_of.get(item.id, {}).items() if row.active}
    shown = page(world, call, chosen_users(world, call, [world.users[user_id] for user_id in rows]))
    views = [learner_view(user, rows[user.id]) for user in shown]
    if kind == "course":
        more = {"DueDate": None, "AccessTillDate": None}
        tills = [rows[user.id].compliant_until for user in shown]
        views = [{**view, "CompliantTill": till, **more} for view, till in zip(views, tills, strict=True)]
    return listed("Users", "User", views)


def _user_paths(world: World, call: Call) -> Reply:
    world.user(call.args[0])
    rows = [row for row in world.shelves["path"].of_user.get(call.args[0], {}).values() if row.active]
    shown = page(world, call, searched(call, rows, lambda row: world.paths[row.item_id].name))
    return listed("LearningPaths", "LearningPath", [user_path_view(world, row) for row in shown])


def _give_paths(world: World, call: Call) -> Reply:
    """200; 400 for a null Id, 404 for an unknown user or no valid path; what she has already is ignored [SPEC]."""
    ids = [row.get("Id") for row in call.items(PATHS)]
    if None in ids or "" in ids:
        raise Refusal(400, "The LearningPath Id can't be null. Check the body for the proper format.")
    known = [str(path_id) for path_id in ids if path_id in world.paths]
    if call.args[0] not in world.users or not known:
        raise Refusal(
            404, "The userid does not exist or no valid learning paths were included in the request."
        )
    have = world.shelves["path"].of_user.get(call.args[0], {})
    if world.modes.duplicate_paths_refused and any(
        path_id in have and have[path_id].active for path_id in known
    ):
        raise Refusal(409, "The user already has one or more of the learning paths.")
    enrolling.give_user(world, "path", call.args[0], known)
    return DONE


def _take_path(world: World, call: Call) -> Reply:
    world.user(call.args[0])
    enrolling.take_path(world, call.args[0], call.args[1])
    return DONE


def _courses(world: World, call: Call) -> Reply:
    shown = page(world, call, searched(call, world.courses.values(), lambda course: course.name))
    return listed("Courses", "Course", [course_view(course) for course in shown])


def _course(world: World, call: Call) -> Reply:
    return single("Course", course_view(world.course(call.args[0])))


def _modules(world: World, call: Call) -> Reply:
    course = world.course(call.args[0])
    row = {"Id": course.module_id, "Code": course.code, "Name": course.name, "Description": ""}
    return listed("Modules", "Module", page(world, call, [row]))


def _user_courses(world: World, call: Call) -> Reply:
    world.user(call.args[0])
    rows = [row for row in world.shelves["course"].of_user.get(call.args[0], {}).values() if row.active]
    shown = page(world, call, searched(call, rows, lambda row: world.courses[row.item_id].name))
    return listed("Courses", "Course", [_user_course(world, row.user_id, row.item_id) for row in shown])


def _user_course(world: World, user_id: str, course_id: str) -> dict[str, object]:
    row = world.shelves["course"].enrolment(user_id, course_id)
    if row is None or not row.active:
        raise Refusal(404, f"The course {course_id} does not exist.")
    paths = [path.item_id for path in world.shelves["path"].of_user.get(user_id, {}).values() if path.active]
    return user_course_view(world, row, in_path=course_id in enrolling.courses_of(world, paths))


def _one_user_course(world: World, call: Call) -> Reply:
    world.user(call.args[0])
    return single("Course", _user_course(world, call.args[0], call.args[1]))


def _give_courses(world: World, call: Call) -> Reply:
    """201; unknown and present courses are ignored; mails unless ``sendmessage=false`` [DOC]."""
    user = world.user(call.args[0])
    known = [course_id for course_id in ids_of(call, COURSES, "Id", "CourseId") if course_id in world.courses]
    enrolling.give_user(world, "course", user.id, known)
    if call.query.get("sendmessage", "").lower() != "false":
        world.mails += [(user.name, f"course {course_id}") for course_id in known]
    return DONE if world.modes.spec_statuses else CREATED


def _take_course(world: World, call: Call) -> Reply:
    world.user(call.args[0])
    enrolling.take_course(world, call.args[0], call.args[1])
    return DONE


def _reset_course(world: World, call: Call) -> Reply:
    """200 [SPEC]; 404 for a user or course that is not there, and for one that the user does not have (assumed alike)."""
    user, course = world.user(call.args[0]), world.course(call.args[1])
    row = world.shelves["course"].enrolment(user.id, course.id)
    if row is None or not row.active:
        raise Refusal(404, f"The course {course.id} does not exist.")
    reset(world, row)
    return DONE


def _courses_of_users(world: World, call: Call) -> Reply:
    """POST that reads: the courses of up to 25 users (litmos-api 4.5)."""
    ids = ids_of(call, USERS)
    if len(ids) > _MOST_USERS:
        raise Refusal(406, f"The maximum number of users is {_MOST_USERS}")
    rows = []
    for user_id in (user_id for user_id in ids if user_id in world.users):
        enrolments = world.shelves["course"].of_user.get(user_id, {}).values()
        courses = [_user_course(world, user_id, row.item_id) for row in enrolments if row.active]
        rows.append({"Id": user_id, "Courses": courses})
    return listed("Users", "User", rows)


def _team_items(world: World, call: Call, *, kind: str) -> Reply:
    rows = [
        row for row in world.shelves[kind].of_team.get(world.team(call.args[0]).id, {}).values() if row.active
    ]
    if kind == "path":
        paths = searched(call, [world.paths[row.item_id] for row in rows], lambda path: path.name)
        return listed("LearningPaths", "LearningPath", [path_view(path) for path in page(world, call, paths)])
    courses = searched(call, [world.courses[row.item_id] for row in rows], lambda course: course.name)
    library = {row.item_id for row in rows if row.library}
    views = [
        {**course_view(course), "CourseTeamLibrary": course.id in library}
        for course in page(world, call, courses)
    ]
    return listed("Courses", "Course", views)


def _team_ids(world: World, call: Call, kind: str) -> list[str]:
    """The valid ids of a body; which key it needs is unsettled for paths (mode ``path_key``); 404 if none [SPEC]."""
    if kind == "path":
        keys = ("Id", "LearningPathId") if world.modes.path_key == "any" else (world.modes.path_key,)
        ids = [str(next((row[key] for key in keys if row.get(key)), "")) for row in call.items(PATHS)]
        known = [path_id for path_id in ids if path_id in world.paths]
    else:
        ids = ids_of(call, COURSES, "Id", "CourseId")
        known = [course_id for course_id in ids if course_id in world.courses]
    if not known:
        raise Refusal(
            404, f"There was no valid {'Learning Path' if kind == 'path' else 'Course'} Id in the body."
        )
    return known


def _give_team(world: World, call: Call, *, kind: str) -> Reply:
    """200 [SPEC]; ``includesubteams`` reaches all teams below."""
    team = world.team(call.args[0])
    ids = _team_ids(world, call, kind)
    below = world.descendants(team.id) if call.flag("includesubteams") else []
    library = kind == "course" and any(_true(row.get("CourseTeamLibrary")) for row in call.items(COURSES))
    for each in (team, *below):
        enrolling.give_team(world, kind, each.id, ids, library=library)
    return DONE


def _true(value: object) -> bool:
    return str(value).lower() == "true"


def _take_team(world: World, call: Call, *, kind: str) -> Reply:
    """200; the DELETE carries a body (litmos-api 4.3)."""
    team = world.team(call.args[0])
    enrolling.take_team(world, kind, team.id, _team_ids(world, call, kind))
    return DONE


ROUTES = (
    Route("GET", "/learningpaths", _paths),
    Route("GET", "/learningpaths/{}", _path),
    Route("GET", "/learningpaths/{}/courses", _path_courses),
    Route("GET", "/learningpaths/{}/users", partial(_learners, kind="path")),
    Route("GET", "/users/{}/learningpaths", _user_paths),
    Route("POST", "/users/{}/learningpaths", _give_paths),
    Route("DELETE", "/users/{}/learningpaths/{}", _take_path),
    Route("GET", "/courses", _courses),
    Route("GET", "/courses/{}", _course),
    Route("GET", "/courses/{}/details", _course),
    Route("GET", "/courses/{}/modules", _modules),
    Route("GET", "/courses/{}/users", partial(_learners, kind="course")),
    Route("POST", "/users/courses", _courses_of_users),
    Route("GET", "/users/{}/courses", _user_courses),
    Route("POST", "/users/{}/courses", _give_courses),
    Route("GET", "/users/{}/courses/{}", _one_user_course),
    Route("DELETE", "/users/{}/courses/{}", _take_course),
    Route("PUT", "/users/{}/courses/{}/reset", _reset_course),
    Route("GET", "/teams/{}/learningpaths", partial(_team_items, kind="path")),
    Route("POST", "/teams/{}/learningpaths", partial(_give_team, kind="path")),
    Route("DELETE", "/teams/{}/learningpaths", partial(_take_team, kind="path")),
    Route("GET", "/teams/{}/courses", partial(_team_items, kind="course")),
    Route("POST", "/teams/{}/courses", partial(_give_team, kind="course")),
    Route("DELETE", "/teams/{}/courses", partial(_take_team, kind="course")),
)
