"""Approval: a person decides about a held Run. Approval covers Changes, not Runs, and outlives newer Plans until it expires."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from syncd.app import App
from syncd.core.account import same
from syncd.core.compile import compile_requests
from syncd.core.confirming import Confirmation, Read, becomes, confirmation, is_doubted
from syncd.core.gifts import Reach
from syncd.core.holding import ALL_HELD, Choice, divide, refused
from syncd.core.model import Action, Assignment, Change, ObjectKind, State, team_key
from syncd.core.plan import change_hash, digest
from syncd.core.protection import barred
from syncd.core.resets import result_of
from syncd.errors import Declined, StaleApproval
from syncd.failpoint import reach
from syncd.log import get_logger
from syncd.mirroring.shelves import reach_of
from syncd.planning.accepting import accept_held, link_held
from syncd.planning.measuring import pace_of
from syncd.sending.endings import ending
from syncd.store import approvals, audit, awaited, cases, changes, inputs, links, mirror, runs
from syncd.store.current import current_state
from syncd.store.enqueue import enqueue

log = get_logger(__name__)


def approve(
    app: App,
    run_id: int,
    *,
    actor: str,
    seen_digest: str | None = None,
    choice: Choice = ALL_HELD,
    confirmed: int | None = None,
) -> tuple[int, int]:
    """Let what a Run holds go, or a person's choice of it; returns how many Changes are sent and how many were stale.

    The digest is recomputed over the stored Changes: it must be the Plan's, and, if given, the one that the person saw;
    ``confirmed`` is the number that they typed (``core.confirming``). Each Change is then judged by its own mirror row, and by what
    people decided since: what is no longer as it was planned, or barred (``core.protection``), is not sent, and the next
    push plans anew. What needs something that is not chosen, or not done yet, goes on waiting. Once nothing waits and nothing
    was rejected, what the input says is taken for good: people, Links, who is absent.

    Raises StaleApproval, and Declined if there is no such Run, or nothing would go.
    """
    with ending(app.database, app.account) as conn:
        now = app.database.now(conn)
        run = _holding(conn, app.account, run_id)
        _must_be_as_seen(conn, run, seen_digest)
        going, staying = _divided(conn, run_id, choice)
        _must_be_confirmed(run, going, confirmed)
        approvals.add(
            conn,
            app.account,
            [change_hash(change) for change in going],
            run_id=run_id,
            actor=actor,
            now=now,
            expires_at=now + timedelta(seconds=app.settings.hold_expires),
        )
        keys = [change.key for change in going]
        changes.approve(conn, run_id, keys)
        runs.decide(conn, run_id, "running", actor=actor, reason=_said("approved", going, staying), now=now)
        if not staying and not changes.load(conn, run_id, states=["cancelled"]):
            accept_held(conn, app, run_id, now)
        else:
            link_held(conn, app, run_id, {change.employee_id for change in going}, now)
        stale = _stale(conn, app, run, going)
        fresh = [change for change in going if change.key not in stale]
        changes.set_state(conn, run_id, keys, "planned")
        for (code, message), some in _by_reason(stale).items():
            changes.set_state(conn, run_id, some, "superseded", code=code, message=message, now=now)
        requests = compile_requests(fresh, pace_of(conn, app, mirror.users(conn, app.account), now))
        others = enqueue(conn, app.account, run_id, requests, max_attempts=app.settings.max_attempts, now=now)
        for each in (*others, run_id):
            runs.finish_if_done(conn, each, now)
        awaited.drop_decided(conn, app.account)
        numbers = {"sent": len(fresh), "stale": len(stale)}
        _note(conn, app, run_id, "approve", actor, choice, {"digest": run["plan_digest"], **numbers})
    reach("plan-committed")
    log.info("run_approved", run_id=run_id, actor=actor, sent=len(fresh), stale=len(stale))
    return len(fresh), len(stale)


def reject(app: App, run_id: int, *, actor: str, reason: str, choice: Choice = ALL_HELD) -> int:
    """Cancel what a Run holds, or a person's choice of it and what needs that; returns how many Changes.

    The next push plans again, and is held again if it is as large. Raises StaleApproval, and Declined.
    """
    with ending(app.database, app.account) as conn:
        now = app.database.now(conn)
        _holding(conn, app.account, run_id)
        held = changes.load(conn, run_id, states=["held"])
        gone = refused(held, choice)
        if held and not gone:
            raise Declined(
                f"run {run_id} holds nothing of that; syncd runs show {run_id} shows what it holds"
            )
        if len(gone) == len(held):
            runs.decide(conn, run_id, "cancelled", actor=actor, reason=reason, now=now)
        keys = [change.key for change in gone]
        changes.set_state(conn, run_id, keys, "cancelled", message=f"rejected: {reason}", now=now)
        awaited.drop_decided(conn, app.account)
        _note(conn, app, run_id, "reject", actor, choice, {"reason": reason, "changes": len(gone)})
    log.info("run_rejected", run_id=run_id, actor=actor, changes=len(gone))
    return len(gone)


def _note(
    conn: Connection, app: App, run_id: int, action: str, actor: str, choice: Choice, about: Mapping[str, Any]
) -> None:
    """The entry in the audit, with what the person chose, as far as they did."""
    parts = {"only": choice.classes, "employees": choice.employees, "fields": choice.fields}
    chosen = {name: sorted(some) for name, some in parts.items() if some}
    audit.record(
        conn,
        app.account,
        actor=actor,
        action=action,
        object_=f"run {run_id}",
        detail={**chosen, **about},
        now=app.database.now(conn),
    )


def asked(
    app: App, run_id: int, choice: Choice = ALL_HELD, *, seen_digest: str | None = None
) -> Confirmation | None:
    """The number that a person types before an approval; None if there is none to type.

    Raises StaleApproval, and Declined, as ``approve`` would.
    """
    with app.database.read() as conn:
        run = _holding(conn, app.account, run_id)
        _must_be_as_seen(conn, run, seen_digest)
        going, _staying = _divided(conn, run_id, choice)
        return confirmation(_codes(run), going)


def made_of_input(conn: Connection, account: str, run_id: int) -> str:
    """One sentence: what approving all of a Run makes of its input; "" where that is not doubted, or not taken for good."""
    run = runs.get(conn, run_id)
    if run is None or "only" in run["summary"] or not is_doubted(_codes(dict(run))):
        return ""
    last = {row["source"]: row for row in inputs.of_run(conn, run_id)}
    accepted = {source: inputs.last_accepted(conn, account, source) for source in last}
    return becomes(
        [
            Read(source=source, rows=row["rows"], accepted_rows=None if was is None else was["rows"])
            for (source, row), was in zip(last.items(), accepted.values(), strict=True)
        ]
    )


def _codes(run: Mapping[str, Any]) -> frozenset[str]:
    """What a Run is held by."""
    return frozenset(hold["code"] for hold in run["holds"])


def _must_be_confirmed(run: Mapping[str, Any], going: Sequence[Change], confirmed: int | None) -> None:
    """Raise StaleApproval if what would happen is not what the person typed."""
    found = None if confirmed is None else confirmation(_codes(run), going)
    if found is not None and found.number != confirmed:
        raise StaleApproval(
            f"run {run['id']}: {found.told}, not {confirmed}; look at it again: syncd runs show {run['id']}"
        )


def _holding(conn: Connection, account: str, run_id: int) -> Mapping[str, Any]:
    """The Run, if it holds anything for a person; raises Declined if there is none, and StaleApproval."""
    run = runs.get(conn, run_id)
    if run is None or run["account"] != account:
        raise Declined(f"there is no run {run_id}; syncd runs --state held lists what waits for a person")
    if run["state"] != "held" and not runs.holds_any(conn, run_id):
        raise StaleApproval(
            f"run {run_id} is {run['state']}; syncd runs --state held shows what waits for a person"
        )
    return dict(run)


def _must_be_as_seen(conn: Connection, run: Mapping[str, Any], seen_digest: str | None) -> None:
    """Raise StaleApproval if the stored Changes are not those of the Plan, or not those that the person saw."""
    run_id, planned = run["id"], run["plan_digest"]
    found = digest(changes.load(conn, run_id))
    if found != planned or (seen_digest is not None and seen_digest != found):
        raise StaleApproval(
            f"run {run_id}: the plan is {found}, not {seen_digest or planned}; "
            f"look at it again: syncd runs show {run_id}"
        )


def _divided(conn: Connection, run_id: int, choice: Choice) -> tuple[list[Change], list[Change]]:
    held = changes.load(conn, run_id, states=["held"])
    going, staying = divide(held, choice, pending=changes.load(conn, run_id, states=["queued"]))
    if held and not going:
        raise Declined(
            f"run {run_id} holds nothing of that, or nothing that need not wait for something else; "
            f"syncd runs show {run_id} shows what it holds, and why"
        )
    return going, staying


def _said(what: str, going: list[Change], staying: list[Change]) -> str:
    return what if not staying else f"{what} {len(going)} of {len(going) + len(staying)} held changes"


def _stale(
    conn: Connection, app: App, run: Mapping[str, Any], going: Sequence[Change]
) -> dict[str, tuple[str, str]]:
    """The Changes that are not sent: key -> (code, why).

    A Run that takes another one back is asked for by a person: what people decided about HR's rows says nothing of it.
    """
    linked = links.load(conn, app.account)
    current, given = current_state(conn, app.account, linked), reach_of(conn, app.account)
    decided = {} if "reverts" in run["summary"] else cases.resolutions(conn, app.account)
    protection = app.settings.mapping.protection
    found = {}
    for change in going:
        skip = barred(change, current, protection, resolutions=decided, links=linked)
        if skip is not None:
            found[change.key] = skip.code, f"{skip.message}; nothing was sent"
        elif not _still_holds(change, current, given):
            found[change.key] = "", "Litmos is no longer as it was planned; the next push plans it anew"
    return found


def _by_reason(stale: Mapping[str, tuple[str, str]]) -> dict[tuple[str, str], list[str]]:
    """The keys that share a reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for key, reason in stale.items():
        found.setdefault(reason, []).append(key)
    return found


def _still_holds(change: Change, current: State, given: Reach) -> bool:
    """Whether what the Change would change is still as it was planned."""
    person = change.employee_id
    user = current.users.get(person)
    team = team_key(change.team)
    match change.kind, change.action:
        case ObjectKind.TEAM, Action.UPDATE:
            names = {found.id: found.names[-1] for found in current.teams.values()}
            return names.get(change.team_id) == change.before["Name"]
        case ObjectKind.TEAM_ASSIGNMENT, action:
            return change.item is not None and given.stands(
                team, change.item, adds=action is Action.ADD, irreversible=change.irreversible
            )
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
        case ObjectKind.RESULT, _:
            return change.item in current.assignments.get(person, {})
        case _:
            held = current.assignments.get(person, {})
            return _assignment_holds(change, None if change.item is None else held.get(change.item))


def _assignment_holds(change: Change, held: Assignment | None) -> bool:
    if change.action is Action.ADD or held is None:
        return change.action is Action.ADD and held is None
    if change.action is Action.RESET:
        return held.result.fits(result_of(change))
    return change.irreversible or not held.started
