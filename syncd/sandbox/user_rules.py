"""User rules: create, change and delete users."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from syncd.sandbox import profile as profiles
from syncd.sandbox.enrolling import settle_user
from syncd.sandbox.entities import User
from syncd.sandbox.refusal import Refusal, bad_body
from syncd.sandbox.world import World

_DEFAULTS = {"Culture": "en-US", "Brand": "Default"}
_DUPLICATE = "UserName already exists"


def iso(moment: datetime | None) -> str:
    """A date that the contract models as a string: ``2016-12-09T07:54:27Z`` or "" [REC]."""
    return "" if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def create_user(world: World, body: Mapping[str, Any], *, skip_first_login: bool = False) -> User:
    """POST /users: 409 for a username that exists [REC]; names are required [DOC].

    Absent members are null, Culture, Brand, FullName and LoginKey are filled in, SkipFirstLogin of the body is
    ignored [REC].
    """
    values = profiles.written(body, None)
    for name, default in _DEFAULTS.items():
        values[name] = values[name] or default
    values["SkipFirstLogin"] = skip_first_login
    profiles.completed(values)
    profiles.check(values)
    _check_role(world, values["JobRole"])
    if not values["FirstName"] or not values["LastName"]:
        raise bad_body()
    _check_unique(world, values["UserName"], None)
    _check_manager(world, values["ManagerId"])
    number, user_id = world.mint.mint("user")
    now = world.now()
    user = User(id=user_id, number=number, profile={}, created_at=now, updated_at=now)
    user.profile = dict.fromkeys(profiles.ORDER)
    user.profile.update(values)
    user.profile.update(
        {
            "Id": user_id,
            "OriginalId": number,
            "LastLogin": "",
            "LoginKey": world.mint.login_url(number),
            "CreatedDate": iso(now),
            "Points": 0,
            "ManagerName": "",
        }
    )
    if world.modes.visibility_delay:
        user.visible_from = world.clock() + world.modes.visibility_delay
    add_user(world, user)
    return user


def add_user(world: World, user: User) -> None:
    """Puts a user whose values are known to be good into the account."""
    world.users[user.id] = user
    world.names[user.name.casefold()] = user.id


def put_user(world: World, user_id: str, body: Mapping[str, Any]) -> None:
    """PUT /users/{id}: replaces or merges, as the mode says (unsettled, litmos-api 6.1).

    404 if URL and body differ or the manager does not exist; 409 for values that are not valid [SPEC].
    """
    user = world.user(user_id)
    if body.get("Id") != user_id:
        raise Refusal(
            404, "Please check the userid in the xml/json and the userid in the URL. They must match."
        )
    change_user(
        world, user, profiles.written(body, user.profile if world.modes.put_mode == "merge" else None)
    )


def change_user(world: World, user: User, values: Mapping[str, Any]) -> None:
    """Lays writable values over a user; checks them as PUT does."""
    profile = profiles.completed({**user.profile, **values})
    profiles.check(profile)
    _check_role(world, profile["JobRole"])
    _check_unique(world, profile["UserName"], user.id)
    _check_manager(world, profile["ManagerId"])
    was_active = user.active
    del world.names[user.name.casefold()]
    user.profile = profile
    user.updated_at = world.now()
    world.names[user.name.casefold()] = user.id
    if was_active and not user.active and not world.modes.deactivation_keeps_teams:
        for row in world.current_teams(user.id):
            row.active, row.leader, row.admin, row.updated_at = False, False, False, world.now()
        settle_user(world, user.id)


def delete_user(world: World, user_id: str) -> None:
    """DELETE /users/{id}: for good, with memberships and results [DOC]."""
    user = world.users.get(user_id)
    if user is None:
        raise Refusal(404, "No user with this id exists in your organization.")
    for team_id in world.teams_of.pop(user_id, {}):
        world.members[team_id].pop(user_id, None)
    for shelf in world.shelves.values():
        shelf.forget_user(user_id)
    world.achievements = [row for row in world.achievements if row.user_id != user_id]
    world.awards = [row for row in world.awards if row.user_id != user_id]
    for session in world.sessions.values():
        session.registrations.pop(user_id, None)
    for other in world.users.values():
        if other.profile["ManagerId"] == user_id:
            other.profile["ManagerId"] = "0"
    del world.names[user.name.casefold()]
    del world.users[user_id]


def view(world: World, user: User) -> dict[str, Any]:
    """The full profile in order, with the manager's present name."""
    boss = world.users.get(user.profile["ManagerId"] or "")
    return {
        **user.profile,
        "LastLogin": iso(user.last_login_at),
        "ManagerName": boss.profile["FullName"] if boss else "",
    }


def list_view(user: User) -> dict[str, Any]:
    """The short shape of lists [REC]."""
    return {name: user.profile[name] for name in profiles.LIST_VIEW}


def _check_unique(world: World, name: str, own_id: str | None) -> None:
    if world.names.get(name.casefold(), own_id) != own_id:
        raise Refusal(409, _DUPLICATE)


def _check_role(world: World, role: str | None) -> None:
    """409 for a job role that the account does not have [SPEC]."""
    if role and role not in world.job_roles:
        raise Refusal(409, "Job Role is invalid.")


def _check_manager(world: World, manager_id: str) -> None:
    if manager_id != "0" and manager_id not in world.users:
        raise Refusal(404, "The manager Id in the xml/json is not valid.")
