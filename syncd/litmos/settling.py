"""Settling: after a write whose outcome is unknown, reading whether it was done. Nothing here writes."""

from collections.abc import Callable

from syncd.core.operation import (
    AddMembers,
    AssignItems,
    CreateTeam,
    CreateUser,
    Effects,
    GiveTeam,
    JoinTeams,
    LeaveTeams,
    PutUser,
    RemoveMember,
    RenameTeam,
    SetRole,
    TakeFromTeam,
    UnassignItem,
)
from syncd.errors import Permanent
from syncd.litmos import applying, reading
from syncd.litmos.client import Calls
from syncd.litmos.faults import NOT_FOUND
from syncd.litmos.wire import text_of

ASKED_ONE_BY_ONE = 5
"""So many users missing from a team's list are looked up singly: they may be inactive, and hidden there."""


def create_user(calls: Calls, operation: CreateUser) -> Effects | None:
    """By UserName, the one thing that is unique.

    Raises Permanent if it belongs to somebody with another ExternalEmployeeId: that user is not ours.
    """
    profile = reading.user_by_name(calls, str(operation.fields.get("UserName", "")))
    if profile is None:
        return None
    wanted, there = (text_of(source.get("ExternalEmployeeId")) for source in (operation.fields, profile))
    if wanted and there and wanted != there:
        raise Permanent(
            "the UserName belongs to a user with another ExternalEmployeeId",
            status=409,
            code="LITMOS-409-USERNAME-TAKEN",
        )
    return Effects(profiles=(profile,), profiles_just_read=True, requests=calls.requests)


def put_user(calls: Calls, operation: PutUser) -> Effects | None:
    """By comparing the record. Raises Permanent if the user is gone."""
    profile = reading.user(calls, operation.user_id)
    if profile is None:
        raise applying.user_gone()
    if not applying.is_put(profile, operation):
        return None
    return Effects(profiles=(profile,), profiles_just_read=True, requests=calls.requests)


def create_team(calls: Calls, operation: CreateTeam) -> Effects | None:
    """By name and parent in the list of all teams; names are unique but for case (litmos-api 3)."""
    name = operation.name.strip().casefold()
    found = [
        fact
        for fact in reading.teams(calls, lambda _what, _done, _total: None)
        if fact.name.casefold() == name and fact.parent_id == operation.parent_id
    ]
    return Effects(teams=tuple(found[:1]), requests=calls.requests) if found else None


def rename_team(calls: Calls, operation: RenameTeam) -> Effects | None:
    """By the team itself."""
    fact = reading.team(calls, operation.team_id)
    if fact is None or fact.name != operation.name:
        return None
    return Effects(renamed=(fact,), requests=calls.requests)


def add_members(calls: Calls, operation: AddMembers) -> Effects | None:
    """Adding again does no harm, so what is not seen at little cost counts as not done."""
    missing = set(operation.user_ids) - reading.team_members(calls, operation.team_id)
    if len(missing) > ASKED_ONE_BY_ONE:
        return None
    for user_id in sorted(missing):
        if operation.team_id not in reading.teams_of_user(calls, user_id):
            return None
    return applying.added(calls, operation)


def join_teams(calls: Calls, operation: JoinTeams) -> Effects | None:
    """All of them, or it counts as not done: what is there already is left out when it is tried again."""
    missing = set(operation.team_ids) - _known(lambda: reading.teams_of_user(calls, operation.user_id))
    return None if missing else applying.joined(calls, operation)


def remove_member(calls: Calls, operation: RemoveMember) -> Effects | None:
    """By the user's own list, which shows inactive users' teams, too."""
    if operation.team_id in _known(lambda: reading.teams_of_user(calls, operation.user_id)):
        return None
    return Effects(members_removed=((operation.team_id, operation.user_id),), requests=calls.requests)


def leave_teams(calls: Calls, operation: LeaveTeams) -> Effects | None:
    """By the user's own list, which shows inactive users' teams, too."""
    there = _known(lambda: reading.teams_of_user(calls, operation.user_id))
    return None if there & set(operation.team_ids) else applying.left(calls, operation)


def set_role(calls: Calls, operation: SetRole) -> Effects | None:
    """By the team's list of those who have the role."""
    people = _known(lambda: reading.people_with_role(calls, operation.team_id, operation.role))
    if (operation.user_id in people) is not operation.held:
        return None
    return Effects(roles_set=(operation,), requests=calls.requests)


def assign_items(calls: Calls, operation: AssignItems) -> Effects | None:
    """All of them, or it counts as not done: giving again does no harm."""
    missing = set(operation.item_ids) - reading.items_of_user(calls, operation.user_id, operation.kind)
    return None if missing else applying.assigned(calls, operation)


def unassign_item(calls: Calls, operation: UnassignItem) -> Effects | None:
    """By the user's own list."""
    user_id, item = operation.user_id, operation.item
    if item.id in _known(lambda: reading.items_of_user(calls, user_id, item.kind)):
        return None
    return Effects(unassigned=((user_id, item),), requests=calls.requests)


def give_team(calls: Calls, operation: GiveTeam) -> Effects | None:
    """All of them, or it counts as not done: giving again does no harm."""
    have = {one.item.key.id for one in reading.items_of_team(calls, operation.team_id, operation.kind)}
    return None if set(operation.item_ids) - have else applying.team_given(calls, operation)


def take_from_team(calls: Calls, operation: TakeFromTeam) -> Effects | None:
    """By the team's own list."""
    have = reading.items_of_team(calls, operation.team_id, operation.item.kind)
    if any(one.item.key == operation.item for one in have):
        return None
    return Effects(team_taken=((operation.team_id, operation.item),), requests=calls.requests)


def _known(read: Callable[[], frozenset[str]]) -> frozenset[str]:
    """What a read found, or nothing if Litmos does not know the user or the team (404)."""
    try:
        return read()
    except Permanent as refusal:
        if refusal.code != NOT_FOUND:
            raise
        return frozenset()
