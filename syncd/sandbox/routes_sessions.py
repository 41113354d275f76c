"""Routes of instructor-led training: sessions, who is registered, the roll call, attendance [SPEC].

The document names the calls and what is sent; of most answers it says nothing, so they have the members that it has for
what is sent (assumed). An instructor-led module is the module of a course that has sessions.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from syncd.sandbox import profile as profiles
from syncd.sandbox.call import DONE, Call, Contract, Reply, Route, listed, single
from syncd.sandbox.completing import complete, correct
from syncd.sandbox.entities import Registration, Session, SessionDay
from syncd.sandbox.paging import moment, page, searched
from syncd.sandbox.refusal import Refusal
from syncd.sandbox.routes_teams import ids_of
from syncd.sandbox.user_rules import list_view
from syncd.sandbox.world import World

EVENT_USERS = Contract(
    root="EventUsers",
    item="EventUser",
    members=("Id", "EventStatus", "FirstName", "LastName", "Email", "CompanyName", "Score", "Completed"),
)
USERS = Contract(root="Users", item="User")
_CLASS_ROOM = 1
_ACCEPTED = 1
_PLACE = "/courses/{}/modules/{}/sessions/{}"


def _session_view(world: World, session: Session, *, placed: bool = True) -> dict[str, Any]:
    """A session; the lists over all modules tell whose it is, or do not (mode ``sessions_placed``)."""
    course = world.courses[session.course_id]
    place = {"CourseId": course.id, "ModuleId": course.module_id} if placed else {}
    return {
        "Id": session.id,
        "Name": session.name,
        "InstructorUserId": session.instructor_id,
        "SessionType": _CLASS_ROOM,
        "Days": [_day_view(day) for day in sorted(session.days, key=lambda day: day.starts_at)],
        "TimeZone": session.time_zone,
        "Location": session.location,
        "LocationId": 0,
        "StartDate": session.starts_at,
        "EndDate": session.ends_at,
        "Slots": session.slots,
        "Accepted": len(session.registrations),
        "EnableWaitList": False,
        **place,
    }


def _day_view(day: SessionDay) -> dict[str, Any]:
    return {
        "Id": day.id,
        "StartDate": day.starts_at,
        "EndDate": day.ends_at,
        "StartTime": day.starts_at.strftime("%I:%M%p").lstrip("0"),
        "EndTime": day.ends_at.strftime("%I:%M%p").lstrip("0"),
        "SendReminder": False,
        "ReminderValue": 1,
        "ReminderMetric": "days",
    }


def _listed(world: World, call: Call, sessions: Iterable[Session], *, placed: bool = True) -> Reply:
    found = sorted(
        searched(call, sessions, lambda session: session.name), key=lambda one: (one.starts_at, one.number)
    )
    return listed(
        "Sessions", "Session", [_session_view(world, one, placed=placed) for one in page(world, call, found)]
    )


def _across(world: World, call: Call, *, past: bool) -> Reply:
    """Sessions of all modules that have begun, or have not; ``since`` is by their first day (assumed)."""
    since, now = moment(call, "since"), world.now()
    found = [
        one
        for one in world.sessions.values()
        if (one.starts_at <= now) is past and (since is None or one.starts_at >= since)
    ]
    return _listed(world, call, found, placed=world.modes.sessions_placed)


def _of_module(world: World, call: Call) -> Reply:
    course = world.module(*call.args)
    return _listed(world, call, [one for one in world.sessions.values() if one.course_id == course.id])


def _one(world: World, call: Call) -> Reply:
    return single("Session", _session_view(world, world.session(*call.args)))


def _instructor_led(world: World, call: Call) -> Reply:
    course = world.course(call.args[0])
    led = any(one.course_id == course.id for one in world.sessions.values())
    row = {"Id": course.module_id, "Code": course.code, "Name": course.name, "Description": ""}
    return listed("Modules", "Module", page(world, call, [row] if led else []))


def _instructors(world: World, call: Call) -> Reply:
    """Whoever leads a session (assumed)."""
    ids = dict.fromkeys(one.instructor_id for one in world.sessions.values())
    users = searched(call, [world.users[i] for i in ids if i in world.users], lambda user: user.name)
    return listed("Users", "User", [list_view(user) for user in page(world, call, users)])


def _of_instructor(world: World, call: Call) -> Reply:
    found = [one for one in world.sessions.values() if one.instructor_id == call.args[0]]
    if not found:
        raise Refusal(404, "The instructor in the xml/json request does not exist.")
    return _listed(world, call, found, placed=world.modes.sessions_placed)


def _event_user(world: World, one: Registration) -> dict[str, Any]:
    profile = world.users[one.user_id].profile
    return {
        "Id": one.user_id,
        "EventStatus": _ACCEPTED,
        "FirstName": profile["FirstName"],
        "LastName": profile["LastName"],
        "Email": profile["Email"],
        "CompanyName": profile["CompanyName"],
        "Score": int(one.score) if one.score.isdigit() else None,
        "Completed": one.completed,
    }


def _people(world: World, call: Call, *, who: Callable[[Registration], bool]) -> Reply:
    session = world.session(*call.args)
    rows = [_event_user(world, one) for one in session.registrations.values() if who(one)]
    return listed("EventUsers", "EventUser", page(world, call, rows))


def _registered(world: World, call: Call) -> Reply:
    """Who is registered to any session of a module."""
    course = world.module(*call.args)
    rows = [
        {**list_view(world.users[user_id]), "SessionId": session.id}
        for session in world.sessions.values()
        if session.course_id == course.id
        for user_id in session.registrations
    ]
    return listed("Users", "User", page(world, call, rows))


def _register(world: World, session: Session, user_id: str) -> bool:
    """Whether there is room for the user; 409 if the course is not theirs [SPEC]."""
    row = world.shelves["course"].enrolment(user_id, session.course_id)
    if row is None or not row.active:
        raise Refusal(
            409,
            "The user is not assigned to the course. Please assign the user to this course first and then "
            "register the user for this session.",
        )
    if user_id in session.registrations:
        return True
    if session.slots and len(session.registrations) >= session.slots:
        return False
    session.registrations[user_id] = Registration(user_id=user_id, registered_at=world.now())
    session.updated_at = world.now()
    return True


def _register_one(world: World, call: Call) -> Reply:
    """200; 409 if there is no room, too (assumed)."""
    *place, user_id = call.args
    session = world.session(*place)
    if not _register(world, session, world.user(user_id).id):
        raise Refusal(409, "The session is full.")
    return DONE


def _register_many(world: World, call: Call) -> Reply:
    """Counts who is registered, and who could not be; those who are already count as registered (assumed)."""
    session = world.session(*call.args)
    ids = ids_of(call, USERS)
    done = 0
    for user_id in ids:
        try:
            done += _register(world, session, world.user(user_id).id)
        except Refusal:
            continue
    return single("UserSessionRegistrationStatus", {"TotalUsersRegistered": done, "Failed": len(ids) - done})


def _call_roll(world: World, call: Call) -> Reply:
    """Scores and completions of those who are registered; who is not is ignored, as elsewhere (assumed)."""
    session = world.session(*call.args)
    for row in call.items(EVENT_USERS):
        one = session.registrations.get(str(row.get("Id")))
        if one is None:
            continue
        score, done = profiles.text(row.get("Score")) or "", profiles.truth(row.get("Completed"))
        corrected = one.completed and one.score != score
        one.score, one.completed = score, done
        session.updated_at = world.now()
        enrolment = world.shelves["course"].enrolment(one.user_id, session.course_id)
        if done and corrected and enrolment is not None and enrolment.complete:
            correct(world, enrolment, score)
        elif done:
            complete(world, "course", one.user_id, session.course_id, at=world.now(), score=score)
    return DONE


def _mark(world: World, call: Call, day_id: str, user_ids: Iterable[str], word: str) -> Reply:
    if word.lower() not in {"true", "false"}:
        raise Refusal(400, "attended is true or false")
    course = world.module(*call.args[:2])
    for session in world.sessions.values():
        if session.course_id != course.id or day_id not in {day.id for day in session.days}:
            continue
        for user_id in user_ids:
            one = session.registrations.get(user_id)
            if one is not None:
                one.attended = one.attended | {day_id} if word.lower() == "true" else one.attended - {day_id}
        session.updated_at = world.now()
        return DONE
    raise Refusal(404, "The session in the xml/json request does not exist.")


def _attend_one(world: World, call: Call) -> Reply:
    _course, _module, day_id, user_id, word = call.args
    return _mark(world, call, day_id, [user_id], word)


def _attend_many(world: World, call: Call) -> Reply:
    """Not in the document: a client in production marks many at once [CODE litmos-mcp]."""
    _course, _module, day_id, word = call.args
    return _mark(world, call, day_id, ids_of(call, USERS), word)


ROUTES = (
    Route("GET", "/sessions/future", partial(_across, past=False)),
    Route("GET", "/sessions/past", partial(_across, past=True)),
    Route("GET", "/courses/{}/modules/ILT", _instructor_led),
    Route("GET", "/courses/{}/modules/{}/sessions", _of_module),
    Route("GET", _PLACE, _one),
    Route("GET", "/instructors", _instructors),
    Route("GET", "/instructors/{}/sessions", _of_instructor),
    Route("GET", f"{_PLACE}/rollcall", partial(_people, who=lambda _one: True)),
    Route("POST", f"{_PLACE}/rollcall", _call_roll),
    Route("GET", f"{_PLACE}/attendance", partial(_people, who=lambda one: bool(one.attended))),
    Route("GET", "/courses/{}/modules/{}/registration", _registered),
    Route("POST", f"{_PLACE}/users/register", _register_many),
    Route("POST", f"{_PLACE}/users/{{}}/register", _register_one),
    Route("POST", "/courses/{}/modules/{}/sessiondays/{}/users/{}/attended/{}", _attend_one),
    Route("POST", "/courses/{}/modules/{}/sessiondays/{}/attended/{}", _attend_many),
)
