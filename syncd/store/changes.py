"""Changes: every difference that a Run planned, with what became of it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, or_, select, update

from syncd.core.counts import Kind
from syncd.core.flapping import Turn
from syncd.core.holding import Cause
from syncd.core.model import Action, Change, ItemKey, ObjectKind
from syncd.store.batches import insert_many
from syncd.store.schema import IS_HELD, change, run

CHUNK = 500


def insert_all(
    conn: Connection,
    run_id: int,
    planned: Sequence[Change],
    *,
    state: str,
    held: Mapping[str, Cause] | None = None,
    approved: Collection[str] = frozenset(),
) -> None:
    """Store the Changes of a Plan in its order; ``approved`` are the keys of those that a person has approved.

    Those that are ``held`` are in that state, with their Cause, and the others in ``state``.
    """
    causes = held or {}
    rows = (
        (
            run_id,
            seq,
            one.key,
            one.action.value,
            one.kind.value,
            one.employee_id,
            one.user_id,
            list(one.team),
            "" if one.item is None else str(one.item),
            one.team_id,
            dict(one.before),
            dict(one.after),
            [str(item) for item in one.gives],
            [str(item) for item in one.takes],
            one.irreversible,
            one.invite,
            one.reason,
            one.rule,
            one.origin,
            "held" if one.key in causes else state,
            causes[one.key].code if one.key in causes else "",
            causes[one.key].message if one.key in causes else "",
            one.key in approved,
        )
        for seq, one in enumerate(planned)
    )
    insert_many(conn, change, _PLANNED, rows)


_PLANNED = (
    *("run_id", "seq", "key", "action", "kind", "employee_id", "user_id", "team", "item", "team_id"),
    *("before", "after", "gives", "takes", "irreversible", "invite", "reason", "rule", "origin"),
    *("state", "code", "message", "approved"),
)
"""The columns that a Plan fills in."""


def load(conn: Connection, run_id: int, *, states: Sequence[str] | None = None) -> list[Change]:
    """The Changes of a Run as values, in their order."""
    return [to_change(row) for row in listed(conn, run_id=run_id, states=states, limit=None)]


def to_change(row: RowMapping) -> Change:
    """One stored row as a value."""
    return Change(
        key=row["key"],
        action=Action(row["action"]),
        kind=ObjectKind(row["kind"]),
        employee_id=row["employee_id"],
        user_id=row["user_id"],
        team=tuple(row["team"]),
        item=ItemKey.parse(row["item"]) if row["item"] else None,
        team_id=row["team_id"],
        before=row["before"],
        after=row["after"],
        gives=tuple(map(ItemKey.parse, row["gives"])),
        takes=tuple(map(ItemKey.parse, row["takes"])),
        irreversible=row["irreversible"],
        invite=row["invite"],
        reason=row["reason"],
        rule=row["rule"],
        origin=row["origin"],
    )


def listed(
    conn: Connection,
    *,
    run_id: int | None = None,
    employee_id: str | None = None,
    account: str | None = None,
    states: Sequence[str] | None = None,
    limit: int | None = 200,
) -> list[RowMapping]:
    """Stored Changes: of one Run in the Plan's order, or of one employee, newest first."""
    query = select(change, run.c.created_at.label("run_created_at")).join(run, run.c.id == change.c.run_id)
    query = query.order_by(change.c.seq) if run_id is not None else query.order_by(change.c.id.desc())
    if run_id is not None:
        query = query.where(change.c.run_id == run_id)
    if employee_id is not None:
        query = query.where(change.c.employee_id == employee_id)
    if account is not None:
        query = query.where(run.c.account == account)
    if states is not None:
        query = query.where(change.c.state.in_(states))
    if limit is not None:
        query = query.limit(limit)
    return list(conn.execute(query).mappings())


def at(row: Any) -> datetime:
    """When a listed Change ended, else when its Run was made."""
    found: datetime = row["finished_at"] or row["run_created_at"]
    return found


def done_lately(conn: Connection, account: str, kinds: Collection[Kind], since: datetime) -> list[Change]:
    """The Changes of these kinds that were done since then, or are queued, and that no person has approved."""
    if not kinds:
        return []
    wanted = or_(
        *((change.c.kind == kind.value) & (change.c.action == action.value) for kind, action in sorted(kinds))
    )
    query = (
        select(change)
        .join(run, run.c.id == change.c.run_id)
        .where(run.c.account == account, change.c.approved.is_(False), wanted)
    )
    done = query.where(change.c.finished_at >= since, change.c.state == "done")
    queued = query.where(run.c.state.in_(["running", "held"]), change.c.state == "queued")
    return [to_change(row) for one in (done, queued) for row in conn.execute(one).mappings()]


def turns(
    conn: Connection, account: str, kinds: Collection[str], *, since: datetime, at_least: int
) -> dict[str, list[Turn]]:
    """What was given and taken since then, by key, of what was taken at least so often; of these kinds of Changes."""
    done = (
        (run.c.account == account)
        & change.c.kind.in_(sorted(kinds))
        & (change.c.finished_at >= since)
        & (change.c.state == "done")
    )
    often = (
        select(change.c.key)
        .join(run, run.c.id == change.c.run_id)
        .where(done, change.c.action == Action.REMOVE.value)
        .group_by(change.c.key)
        .having(func.count() >= at_least)
    )
    keys = sorted(conn.execute(often).scalars())
    found: dict[str, list[Turn]] = {}
    for start in range(0, len(keys), CHUNK):
        some = change.c.key.in_(keys[start : start + CHUNK])
        query = select(change.c.key, change.c.action, change.c.finished_at).join(
            run, run.c.id == change.c.run_id
        )
        for row in conn.execute(query.where(done, some).order_by(change.c.finished_at)):
            found.setdefault(row.key, []).append(Turn(action=Action(row.action), at=row.finished_at))
    return found


def tally(conn: Connection, run_id: int) -> dict[str, dict[str, int]]:
    """How many Changes of a Run are in each state: ``"create user" -> state -> number``."""
    found: dict[str, dict[str, int]] = {}
    rows = conn.execute(
        select(change.c.action, change.c.kind, change.c.state, func.count().label("number"))
        .where(change.c.run_id == run_id)
        .group_by(change.c.kind, change.c.action, change.c.state)
        .order_by(change.c.kind, change.c.action, change.c.state)
    ).all()
    for row in rows:
        found.setdefault(f"{row.action} {row.kind}", {})[row.state] = row.number
    return found


def causes(conn: Connection, run_id: int) -> dict[str, dict[str, int]]:
    """What is held, by why: the code of its Cause -> ``"deactivate user"`` -> number."""
    found: dict[str, dict[str, int]] = {}
    rows = conn.execute(
        select(change.c.code, change.c.action, change.c.kind, func.count().label("number"))
        .where(change.c.run_id == run_id, IS_HELD)
        .group_by(change.c.code, change.c.action, change.c.kind)
        .order_by(change.c.code, change.c.kind, change.c.action)
    ).all()
    for row in rows:
        found.setdefault(row.code, {})[f"{row.action} {row.kind}"] = row.number
    return found


# Made once: a sender says this for each Job.
_SET_STATE = (
    update(change)
    .where(change.c.run_id == bindparam("of_run"), change.c.key.in_(bindparam("keys", expanding=True)))
    .values(
        state=bindparam("to"),
        code=bindparam("with_code"),
        message=bindparam("saying"),
        finished_at=bindparam("at"),
    )
)
_END = _SET_STATE.returning(change.c.key, change.c.action, change.c.kind)


def set_state(
    conn: Connection,
    run_id: int,
    keys: Sequence[str],
    state: str,
    *,
    code: str = "",
    message: str = "",
    now: datetime | None = None,
) -> None:
    """Say what became of some Changes of a Run; ``now`` is when, for states that end a Change."""
    for values in _said(run_id, keys, state, code, message, now):
        conn.execute(_SET_STATE, values)


def end(
    conn: Connection,
    run_id: int,
    keys: Sequence[str],
    state: str,
    *,
    code: str = "",
    message: str = "",
    now: datetime,
) -> dict[str, str]:
    """As ``set_state``, for who sends; returns what each of them is: key -> ``"create user"``."""
    return {
        row.key: f"{row.action} {row.kind}"
        for values in _said(run_id, keys, state, code, message, now)
        for row in conn.execute(_END, values)
    }


def _said(
    run_id: int, keys: Sequence[str], state: str, code: str, message: str, now: datetime | None
) -> Iterator[dict[str, Any]]:
    """The parameters of ``_SET_STATE``, for some of the keys at a time."""
    values = {"of_run": run_id, "to": state, "with_code": code, "saying": message, "at": now}
    for start in range(0, len(keys), CHUNK):
        yield {**values, "keys": keys[start : start + CHUNK]}


def approve(conn: Connection, run_id: int, keys: Sequence[str]) -> None:
    """Note that a person has approved these Changes of a Run: they count against no Limit from now on."""
    for start in range(0, len(keys), CHUNK):
        conn.execute(
            update(change)
            .where(change.c.run_id == run_id, change.c.key.in_(keys[start : start + CHUNK]))
            .values(approved=True)
        )


def last_of(conn: Connection, account: str, employee_id: str) -> RowMapping | None:
    """The newest Change of an employee, or None."""
    found = listed(conn, employee_id=employee_id, account=account, limit=1)
    return found[0] if found else None
