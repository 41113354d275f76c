"""Simulation: an account that does at once all that is planned for it, in a database of its own. Nothing is sent anywhere."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from sqlalchemy import Connection

from syncd.app import App, Settings, open_app
from syncd.core.churn import Churn, churn_of
from syncd.core.holding import HoldMode
from syncd.core.imagined import imagine
from syncd.core.limits import Policy
from syncd.core.model import Action, Change, ItemKey, ObjectKind
from syncd.core.operation import Effects, GiveTeam, Operation, PutUser, RenameTeam, TakeFromTeam
from syncd.core.plan import Plan
from syncd.core.request import Request, RequestKind
from syncd.core.training_operations import RecordModule, RecordSession
from syncd.errors import Permanent
from syncd.intake import Intake, read_hr
from syncd.planning.committing import commit
from syncd.planning.planner import Draft, draft
from syncd.replay.kept import KeptSource
from syncd.replay.taught import training_of
from syncd.sending.errand import Bearings, Errand, resolve
from syncd.sending.granting import keep_ledger
from syncd.sending.recording import note_recorded
from syncd.store import aside, changes, grants, links, mirror, runs, ties, training
from syncd.store.database import Database
from syncd.store.effects import apply_effects
from syncd.store.queue import Job
from syncd.turn import planning

NOWHERE = "http://127.0.0.1:9/v1.svc"
"""Where requests of a simulation would go, if there were any: nobody listens there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one input made of the account: ``held`` are the codes of why a person would have been asked.

    ``left_out``: the input itself was doubted, so nothing was done, as if the person had rejected it. ``problems`` say of which
    training nothing was planned, and why.
    """

    churn: Churn
    held: tuple[str, ...] = ()
    left_out: bool = False
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class Simulation:
    """One configuration over one scratch database. What a Limit holds is taken as approved."""

    settings: Settings
    database: Database
    ids: Iterator[int] = field(default_factory=lambda: count(1))

    def step(
        self,
        sources: Sequence[KeptSource],
        nodes: dict[str, KeptSource],
        taught: dict[str, KeptSource],
        moment: datetime,
        *,
        is_base: bool = False,
    ) -> Step:
        """Plan one input as of ``moment``, and let the account become what was planned.

        With ``is_base`` that is done whatever is doubted, and counts against no later Limit. Raises ArchiveError, ConfigError,
        SourceError.
        """
        self.database.ahead = self.database.at(moment).ahead
        app = self._app(sources, nodes, taught)
        try:
            intake = read_hr(app)
            found = training_of(app, sources[0].kept.run_id)
            made = draft(app, intake, training=found)
            plan = made.plan
            held = tuple(hold.code for hold in plan.holds)
            churn = churn_of(plan, len(made.rejections) + len(made.training.rejections))
            if plan.doubted and not is_base:
                nothing = Churn(rejected=churn.rejected, holds=churn.holds)
                return Step(churn=nothing, held=held, left_out=True, problems=found.problems)
            self._become(app, intake, made, approved=is_base or bool(held))
            return Step(churn=churn, held=held, problems=found.problems)
        finally:
            app.client.close()

    def _app(
        self, sources: Sequence[KeptSource], nodes: dict[str, KeptSource], taught: dict[str, KeptSource]
    ) -> App:
        """An App that sends nothing: policy observe does as sync would, and each Request is one for itself."""
        settings = self.settings
        return open_app(
            replace(
                settings,
                endpoint=replace(settings.endpoint, base_url=NOWHERE, api_key=lambda: "", ca_file=None),
                policy=Policy.SYNC if settings.policy is Policy.OBSERVE else settings.policy,
                hold=HoldMode.ALL,
                bulk_imports=False,
            ),
            self.database,
            sources,
            {},
            nodes,
            training_sources=taught,
        )

    def _become(self, app: App, intake: Intake, made: Draft, *, approved: bool) -> None:
        requests = made.plan.requests
        sent = replace(made, plan=replace(made.plan, holds=(), held={}, requests=()))
        with planning(app) as mine:
            with self.database.write() as conn:
                now = self.database.now(conn)
                run_id = runs.create(conn, app.account, "push", trigger="person", actor="backtest", now=now)
                assert run_id is not None
                runs.start(conn, run_id, owner=app.owner, now=now)
            commit(app, run_id, intake, sent, send=True, mine=mine)
        with self.database.write() as conn:
            now = self.database.now(conn)
            failed = {key for request in requests for key in self._carry_out(conn, app, request, run_id, now)}
            self._along(conn, app.account, made.plan, run_id, now)
            done = [change.key for change in made.plan.changes if change.key not in failed]
            changes.set_state(conn, run_id, done, "done", now=now)
            changes.set_state(conn, run_id, sorted(failed), "failed", now=now)
            if approved:
                changes.approve(conn, run_id, done)

    def _carry_out(
        self, conn: Connection, app: App, request: Request, run_id: int, now: datetime
    ) -> Sequence[str]:
        """What a worker does with the Job of a Request when Litmos does as it is told; returns the keys of what failed."""
        account, job = app.account, _job(request, run_id)
        try:
            errand = resolve(conn, job, _bearings(app, job, now))
        except Permanent:
            return job.changes
        effects = self._imagined(conn, account, errand)
        _reflect(conn, account, effects, run_id, now)
        if job.payload.get("node"):
            ties.save(conn, account, {tuple(job.payload["node"]): team.id for team in effects.teams}, now)
        if job.kind == RequestKind.PUT_USER and errand.operation is not None:
            aside.after_put(conn, account, {**job.payload, "user_id": _user_of(errand.operation)}, now)
        if job.kind == RequestKind.CREATE_USER and effects.profiles:
            user_id = str(effects.profiles[0]["Id"])
            links.save(conn, account, job.payload["employee_id"], user_id, "create", now)
        keep_ledger(conn, account, job, errand, effects, now)
        note_recorded(conn, account, job, effects, now)
        lost = job.changes if errand.lost == ("*",) else errand.lost
        return (*lost, *errand.refused)

    def _imagined(self, conn: Connection, account: str, errand: Errand) -> Effects:
        operation = errand.operation
        match operation:
            case None:
                return Effects()
            case PutUser():
                known = mirror.profiles(conn, account, [operation.user_id])
                return imagine(operation, self._new_id, profile=known.get(operation.user_id))
            case RenameTeam():
                teams = {team.id: team for team in mirror.team_facts(conn, account)}
                return imagine(operation, self._new_id, team=teams.get(operation.team_id))
            case GiveTeam() | TakeFromTeam():
                return _with_members(conn, account, operation, imagine(operation, self._new_id))
            case RecordModule() | RecordSession():
                modules = training.catalogue(conn, account).modules.get(operation.course_id, ())
                return imagine(operation, self._new_id, alone=len(modules) == 1)
            case _:
                return imagine(operation, self._new_id)

    def _new_id(self) -> str:
        return f"simulated-{next(self.ids)}"

    def _along(self, conn: Connection, account: str, plan: Plan, run_id: int, now: datetime) -> None:
        """What comes and goes with memberships, as the Plan says."""
        for change in plan.changes:
            if change.kind is ObjectKind.MEMBERSHIP and (change.gives or change.takes):
                user_id = change.user_id or links.find(conn, account, change.employee_id)
                if user_id:
                    _reflect(conn, account, _came_along(change, user_id), run_id, now)


def _came_along(change: Change, user_id: str) -> Effects:
    if change.action is Action.ADD:
        return Effects(assigned=tuple((user_id, item) for item in change.gives))
    return Effects(unassigned=tuple((user_id, item) for item in change.takes))


def _with_members(
    conn: Connection, account: str, operation: GiveTeam | TakeFromTeam, effects: Effects
) -> Effects:
    """And what the members of the team get, or lose unless they have it for themselves as well."""
    members = sorted(user_id for _, user_id in mirror.members_of(conn, account, [operation.team_id]))
    if isinstance(operation, TakeFromTeam):
        kept = {user_id for user_id, _ in grants.direct(conn, account, [operation.item])}
        lost = tuple((one, operation.item) for one in members if one not in kept)
        return replace(effects, unassigned=lost)
    if operation.library:
        return effects
    items = [ItemKey(operation.kind, item_id) for item_id in operation.item_ids]
    return replace(effects, assigned=tuple((one, item) for one in members for item in items))


def _reflect(conn: Connection, account: str, effects: Effects, run_id: int, now: datetime) -> None:
    apply_effects(conn, account, effects, began_at=now, now=now, run_id=run_id, ours={})


def _user_of(operation: Operation) -> str:
    return operation.user_id if isinstance(operation, PutUser) else ""


def _job(request: Request, run_id: int) -> Job:
    """The Job that the queue would make of a Request."""
    return Job(
        id=0,
        run_id=run_id,
        kind=request.kind.value,
        key=request.key,
        payload=json.loads(json.dumps(dict(request.payload))),
        changes=request.changes,
        attempts=1,
        settle_reads=0,
        settling=False,
        owner="",
        epoch=1,
    )


def _bearings(app: App, job: Job, now: datetime) -> Bearings:
    work = app.work
    return Bearings(
        job=job,
        link_field=work.link_field,
        account=app.account,
        now=now,
        run_started_at=now,
        import_patience=work.import_patience,
        protection=work.protection,
    )
