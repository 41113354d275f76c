"""Telling: a Change as one line for people."""

from collections.abc import Mapping, Sequence

from syncd.core.model import Action, Change, ItemKey, ObjectKind, team_label


def describe(change: Change, item_names: Mapping[str, str], *, values: bool = True) -> str:
    """One Change as one line: who or what, the values before and after, and why.

    ``item_names`` are the names of learning paths and courses by their text. Not ``values``: of an update only which fields
    it changes.
    """
    if change.kind is ObjectKind.TEAM:
        if change.action is Action.UPDATE:
            return f'team "{team_label(change.team)}"  rename, was "{change.before["Name"]}"  [{change.reason}, {change.origin}]'
        return f'team "{team_label(change.team)}"  create'
    if change.kind is ObjectKind.TEAM_ASSIGNMENT and change.item is not None:
        verb, gets = ("give", "get") if change.action is Action.ADD else ("take", "lose")
        lost = " (started: CANNOT BE UNDONE)" if change.irreversible else ""
        what = f"{verb} {_item(change.item, item_names)}, which {change.people} people {gets}{lost}"
        return f'team "{team_label(change.team)}"  {what}  [{change.reason}]'
    who = f"employee {change.employee_id}"
    if change.kind is ObjectKind.MEMBERSHIP:
        what = f'{change.action.value} {"to" if change.action is Action.ADD else "from"} team "{team_label(change.team)}"'
        what += _along("gives", change.gives, item_names) + _along("takes", change.takes, item_names)
    elif change.kind is ObjectKind.ROLE:
        verb = "make" if change.action is Action.ADD else "no longer"
        what = f'{verb} {change.role.value} of team "{team_label(change.team)}"'
    elif change.item is not None:
        what = _with_item(change, change.item, item_names)
    elif change.action is Action.UPDATE:
        what = (
            "  ".join(f"{name}: {change.before.get(name)!r} -> {new!r}" for name, new in change.after.items())
            if values
            else f"update {', '.join(change.after)}"
        )
    else:
        what = change.action.value + (", and invite by e-mail" if change.invite else "")
    if change.irreversible:
        lost = "the completion is lost" if change.action is Action.RESET else "started"
        what += f" ({lost}: CANNOT BE UNDONE)"
    origin = f", {change.origin}" if change.origin else ""
    return f"{who}  {what}  [{change.reason}{origin}]"


def without_status(message: str, status: int | None) -> str:
    """What Litmos said, without the HTTP status in front, for a sentence that names it already."""
    return message if status is None else message.removeprefix(f"{status} ")


def number_of(number: int, one: str, many: str) -> str:
    """``1 change``, ``2 changes``."""
    return f"{number} {one if number == 1 else many}"


def _with_item(change: Change, item: ItemKey, item_names: Mapping[str, str]) -> str:
    """What is done with a learning path or course; ``record course "Fire" as completed, 2026-11-20, score 80 -> 95``."""
    named = _item(item, item_names)
    if change.action is not Action.RECORD:
        verb = {Action.ADD: "give", Action.RESET: "reset"}.get(change.action, "take")
        return f"{verb} {named}"
    what = "completed" if change.after["Record"] == "module" else "attended"
    day, score = str(change.after["Date"])[:10], str(change.after["Score"])
    before = f"{change.before['Score'] or 'none'} -> " if "Score" in change.before else ""
    points = f"score {before}{score or 'none'}" if score or before else ""
    return f"record {named} as " + ", ".join(filter(None, [what, day, points]))


def _along(verb: str, items: Sequence[ItemKey], item_names: Mapping[str, str]) -> str:
    """What comes or goes with a membership: `` (takes learning path "Sales Basics")``."""
    if not items:
        return ""
    return f" ({verb} {', '.join(_item(item, item_names) for item in items)})"


def _item(item: ItemKey, item_names: Mapping[str, str]) -> str:
    return f'{item.kind.label} "{item_names.get(str(item), item.id)}"'


def told_detail(detail: Mapping[str, object]) -> str:
    """What an entry of the audit says besides, on one line: ``reason: broken export, changes: 12``."""
    return ", ".join(
        f"{name}: {' '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in detail.items()
    )


def full_name(fields: Mapping[str, object]) -> str:
    """What a person is called, out of the fields of an employee or a user; "" if none has a name."""
    return " ".join(str(fields[part]) for part in ("FirstName", "LastName") if fields.get(part))
