"""Approval: a person decides about a held Run. Approval covers Changes, not Runs, and outlives newer Plans until it expires."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from syncd.app import App
from syncd.core.account import same
from syncd.core.compile import Pace, compile_requests
from syncd.core.model import Action, Change, ObjectKind, State, team_key
from syncd.core.plan import change_hash, digest
from syncd.errors import StaleApproval
from syncd.failpoint import reach
from syncd.store import approvals, changes, inputs, links, mirror, queue, runs


def approve(app: App, run_id: int, *, actor: str, seen_digest: str | None = None) -> tuple[int, int]:
    """Let a held Run go; returns how many Changes are sent and how many had become stale.

    The digest is recomputed over the stored Changes: it must be the Plan's, and, if given, the one that the person saw.
    Each Change is then judged by its own mirror row: what is no longer as it was planned is not sent, and the next push
    plans it anew. Raises StaleApproval.
    """
    with app.database.write() as conn:
        now = app.database.now(conn)
        run = runs.get(conn, run_id)
        if run is None or run["state"] != "held":
            state = "does not exist" if run is None else f"is {run['state']}"
            raise StaleApproval(
                f"run {run_id} {state}; syncd runs --state held shows what waits for approval"
            )
        stored = changes.load(conn, run_id)
        found = digest(stored)
        if found != run["plan_digest"] or (seen_digest is not None and seen_digest != found):
            raise StaleApproval(
                f"run {run_id}: the plan is {found}, not {seen_digest or run['plan_digest']}; "
                f"look at it again: syncd runs show {run_id}"
            )
        approvals.add(
            conn,
            app.account,
            [change_hash(change) for change in stored],
            run_id=run_id,
            actor=actor,
            now=now,
            expires_at=now + timedelta(seconds=app.settings.hold_expires),
        )
        if run["input_id"] is not None and "only" not in run["summary"]:
            inputs.accept(conn, run["input_id"])
        runs.decide(conn, run_id, "running", actor=actor, reason="approved", now=now)
        current = mirror.current_state(conn, app.account, _links(conn, app, stored, now))
        fresh = [change for change in stored if _still_holds(change, current)]
        stale = [change.key for change in stored if not _still_holds(change, current)]
        message = "Litmos is no longer as it was planned; the next push plans it anew"
        changes.set_state(conn, run_id, stale, "superseded", message=message, now=now)
        pace = Pace(users=mirror.count_users(conn, app.account), per_minute=app.settings.per_minute)
        requests = compile_requests(fresh, pace)
        others = queue.enqueue(
            conn, app.account, run_id, requests, max_attempts=app.settings.max_attempts, now=now
        )
        for other in others:
            runs.finish_if_done(conn, other, now)
        runs.finish_if_done(conn, run_id, now)
    reach("plan-committed")
    return len(fresh), len(stale)


def reject(app: App, run_id: int, *, actor: str, reason: str) -> None:
    """Cancel a held Run; the next push plans again, and is held again if it is as large. Raises StaleApproval."""
    with app.database.write() as conn:
        now = app.database.now(conn)
        run = runs.get(conn, run_id)
        if run is None or run["state"] != "held":
            state = "does not exist" if run is None else f"is {run['state']}"
            raise StaleApproval(f"run {run_id} {state}; syncd runs --state held shows what can be rejected")
        keys = [change.key for change in changes.load(conn, run_id)]
        changes.set_state(conn, run_id, keys, "cancelled", message=f"rejected: {reason}", now=now)
        runs.decide(conn, run_id, "cancelled", actor=actor, reason=reason, now=now)


def _links(conn: Connection, app: App, stored: list[Change], now: datetime) -> dict[str, str]:
    """The Links there are, and those that the Plan matched (they are stored only now, with the approval)."""
    known = dict(links.load(conn, app.account))
    taken = set(known.values())
    for change in stored:
        if change.user_id and change.employee_id not in known and change.user_id not in taken:
            known[change.employee_id] = change.user_id
            links.save(conn, app.account, change.employee_id, change.user_id, "approved match", now)
    return known


def _still_holds(change: Change, current: State) -> bool:
    """Whether what the Change would change is still as it was planned."""
    person = change.employee_id
    user = current.users.get(person)
    team = team_key(change.team)
    match change.kind, change.action:
        case ObjectKind.TEAM, Action.UPDATE:
            names = {found.id: found.names[-1] for found in current.teams.values()}
            return names.get(change.team_id) == change.before["Name"]
        case ObjectKind.TEAM, _:
            return team not in current.teams
        case ObjectKind.USER, Action.CREATE:
            return user is None
        case ObjectKind.USER, Action.UPDATE:
            return user is not None and all(
                same(name, user.fields.get(name, ""), value) for name, value in change.before.items()
            )
        case ObjectKind.USER, action:
            return user is not None and user.active is (action is Action.DEACTIVATE)
        case ObjectKind.MEMBERSHIP, action:
            held = current.assignments.get(person, {})
            taken = [held[item] for item in change.takes if item in held]
            is_member = team in current.memberships.get(person, frozenset())
            return is_member is (action is Action.REMOVE) and (
                change.irreversible or not any(item.started for item in taken)
            )
        case ObjectKind.ROLE, action:
            is_so = (team, change.role) in current.roles.get(person, frozenset())
            return is_so is (action is Action.REMOVE)
        case ObjectKind.ASSIGNMENT, Action.ADD:
            return change.item not in current.assignments.get(person, {})
        case _:
            held = current.assignments.get(person, {})
            assignment = None if change.item is None else held.get(change.item)
            return assignment is not None and (change.irreversible or not assignment.started)
