"""Finding: the user, team, path or course that a seed or an edit means, by Id or by name."""

from collections.abc import Mapping
from typing import Any

from syncd.sandbox.entities import Course, LearningPath, Team, User
from syncd.sandbox.world import World


class SeedError(ValueError):
    """A seed that cannot be loaded; the message says what is wrong."""


def find_user(world: World, row: Mapping[str, Any]) -> User:
    """The user a row means by UserId, UserName or Id; SeedError if there is none."""
    user_id = str(row.get("UserId") or row.get("Id") or "")
    user = world.users.get(user_id) or world.user_by_name(str(row.get("UserName", "")))
    if user is None:
        raise SeedError(f"no such user: {user_id or row.get('UserName')}")
    return user


def find_team(world: World, value: str) -> Team:
    """The team of an Id or a name."""
    team = world.teams.get(value) or next((t for t in world.live_teams() if t.name == value), None)
    if team is None:
        raise SeedError(f"no such team: {value}")
    return team


def find_item(world: World, kind: str, value: str) -> str:
    """The Id of a path or course given by Id or name."""
    items: Mapping[str, LearningPath | Course] = world.paths if kind == "path" else world.courses
    found = (
        value if value in items else next((item.id for item in items.values() if item.name == value), None)
    )
    if found is None:
        raise SeedError(f"no such {kind}: {value}")
    return found
