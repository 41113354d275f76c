"""Team rules: teams, their members, leaders and admins."""

from collections.abc import Iterable

from syncd.sandbox.activities import note_member
from syncd.sandbox.enrolling import settle_user
from syncd.sandbox.entities import Membership, Team, User
from syncd.sandbox.refusal import Refusal, bad_body
from syncd.sandbox.world import World

MOST_TEAMS = 25
"""POST /users/{id}/teams takes no more [SPEC]."""

_ORDINARY = {"Learner", "Team_Leader", "Team_Admin"}


def create_team(world: World, name: str, description: str, parent_id: str = "") -> Team:
    """POST /teams and sub-teams; 409 for a name that exists [SPEC], anywhere in the account (scope assumed)."""
    if not name or len(name) > 100 or len(description) > 1000:
        raise bad_body()
    if parent_id:
        world.team(parent_id)
    _check_name(world, name, None)
    number, team_id = world.mint.mint("team")
    now = world.now()
    team = Team(
        id=team_id,
        number=number,
        name=name,
        description=description,
        parent_id=parent_id,
        created_at=now,
        updated_at=now,
    )
    world.teams[team_id] = team
    return team


def rename_team(world: World, team_id: str, name: str, description: str | None) -> None:
    """PUT /teams/{id}; an absent description becomes empty in replace mode (assumed, as for users)."""
    team = world.team(team_id)
    if not name:
        raise bad_body()
    _check_name(world, name, team_id)
    team.name = name
    if description is not None or world.modes.put_mode == "replace":
        team.description = description or ""
    team.updated_at = world.now()


def delete_team(world: World, team_id: str) -> None:
    """DELETE /teams/{id}: memberships end, sub-teams become roots (assumed)."""
    team = world.team(team_id)
    for child in world.descendants(team_id, deep=False):
        child.parent_id, child.updated_at = "", world.now()
    for row in world.current_members(team_id):
        remove_member(world, team_id, row.user_id)
    team.active, team.updated_at = False, world.now()


def add_members(world: World, team_id: str, user_ids: Iterable[str]) -> None:
    """POST /teams/{id}/users: unknown ids and present members are silently ignored [DOC]."""
    world.team(team_id)
    for user_id in user_ids:
        if user_id in world.users and world.membership(team_id, user_id) is None:
            _join(world, team_id, user_id)


def join_teams(world: World, user_id: str, team_ids: list[str]) -> None:
    """POST /users/{id}/teams: all or nothing; 404 for an unknown team or more than 25, 409 if in any already [SPEC]."""
    world.user(user_id)
    known = {team.id for team in world.live_teams()}
    if not team_ids or len(team_ids) > MOST_TEAMS or not known.issuperset(team_ids):
        raise Refusal(404, f"Invalid Team Id found in the list or Maximum TeamIds is {MOST_TEAMS}")
    if any(world.membership(team_id, user_id) for team_id in team_ids):
        raise Refusal(409, "The user already belongs to one or more of the teams")
    for team_id in dict.fromkeys(team_ids):
        _join(world, team_id, user_id)


def leave_teams(world: World, user_id: str) -> None:
    """DELETE /users/{id}/teams: out of all of them."""
    world.user(user_id)
    for row in world.current_teams(user_id):
        remove_member(world, row.team_id, user_id)


def remove_member(world: World, team_id: str, user_id: str) -> None:
    """DELETE /teams/{id}/users/{uid}; 404 if not a member (assumed)."""
    world.team(team_id)
    row = _member(world, team_id, user_id)
    row.active, row.leader, row.admin, row.updated_at = False, False, False, world.now()
    note_member(world, "Removed From", user_id, team_id)
    _level(world, world.users[user_id])
    settle_user(world, user_id)


def promote(world: World, team_id: str, user_id: str, *, admin: bool, value: bool) -> None:
    """PUT and DELETE of leaders and admins: must be a member, else 404 [DOC]; the user's AccessLevel follows."""
    world.team(team_id)
    row = _member(world, team_id, user_id)
    if admin:
        row.admin = value
    else:
        row.leader = value
    row.updated_at = world.now()
    _level(world, world.users[user_id])


def _join(world: World, team_id: str, user_id: str) -> None:
    now = world.now()
    row = world.members.get(team_id, {}).get(user_id)
    if row is None:
        row = Membership(team_id=team_id, user_id=user_id, created_at=now, updated_at=now)
        world.put_membership(row)
    row.active, row.updated_at = True, now
    note_member(world, "Added To", user_id, team_id)
    settle_user(world, user_id)


def _member(world: World, team_id: str, user_id: str) -> Membership:
    row = world.membership(team_id, user_id)
    if row is None:
        raise Refusal(404, "The user is not a member of this team.")
    return row


def _level(world: World, user: User) -> None:
    if user.profile["AccessLevel"] not in _ORDINARY:
        return
    rows = world.current_teams(user.id)
    admin, leader = any(row.admin for row in rows), any(row.leader for row in rows)
    level = "Team_Admin" if admin else "Team_Leader" if leader else "Learner"
    if level != user.profile["AccessLevel"]:
        user.profile["AccessLevel"], user.updated_at = level, world.now()


def _check_name(world: World, name: str, own_id: str | None) -> None:
    if any(team.name.casefold() == name.casefold() and team.id != own_id for team in world.live_teams()):
        raise Refusal(409, "Team name already exists")
