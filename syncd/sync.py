"""The three Flows: refresh, push, pull. The table of contents of the program."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from syncd import delivery
from syncd.along import read_along, read_returning
from syncd.app import App
from syncd.core.model import LearningPath, TeamKey, team_key, team_text
from syncd.core.operation import Snapshot, TeamFact
from syncd.errors import Busy, RefreshError, SyncdError
from syncd.intake import Intake, take_in
from syncd.log import get_logger
from syncd.planner import Draft, commit, draft
from syncd.store import grants, jobs, lease, mirror, people, reflection, runs
from syncd.store.lease import Held

log = get_logger(__name__)

Update = Callable[[str, int, int | None], None]
"""Progress: what is being done, how many are done, how many in all (None: not known)."""

LEASE = 900.0
"""Seconds after which a planner, or a pull, that does not answer is taken for lost."""
FEW_GONE = 20
"""So many users, teams and learning paths may vanish from Litmos' lists between two refreshes; more fail it."""


def quiet(_what: str, _done: int, _total: int | None) -> None:
    """The Update that tells nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What a push did up to the moment when its Jobs were queued: the Run's state, its Plan, and what it read."""

    run_id: int
    state: str
    draft: Draft
    intake: Intake


def refresh(
    app: App, run_id: int, *, update: Update = quiet, accept_missing: int = FEW_GONE
) -> dict[str, int]:
    """Litmos -> mirror, in full. Returns counts (users, teams, paths, drift, requests). Raises RefreshError, LitmosError."""
    with planning(app) as mine, _run(app, run_id):
        with app.database.read() as conn:
            wanted = people.managed_teams(conn, app.account) | app.settings.mapping.strict_teams
        counts = read_litmos(app, wanted, mine, update=update, accept_missing=accept_missing)
        with app.database.write() as conn:
            runs.finish(conn, run_id, "succeeded", summary=counts, now=app.database.now(conn))
    log.info("refresh_succeeded", run_id=run_id, **counts)
    return counts


def push(app: App, run_id: int, *, send: bool = True, fresh: bool = False, update: Update = quiet) -> Pushed:
    """HR -> Plan -> durable Jobs (or a held Run). Sending them is the workers' work.

    ``send`` False plans only; ``fresh`` True reads Litmos first, whatever the mirror's age. Raises SourceError,
    ConfigError, RefreshError, LitmosError, Busy.
    """
    with planning(app) as mine, _run(app, run_id):
        update("reading HR", 0, None)
        intake = take_in(app.source, app.settings.mapping)
        _ensure_mirror(app, intake, mine, fresh=fresh, update=update)
        update("planning", 0, None)
        made = draft(app, intake)
        if not made.plan.holds and read_returning(app, made.plan.changes, mine, update=update):
            made = draft(app, intake)
        if read_along(app, made.plan.changes, mine, update=update):
            made = draft(app, intake)
        state = commit(app, run_id, intake, made, send=send, mine=mine)
    log.info(
        "plan_made",
        run_id=run_id,
        state=state,
        digest=made.plan.digest,
        changes=len(made.plan.changes),
        requests=made.plan.cost.low,
        rejected=len(made.rejections),
        holds=[hold.code for hold in made.plan.holds],
    )
    return Pushed(run_id=run_id, state=state, draft=made, intake=intake)


def pull(app: App, run_id: int, *, update: Update = quiet) -> dict[str, int]:
    """Litmos -> HR: results into the ledger, and from there to every sink. Returns rows delivered by sink."""
    with pulling(app), _run(app, run_id):
        with app.database.read() as conn:
            now = app.database.now(conn)
        fresh, mark = delivery.collect(app, now, update=lambda n: update("results", n, None))
        delivered = delivery.deliver(app, run_id, mark, app.sinks)
        with app.database.write() as conn:
            summary = {"new": fresh, **{f"delivered_{name}": rows for name, rows in delivered.items()}}
            runs.finish(conn, run_id, "succeeded", summary=summary, now=app.database.now(conn))
    log.info("pull_succeeded", run_id=run_id, new=fresh, delivered=sum(delivered.values()))
    return delivered


@contextmanager
def planning(app: App) -> Iterator[Held]:
    """One planner per account at a time, whatever the number of processes. Raises Busy, naming the holder."""
    name = runs.lease_name(app.account, "push")
    with lease.held(app.database, name, app.owner, seconds=LEASE, about="refresh or push") as mine:
        yield mine


@contextmanager
def pulling(app: App) -> Iterator[None]:
    """One pull per account at a time. Raises Busy, naming the holder."""
    name = runs.lease_name(app.account, "pull")
    with lease.held(app.database, name, app.owner, seconds=LEASE, about="pull"):
        yield


@contextmanager
def _run(app: App, run_id: int) -> Iterator[None]:
    """Mark the Run running, and failed with its reason if anything goes wrong."""
    with app.database.write() as conn:
        if not runs.start(conn, run_id, owner=app.owner, now=app.database.now(conn)):
            raise Busy(
                f"run {run_id} is not queued any more; somebody else took it: syncd runs show {run_id}"
            )
    try:
        yield
    except SyncdError as error:
        with app.database.write() as conn:
            runs.finish(conn, run_id, "failed", error=str(error), now=app.database.now(conn))
        log.error("run_failed", run_id=run_id, kind=type(error).__name__, error=str(error))
        raise
    except BaseException as error:
        with app.database.write() as conn:
            runs.finish(
                conn, run_id, "failed", error=f"stopped by {type(error).__name__}", now=app.database.now(conn)
            )
        raise


def _ensure_mirror(app: App, intake: Intake, mine: Held, *, fresh: bool, update: Update) -> None:
    """Refresh if the mirror is too old, or has never read the members of a team or path that a rule names now."""
    mapping = app.settings.mapping
    wanted = intake.teams | mapping.strict_teams
    with app.database.read() as conn:
        now = app.database.now(conn)
        read_at = mirror.refreshed_at(conn, app.account)
        unread = mirror.unread(conn, app.account, wanted, mapping.path_names)
    too_old = read_at is None or now - read_at > timedelta(seconds=app.settings.refresh_max_age)
    if fresh or too_old or unread:
        read_litmos(app, wanted, mine, update=update)


def read_litmos(
    app: App,
    wanted: Collection[TeamKey],
    mine: Held,
    *,
    update: Update = quiet,
    accept_missing: int = FEW_GONE,
) -> dict[str, int]:
    """Read Litmos whole and move the mirror, in one transaction, or raise and leave it as it was.

    ``wanted`` are the managed teams; teams in which syncd made a membership are read as well. A user, team or
    learning path that is missing from its list is read directly before the mirror lets it go; more than
    ``accept_missing`` raise RefreshError. Raises Busy if the planner's lease ``mine`` was lost meanwhile.
    """
    with app.database.read() as conn:
        began_at = app.database.now(conn)
        granted = grants.team_texts(conn, app.account)
    snapshot = app.target.snapshot(
        lambda teams: managed_team_ids(teams, wanted, granted),
        lambda paths: mapped_path_ids(paths, app.settings.mapping.path_names),
        began_at=began_at,
        progress=update,
    )
    gone = _confirm_gone(app, snapshot, accept_missing)
    with app.database.write() as conn:
        lease.fence(conn, mine)
        drift = reflection.apply_snapshot(conn, app.account, snapshot, confirmed_gone=gone)
        jobs.resume(conn, app.account)
    return {
        "users": len(snapshot.profiles),
        "teams": len(snapshot.teams),
        "paths": len(snapshot.paths),
        "drift": drift,
        "gone": len(gone),
        "requests": snapshot.requests,
    }


def _confirm_gone(app: App, snapshot: Snapshot, accept_missing: int) -> frozenset[str]:
    with app.database.read() as conn:
        missing = reflection.vanished(conn, app.account, snapshot)
    if len(missing) > accept_missing:
        raise RefreshError(
            f"{missing} are missing from Litmos' lists, in all more than {accept_missing}: the lists may be incomplete. "
            f"If they really were deleted: syncd refresh --accept-missing {len(missing)}"
        )
    gone = {found for found in missing.users if app.target.read_user(found) is None}
    gone |= {found for found in missing.teams if app.target.read_team(found) is None}
    gone |= {found for found in missing.paths if app.target.read_path(found) is None}
    still = len(missing) - len(gone)
    if still:
        raise RefreshError(
            f"{still} of {missing} that are missing from Litmos' lists are in Litmos all the same; try again later"
        )
    return frozenset(gone)


def managed_team_ids(
    teams: tuple[TeamFact, ...], wanted: Collection[TeamKey], granted: Collection[str]
) -> set[str]:
    """The ids of the teams that a rule names, or (as team text) in which syncd made a membership."""
    keys = {team_id: team_key(names) for team_id, names in mirror.team_names(teams).items()}
    return {team_id for team_id, key in keys.items() if key in wanted or team_text(key) in granted}


def mapped_path_ids(paths: tuple[LearningPath, ...], names: Collection[str]) -> set[str]:
    """The ids of the learning paths that the mapping names, by id or by name."""
    wanted = {name.strip().casefold() for name in names}
    return {path.id for path in paths if path.id in names or path.name.strip().casefold() in wanted}
