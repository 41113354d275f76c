"""Target: one Operation applied to Litmos, or settled by reading after a write whose outcome is unknown."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from syncd.core.diff import CASELESS_FIELDS
from syncd.core.model import Completion, LearningPath
from syncd.core.operation import (
    AddMembers,
    AssignPaths,
    CreateTeam,
    CreateUser,
    Effects,
    Operation,
    PathUser,
    PutUser,
    ReadUsers,
    RemoveMember,
    Snapshot,
    TeamFact,
    UnassignPath,
    Unwatched,
    Watch,
)
from syncd.errors import Permanent
from syncd.litmos import reading, results
from syncd.litmos.client import Calls, LitmosClient, Row
from syncd.litmos.faults import unknown_outcome
from syncd.litmos.reading import Choice, Progress
from syncd.litmos.wire import full_record, holds, new_record, text_of

ALREADY_SO = "already so"
"""The note of an Operation that found nothing left to do."""
ASKED_ONE_BY_ONE = 5
"""So many users missing from a team's list are looked up singly: they may be inactive, and hidden there."""


class Target:
    """Litmos, as the worker and the flows use it. Thread-safe. Every method raises LitmosError, Interrupted, and what its
    Watch raises.
    """

    def __init__(self, client: LitmosClient) -> None:
        """Over one client; nothing is sent."""
        self._client = client

    def apply(self, operation: Operation, *, watch: Watch) -> Effects:
        """Do it, with the fewest requests; says what is now known about Litmos."""
        calls = self._client.calls(watch)
        match operation:
            case CreateUser():
                return _create_user(calls, operation)
            case PutUser():
                return _put_user(calls, operation)
            case CreateTeam():
                return _create_team(calls, operation)
            case AddMembers():
                return _add_members(calls, operation)
            case RemoveMember():
                return _remove_member(calls, operation)
            case AssignPaths():
                return _assign_paths(calls, operation)
            case UnassignPath():
                return _unassign_path(calls, operation)
            case ReadUsers():
                return _read_users(calls)

    def settle(self, operation: Operation, *, watch: Watch) -> Effects | None:
        """Read whether it was done: its Effects if what it wanted is there, None if it is not there now.

        A late request may still arrive after that; how often to ask is the worker's to say.
        """
        calls = self._client.calls(watch)
        match operation:
            case CreateUser():
                return _settle_create_user(calls, operation)
            case PutUser():
                return _settle_put_user(calls, operation)
            case CreateTeam():
                return _settle_create_team(calls, operation)
            case AddMembers():
                return _settle_add_members(calls, operation)
            case RemoveMember():
                return _settle_remove_member(calls, operation)
            case AssignPaths():
                return _settle_assign_paths(calls, operation)
            case UnassignPath():
                return _settle_unassign_path(calls, operation)
            case ReadUsers():
                return _read_users(calls)

    def snapshot(
        self,
        managed_teams: Callable[[tuple[TeamFact, ...]], Collection[str]],
        mapped_paths: Callable[[tuple[LearningPath, ...]], Collection[str]],
        *,
        began_at: datetime,
        progress: Progress = lambda _what, _done, _total: None,
        watch: Watch | None = None,
    ) -> Snapshot:
        """Read users, teams, learning paths, the members of the managed teams and the users of the mapped paths.

        With P(n) = n // 1000 + 1 it takes P(users) + P(teams) + P(paths) + the sum of P over each of those members' and
        users' lists. Lists are complete, or the whole snapshot raises.
        """
        choice = Choice(teams=managed_teams, paths=mapped_paths)
        return reading.snapshot(self._calls(watch), choice, began_at=began_at, progress=progress)

    def read_user(self, user_id: str, *, watch: Watch | None = None) -> Mapping[str, Any] | None:
        """The full record of one user, or None if Litmos does not know the id."""
        return reading.user(self._calls(watch), user_id)

    def find_user(self, username: str, *, watch: Watch | None = None) -> Mapping[str, Any] | None:
        """The full record of the user with exactly this UserName but for case, or None. Two requests, one if none."""
        return _user_named(self._calls(watch), username)

    def read_team(self, team_id: str, *, watch: Watch | None = None) -> TeamFact | None:
        """One team, or None if Litmos does not know the id."""
        return reading.team(self._calls(watch), team_id)

    def members(self, team_id: str, *, watch: Watch | None = None) -> frozenset[str]:
        """The ids of the active users of a team."""
        return reading.team_members(self._calls(watch), team_id)

    def user_teams(self, user_id: str, *, watch: Watch | None = None) -> frozenset[str]:
        """The ids of the teams of a user, active or not."""
        return reading.teams_of_user(self._calls(watch), user_id)

    def path_users(self, path_id: str, *, watch: Watch | None = None) -> tuple[PathUser, ...]:
        """The users of a learning path."""
        return reading.users_of_path(self._calls(watch), path_id)

    def user_paths(self, user_id: str, *, watch: Watch | None = None) -> frozenset[str]:
        """The ids of the learning paths of a user."""
        return reading.paths_of_user(self._calls(watch), user_id)

    def completions(self, since: datetime, to: datetime, watch: Watch | None = None) -> Iterator[Completion]:
        """Results of courses and learning paths that changed between ``since`` and ``to``, oldest window first."""
        return results.completions(self._calls(watch), since, to)

    def _calls(self, watch: Watch | None) -> Calls:
        return self._client.calls(watch or Unwatched())


def _create_user(calls: Calls, operation: CreateUser) -> Effects:
    """201 and the full user [REC]; skipfirstlogin also as a parameter, for the body's was ignored [REC]."""
    skip = {"skipfirstlogin": "true"} if operation.fields.get("SkipFirstLogin") is True else {}
    made = calls.write("POST", ("users",), new_record(operation.fields), skip)
    row = _object_with_id(made, "the new user")
    return Effects(profiles=({**new_record(operation.fields), **row},), requests=calls.requests)


def _settle_create_user(calls: Calls, operation: CreateUser) -> Effects | None:
    profile = _user_named(calls, str(operation.fields.get("UserName", "")))
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


def _user_named(calls: Calls, username: str) -> Row | None:
    for row in reading.users_named(calls, username):
        profile = reading.user(calls, row["Id"])
        if profile is not None:
            return profile
    return None


def _put_user(calls: Calls, operation: PutUser) -> Effects:
    """Read-modify-write of the full record (litmos-api 6.1); no PUT if the record says so already."""
    given = operation.profile
    profile = given if given and given.get("Id") == operation.user_id else reading.user(calls, operation.user_id)
    if profile is None:
        raise _user_gone()
    if _is_put(profile, operation):
        return Effects(
            profiles=(profile,),
            profiles_just_read=calls.requests > 0,
            requests=calls.requests,
            note=ALREADY_SO,
        )
    body = full_record(profile, operation.fields, active=operation.active)
    calls.write("PUT", ("users", operation.user_id), body)
    return Effects(
        profiles=({**profile, **operation.fields, "Active": body["Active"]},), requests=calls.requests
    )


def _settle_put_user(calls: Calls, operation: PutUser) -> Effects | None:
    profile = reading.user(calls, operation.user_id)
    if profile is None:
        raise _user_gone()
    if not _is_put(profile, operation):
        return None
    return Effects(profiles=(profile,), profiles_just_read=True, requests=calls.requests)


def _is_put(profile: Mapping[str, Any], operation: PutUser) -> bool:
    active = text_of(profile.get("Active")).lower() == "true"
    return (operation.active is None or operation.active is active) and holds(
        profile, operation.fields, CASELESS_FIELDS
    )


def _user_gone() -> Permanent:
    return Permanent("Litmos no longer knows this user", status=404, code="LITMOS-404-USER-GONE")


def _create_team(calls: Calls, operation: CreateTeam) -> Effects:
    path = ("teams", operation.parent_id, "teams") if operation.parent_id else ("teams",)
    body = {"Id": "", "Name": operation.name, "Description": ""}
    if operation.parent_id:
        body["ParentTeamId"] = operation.parent_id
    row = _object_with_id(calls.write("POST", path, body), "the new team")
    fact = reading.team_fact({"Name": operation.name, **row}, parent_id=operation.parent_id)
    return Effects(teams=(fact,), requests=calls.requests)


def _settle_create_team(calls: Calls, operation: CreateTeam) -> Effects | None:
    name = operation.name.strip().casefold()
    found = [
        fact
        for fact in reading.teams(calls, lambda _what, _done, _total: None)
        if fact.name.casefold() == name and fact.parent_id == operation.parent_id
    ]
    return Effects(teams=tuple(found[:1]), requests=calls.requests) if found else None


def _add_members(calls: Calls, operation: AddMembers) -> Effects:
    """201 even if ids are unknown or members already (litmos-api 3): the next refresh sees what came of it."""
    body = [{"Id": user_id} for user_id in operation.user_ids]
    calls.write("POST", ("teams", operation.team_id, "users"), body)
    return _added(calls, operation)


def _settle_add_members(calls: Calls, operation: AddMembers) -> Effects | None:
    """Adding again does no harm, so what is not seen at little cost counts as not done."""
    missing = set(operation.user_ids) - reading.team_members(calls, operation.team_id)
    if len(missing) > ASKED_ONE_BY_ONE:
        return None
    for user_id in sorted(missing):
        if operation.team_id not in reading.teams_of_user(calls, user_id):
            return None
    return _added(calls, operation)


def _added(calls: Calls, operation: AddMembers) -> Effects:
    pairs = tuple((operation.team_id, user_id) for user_id in operation.user_ids)
    return Effects(members_added=pairs, requests=calls.requests)


def _remove_member(calls: Calls, operation: RemoveMember) -> Effects:
    path = ("teams", operation.team_id, "users", operation.user_id)
    note = _delete(calls, path)
    return Effects(
        members_removed=((operation.team_id, operation.user_id),), requests=calls.requests, note=note
    )


def _settle_remove_member(calls: Calls, operation: RemoveMember) -> Effects | None:
    if operation.team_id in _known(lambda: reading.teams_of_user(calls, operation.user_id)):
        return None
    return Effects(members_removed=((operation.team_id, operation.user_id),), requests=calls.requests)


def _assign_paths(calls: Calls, operation: AssignPaths) -> Effects:
    body = [{"Id": path_id} for path_id in operation.path_ids]
    calls.write("POST", ("users", operation.user_id, "learningpaths"), body)
    return _assigned(calls, operation)


def _settle_assign_paths(calls: Calls, operation: AssignPaths) -> Effects | None:
    missing = set(operation.path_ids) - reading.paths_of_user(calls, operation.user_id)
    return None if missing else _assigned(calls, operation)


def _assigned(calls: Calls, operation: AssignPaths) -> Effects:
    pairs = tuple((operation.user_id, path_id) for path_id in operation.path_ids)
    return Effects(paths_assigned=pairs, requests=calls.requests)


def _unassign_path(calls: Calls, operation: UnassignPath) -> Effects:
    path = ("users", operation.user_id, "learningpaths", operation.path_id)
    note = _delete(calls, path)
    return Effects(
        paths_unassigned=((operation.user_id, operation.path_id),), requests=calls.requests, note=note
    )


def _settle_unassign_path(calls: Calls, operation: UnassignPath) -> Effects | None:
    if operation.path_id in _known(lambda: reading.paths_of_user(calls, operation.user_id)):
        return None
    return Effects(paths_unassigned=((operation.user_id, operation.path_id),), requests=calls.requests)


def _read_users(calls: Calls) -> Effects:
    profiles = reading.profiles(calls, lambda _what, _done, _total: None)
    return Effects(profiles=profiles, profiles_just_read=True, requests=calls.requests)


def _delete(calls: Calls, path: tuple[str, ...]) -> str:
    """Delete; a 404 says that it is so already. Returns the note."""
    try:
        calls.write("DELETE", path)
    except Permanent as refusal:
        if refusal.status != 404:
            raise
        return ALREADY_SO
    return ""


def _known(read: Callable[[], frozenset[str]]) -> frozenset[str]:
    """What a read found, or nothing if Litmos does not know the user (404)."""
    try:
        return read()
    except Permanent as refusal:
        if refusal.status != 404:
            raise
        return frozenset()


def _object_with_id(value: Any, what: str) -> Row:
    """The object that a create is answered with; without its Id nobody knows what was made."""
    if isinstance(value, dict) and isinstance(value.get("Id"), str) and value["Id"]:
        return value
    raise unknown_outcome(f"Litmos took {what} but did not name its Id", 200)
