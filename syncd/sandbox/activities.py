"""Activities: the audit log behind /org/activities/assignments; shows removals that other deltas may miss [INFER]."""

from syncd.sandbox.world import World

KINDS = {"path": "Learning Path", "course": "Course"}
"""The kinds of item, as Litmos words them."""


def note_item(world: World, kind: str, verb: str, item_id: str, target: str, target_id: str) -> None:
    """Notes that an item ("path" or "course") was given to or taken from a "User" or "Team"; wording [SPEC]."""
    item = world.paths[item_id] if kind == "path" else world.courses[item_id]
    name = KINDS[kind]
    _note(world, f"{name} {verb} {target}", (name, item.id, item.number, item.name), (target, target_id))


def note_member(world: World, verb: str, user_id: str, team_id: str) -> None:
    """Notes that a user was "Added To" or "Removed From" a team."""
    user = world.users[user_id]
    _note(world, f"User {verb} Team", ("User", user.id, user.number, user.name), ("Team", team_id))


def _note(world: World, activity: str, subject: tuple[str, str, int, str], target: tuple[str, str]) -> None:
    kind, target_id = target
    user, team = world.users.get(target_id), world.teams.get(target_id)
    number, name = (user.number, user.name) if user else (team.number, team.name) if team else (0, "")
    world.activities.append(
        {
            "ActivityType": activity,
            "ObjectType": subject[0],
            "ObjectId": subject[1],
            "OriginalObjectId": subject[2],
            "ObjectName": subject[3],
            "TargetObjectType": kind,
            "TargetObjectId": target_id,
            "OriginalTargetObjectId": number,
            "TargetObjectName": name,
            "ActivityBy": "",
            "ActivityByUserName": "",
            "ActivityDate": world.now(),
        }
    )
