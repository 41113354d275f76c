"""Enrolling: which paths and courses reach a user, directly, through teams, or (courses) through paths.

Litmos gives present and future members what a team has [DOC]; on leaving, what came by the team alone goes (assumed).
"""

from collections.abc import Iterable

from syncd.sandbox.activities import note_item
from syncd.sandbox.entities import Enrolment, TeamItem
from syncd.sandbox.refusal import Refusal
from syncd.sandbox.world import World


def settle_user(world: World, user_id: str) -> None:
    """Brings a user's rows in step with her teams and direct assignments."""
    paths = _through_teams(world, "path", user_id) | _direct(world, "path", user_id)
    _settle(world, "path", user_id, paths)
    courses = _through_teams(world, "course", user_id) | _direct(world, "course", user_id)
    _settle(world, "course", user_id, courses | courses_of(world, paths))


def settle_users(world: World, user_ids: Iterable[str]) -> None:
    """As settle_user, for many."""
    for user_id in user_ids:
        settle_user(world, user_id)


def courses_of(world: World, path_ids: Iterable[str]) -> set[str]:
    """The courses in these paths."""
    return {course for path_id in path_ids for course in world.paths[path_id].course_ids}


def through_team(world: World, kind: str, user_id: str, item_id: str) -> bool:
    """Whether one of the user's teams has this item."""
    return item_id in _through_teams(world, kind, user_id)


def give_user(world: World, kind: str, user_id: str, item_ids: Iterable[str]) -> None:
    """Assigns items to one user directly; what she has directly already stays as it is."""
    for item_id in item_ids:
        row = world.shelves[kind].enrolment(user_id, item_id)
        if row is not None and row.active and row.direct:
            continue
        row = row or _new_row(world, kind, user_id, item_id)
        row.direct, row.updated_at = True, world.now()
        note_item(world, kind, "Added To", item_id, "User", user_id)
    settle_user(world, user_id)


def take_path(world: World, user_id: str, path_id: str) -> None:
    """Removes a direct path; 406 if a team gave it, 404 if the user has it not [SPEC]."""
    row = world.shelves["path"].enrolment(user_id, path_id)
    if row is None or not row.active:
        raise Refusal(404, "The Learning Path does not exist.")
    if through_team(world, "path", user_id, path_id):
        raise Refusal(
            406,
            "The Learning Path can't be removed because it was assigned via a Team. "
            "Remove the user from the team or remove the learning path from the team.",
        )
    _drop(world, "path", row)


def take_course(world: World, user_id: str, course_id: str) -> None:
    """Removes a direct course; 406 if a path gives it [SPEC], and if a team does (assumed alike)."""
    row = world.shelves["course"].enrolment(user_id, course_id)
    if row is None or not row.active:
        raise Refusal(404, f"The course {course_id} does not exist.")
    mine = [r.item_id for r in world.shelves["path"].of_user.get(user_id, {}).values() if r.active]
    if course_id in courses_of(world, mine):
        raise Refusal(
            406,
            f"The course - {course_id} can't be removed from {user_id} because it is part of a learning path. "
            "Remove the user from the learning path or remove the course from the learning path.",
        )
    if through_team(world, "course", user_id, course_id):
        raise Refusal(406, f"The course - {course_id} can't be removed because it was assigned via a Team.")
    _drop(world, "course", row)


def give_team(
    world: World, kind: str, team_id: str, item_ids: Iterable[str], *, library: bool = False
) -> None:
    """Assigns items to a team and so to its present and future members."""
    rows = world.shelves[kind].of_team.setdefault(team_id, {})
    now = world.now()
    for item_id in item_ids:
        row = rows.get(item_id)
        if row is None:
            row = TeamItem(team_id=team_id, item_id=item_id, created_at=now, updated_at=now, library=library)
            rows[item_id] = row
        elif not row.active:
            row.active, row.updated_at = True, now
        note_item(world, kind, "Added To", item_id, "Team", team_id)
    settle_users(world, [row.user_id for row in world.current_members(team_id)])


def take_team(world: World, kind: str, team_id: str, item_ids: Iterable[str]) -> None:
    """Takes items from a team; its members keep what reaches them otherwise."""
    rows = world.shelves[kind].of_team.get(team_id, {})
    for item_id in item_ids:
        row = rows.get(item_id)
        if row is not None and row.active:
            row.active, row.updated_at = False, world.now()
            note_item(world, kind, "Removed From", item_id, "Team", team_id)
    settle_users(world, [row.user_id for row in world.current_members(team_id)])


def _drop(world: World, kind: str, row: Enrolment) -> None:
    row.direct = False
    note_item(world, kind, "Removed From", row.item_id, "User", row.user_id)
    settle_user(world, row.user_id)


def _direct(world: World, kind: str, user_id: str) -> set[str]:
    return {row.item_id for row in world.shelves[kind].of_user.get(user_id, {}).values() if row.direct}


def _through_teams(world: World, kind: str, user_id: str) -> set[str]:
    of_team = world.shelves[kind].of_team
    return {
        item.item_id
        for membership in world.current_teams(user_id)
        for item in of_team.get(membership.team_id, {}).values()
        if item.active and not item.library
    }


def _settle(world: World, kind: str, user_id: str, wanted: set[str]) -> None:
    rows = world.shelves[kind].of_user.get(user_id, {})
    for row in rows.values():
        if row.active != (row.item_id in wanted):
            row.active, row.updated_at = row.item_id in wanted, world.now()
    for item_id in sorted(wanted - rows.keys()):
        _new_row(world, kind, user_id, item_id)


def _new_row(world: World, kind: str, user_id: str, item_id: str) -> Enrolment:
    number, result_id = world.mint.mint(f"{kind} result")
    now = world.now()
    row = Enrolment(
        user_id=user_id,
        item_id=item_id,
        created_at=now,
        updated_at=now,
        result_id=result_id,
        result_number=number,
    )
    world.shelves[kind].put(row)
    return row
