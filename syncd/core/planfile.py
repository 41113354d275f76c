"""Plan files: a Plan as a JSON artefact that can be kept, read by people, and applied exactly as it is, or not at all.

It holds what the Plan was made from: the hash of the input, the digest of the configuration, and a hash of each row of the
mirror that the Plan touches. If any of these is another one when the Plan is to be applied, the Plan is stale.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from hashlib import blake2b
from typing import Any

from syncd.core.account import same
from syncd.core.model import Action, Change, ItemKey, ObjectKind, State, team_key, team_label
from syncd.core.resets import result_of
from syncd.errors import Declined

SCHEMA_VERSION = 1
KIND = "syncd plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """A Plan as it is kept in a file.

    Each of ``inputs`` has ``source``, ``name``, ``sha256`` and ``rows``; ``people`` are those to whom the Plan was restricted (empty:
    everybody); ``touched`` maps the key of a Change to the hash of what the mirror had then. ``about`` is for people to
    read only: by which run it was made, holds, counts and cost.
    """

    account: str
    made_at: datetime
    config_digest: str
    inputs: tuple[Mapping[str, Any], ...]
    people: tuple[str, ...]
    changes: tuple[Change, ...]
    touched: Mapping[str, str]
    about: Mapping[str, Any] = field(default_factory=dict)


def dumps(saved: SavedPlan) -> str:
    """The file: JSON with a ``digest`` over everything else in it."""
    body = {
        "schema_version": SCHEMA_VERSION,
        "kind": KIND,
        "account": saved.account,
        "made_at": saved.made_at.isoformat(),
        "config_digest": saved.config_digest,
        "inputs": [dict(one) for one in saved.inputs],
        "people": list(saved.people),
        "about": dict(saved.about),
        "changes": [change_data(change) for change in saved.changes],
        "touched": dict(saved.touched),
    }
    return json.dumps({**body, "digest": _digest(body)}, ensure_ascii=False, indent=2) + "\n"


def loads(text: str, name: str) -> SavedPlan:
    """The Plan in a file called ``name``. Raises Declined if it is none, is of another version, or was edited."""
    try:
        body = json.loads(text)
    except ValueError as error:
        raise Declined(f"{name} is no plan file: {error}; syncd plan --save {name} makes one") from None
    if not isinstance(body, dict) or body.get("kind") != KIND:
        raise Declined(f"{name} is no plan file; syncd plan --save {name} makes one")
    if body.get("schema_version") != SCHEMA_VERSION:
        raise Declined(
            f"{name} has schema_version {body.get('schema_version')}, and this syncd reads {SCHEMA_VERSION}; "
            f"make it again: syncd plan --save {name}"
        )
    digest = body.pop("digest", None)
    if digest != _digest(body):
        raise Declined(
            f"{name} was edited after it was saved: its digest is {digest}, its content's {_digest(body)}; "
            f"make it again: syncd plan --save {name}"
        )
    try:
        return SavedPlan(
            account=body["account"],
            made_at=datetime.fromisoformat(body["made_at"]),
            config_digest=body["config_digest"],
            inputs=tuple(body["inputs"]),
            people=tuple(body["people"]),
            changes=tuple(change_of(data) for data in body["changes"]),
            touched=body["touched"],
            about=body["about"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Declined(
            f"{name} is of another version of syncd ({error}); make it again: syncd plan --save {name}"
        ) from None


def _digest(body: Mapping[str, Any]) -> str:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def change_data(change: Change) -> dict[str, Any]:
    """A Change as JSON-able data, every member of it."""
    return {one.name: _plain(getattr(change, one.name)) for one in fields(change)}


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, ItemKey):
        return str(value)
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def change_of(data: Mapping[str, Any]) -> Change:
    """The Change that ``change_data`` made this of."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
    }
    items = {name: tuple(map(ItemKey.parse, data[name])) for name in ("gives", "takes")}
    item = None if data["item"] is None else ItemKey.parse(data["item"])
    kinds = {"action": Action(data["action"]), "kind": ObjectKind(data["kind"])}
    return Change(**{**values, **items, **kinds, "item": item})


def touched(changes: Iterable[Change], current: State) -> dict[str, str]:
    """Key of a Change -> hash of what the mirror has of the object that it changes."""
    return {change.key: _digest({"row": _row(change, current)})[:16] for change in changes}


def _row(change: Change, current: State) -> object:
    """What the mirror has of the object of a Change, in an order of its own."""
    person, team = change.employee_id, team_key(change.team)
    user = current.users.get(person)
    user_id = "" if user is None else user.id
    held = current.assignments.get(person, {})
    match change.kind:
        case ObjectKind.USER:
            return None if user is None else [user.id, user.active, sorted(user.fields.items())]
        case ObjectKind.TEAM_ASSIGNMENT:
            return change.people
        case ObjectKind.TEAM:
            found = current.teams.get(team)
            return None if found is None else found.id
        case ObjectKind.MEMBERSHIP:
            started = [[str(item), held[item].started] for item in change.takes if item in held]
            return [user_id, team in current.memberships.get(person, ()), started]
        case ObjectKind.ROLE:
            return [user_id, (team, change.role) in current.roles.get(person, ())]
        case ObjectKind.RESULT:
            return [user_id, change.item in held]
        case _:
            assignment = None if change.item is None else held.get(change.item)
            if assignment is not None and change.action is Action.RESET:
                return [user_id, assignment.result.fits(result_of(change))]
            return [user_id, None if assignment is None else assignment.started]


def moved(saved: SavedPlan, current: State) -> tuple[str, ...]:
    """What the Plan touches and is no longer as it was then, as sentences."""
    now = touched(saved.changes, current)
    return tuple(
        _told(change, current) for change in saved.changes if now[change.key] != saved.touched.get(change.key)
    )


def _told(change: Change, current: State) -> str:
    if change.kind is ObjectKind.TEAM:
        return f'team "{team_label(change.team)}" is there by now'
    if change.kind is ObjectKind.TEAM_ASSIGNMENT:
        return f'what team "{team_label(change.team)}" is given is not as it was'
    user = current.users.get(change.employee_id)
    who = f"employee {change.employee_id}"
    if change.kind is not ObjectKind.USER:
        label = "" if change.item is None else f"{change.item.kind.label} {change.item.id}"
        what = f'team "{team_label(change.team)}"' if change.team else label
        return f"{who}: {what} is not as it was"
    if user is None:
        return f"{who}: the Litmos user is gone"
    have = {**user.fields, "Active": user.active}
    other = [
        f"{name} is {have.get(name, '')!r} now, and was {was!r}"
        for name, was in change.before.items()
        if not same(name, have.get(name, ""), was)
    ]
    if change.action is Action.CREATE:
        return f"{who}: Litmos user {user.id} is theirs by now"
    return f"{who}: " + ("; ".join(other) or f"Litmos user {user.id} was changed otherwise")
