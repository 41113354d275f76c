"""Seeding and dumping of sessions with their registrations, and of what was earned in points and badges.

``{"Course": ..., "Name": ..., "Instructor": username, "Days": [{"StartDate": ..., "EndDate": ...}], "Registrations":
[{"UserName": ..., "Completed": true, "Score": "90", "Attended": true}]}``: ``Attended`` is true for all days, or their Ids.
"""

from collections.abc import Mapping
from typing import Any

from syncd.sandbox.entities import Award, Registration, Session, SessionDay
from syncd.sandbox.finding import SeedError, find_item, find_user
from syncd.sandbox.planting import identity, parsed, stamp, times
from syncd.sandbox.world import World


def load_session(world: World, row: Mapping[str, Any]) -> Session:
    """A session of a seed; SeedError for one without days, or with people who are not there."""
    number, session_id = identity(world, "session", row)
    days = [_day(world, day) for day in row.get("Days", ())]
    if not days:
        raise SeedError(f"a session needs Days: {row.get('Name')}")
    instructor = row.get("InstructorUserId") or row.get("Instructor")
    dates = times(world, row)
    session = Session(
        id=session_id,
        number=number,
        course_id=find_item(world, "course", str(row.get("CourseId") or row.get("Course"))),
        name=str(row["Name"]),
        instructor_id=find_user(world, {"UserId": instructor, "UserName": instructor}).id,
        days=days,
        location=str(row.get("Location") or ""),
        time_zone=str(row.get("TimeZone") or "UTC"),
        slots=int(row.get("Slots") or 0),
        created_at=dates["created_at"],
        updated_at=dates["updated_at"],
    )
    for one in row.get("Registrations", ()):
        registration = _registration(world, session, one)
        session.registrations[registration.user_id] = registration
    world.sessions[session_id] = session
    return session


def _day(world: World, row: Mapping[str, Any]) -> SessionDay:
    _number, day_id = identity(world, "session day", row)
    starts, ends = parsed(row["StartDate"]), parsed(row["EndDate"])
    if starts is None or ends is None or ends < starts:
        raise SeedError(f"a day must begin and end: {row}")
    return SessionDay(id=day_id, starts_at=starts, ends_at=ends)


def _registration(world: World, session: Session, row: Mapping[str, Any]) -> Registration:
    attended = row.get("Attended", False)
    days = {day.id for day in session.days}
    return Registration(
        user_id=find_user(world, row).id,
        registered_at=parsed(row.get("RegisteredDate")) or session.created_at,
        completed=bool(row.get("Completed", False)),
        score=str(row.get("Score") or ""),
        attended=(days if attended else set()) if isinstance(attended, bool) else days & set(attended),
    )


def session_row(session: Session) -> dict[str, Any]:
    """A session in a dump."""
    return {
        "Id": session.id,
        "OriginalId": session.number,
        "CourseId": session.course_id,
        "Name": session.name,
        "InstructorUserId": session.instructor_id,
        "Location": session.location,
        "TimeZone": session.time_zone,
        "Slots": session.slots,
        "CreatedDate": stamp(session.created_at),
        "UpdatedDate": stamp(session.updated_at),
        "Days": [
            {"Id": day.id, "StartDate": stamp(day.starts_at), "EndDate": stamp(day.ends_at)}
            for day in session.days
        ],
        "Registrations": [
            {
                "UserId": one.user_id,
                "RegisteredDate": stamp(one.registered_at),
                "Completed": one.completed,
                "Score": one.score,
                "Attended": sorted(one.attended),
            }
            for one in session.registrations.values()
        ],
    }


def load_award(world: World, row: Mapping[str, Any]) -> None:
    """What somebody earned with a course."""
    _number, award_id = identity(world, "award", row)
    world.awards.append(
        Award(
            id=award_id,
            user_id=find_user(world, row).id,
            item_id=str(row["ItemId"]),
            title=str(row["Title"]),
            points=int(row.get("Points") or 0),
            badge=str(row.get("Badge") or ""),
            earned_at=parsed(row.get("EarnedDate")) or world.now(),
        )
    )


def award_row(award: Award) -> dict[str, Any]:
    """An award in a dump."""
    return {
        "Id": award.id,
        "UserId": award.user_id,
        "ItemId": award.item_id,
        "Title": award.title,
        "Points": award.points,
        "Badge": award.badge,
        "EarnedDate": stamp(award.earned_at),
    }
