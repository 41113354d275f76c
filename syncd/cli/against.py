"""What ``syncd plan --against OLD.yaml`` prints: a change of the configuration as a change for people."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from syncd.cli.exits import Exit
from syncd.cli.output import ago, note, plain, say, show_json, table

FEW = 20
"""So many people's differences are listed unless all are asked for."""


def show_against(app: Any, old: Path, *, json: bool, everything: bool, detailed: bool, at_most: int) -> None:
    """Compare, print, and exit as ``--detailed-exitcode`` and ``--at-most`` say. Raises ConfigError, SourceError, typer.Exit."""
    from syncd.config import load
    from syncd.planning.comparing import against
    from syncd.wiring import settings_of, training_sources_of

    earlier = load(old)
    found = against(app, settings_of(earlier), training_sources_of(earlier))
    if json:
        show_json(_as_json(found, earlier.digest, app.settings.config_digest))
    else:
        _show(found, old.name, everything=everything)
    if found.mirror_read_at is None:
        note("Litmos was never read; first: syncd refresh")
    if detailed and found.now.holds and not found.before.holds:
        raise typer.Exit(Exit.HELD)
    if detailed and found.comparison.differing and (not at_most or found.comparison.people > at_most):
        raise typer.Exit(Exit.CHANGES_PENDING)


def _show(found: Any, old: str, *, everything: bool) -> None:
    comparison, intake = found.comparison, found.intake
    say(
        f"{comparison.people} people are affected, against {plain(old)}, over {plain(intake.name)} "
        f"({intake.rows} rows) and Litmos as read {ago(found.mirror_read_at, found.at)}"
    )
    if comparison.causes:
        table(
            ("cause", "people", "only now", "only before", "other"),
            [(one.cause, one.people, one.gains, one.loses, one.other) for one in comparison.causes],
        )
    listed = comparison.differing if everything else comparison.differing[:FEW]
    for one in listed:
        about = plain(_named(one.about, found.item_names, found.taught_names))
        before, now = plain(one.before) or "nothing", plain(one.after) or "nothing"
        who = f"employee {plain(one.employee_id)}  " if one.employee_id else ""
        say(f"  {who}{about}: {before} -> {now}  [{one.cause}]")
    if len(listed) < len(comparison.differing):
        say(f"    ... and {len(comparison.differing) - len(listed)} more (--all lists them)")
    for problem in found.now.problems:
        if problem not in found.before.problems:
            say(f"  ? {plain(problem)}")
    for when, plan in (("before", found.before), ("now", found.now)):
        held = "".join(f"; held: {hold.code}: {hold.message}" for hold in plan.holds)
        say(f"A push {when}: {len(plan.changes)} changes, {_range(plan.cost)} requests{plain(held)}")


def _named(about: str, item_names: dict[str, str], taught_names: dict[str, str]) -> str:
    """What an effect is about, a learning path, course, module or session by its name where that is known."""
    kind, _, text = about.partition(" ")
    if kind == "result":  # of module ID, course:ID
        what, _, item = text.removeprefix("of ").rpartition(", ")
        named = f'{what.partition(" ")[0]} "{taught_names[what]}"' if what in taught_names else what
        return (
            f"result of {named}, {_named(f'assignment {item}', item_names, {}).removeprefix('assignment ')}"
        )
    if kind != "assignment" or text not in item_names:
        return about
    return f'{text.partition(":")[0].replace("_", " ")} "{item_names[text]}"'


def _range(cost: Any) -> str:
    return str(cost.low) if cost.low == cost.high else f"{cost.low} to {cost.high}"


def _as_json(found: Any, old_digest: str, digest: str) -> dict[str, Any]:
    comparison = found.comparison
    return {
        "before": {"config_digest": old_digest, **_plan(found.before)},
        "now": {"config_digest": digest, **_plan(found.now)},
        "inputs": [one.data for one in found.intake.inputs],
        "mirror_read_at": found.mirror_read_at,
        "people": comparison.people,
        "causes": [asdict(one) for one in comparison.causes],
        "differing": [asdict(one) for one in comparison.differing],
    }


def _plan(plan: Any) -> dict[str, Any]:
    return {
        "digest": plan.digest,
        "changes": len(plan.changes),
        "requests": [plan.cost.low, plan.cost.high],
        "holds": [asdict(hold) for hold in plan.holds],
        "problems": list(plan.problems),
    }
