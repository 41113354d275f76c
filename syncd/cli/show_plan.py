"""A Plan as people read it: what would be done, to whom, why, whether it is held, and what it costs."""

from collections.abc import Iterable, Sequence
from typing import Any

from syncd.cli.output import plain, say
from syncd.core.model import Action, Change, Rejection
from syncd.core.plan import Cost, Plan
from syncd.core.planfile import change_data
from syncd.core.telling import describe
from syncd.planning.planner import Draft

GLYPHS = {
    Action.CREATE: "+",
    Action.ADD: "+",
    Action.UPDATE: "~",
    Action.REACTIVATE: "~",
    Action.DEACTIVATE: "-",
    Action.REMOVE: "-",
    Action.RESET: "-",
    Action.RECORD: "+",
}
TOLD_SKIPS = frozenset({"ITEM-STARTED", "TEAM-UNKNOWN"})
"""Codes of what a rule asks for and is not done; the others are in the JSON, and told by ``syncd why``."""
FEW = 12
"""So many Changes of each kind are listed unless all are asked for."""


def show_plan(made: Draft, *, everything: bool = False, few: int = FEW) -> None:
    """Print a Plan, with the Rejections of its input, to stdout; ``few`` of each kind unless ``everything``."""
    plan, rejections = made.plan, told_rejections(made)
    for change in _chosen(plan.changes, None if everything else few):
        say(f"  {GLYPHS[change.action]} {plain(describe(change, made.item_names))}")
    hidden = len(plan.changes) - len(list(_chosen(plan.changes, None if everything else few)))
    if hidden:
        say(f"    ... and {hidden} more (--all lists them)")
    for rejection in rejections if everything else rejections[:few]:
        reasons = "; ".join(f"{reason.code}: {reason.message}" for reason in rejection.reasons)
        say(
            f"  ! {plain(rejection.origin)} employee {plain(rejection.employee_id) or '?'} rejected: {plain(reasons)}"
        )
    told = [skip for skip in plan.skips if everything or skip.code in TOLD_SKIPS]
    for skip in told if everything else told[:few]:
        who = f"employee {plain(skip.employee_id)} left alone: " if skip.employee_id else ""
        say(f"  = {who}{skip.code}: {plain(skip.message)}")
    if made.unchanged:
        say(f"  = {made.unchanged} rows are as they were when nothing was left to do with their people")
    for problem in plan.problems:
        say(f"  ? {plain(problem)}")
    say(summary(plan, len(rejections)))
    for hold in plan.holds:
        say(f"Held: {hold.code}: {hold.message}")
    if plan.held and not plan.waits:
        say(f"Of {len(plan.changes)} changes {len(plan.held)} wait for a person; the others go")
    say(cost_line(plan.cost))
    for choice in plan.cost.choices:
        say(f"  {choice.text}")


def told_rejections(made: Draft) -> Sequence[Rejection]:
    """The Rejections of this input, or of those people to whom the Plan is restricted."""
    found = (*made.rejections, *made.training.rejections)
    if made.part.is_whole:
        return found
    return [one for one in found if one.employee_id in made.part.people]


def summary(plan: Plan, rejected: int) -> str:
    """The counts on one line: ``Plan: 120 users to create, ...; 2 rows rejected``."""
    parts = [
        f"{number} {_plural(kind, number)} to {action}"
        for kind, actions in plan.counts.items()
        for action, number in actions.items()
    ]
    text = "Plan: " + (", ".join(parts) if parts else "nothing to change")
    invited = sum(change.invite for change in plan.changes)
    if invited:
        text += f"; {invited} invited by e-mail"
    if plan.withheld:
        text += f"; {plan.withheld} withheld by push.policy"
    if plan.skips:
        text += f"; {len({skip.employee_id for skip in plan.skips})} left alone"
    if rejected:
        text += f"; {rejected} {'row' if rejected == 1 else 'rows'} rejected"
    return f"{text}  [digest {plan.digest}]"


def cost_line(cost: Cost) -> str:
    """The cost on one line, as a range where it is one."""
    if not cost.high:
        return "Cost: nothing to send"
    requests = str(cost.low) if cost.low == cost.high else f"{cost.low} to {cost.high}"
    low, high = _duration(cost.low_minutes), _duration(cost.high_minutes)
    return f"Cost: {requests} requests, about {low if low == high else f'{low} to {high}'}"


def _duration(minutes: float) -> str:
    if minutes < 1:
        return f"{max(1, round(minutes * 60))} s"
    return f"{minutes:.0f} min" if minutes >= 10 else f"{minutes:.1f} min"


def plan_json(plan: Plan, rejections: Sequence[Rejection]) -> dict[str, Any]:
    """The Plan as JSON-able data."""
    return {
        "digest": plan.digest,
        "counts": plan.counts,
        "withheld": plan.withheld,
        "holds": [{"code": hold.code, "message": hold.message} for hold in plan.holds],
        "problems": list(plan.problems),
        "cost": {
            "requests": [plan.cost.low, plan.cost.high],
            "minutes": [round(plan.cost.low_minutes, 2), round(plan.cost.high_minutes, 2)],
            "choices": [
                {
                    "about": one.about,
                    "changes": one.changes,
                    "requests": [one.low, one.high],
                    "others": one.others,
                }
                for one in plan.cost.choices
            ],
        },
        "changes": [change_data(change) for change in plan.changes],
        "rejections": [
            {
                "origin": rejection.origin,
                "employee_id": rejection.employee_id,
                "reasons": [{"code": r.code, "message": r.message} for r in rejection.reasons],
            }
            for rejection in rejections
        ],
        "skips": [{"employee_id": s.employee_id, "code": s.code, "message": s.message} for s in plan.skips],
    }


def _chosen(changes: Sequence[Change], few: int | None) -> Iterable[Change]:
    seen: dict[tuple[str, str], int] = {}
    for change in changes:
        group = (change.kind.value, change.action.value)
        seen[group] = seen.get(group, 0) + 1
        if few is None or seen[group] <= few:
            yield change


def _plural(kind: str, number: int) -> str:
    return kind if number == 1 else f"{kind}s"
