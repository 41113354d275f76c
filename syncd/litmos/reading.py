"""Reading: users, teams, memberships, learning paths and courses as Litmos lists them; complete, or an error, never a part."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from syncd.core.locating import Module, Session
from syncd.core.model import Item, ItemKey, ItemKind, Role, TeamShelf
from syncd.core.operation import Learner, RoleList, Snapshot, TeamFact, TeamItem
from syncd.errors import LitmosError
from syncd.litmos import shape
from syncd.litmos.client import Calls, Row
from syncd.litmos.faults import NOT_FOUND, doubtful
from syncd.litmos.spool import Spool

SEARCH_LENGTH = 50
"""The longest ``search`` that Litmos takes [DOC]."""

SEGMENT: Mapping[ItemKind, str] = {ItemKind.LEARNING_PATH: "learningpaths", ItemKind.COURSE: "courses"}
"""How a kind is written in Litmos' paths."""

Progress = Callable[[str, int, int | None], None]
"""Told (what, how many so far, of how many if known) after each page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which kinds of items a snapshot lists, and which teams' members (leaders, admins) and items' users it reads, told once
    those are known.
    """

    teams: Callable[[tuple[TeamFact, ...]], Collection[str]]
    kinds: frozenset[ItemKind]
    items: Callable[[tuple[Item, ...]], Collection[ItemKey]]
    roles: Callable[[tuple[TeamFact, ...]], Collection[RoleList]] = lambda _teams: ()
    shelves: Callable[[tuple[TeamFact, ...]], Collection[TeamShelf]] = lambda _teams: ()


def snapshot(calls: Calls, choice: Choice, *, began_at: datetime, progress: Progress) -> Snapshot:
    """Read everything that a refresh needs. Raises LitmosError; then nothing of it may be used."""
    found = profiles(calls, progress)
    listed = teams(calls, progress)
    managed = sorted(choice.teams(listed))
    members = {}
    for number, team_id in enumerate(managed, start=1):
        members[team_id] = team_members(calls, team_id)
        progress("members", number, len(managed))
    ruled = sorted(choice.roles(listed))
    roles = {}
    for number, (team_id, role) in enumerate(ruled, start=1):
        roles[team_id, role] = people_with_role(calls, team_id, role)
        progress("leaders and admins", number, len(ruled))
    shelves = {shelf: items_of_team(calls, *shelf) for shelf in sorted(choice.shelves(listed))}
    offered = tuple(item for kind in sorted(choice.kinds) for item in items(calls, kind, progress))
    mapped = sorted(choice.items(offered))
    people = {}
    for number, key in enumerate(mapped, start=1):
        people[key] = learners(calls, key)
        progress("learners", number, len(mapped))
    return Snapshot(
        began_at=began_at,
        profiles=found,
        teams=listed,
        members=members,
        items=offered,
        learners=people,
        kinds=choice.kinds,
        roles=roles,
        shelves=shelves,
        requests=calls.requests,
    )


def profiles(calls: Calls, progress: Progress) -> Spool:
    """The full records of all users, active or not, sorted by Litmos so that paging skips none (litmos-api 4.1)."""
    found = Spool()
    for page in calls.pages(
        ("users", "details"),
        {"sort": "UserName", "dir": "ASC"},
        progress=lambda count: progress("users", count, None),
    ):
        found.put(map(_full, page.values()))
    return found


def user(calls: Calls, user_id: str) -> Row | None:
    """One full record, or None if Litmos does not know the id."""
    row = calls.find(("users", user_id))
    if row is None:
        return None
    if row.get("Id") != user_id:
        raise doubtful("/users: another user came than was asked for")
    return _full(row)


def users_named(calls: Calls, username: str) -> list[Row]:
    """The list rows of users with exactly this UserName but for case; ``search`` finds substrings of many fields."""
    rows = calls.rows(("users",), {"search": username[:SEARCH_LENGTH]})
    return [row for row in rows if shape.text(row, "UserName").casefold() == username.strip().casefold()]


def user_by_name(calls: Calls, username: str) -> Row | None:
    """The full record of the user with exactly this UserName but for case, or None."""
    for row in users_named(calls, username):
        profile = user(calls, row["Id"])
        if profile is None:
            raise doubtful("/users: a user is listed and yet not there")
        return profile
    return None


def teams(calls: Calls, progress: Progress) -> tuple[TeamFact, ...]:
    """All teams, sub-teams among them, as one flat list."""
    rows = calls.rows(("teams",), progress=lambda count: progress("teams", count, None))
    return tuple(team_fact(row) for row in rows)


def team(calls: Calls, team_id: str) -> TeamFact | None:
    """One team, or None if Litmos does not know the id."""
    row = whole_team(calls, team_id)
    return None if row is None else team_fact(row)


def whole_team(calls: Calls, team_id: str) -> Row | None:
    """One team with its description, or None if Litmos does not know the id."""
    row = calls.find(("teams", team_id))
    if row is not None and row.get("Id") != team_id:
        raise doubtful("/teams: another team came than was asked for")
    return row


def team_fact(row: Mapping[str, Any], *, parent_id: str = "") -> TeamFact:
    """A row of a team list; ``parent_id`` where the row does not say. Raises Transient if it is none."""
    return TeamFact(
        id=row["Id"],
        name=shape.name(row),
        parent_id=shape.text(row, "ParentTeamId") or parent_id,
        code=shape.text(row, "TeamCodeForBulkImport"),
    )


def team_members(calls: Calls, team_id: str) -> frozenset[str]:
    """The ids of the *active* users of a team: Litmos hides the others (litmos-api 4.3)."""
    return frozenset(row["Id"] for row in calls.rows(("teams", team_id, "users")))


def role_path(team_id: str, role: Role) -> tuple[str, ...]:
    """Where Litmos lists and sets those who have a role in a team."""
    return ("teams", team_id, f"{role.value}s")


def people_with_role(calls: Calls, team_id: str, role: Role) -> frozenset[str]:
    """The ids of a team's leaders or admins; whether Litmos shows inactive ones is not known."""
    return frozenset(row["Id"] for row in calls.rows(role_path(team_id, role)))


def teams_of_user(calls: Calls, user_id: str) -> frozenset[str]:
    """The ids of the teams of a user, who may be inactive."""
    return frozenset(row["Id"] for row in calls.rows(("users", user_id, "teams")))


def items(calls: Calls, kind: ItemKind, progress: Progress) -> tuple[Item, ...]:
    """All learning paths, or all courses."""
    rows = calls.rows((SEGMENT[kind],), progress=lambda count: progress(f"{kind}s", count, None))
    return tuple(item_fact(row, kind) for row in rows)


def item(calls: Calls, key: ItemKey) -> Item | None:
    """One learning path or course, or None if Litmos does not know the id."""
    row = calls.find((SEGMENT[key.kind], key.id))
    if row is None:
        return None
    if row.get("Id") != key.id:
        raise doubtful(f"/{SEGMENT[key.kind]}: another one came than was asked for")
    return item_fact(row, key.kind)


def item_fact(row: Mapping[str, Any], kind: ItemKind) -> Item:
    """A row of a list of learning paths or courses. Raises Transient for one of another shape."""
    active = shape.truth(row, "Active") if "Active" in row else True
    return Item(
        key=ItemKey(kind, row["Id"]), name=shape.name(row), active=active, code=shape.text(row, "Code")
    )


def modules(calls: Calls, course_id: str) -> tuple[Module, ...]:
    """The modules of a course [SPEC]; none of a course that Litmos does not know."""
    try:
        rows = calls.rows((SEGMENT[ItemKind.COURSE], course_id, "modules"))
    except LitmosError as error:
        if error.code != NOT_FOUND:
            raise
        return ()
    return tuple(Module(id=row["Id"], name=shape.name(row), code=shape.text(row, "Code")) for row in rows)


def sessions(calls: Calls, course_id: str) -> tuple[Session, ...]:
    """The sessions of a course's instructor-led modules [SPEC], one request and one for each of those; none of a course that
    Litmos does not know.
    """
    place = (SEGMENT[ItemKind.COURSE], course_id, "modules")
    try:
        led = [row["Id"] for row in calls.rows((*place, "ILT"))]
    except LitmosError as error:
        if error.code != NOT_FOUND:
            raise
        return ()
    return tuple(
        Session(id=row["Id"], name=shape.name(row), module_id=module_id)
        for module_id in led
        for row in calls.rows((*place, module_id, "sessions"))
    )


def items_of_user(calls: Calls, user_id: str, kind: ItemKind) -> frozenset[str]:
    """The ids of the learning paths, or the courses, of a user, however they came by them."""
    return frozenset(row["Id"] for row in calls.rows(("users", user_id, SEGMENT[kind])))


def items_of_team(calls: Calls, team_id: str, kind: ItemKind) -> tuple[TeamItem, ...]:
    """The learning paths, or the courses, that a team gives its members or has in its library; none of a team that Litmos does not know.

    One more request if it seems not to know it: a list is never taken for empty on the word of one 404.
    """
    try:
        rows = calls.rows(("teams", team_id, SEGMENT[kind]))
        return tuple(TeamItem(item=item_fact(row, kind), library=_in_library(row)) for row in rows)
    except LitmosError as error:
        if error.code != NOT_FOUND:
            raise
    if team(calls, team_id) is not None:
        raise doubtful(f"/teams: a team is there, and yet its {kind.label}s are not")
    return ()


def _in_library(row: Row) -> bool:
    """Whether the row of a team's list is of its library; no flag is none [SPEC]."""
    flags = ("CourseTeamLibrary", "LearningPathTeamLibrary")
    return any(shape.truth(row, name) for name in flags if row.get(name) is not None)


def learners(calls: Calls, key: ItemKey) -> tuple[Learner, ...]:
    """The users of a learning path or course, however they came by it, and how far they are."""
    return tuple(
        Learner(
            user_id=row["Id"],
            completed=shape.truth(row, "Completed"),
            percent=shape.percent(row) or 0.0,
            compliant_until=shape.moment(row, "CompliantTill"),
        )
        for row in calls.rows((SEGMENT[key.kind], key.id, "users"))
    )


def course_of_user(calls: Calls, user_id: str, course_id: str) -> Learner | None:
    """How somebody stands with a course; None if Litmos does not know the user or the course, or they do not have it."""
    row = calls.find(("users", user_id, SEGMENT[ItemKind.COURSE], course_id))
    if row is None:
        return None
    if row.get("Id") != course_id:
        raise doubtful("/users: another course came than was asked for")
    return _standing(user_id, row)


def _standing(user_id: str, row: Row) -> Learner:
    """A course as a user has it [SPEC]."""
    return Learner(
        user_id=user_id,
        completed=shape.truth(row, "Complete", "Completed"),
        percent=shape.percent(row) or 0.0,
        compliant_until=shape.moment(row, "CompliantTill", "CompliantTillDate"),
        completed_at=shape.moment(row, "CompletedDate", "DateCompleted"),
    )


def _full(row: Row) -> Row:
    """A partial record, sent back by a PUT, would wipe what it lacks."""
    if flaw := shape.flaw(row):
        raise doubtful(f"/users: {flaw}")
    return row
