"""Again: what a Run has read, planned once more with the configuration and the mirror of now. Only reads, and asks Litmos nothing."""

from dataclasses import dataclass, replace
from datetime import datetime

from syncd.app import App
from syncd.archive import Vault
from syncd.core.selection import EVERYTHING, Part
from syncd.errors import Declined
from syncd.intake import Intake, read_hr, require
from syncd.planning.planner import Draft, draft
from syncd.replay import kept
from syncd.replay.taught import training_of
from syncd.store import archived, mirror
from syncd.store.archived import Archived

TURN_ON = "set archive.folder in syncd.yaml, and what runs read from then on is kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A Plan of what was ``kept`` of a Run, HR's first, as of ``at``, over the mirror as it was last read at ``mirror_read_at``."""

    draft: Draft
    intake: Intake
    kept: tuple[Archived, ...]
    at: datetime
    mirror_read_at: datetime | None
    now: datetime


def plan_again(app: App, run_id: int, *, at: datetime | None = None, part: Part = EVERYTHING) -> Again:
    """Plan the kept input of a Run; ``at`` None: as of the moment when HR's was read.

    Nothing is stored, and nothing is counted: no Run, no absence, no Link, and the next push knows nothing of it. Raises
    Declined, ArchiveError, ConfigError.
    """
    everything, vault = kept_of(app, run_id), vault_of(app)
    names = [source.name for source in app.sources]
    hr, nodes = kept.sources(vault, everything, names, app.node_sources)
    taught = kept.training(vault, everything, app.training_sources)
    moment = at or hr[0].kept.read_at
    then = replace(
        app, sources=hr, node_sources=nodes, training_sources=taught, database=app.database.at(moment)
    )
    intake = replace(read_hr(then), judged_before=hr[0].kept.read_at)
    require(intake, sorted(part.people))
    made = draft(then, intake, part, training_of(then, run_id))
    with app.database.read() as conn:
        return Again(
            draft=made,
            intake=intake,
            kept=tuple(one.kept for one in (*hr, *nodes.values(), *taught.values())),
            at=moment,
            mirror_read_at=mirror.readings(conn, app.account).last,
            now=app.database.now(conn),
        )


def kept_of(app: App, run_id: int) -> list[Archived]:
    """What is kept of a Run. Raises Declined, with what to do, if nothing is."""
    with app.database.read() as conn:
        found = archived.of_run(conn, app.account, run_id)
    if not found:
        why = f"; {TURN_ON}" if app.archive is None else ""
        raise Declined(f"no input of run {run_id} is kept: syncd inputs lists what is{why}")
    return found


def vault_of(app: App) -> Vault:
    """The archive. Raises Declined if there is none."""
    if app.archive is None:
        raise Declined(f"there is no archive of inputs: {TURN_ON}")
    return app.archive
