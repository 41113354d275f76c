"""Saving: a Plan kept in a file, and whether it still fits what it was made from."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from syncd import __version__
from syncd.app import App
from syncd.core.planfile import SavedPlan, dumps, loads, moved, touched
from syncd.core.protection import barred
from syncd.core.selection import Part
from syncd.errors import Declined, StalePlan
from syncd.intake import Intake
from syncd.planning.planner import Draft
from syncd.store import cases

HOUR = timedelta(hours=1)
FEW = 10
"""So many of the things that moved a message names."""
AGAIN = "nothing was sent; make the plan again: syncd plan --save FILE"


def save_plan(app: App, path: Path, run_id: int, intake: Intake, made: Draft) -> None:
    """Write the Plan into ``path``, whole or not at all, readable for its owner only. Raises Declined if it cannot be."""
    plan = made.plan
    with app.database.read() as conn:
        made_at = app.database.now(conn)
    saved = SavedPlan(
        account=app.account,
        made_at=made_at,
        config_digest=app.settings.config_digest,
        inputs=tuple(one.data for one in intake.inputs),
        people=tuple(sorted(made.part.people)),
        changes=plan.changes,
        touched=touched(plan.changes, made.current),
        about={
            "made_by": f"syncd {__version__}",
            "run": run_id,
            "plan_digest": plan.digest,
            "counts": plan.counts,
            "holds": [{"code": hold.code, "message": hold.message} for hold in plan.holds],
            "requests": [plan.cost.low, plan.cost.high],
        },
    )
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        beside.write_text(dumps(saved), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Declined(f"the plan cannot be kept in {path}: {error.strerror}") from None


def open_plan(path: Path) -> SavedPlan:
    """The Plan in a file. Raises Declined if there is none, or if it was edited."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Declined(f"{path} cannot be read: {error}; syncd plan --save {path} makes one") from None
    return loads(text, path.name)


def part_of(saved: SavedPlan) -> Part:
    """What a push of this Plan is about: its very Changes."""
    return Part(people=frozenset(saved.people), changes=saved.changes)


def must_fit(app: App, saved: SavedPlan, intake: Intake) -> None:
    """Raises StalePlan unless the Plan was made for this account, with this configuration, from these bytes of HR.

    And lately: what a date makes of a person is another thing some days later, so a Plan is good for as long as an approval.
    """
    settings = app.settings
    with app.database.read() as conn:
        age = app.database.now(conn) - saved.made_at
    found = []
    if saved.account != app.account:
        found.append(f"it is for the account {saved.account}, and this is {app.account}")
    if age > timedelta(seconds=settings.hold_expires):
        found.append(
            f"it was made {age / HOUR:.1f} h ago, and push.hold_expires is {settings.hold_expires / 3600:g} h"
        )
    if saved.config_digest != settings.config_digest:
        found.append(f"the configuration is {settings.config_digest} now, and was {saved.config_digest}")
    found += _other_inputs(saved, intake)
    _refuse(found)


def _other_inputs(saved: SavedPlan, intake: Intake) -> Iterator[str]:
    """What HR is now and was not when the Plan was made, as sentences."""
    was = {one["source"]: one for one in saved.inputs}
    now = {one.source: one for one in intake.inputs}
    if list(was) != list(now):
        yield f"the sources are {', '.join(now)} now, and were {', '.join(was)}"
    for source in was.keys() & now.keys():
        have, had = now[source], was[source]
        if have.sha256 != had["sha256"]:
            yield (
                f"{source} is another one: sha256 {have.sha256[:12]} and {have.rows} rows now, "
                f"{had['sha256'][:12]} and {had['rows']} rows then"
            )


def must_stand(app: App, saved: SavedPlan, made: Draft) -> None:
    """Raises StalePlan if anything that the Plan touches is no longer as it was then, or is barred by now.

    ``made`` is the Draft of these very Changes: it has the mirror and the Links as they are.
    """
    with app.database.read() as conn:
        decided = cases.resolutions(conn, app.account)
    protection, links = app.settings.mapping.protection, made.matching.links
    found = {
        change.key: barred(change, made.current, protection, resolutions=decided, links=links)
        for change in saved.changes
    }
    standing = tuple(change for change in saved.changes if found[change.key] is None)
    told = dict.fromkeys(f"{skip.code}: {skip.message}" for skip in found.values() if skip is not None)
    _refuse([*told, *moved(replace(saved, changes=standing), made.current)])


def _refuse(found: Sequence[str]) -> None:
    if found:
        more = [f"and {len(found) - FEW} more"] if len(found) > FEW else []
        lines = "".join(f"\n  {one}" for one in [*found[:FEW], *more])
        raise StalePlan(f"the saved plan is stale:{lines}\n{AGAIN}")
