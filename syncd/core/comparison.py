"""Comparison: what a change of the configuration means for people: two Plans over the same input, effect by effect."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from syncd.core.diff import Difference
from syncd.core.model import Action, Change, ObjectKind, Rejection, Skip, team_label
from syncd.core.plan import Plan
from syncd.core.recording import DAY, KIND, NOTE, OBJECT, SCORE, WAITING

POLICY = "push.policy"
CAUSES: Mapping[str, str] = {
    "OUT-OF-SCOPE": "scope",
    "PROTECTED": "users.protected",
    "LEFT": "employee.status",
    "LEAVE": "employee.leave",
    "FUTURE": "employee.dates",
    "LEAVING": "employee.dates",
    "UNCLEAR": "employee.dates.contradiction",
    "OVERLAP": "employee.overlap",
    "FLAPPING": "push.limits.flaps",
}
"""The part of the configuration that decides about a Skip; other codes stand for themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One configuration: its Plan, all that differs before its Policy, whom it rejects, and which rows of training."""

    plan: Plan
    difference: Difference
    rejections: Sequence[Rejection] = ()
    untaught: Sequence[Rejection] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """One effect that is not the same: on whom, on what, by which rule, and what it is before and after ("": nothing)."""

    employee_id: str
    about: str
    cause: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """How many people a rule affects: ``gains`` effects that are only now, ``loses`` those only before, ``other`` ones."""

    cause: str
    people: int
    gains: int
    loses: int
    other: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything that is not the same, by employee id, and the same counted by cause, the most people first."""

    differing: tuple[Differing, ...]
    causes: tuple[Cause, ...]
    people: int


Effects = dict[tuple[str, str], tuple[str, str]]
"""(employee id, what it is about) -> (the value, the rule)."""
NOTHING = ("", "")


def compare(before: Side, now: Side) -> Comparison:
    """Compare two sides over the same input and the same mirror; nothing else differs but the configuration."""
    was, is_now = _effects(before), _effects(now)
    could = {"was": _of_changes(before.difference.changes), "now": _of_changes(now.difference.changes)}
    found = []
    for key in sorted(was.keys() | is_now.keys()):
        old, old_rule = was.get(key, NOTHING)
        new, new_rule = is_now.get(key, NOTHING)
        if old == new:
            continue
        cause = new_rule or old_rule
        if (not new and could["now"].get(key, NOTHING)[0] == old) or (
            not old and could["was"].get(key, NOTHING)[0] == new
        ):
            cause = POLICY
        found.append(Differing(employee_id=key[0], about=key[1], cause=cause, before=old, after=new))
    people = {one.employee_id for one in found} - {""}
    return Comparison(differing=tuple(found), causes=_counted(found), people=len(people))


def _effects(side: Side) -> Effects:
    return {
        **_of_changes(side.plan.changes),
        **_of_skips(side.plan.skips),
        **_of_rejections(side.rejections),
        **{
            (one.employee_id or one.origin, f"training of {one.origin}"): (_rejected(one), "training")
            for one in side.untaught
        },
    }


def _of_changes(changes: Iterable[Change]) -> Effects:
    """An update, or a create, is one effect for each field."""
    found: Effects = {}
    for change in changes:
        person = change.employee_id
        if change.kind is ObjectKind.USER and change.action is not Action.UPDATE:
            found[person, "account"] = change.action.value, change.rule
        if change.kind is ObjectKind.USER and change.action in {Action.UPDATE, Action.CREATE}:
            for name, value in change.after.items():
                found[person, name] = repr(value), f"users.fields.{name}"
        elif change.kind is ObjectKind.RESULT:
            about = f"{change.kind.value} of {change.after[KIND]} {change.after[OBJECT]}, {change.item}"
            found[person, about] = _said(change), change.rule
        elif change.kind is ObjectKind.ROLE:
            found[person, f'{change.role} of team "{team_label(change.team)}"'] = (
                change.action.value,
                change.rule,
            )
        elif change.kind is ObjectKind.TEAM_ASSIGNMENT:
            about = f'{change.kind.value} of team "{team_label(change.team)}": {change.item}'
            found[person, about] = change.action.value, change.rule
        elif change.team:
            found[person, f'team "{team_label(change.team)}"'] = change.action.value, change.rule
        elif change.kind is not ObjectKind.USER:
            found[person, f"{change.kind.value} {change.item}"] = change.action.value, change.rule
    return found


def _said(change: Change) -> str:
    """What is recorded of training, as text."""
    day, score = str(change.after[DAY])[:10], change.after[SCORE]
    parts = (change.action.value, day, f"score {score}" if score else "", str(change.after[NOTE]))
    return ", ".join(filter(None, parts))


def _of_skips(skips: Iterable[Skip]) -> Effects:
    """Rows of training wait one by one; of all else a person has one Skip of a code."""
    found: Effects = {}
    for skip in skips:
        row = f", {skip.key.partition('@')[2]}" if skip.code in WAITING and skip.key else ""
        cause = "training" if skip.code in WAITING else CAUSES.get(skip.code, skip.code)
        found[skip.employee_id, f"skipped {skip.code}{row}"] = skip.message, cause
    return found


def _of_rejections(rejections: Iterable[Rejection]) -> Effects:
    return {(one.employee_id or one.origin, "row"): (_rejected(one), "rejections") for one in rejections}


def _rejected(one: Rejection) -> str:
    return "rejected: " + ", ".join(dict.fromkeys(reason.code for reason in one.reasons))


def _counted(found: Iterable[Differing]) -> tuple[Cause, ...]:
    by_cause: dict[str, list[Differing]] = {}
    for one in found:
        by_cause.setdefault(one.cause, []).append(one)
    counted = [
        Cause(
            cause=cause,
            people=len({one.employee_id for one in group} - {""}),
            gains=sum(not one.before for one in group),
            loses=sum(not one.after for one in group),
            other=sum(bool(one.before and one.after) for one in group),
        )
        for cause, group in by_cause.items()
    ]
    return tuple(sorted(counted, key=lambda one: (-one.people, one.cause)))
