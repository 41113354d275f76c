"""Control: the plane at /_sandbox, by which tests and demos play the human administrator and the weather."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from syncd.sandbox import dumping, seeding, team_rules, user_rules
from syncd.sandbox.completing import complete, progress
from syncd.sandbox.faults import FaultPlan
from syncd.sandbox.finding import SeedError, find_item, find_team, find_user
from syncd.sandbox.journal import Journal
from syncd.sandbox.limiter import RollingWindow
from syncd.sandbox.planting import parsed
from syncd.sandbox.refusal import Refusal
from syncd.sandbox.world import World


class Stage(Protocol):
    """What the handler and the control plane work on: a sandbox, seen from below."""

    api_key: str
    errors: list[str]
    world: World
    journal: Journal
    faults: FaultPlan
    limiter: RollingWindow

    def reset(self) -> None:
        """Back to the seed; log, faults and window forgotten."""

    def touch(self) -> None:
        """Notes that the account may have changed."""


def handle(stage: Stage, method: str, path: str, query: Mapping[str, str], body: Any) -> tuple[int, Any]:
    """Answers a control request with a status and JSON data: 404 for no such call, 400 for one that is wrong."""
    call = CALLS.get((method, path.strip("/")))
    if call is None:
        known = ", ".join(f"{verb} {name}" for verb, name in CALLS)
        return 404, {"error": f"no such control call: {method} {path}; there are {known}"}
    try:
        return 200, call(stage, query, body)
    except KeyError as error:
        return 400, {"error": f"{error.args[0]} is missing"}
    except (ValueError, TypeError, AttributeError, Refusal) as error:
        return 400, {"error": str(error)}


def _seed(stage: Stage, query: Mapping[str, str], body: Any) -> Any:
    """Loads a world; if the seed is wrong, the one before stays."""
    with stage.world.lock:
        before = dumping.dump(stage.world)
        try:
            seeding.load(stage.world, body)
        except Exception:
            seeding.load(stage.world, before)
            raise
        return _counts(stage.world)


def _dump(stage: Stage, query: Mapping[str, str], body: Any) -> Any:
    with stage.world.lock:
        return dumping.dump(stage.world)


def _counts(world: World) -> dict[str, int]:
    return {
        "users": len(world.users),
        "teams": len(world.live_teams()),
        "learning_paths": len(world.paths),
        "courses": len(world.courses),
    }


def _reset(stage: Stage, query: Mapping[str, str], body: Any) -> Any:
    stage.reset()
    return _counts(stage.world)


def _set_faults(stage: Stage, query: Mapping[str, str], body: Any) -> Any:
    stage.faults.set(body if isinstance(body, list) else [body])
    return stage.faults.rows()


def _get_faults(stage: Stage, query: Mapping[str, str], body: Any) -> Any:
    return stage.faults.rows()


def _clear_faults(stage: Stage, query: Mapping[str, str], body: Any) -> Any:
    stage.faults.set([])
    stage.faults.release()
    return []


def _release(stage: Stage, query: Mapping[str, str], body: Any) -> Any:
    stage.faults.release()
    return {"holding": stage.faults.holding}


def _modes(stage: Stage, query: Mapping[str, str], body: Any) -> Any:
    with stage.world.lock:
        stage.world.modes = stage.world.modes.changed(body)
    return body


def _limit(stage: Stage, query: Mapping[str, str], body: Any) -> Any:
    stage.limiter.limit = int(body.get("limit", stage.limiter.limit))
    stage.limiter.window = float(body.get("window", stage.limiter.window))
    return {"limit": stage.limiter.limit, "window": stage.limiter.window}


def _log(stage: Stage, query: Mapping[str, str], body: Any) -> Any:
    after, bodies = int(query.get("after", "0")), query.get("bodies", "") in {"1", "true"}
    return [entry.row(body=bodies) for entry in stage.journal.entries if entry.n > after]


def _audit(stage: Stage, query: Mapping[str, str], body: Any) -> Any:
    return stage.journal.audit(stage.limiter.window)


def _mails(stage: Stage, query: Mapping[str, str], body: Any) -> Any:
    """The messages that Litmos would have sent: [recipient, reason] each."""
    with stage.world.lock:
        return [list(mail) for mail in stage.world.mails]


def _clear_log(stage: Stage, query: Mapping[str, str], body: Any) -> Any:
    stage.journal.clear()
    return {}


def _complete(stage: Stage, query: Mapping[str, str], body: Any) -> Any:
    """``{"UserName"|"UserId", "LearningPath"|"Course": name or Id, "Score"?, "At"?, "Percentage"?}``."""
    world = stage.world
    name = next((key for key in seeding.KIND_NAMES if key in body), None)
    if name is None:
        raise SeedError("LearningPath or Course is missing")
    kind = seeding.KIND_NAMES[name]
    with world.lock:
        user, item = find_user(world, body), find_item(world, kind, str(body[name]))
        at = parsed(body.get("At")) or world.now()
        if "Percentage" in body:
            progress(world, kind, user.id, item, percent=float(body["Percentage"]), at=at)
        else:
            complete(world, kind, user.id, item, at=at, score=str(body.get("Score", "")))
    return {"UserId": user.id, "ItemId": item}


def _edit(stage: Stage, query: Mapping[str, str], body: Any) -> Any:
    """One edit or a list of them, each ``{"do": name, ...}``; see _EDITS."""
    with stage.world.lock:
        for edit in body if isinstance(body, list) else [body]:
            action = _EDITS.get(str(edit.get("do")))
            if action is None:
                raise SeedError(f"no such edit: {edit.get('do')}; there are {', '.join(_EDITS)}")
            action(stage.world, edit)
    return {}


def _set_user(world: World, edit: Mapping[str, Any]) -> None:
    user = find_user(world, edit)
    user_rules.change_user(world, user, dict(edit["set"]))


def _set_active(world: World, edit: Mapping[str, Any], *, value: bool) -> None:
    user_rules.change_user(world, find_user(world, edit), {"Active": value})


def _create_user(world: World, edit: Mapping[str, Any]) -> None:
    user_rules.create_user(world, {"Active": True, **edit["set"]})


def _delete_user(world: World, edit: Mapping[str, Any]) -> None:
    user_rules.delete_user(world, find_user(world, edit).id)


def _login(world: World, edit: Mapping[str, Any]) -> None:
    find_user(world, edit).last_login_at = parsed(edit.get("At")) or world.now()


def _add_member(world: World, edit: Mapping[str, Any]) -> None:
    team_rules.add_members(world, find_team(world, str(edit["Team"])).id, [find_user(world, edit).id])


def _remove_member(world: World, edit: Mapping[str, Any]) -> None:
    team_rules.remove_member(world, find_team(world, str(edit["Team"])).id, find_user(world, edit).id)


def _set_role(world: World, edit: Mapping[str, Any], *, value: bool) -> None:
    team, user = find_team(world, str(edit["Team"])), find_user(world, edit)
    team_rules.promote(world, team.id, user.id, admin=edit.get("Role") == "admin", value=value)


def _create_team(world: World, edit: Mapping[str, Any]) -> None:
    parent = find_team(world, str(edit["ParentTeam"])).id if edit.get("ParentTeam") else ""
    team_rules.create_team(world, str(edit["Name"]), str(edit.get("Description", "")), parent)


def _rename_team(world: World, edit: Mapping[str, Any]) -> None:
    team = find_team(world, str(edit["Team"]))
    team_rules.rename_team(world, team.id, str(edit["Name"]), team.description)


def _delete_team(world: World, edit: Mapping[str, Any]) -> None:
    team_rules.delete_team(world, find_team(world, str(edit["Team"])).id)


_EDITS: dict[str, Callable[[World, Mapping[str, Any]], None]] = {
    "set_user": _set_user,
    "deactivate": lambda world, edit: _set_active(world, edit, value=False),
    "activate": lambda world, edit: _set_active(world, edit, value=True),
    "create_user": _create_user,
    "delete_user": _delete_user,
    "login": _login,
    "add_member": _add_member,
    "remove_member": _remove_member,
    "give_role": lambda world, edit: _set_role(world, edit, value=True),
    "take_role": lambda world, edit: _set_role(world, edit, value=False),
    "create_team": _create_team,
    "rename_team": _rename_team,
    "delete_team": _delete_team,
}

CALLS: dict[tuple[str, str], Callable[[Stage, Mapping[str, str], Any], Any]] = {
    ("POST", "seed"): _seed,
    ("GET", "dump"): _dump,
    ("POST", "reset"): _reset,
    ("POST", "faults"): _set_faults,
    ("GET", "faults"): _get_faults,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "release"): _release,
    ("POST", "modes"): _modes,
    ("POST", "limit"): _limit,
    ("POST", "edit"): _edit,
    ("POST", "complete"): _complete,
    ("GET", "log"): _log,
    ("DELETE", "log"): _clear_log,
    ("GET", "audit"): _audit,
    ("GET", "mails"): _mails,
}
