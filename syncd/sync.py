"""The three Flows: refresh, push, pull. The table of contents of the program."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from syncd import delivery
from syncd.app import App
from syncd.core.planfile import SavedPlan
from syncd.core.revert import Remark
from syncd.core.selection import Part
from syncd.errors import Busy, SyncdError
from syncd.intake import Intake, read_hr, require
from syncd.log import bound, get_logger
from syncd.mirroring import managing
from syncd.mirroring.refreshing import FEW_GONE, is_old, read_litmos
from syncd.mirroring.watching import Update
from syncd.planning.along import late_imports_ended, read_along, read_leaving, read_returning
from syncd.planning.committing import commit
from syncd.planning.narrowing import is_outdated, narrower
from syncd.planning.planner import Draft, draft
from syncd.planning.reverting import draft_reversal
from syncd.planning.saving import must_fit, must_stand, part_of
from syncd.planning.training import courses_unlisted, read_catalogue, read_training
from syncd.replay.keeping import keeper
from syncd.sending.endings import ending
from syncd.store import reasons, runs
from syncd.turn import planning, pulling

log = get_logger(__name__)


def quiet(_what: str, _done: int, _total: int | None) -> None:
    """The Update that tells nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What a push did up to the moment when its Jobs were queued: the Run's state, its Plan, what it read, and what of that
    could not be kept, with the reasons.
    """

    run_id: int
    state: str
    draft: Draft
    intake: Intake
    not_kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverted:
    """What a revert did up to the moment when its Jobs were queued, and what cannot be taken back."""

    run_id: int
    state: str
    draft: Draft
    remarks: tuple[Remark, ...]


def refresh(
    app: App, run_id: int, *, update: Update = quiet, delta: bool = False, accept_missing: int = FEW_GONE
) -> dict[str, int]:
    """Litmos -> mirror: in full, or with ``delta`` only what changed where that is enough.

    Returns counts (drift, gone, requests, and users, teams, paths of a full one). Raises RefreshError, LitmosError.
    """
    with planning(app) as mine, _run(app, run_id, "refresh"):
        wanted = managing.by_memory(app)
        counts = read_litmos(
            app, run_id, wanted, mine, update=update, delta=delta, accept_missing=accept_missing
        )
        with ending(app.database, app.account) as conn:
            runs.finish(conn, run_id, "succeeded", summary=counts, now=app.database.now(conn))
    return counts


def push(
    app: App,
    run_id: int,
    *,
    send: bool = True,
    fresh: bool = False,
    people: Collection[str] = (),
    saved: SavedPlan | None = None,
    update: Update = quiet,
) -> Pushed:
    """HR -> Plan -> durable Jobs (or a held Run). Sending them is the workers' work.

    ``send`` False plans only; ``fresh`` True reads Litmos in full first, whatever the mirror's age. ``people`` restricts the
    Plan to some employees (none: everybody); ``saved`` applies exactly that Plan, or nothing. Raises SourceError,
    ConfigError, RefreshError, LitmosError, Busy, Declined (no such people), StalePlan (``saved`` does not fit any more).
    """
    part = Part(people=frozenset(people)) if saved is None else part_of(saved)
    with planning(app) as mine, _run(app, run_id, "push"):
        update("reading HR", 0, None)
        everybody, keep = fresh or saved is not None or not part.is_whole, keeper(app, run_id)
        intake = read_hr(app, narrow=None if everybody else narrower(app), keep=keep)
        if saved is not None:
            must_fit(app, saved, intake)
        require(intake, sorted(part.people))
        training = read_training(app, keep)
        wanted = managing.by_intake(app, intake).with_courses(training.courses)
        whole = fresh or courses_unlisted(app, training)
        if late_imports_ended(app) or whole or is_old(app, wanted):
            read_litmos(app, run_id, wanted, mine, update=update, delta=not whole)
        read_catalogue(app, training, mine, update=update)
        if is_outdated(app, intake):
            intake = read_hr(app, narrow=narrower(app), keep=keep)
        for one in intake.inputs:
            log.info("source_read", source=one.source, rows=one.rows)
        update("planning", 0, None)
        made = draft(app, intake, part, training)
        if not made.plan.holds and read_returning(app, made.plan.changes, mine, update=update):
            made = draft(app, intake, part, training)
        if not made.plan.holds and read_leaving(app, made.plan.changes, mine, update=update):
            made = draft(app, intake, part, training)
        if read_along(app, made.plan.changes, mine, update=update):
            made = draft(app, intake, part, training)
        if saved is not None:
            must_stand(app, saved, made)
        state = commit(app, run_id, intake, made, send=send, mine=mine)
        _tell_plan(intake, made, state)
        not_kept = () if keep is None else keep.report()
    return Pushed(run_id=run_id, state=state, draft=made, intake=intake, not_kept=not_kept)


def _tell_plan(intake: Intake, made: Draft, state: str) -> None:
    log.info(
        "plan_made",
        state=state,
        digest=made.plan.digest,
        changes=len(made.plan.changes),
        requests=made.plan.cost.low,
        rejected=len(made.rejections),
        unchanged=intake.at_rest.unchanged if intake.at_rest else 0,
        holds=[hold.code for hold in made.plan.holds],
    )


def revert(app: App, run_id: int, target: int, *, send: bool = True, update: Update = quiet) -> Reverted:
    """Take back what Run ``target`` has done: a Plan like any other, but not made from HR.

    ``send`` False plans only. Raises Declined, RefreshError, LitmosError, Busy.
    """
    with planning(app) as mine, _run(app, run_id, "push"):
        draft_reversal(app, target)
        wanted = managing.by_memory(app)
        if is_old(app, wanted):
            read_litmos(app, run_id, wanted, mine, update=update, delta=True)
        made, remarks = draft_reversal(app, target)
        if read_returning(app, made.plan.changes, mine, update=update):
            made, remarks = draft_reversal(app, target)
        if read_along(app, made.plan.changes, mine, update=update):
            made, remarks = draft_reversal(app, target)
        state = commit(app, run_id, None, made, send=send, mine=mine)
        log.info("revert_planned", target=target, state=state, changes=len(made.plan.changes))
    return Reverted(run_id=run_id, state=state, draft=made, remarks=remarks)


def pull(app: App, run_id: int, *, full: bool = False, update: Update = quiet) -> dict[str, int]:
    """Litmos -> HR: results into the ledger, and from there to every sink. Returns rows delivered by sink.

    ``full`` reads all results of courses besides what changed, to find what date windows do not tell.
    """
    with pulling(app), _run(app, run_id, "pull"):
        with app.database.read() as conn:
            now = app.database.now(conn)
        found = delivery.collect(
            app, now, run_id=run_id, full=full, update=lambda n: update("results", n, None)
        )
        log.info("results_read", new=found.fresh)
        delivered = delivery.deliver(app, run_id, found.mark, app.sinks)
        with ending(app.database, app.account) as conn:
            summary = {**found.summary, **{f"delivered_{name}": rows for name, rows in delivered.items()}}
            runs.finish(conn, run_id, "succeeded", summary=summary, now=app.database.now(conn))
    return delivered


@contextmanager
def _run(app: App, run_id: int, flow: str) -> Iterator[None]:
    """Mark the Run running, and failed with its reason if anything goes wrong; all that is told meanwhile names it."""
    with app.database.write() as conn:
        if not runs.start(conn, run_id, owner=app.owner, now=app.database.now(conn)):
            raise Busy(
                f"run {run_id} is not queued any more; somebody else took it: syncd runs show {run_id}"
            )
    with bound(run_id=run_id, flow=flow):
        log.info("run_started")
        try:
            yield
        except BaseException as error:
            why = str(error) if isinstance(error, SyncdError) else f"stopped by {type(error).__name__}"
            with ending(app.database, app.account) as conn:
                if runs.finish(conn, run_id, "failed", error=why, now=app.database.now(conn)):
                    reasons.note(conn, run_id, error)
            raise
