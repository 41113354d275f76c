"""Routes of teams, their members, leaders and admins (litmos-api 4.3)."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from syncd.sandbox import profile as profiles
from syncd.sandbox import team_rules as rules
from syncd.sandbox.call import CREATED, DONE, Call, Contract, Reply, Route, listed, single
from syncd.sandbox.entities import Team
from syncd.sandbox.paging import chosen_users, page, searched
from syncd.sandbox.refusal import Refusal, bad_body
from syncd.sandbox.user_rules import list_view
from syncd.sandbox.world import World

TEAM = Contract(root="Team", members=("Id", "Name", "Description", "TeamCodeForBulkImport", "ParentTeamId"))
TEAMS = Contract(root="Teams", item="Team", members=TEAM.members)
USERS = Contract(root="Users", item="User")


def brief(team: Team) -> dict[str, Any]:
    """The shape of lists (litmos-api 4.3)."""
    return {
        "Id": team.id,
        "Name": team.name,
        "TeamCodeForBulkImport": team.code,
        "ParentTeamId": team.parent_id,
    }


def _teams(world: World, call: Call, teams: Iterable[Team]) -> Reply:
    found = page(world, call, searched(call, teams, lambda team: team.name))
    return listed("Teams", "Team", [brief(team) for team in found])


def _list(world: World, call: Call) -> Reply:
    return _teams(world, call, world.live_teams())


def _subteams(world: World, call: Call) -> Reply:
    world.team(call.args[0])
    return _teams(world, call, world.descendants(call.args[0], deep=world.modes.subteams_deep))


def _get(world: World, call: Call) -> Reply:
    team = world.team(call.args[0])
    row = {
        "Id": team.id,
        "Name": team.name,
        "Description": team.description,
        "ParentTeamId": team.parent_id,
        "TeamCodeForBulkImport": team.code,
    }
    return single("Team", row)


def _post(world: World, call: Call) -> Reply:
    """201 with Id, Name and Description [REC]; below a team too (SPEC says 200 there)."""
    body = call.item(TEAM)
    parent = call.args[0] if call.args else profiles.text(body.get("ParentTeamId")) or ""
    name, description = profiles.text(body.get("Name")), profiles.text(body.get("Description"))
    team = rules.create_team(world, name or "", description or "", parent)
    status = 200 if call.args and world.modes.spec_statuses else 201
    return single("Team", {"Id": team.id, "Name": team.name, "Description": team.description}, status=status)


def _put(world: World, call: Call) -> Reply:
    body = call.item(TEAM)
    if body.get("Id") != call.args[0]:
        raise Refusal(
            404, "Please check the teamid in the xml/json and the teamid in the URL. They must match."
        )
    name, description = profiles.text(body.get("Name")), profiles.text(body.get("Description"))
    rules.rename_team(world, call.args[0], name or "", description)
    return DONE


def _delete(world: World, call: Call) -> Reply:
    rules.delete_team(world, call.args[0])
    return DONE


def _members(world: World, call: Call) -> Reply:
    """Active users only [DOC]."""
    team = world.team(call.args[0])
    users = [world.users[row.user_id] for row in world.current_members(team.id)]
    shown = page(world, call, chosen_users(world, call, [user for user in users if user.active]))
    return listed("Users", "User", [list_view(user) for user in shown])


def _role_list(world: World, call: Call, *, admin: bool) -> Reply:
    team = world.team(call.args[0])
    rows = [row for row in world.current_members(team.id) if (row.admin if admin else row.leader)]
    shown = page(world, call, chosen_users(world, call, [world.users[row.user_id] for row in rows]))
    return listed("Users", "User", [list_view(user) for user in shown])


def _role_set(world: World, call: Call, *, admin: bool, value: bool) -> Reply:
    rules.promote(world, call.args[0], call.args[1], admin=admin, value=value)
    return DONE


def _add(world: World, call: Call) -> Reply:
    """201, empty [REC]; 404 for an unknown team or an empty list [SPEC]."""
    team = world.team(call.args[0])
    ids = ids_of(call, USERS)
    if not ids:
        raise Refusal(404, "No team with this id exists in your organization, or the user list is empty.")
    rules.add_members(world, team.id, ids)
    if call.flag("sendmessage"):
        world.mails += [(user_id, f"team {team.id}") for user_id in ids]
    return CREATED


def _remove(world: World, call: Call) -> Reply:
    rules.remove_member(world, call.args[0], call.args[1])
    return DONE


def _of_user(world: World, call: Call) -> Reply:
    world.user(call.args[0])
    return _teams(world, call, [world.teams[row.team_id] for row in world.current_teams(call.args[0])])


def _join(world: World, call: Call) -> Reply:
    rules.join_teams(world, call.args[0], ids_of(call, TEAMS))
    return DONE


def _leave(world: World, call: Call) -> Reply:
    rules.leave_teams(world, call.args[0])
    return DONE


def ids_of(call: Call, contract: Contract, *keys: str) -> list[str]:
    """The Ids in a list body, under the first of ``keys`` present; 400 for an object without one (assumed)."""
    ids: list[str] = []
    for row in call.items(contract):
        value = next((text for key in keys or ("Id",) if (text := profiles.text(row.get(key)))), None)
        if value is None:
            raise bad_body()
        ids.append(value)
    return ids


ROUTES = (
    Route("GET", "/teams", _list),
    Route("POST", "/teams", _post),
    Route("GET", "/teams/{}", _get),
    Route("PUT", "/teams/{}", _put),
    Route("DELETE", "/teams/{}", _delete),
    Route("GET", "/teams/{}/teams", _subteams),
    Route("POST", "/teams/{}/teams", _post),
    Route("GET", "/teams/{}/users", _members),
    Route("POST", "/teams/{}/users", _add),
    Route("DELETE", "/teams/{}/users/{}", _remove),
    Route("GET", "/teams/{}/leaders", partial(_role_list, admin=False)),
    Route("PUT", "/teams/{}/leaders/{}", partial(_role_set, admin=False, value=True)),
    Route("DELETE", "/teams/{}/leaders/{}", partial(_role_set, admin=False, value=False)),
    Route("GET", "/teams/{}/admins", partial(_role_list, admin=True)),
    Route("PUT", "/teams/{}/admins/{}", partial(_role_set, admin=True, value=True)),
    Route("DELETE", "/teams/{}/admins/{}", partial(_role_set, admin=True, value=False)),
    Route("GET", "/users/{}/teams", _of_user),
    Route("POST", "/users/{}/teams", _join),
    Route("DELETE", "/users/{}/teams", _leave),
)
