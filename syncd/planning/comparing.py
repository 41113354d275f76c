"""Comparing: what another configuration would make of the same HR and the same Litmos. Only reads, and asks Litmos nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from syncd.app import App, Settings
from syncd.core.comparison import Comparison, Side, compare
from syncd.core.locating import Catalogue
from syncd.core.model import Record
from syncd.core.plan import Plan
from syncd.core.records import map_records
from syncd.core.training import RecordKind
from syncd.intake import Intake, read_hr
from syncd.planning.planner import Draft, draft
from syncd.planning.training import read_training
from syncd.sources import Source
from syncd.store import mirror, training


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two configurations over one input: what is not the same, and both Plans with their holds and cost."""

    comparison: Comparison
    before: Plan
    now: Plan
    intake: Intake
    item_names: dict[str, str]
    taught_names: dict[str, str]
    """``module ID`` and ``session ID`` to what Litmos calls them"""
    mirror_read_at: datetime | None
    at: datetime


def against(app: App, old: Settings, taught: Mapping[str, Source] | None = None) -> Compared:
    """The Plan under ``old`` settings (scope, mapping, training, policy, limits) and under those of ``app``, compared.

    HR is read once, from the source of ``app``. So is training, but for sources that ``app`` does not have: those are in
    ``taught``, by name. Raises SourceError, ConfigError.
    """
    records: list[Record] = []
    at = app.now()
    intake = read_hr(app, records.append)
    mapped = map_records(old.mapping, records, now=at)
    read = tuple(replace(one, named=frozenset(mapped.named.get(one.source, ()))) for one in intake.inputs)
    earlier = replace(intake, inputs=read, employees=mapped.employees, rejections=mapped.rejections)
    settings = replace(
        app.settings, mapping=old.mapping, training=old.training, policy=old.policy, limits=old.limits
    )
    then = replace(app, settings=settings, training_sources={**(taught or {}), **app.training_sources})
    before = draft(then, earlier, training=read_training(then))
    now = draft(app, intake, training=read_training(app))
    with app.database.read() as conn:
        return Compared(
            comparison=compare(_side(before), _side(now)),
            before=before.plan,
            now=now.plan,
            intake=intake,
            item_names=dict(now.item_names),
            taught_names=_taught_names(training.catalogue(conn, app.account)),
            mirror_read_at=mirror.readings(conn, app.account).last,
            at=app.database.now(conn),
        )


def _taught_names(known: Catalogue) -> dict[str, str]:
    modules = {f"{RecordKind.MODULE} {one.id}": one.name for some in known.modules.values() for one in some}
    sessions = {
        f"{RecordKind.SESSION} {one.id}": one.name for some in known.sessions.values() for one in some
    }
    return {what: name for what, name in (modules | sessions).items() if name}


def _side(made: Draft) -> Side:
    return Side(
        plan=made.plan,
        difference=made.difference,
        rejections=made.rejections,
        untaught=made.training.rejections,
    )
