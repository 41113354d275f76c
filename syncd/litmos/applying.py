"""Applying: what each Operation sends to Litmos, with the fewest requests, and what is known afterwards."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from syncd.core.account import CASELESS_FIELDS
from syncd.core.model import ItemKey, ItemKind
from syncd.core.operation import (
    AddMembers,
    AssignItems,
    CreateTeam,
    CreateUser,
    Effects,
    GiveTeam,
    JoinTeams,
    PutUser,
    ReadUsers,
    RemoveMember,
    RenameTeam,
    SetRole,
    TakeFromTeam,
    UnassignItem,
)
from syncd.core.protection import PROTECTED, refusal_of
from syncd.errors import LitmosError, Permanent, Transient
from syncd.litmos import reading, shape
from syncd.litmos.client import Calls, Row
from syncd.litmos.faults import NOT_FOUND, unknown_outcome
from syncd.litmos.wire import decoded, full_record, holds, identity, new_record, text_of

ALREADY_SO = "already so"
"""The note of an Operation that found nothing left to do."""
KEPT = "kept: a team or a learning path gives it as well, so Litmos does not take it from one person"
"""The note of an item that could not be taken from a user."""


def create_user(calls: Calls, operation: CreateUser) -> Effects:
    """201 and the full user [REC]; skipfirstlogin also as a parameter, for the body's was ignored [REC]."""
    skip = {"skipfirstlogin": "true"} if operation.fields.get("SkipFirstLogin") is True else {}
    made = calls.write("POST", ("users",), new_record(operation.fields), skip, invite=operation.invite)
    row = _object_with_id(made, "the new user")
    if flaw := shape.flaw({**new_record(operation.fields), **row}):
        raise unknown_outcome(f"Litmos took the new user, and answered oddly: {flaw}", 200)
    if not holds(row, {"UserName": operation.fields.get("UserName", "")}, CASELESS_FIELDS):
        raise unknown_outcome("Litmos took the new user, and answered with another", 200)
    return Effects(profiles=({**new_record(operation.fields), **row},), requests=calls.requests)


def put_user(calls: Calls, operation: PutUser) -> Effects:
    """Read-modify-write of the full record (litmos-api 6.1); no PUT if the record says so already.

    Raises Permanent ``PROTECTED``, before anything is written, if the record is that of a protected user.
    """
    given = operation.profile
    usable = given is not None and given.get("Id") == operation.user_id and not shape.flaw(given)
    profile = given if usable else reading.user(calls, operation.user_id)
    if profile is None:
        raise user_gone()
    if is_put(profile, operation):
        return Effects(
            profiles=(profile,),
            profiles_just_read=calls.requests > 0,
            requests=calls.requests,
            note=ALREADY_SO,
        )
    if why := operation.protection.why(identity(operation.user_id, profile)):
        raise Permanent(refusal_of(why), code=PROTECTED)
    body = full_record(profile, operation.fields, active=operation.active)
    calls.write("PUT", ("users", operation.user_id), body)
    return Effects(
        profiles=({**profile, **operation.fields, "Active": body["Active"]},),
        requests=calls.requests,
    )


def is_put(profile: Mapping[str, Any], operation: PutUser) -> bool:
    """Whether the record has the wanted values and the wanted state already."""
    active = text_of(profile.get("Active")).lower() == "true"
    return (operation.active is None or operation.active is active) and holds(
        profile, operation.fields, CASELESS_FIELDS
    )


def user_gone() -> Permanent:
    """The refusal to change a user whom Litmos does not know (any more)."""
    return Permanent("Litmos no longer knows this user", status=404, code="LITMOS-404-USER-GONE")


def create_team(calls: Calls, operation: CreateTeam) -> Effects:
    """201 and the team [REC]; the answer may leave ParentTeamId empty even for a sub-team (litmos-api 4.3)."""
    path = ("teams", operation.parent_id, "teams") if operation.parent_id else ("teams",)
    body = {"Id": "", "Name": operation.name, "Description": ""}
    if operation.parent_id:
        body["ParentTeamId"] = operation.parent_id
    try:
        made = calls.write("POST", path, body)
    except Permanent as refusal:
        raise _name_taken(calls, operation.name, refusal) from None
    row = _object_with_id(made, "the new team")
    try:
        fact = reading.team_fact({"Name": operation.name, **row}, parent_id=operation.parent_id)
    except Transient as error:
        raise unknown_outcome(f"Litmos took the new team, and answered oddly: {error}", 200) from None
    if fact.name.casefold() != operation.name.strip().casefold():
        raise unknown_outcome("Litmos took the new team, and answered with another", 200)
    return Effects(teams=(fact,), requests=calls.requests)


def rename_team(calls: Calls, operation: RenameTeam) -> Effects:
    """Read-modify-write, since what a PUT leaves out may become empty (litmos-api 6.1); no PUT if it has the name already."""
    row = reading.whole_team(calls, operation.team_id)
    if row is None:
        raise Permanent("Litmos no longer knows this team", status=404, code="LITMOS-404-TEAM-GONE")
    if text_of(row.get("Name")) == operation.name:
        return Effects(renamed=(reading.team_fact(row),), requests=calls.requests, note=ALREADY_SO)
    body = {"Id": operation.team_id, "Name": operation.name, "Description": text_of(row.get("Description"))}
    try:
        calls.write("PUT", ("teams", operation.team_id), body)
    except Permanent as refusal:
        raise _name_taken(calls, operation.name, refusal) from None
    return Effects(renamed=(reading.team_fact({**row, "Name": operation.name}),), requests=calls.requests)


def _name_taken(calls: Calls, name: str, refusal: Permanent) -> Permanent:
    """The refusal of a name that another team has, with where that team is (by ids: a name may be a person's)."""
    if refusal.status != HTTPStatus.CONFLICT:
        return refusal
    try:
        listed = reading.teams(calls, lambda _what, _done, _total: None)
    except LitmosError:
        return refusal
    others = [team for team in listed if team.name.casefold() == name.strip().casefold()]
    where = ", ".join(f"{team.id} (below {team.parent_id or 'none'})" for team in others)
    return Permanent(
        f"Litmos takes no second team of the same name, and has it as team {where or 'unknown'}: rename that one, or make "
        f"names unique in `teams:`, such as '{{division}}: {{department}}'; then: syncd push ({refusal})",
        status=refusal.status,
        code=refusal.code,
    )


def add_members(calls: Calls, operation: AddMembers) -> Effects:
    """201 even if ids are unknown or members already (litmos-api 3): the next refresh sees what came of it."""
    body = [{"Id": user_id} for user_id in operation.user_ids]
    calls.write("POST", ("teams", operation.team_id, "users"), body)
    return added(calls, operation)


def added(calls: Calls, operation: AddMembers) -> Effects:
    """The Effects of members that are in the team now."""
    pairs = tuple((operation.team_id, user_id) for user_id in operation.user_ids)
    return Effects(members_added=pairs, requests=calls.requests)


def join_teams(calls: Calls, operation: JoinTeams) -> Effects:
    """Up to 25 teams for one user. 409 if the user is in any of them: then the missing ones go alone (litmos-api 3).

    404 if Litmos does not know the user or one of the teams; then nobody has joined any [INFER].
    """
    try:
        _join(calls, operation.user_id, operation.team_ids)
    except Permanent as refusal:
        if refusal.status != HTTPStatus.CONFLICT:
            raise
        there = reading.teams_of_user(calls, operation.user_id)
        missing = [team_id for team_id in operation.team_ids if team_id not in there]
        if len(missing) == len(operation.team_ids):
            raise
        if not missing:
            return replace(joined(calls, operation), note=ALREADY_SO)
        _join(calls, operation.user_id, missing)
    return joined(calls, operation)


def joined(calls: Calls, operation: JoinTeams) -> Effects:
    """The Effects of teams that the user is in now."""
    pairs = tuple((team_id, operation.user_id) for team_id in operation.team_ids)
    return Effects(members_added=pairs, requests=calls.requests)


def _join(calls: Calls, user_id: str, team_ids: Iterable[str]) -> None:
    calls.write("POST", ("users", user_id, "teams"), [{"Id": team_id} for team_id in team_ids])


def remove_member(calls: Calls, operation: RemoveMember) -> Effects:
    """One call per user and team (litmos-api 4.3)."""
    path = ("teams", operation.team_id, "users", operation.user_id)
    note = _delete(calls, path)
    return Effects(
        members_removed=((operation.team_id, operation.user_id),), requests=calls.requests, note=note
    )


def set_role(calls: Calls, operation: SetRole) -> Effects:
    """A PUT makes a member leader or admin [REC]; 404 says that they are no member, and to a DELETE that it is so already."""
    path = (*reading.role_path(operation.team_id, operation.role), operation.user_id)
    if not operation.held:
        note = _delete(calls, path)
        return Effects(roles_set=(operation,), requests=calls.requests, note=note)
    try:
        calls.write("PUT", path)
    except Permanent as refusal:
        if refusal.code != NOT_FOUND:
            raise
        raise Permanent(
            f"Litmos says that the user is no member of the team, and so cannot be its {operation.role.value}; "
            f"the next refresh sees who is ({refusal})",
            status=refusal.status,
            code="LITMOS-404-NO-MEMBER",
        ) from None
    return Effects(roles_set=(operation,), requests=calls.requests)


def assign_items(calls: Calls, operation: AssignItems) -> Effects:
    """Many learning paths, or courses, for one user in one call (litmos-api 4.4, 4.5), with no mail.

    Courses that are unknown or had already are ignored without a word; whether paths that the user has are refused (409)
    is unsettled: then the others go alone. The next refresh sees what came of it.
    """
    try:
        _give_items(calls, operation, operation.item_ids)
    except Permanent as refusal:
        if refusal.status != HTTPStatus.CONFLICT:
            raise
        held = reading.items_of_user(calls, operation.user_id, operation.kind)
        missing = [item_id for item_id in operation.item_ids if item_id not in held]
        if len(missing) == len(operation.item_ids):
            raise
        if not missing:
            return replace(assigned(calls, operation), note=ALREADY_SO)
        _give_items(calls, operation, missing)
    return assigned(calls, operation)


def assigned(calls: Calls, operation: AssignItems) -> Effects:
    """The Effects of items that the user has now."""
    pairs = tuple((operation.user_id, ItemKey(operation.kind, item_id)) for item_id in operation.item_ids)
    return Effects(assigned=pairs, requests=calls.requests)


def unassign_item(calls: Calls, operation: UnassignItem) -> Effects:
    """406 for an item that the user has by way of a team, or a course by way of a learning path (litmos-api 4.4, 4.5).

    Then they keep it, and that is remembered: trying again would be refused until whatever else gives it has ended.
    """
    path = ("users", operation.user_id, reading.SEGMENT[operation.item.kind], operation.item.id)
    try:
        note = _delete(calls, path)
    except Permanent as refusal:
        if refusal.status != HTTPStatus.NOT_ACCEPTABLE:
            raise
        return Effects(kept=((operation.user_id, operation.item),), requests=calls.requests, note=KEPT)
    return Effects(unassigned=((operation.user_id, operation.item),), requests=calls.requests, note=note)


def give_team(calls: Calls, operation: GiveTeam) -> Effects:
    """Many learning paths, or courses, for one team in one call, with no mail; both keys that are told of (litmos-api 4.3)."""
    path = ("teams", operation.team_id, reading.SEGMENT[operation.kind])
    body = [_team_body(ItemKey(operation.kind, item_id), operation.library) for item_id in operation.item_ids]
    calls.write("POST", path, body, {"includesubteams": "false"})
    return team_given(calls, operation)


def team_given(calls: Calls, operation: GiveTeam) -> Effects:
    """The Effects of items that the team has now."""
    given = tuple(
        (operation.team_id, ItemKey(operation.kind, item_id), operation.library)
        for item_id in operation.item_ids
    )
    return Effects(team_given=given, requests=calls.requests)


def take_from_team(calls: Calls, operation: TakeFromTeam) -> Effects:
    """A DELETE with a body (litmos-api 4.3). 404 says that it is so already, or that the body was not understood: then it
    is looked up.
    """
    path = ("teams", operation.team_id, reading.SEGMENT[operation.item.kind])
    note = ""
    try:
        calls.write("DELETE", path, [_team_body(operation.item, library=False)], {"includesubteams": "false"})
    except Permanent as refusal:
        if refusal.code != NOT_FOUND:
            raise
        have = reading.items_of_team(calls, operation.team_id, operation.item.kind)
        if any(one.item.key == operation.item for one in have):
            raise
        note = ALREADY_SO
    return Effects(team_taken=((operation.team_id, operation.item),), requests=calls.requests, note=note)


def read_users(calls: Calls, _operation: ReadUsers) -> Effects:
    """All full records by page; the PUTs that follow may use them."""
    profiles = reading.profiles(calls, lambda _what, _done, _total: None)
    return Effects(profiles=profiles, profiles_just_read=True, listed=True, requests=calls.requests)


def _give_items(calls: Calls, operation: AssignItems, item_ids: Iterable[str]) -> None:
    path = ("users", operation.user_id, reading.SEGMENT[operation.kind])
    calls.write("POST", path, [{"Id": item_id} for item_id in item_ids])


def _team_body(item: ItemKey, library: bool) -> dict[str, object]:  # noqa: FBT001 - one of two forms
    if item.kind is ItemKind.LEARNING_PATH:
        return {"Id": item.id, "LearningPathId": item.id}
    return {"Id": item.id, "CourseId": item.id, "CourseTeamLibrary": library}


def _delete(calls: Calls, path: tuple[str, ...]) -> str:
    """Delete; a 404 says that it is so already. Returns the note."""
    try:
        calls.write("DELETE", path)
    except Permanent as refusal:
        if refusal.code != NOT_FOUND:
            raise
        return ALREADY_SO
    return ""


def _object_with_id(value: Any, what: str) -> Row:
    """The object that a create is answered with; without its Id nobody knows what was made."""
    if isinstance(value, dict) and isinstance(value.get("Id"), str) and value["Id"]:
        return decoded(value)
    raise unknown_outcome(f"Litmos took {what} but did not name its Id", 200)
