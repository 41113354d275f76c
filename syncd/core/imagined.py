"""Imagined: what would be so if Litmos did what an Operation asks, as the contract has it, and nothing went wrong."""

from collections.abc import Callable, Mapping
from typing import Any

from syncd.core.model import ItemKey
from syncd.core.operation import (
    AddMembers,
    AssignItems,
    CreateTeam,
    CreateUser,
    Effects,
    GiveTeam,
    JoinTeams,
    LeaveTeams,
    Operation,
    PutUser,
    RemoveMember,
    RenameTeam,
    SetRole,
    TakeFromTeam,
    TeamFact,
    UnassignItem,
)

NEW_USER = {"AccessLevel": "Learner", "DisableMessages": False, "SkipFirstLogin": False, "Active": True}
"""What somebody new has unless the rules say otherwise."""


def imagine(
    operation: Operation,
    new_id: Callable[[], str],
    *,
    profile: Mapping[str, Any] | None = None,
    team: TeamFact | None = None,
) -> Effects:
    """The Effects of an Operation on an imagined account.

    ``new_id`` names what is created; ``profile`` is the record of the user whom a ``PutUser`` changes, ``team`` the one that a
    ``RenameTeam`` does. What is only read, or tells how far people are, has no Effects: nobody learns anything there.
    """
    match operation:
        case CreateUser():
            made = {**NEW_USER, **operation.fields, "Id": new_id()}
            return Effects(profiles=(made,))
        case PutUser() if profile is not None:
            active = {} if operation.active is None else {"Active": operation.active}
            return Effects(profiles=({**profile, **operation.fields, **active},))
        case CreateTeam():
            return Effects(teams=(TeamFact(id=new_id(), name=operation.name, parent_id=operation.parent_id),))
        case RenameTeam() if team is not None:
            named = TeamFact(id=team.id, name=operation.name, parent_id=team.parent_id, code=team.code)
            return Effects(renamed=(named,))
        case AssignItems():
            items = (ItemKey(operation.kind, item_id) for item_id in operation.item_ids)
            return Effects(assigned=tuple((operation.user_id, item) for item in items))
        case UnassignItem():
            return Effects(unassigned=((operation.user_id, operation.item),))
        case SetRole():
            return Effects(roles_set=(operation,))
        case _:
            return _of_teams(operation)


def _of_teams(operation: Operation) -> Effects:
    match operation:
        case AddMembers():
            return Effects(members_added=tuple((operation.team_id, one) for one in operation.user_ids))
        case JoinTeams():
            return Effects(members_added=tuple((one, operation.user_id) for one in operation.team_ids))
        case RemoveMember():
            return Effects(members_removed=((operation.team_id, operation.user_id),))
        case LeaveTeams():
            return Effects(members_removed=tuple((one, operation.user_id) for one in operation.team_ids))
        case GiveTeam():
            items = (ItemKey(operation.kind, item_id) for item_id in operation.item_ids)
            return Effects(team_given=tuple((operation.team_id, item, operation.library) for item in items))
        case TakeFromTeam():
            return Effects(team_taken=((operation.team_id, operation.item),))
        case _:
            return Effects()
