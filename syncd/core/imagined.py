"""Imagined: what would be so if Litmos did what an Operation asks, as the contract has it, and nothing went wrong."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from syncd.core.model import ItemKey, ItemKind
from syncd.core.operation import (
    AddMembers,
    AssignItems,
    CreateTeam,
    CreateUser,
    Effects,
    GiveTeam,
    JoinTeams,
    Learner,
    LeaveTeams,
    Operation,
    PutUser,
    RemoveMember,
    RenameTeam,
    ResetCourse,
    SetRole,
    TakeFromTeam,
    TeamFact,
    UnassignItem,
)
from syncd.core.training_operations import RecordModule, RecordSession

NEW_USER = {"AccessLevel": "Learner", "DisableMessages": False, "SkipFirstLogin": False, "Active": True}
"""What somebody new has unless the rules say otherwise."""


def imagine(
    operation: Operation,
    new_id: Callable[[], str],
    *,
    profile: Mapping[str, Any] | None = None,
    team: TeamFact | None = None,
    alone: bool = False,
) -> Effects:
    """The Effects of an Operation on an imagined account.

    ``new_id`` names what is created; ``profile`` is the record of the user whom a ``PutUser`` changes, ``team`` the one that a
    ``RenameTeam`` does. ``alone``: the module of a ``RecordModule`` or ``RecordSession`` is the only one of its course, which is
    completed with it. What is only read has no Effects, and nobody learns anything there but what HR says.
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
        case RecordModule() | RecordSession() if alone:
            at = operation.at if isinstance(operation, RecordModule) else None
            return _learnt(operation.user_id, operation.course_id, completed=True, at=at)
        case ResetCourse():
            return _learnt(operation.user_id, operation.item.id, completed=False)
        case _:
            return _of_teams(operation)


def _learnt(user_id: str, course_id: str, *, completed: bool, at: datetime | None = None) -> Effects:
    percent = 100.0 if completed else 0.0
    person = Learner(user_id=user_id, completed=completed, percent=percent, completed_at=at)
    return Effects(progress=((ItemKey(ItemKind.COURSE, course_id), person),))


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
