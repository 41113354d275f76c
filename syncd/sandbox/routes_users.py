"""Routes of users (litmos-api 4.1)."""

from syncd.sandbox import profile as profiles
from syncd.sandbox.call import DONE, Call, Contract, Reply, Route, listed, single
from syncd.sandbox.paging import chosen_users, moment, page
from syncd.sandbox.user_rules import create_user, delete_user, list_view, put_user, view
from syncd.sandbox.world import World

USER = Contract(root="User", members=profiles.ORDER)


def _list(world: World, call: Call) -> Reply:
    users = page(world, call, chosen_users(world, call, world.users.values()))
    return listed("Users", "User", [list_view(user) for user in users])


def _paginated(world: World, call: Call) -> Reply:
    users = chosen_users(world, call, world.users.values())
    shown = page(world, call, users)
    pagination = {
        "BatchParam": "start",
        "BatchSize": len(shown),
        "Start": int(call.query.get("start") or 0),
        "TotalCount": len(users),
    }
    return single("UserCollection", {"Pagination": pagination, "Items": [list_view(user) for user in shown]})


def _details(world: World, call: Call) -> Reply:
    since = moment(call, "since")
    users = [user for user in world.users.values() if since is None or user.created_at >= since]
    shown = page(world, call, chosen_users(world, call, users))
    return listed("Users", "User", [view(world, user) for user in shown])


def _get(world: World, call: Call) -> Reply:
    named = world.user_by_name(call.args[0]) if call.args[0] not in world.users else None
    user = named if named is not None and world.seen(named) else world.user(call.args[0])
    return single("User", view(world, user))


def _post(world: World, call: Call) -> Reply:
    user = create_user(world, call.item(USER), skip_first_login=call.flag("skipfirstlogin"))
    if call.flag("sendmessage"):
        world.mails.append((user.name, "welcome"))
    return single("User", view(world, user), status=200 if world.modes.spec_statuses else 201)


def _put(world: World, call: Call) -> Reply:
    put_user(world, call.args[0], call.item(USER))
    return DONE


def _delete(world: World, call: Call) -> Reply:
    delete_user(world, call.args[0])
    return DONE


ROUTES = (
    Route("GET", "/users", _list),
    Route("GET", "/users/paginated", _paginated),
    Route("GET", "/users/details", _details),
    Route("POST", "/users", _post),
    Route("GET", "/users/{}", _get),
    Route("PUT", "/users/{}", _put),
    Route("DELETE", "/users/{}", _delete),
)
