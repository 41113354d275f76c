"""Tallies: counts and codes for messages, and nothing of whom they are about."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, select

from syncd.store.runs import OBSERVED, PLANNED_ONLY
from syncd.store.schema import batch, change, quarantine, run


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What happened since a moment: runs by flow and state, changes made by action and kind, failed ones by code."""

    runs: dict[str, int]
    changes: dict[str, int]
    failures: dict[str, int]
    starters: int
    leavers: int
    delivered: int


def since(conn: Connection, account: str, moment: datetime) -> Tally:
    """What happened since then."""
    number = func.count()
    ended = select(run.c.flow, run.c.state, number).where(
        run.c.account == account, run.c.finished_at >= moment
    )
    runs = {
        f"{flow} {state}": many for flow, state, many in conn.execute(ended.group_by(run.c.flow, run.c.state))
    }
    mine = (change.c.run_id == run.c.id) & (run.c.account == account) & (change.c.finished_at >= moment)
    made = select(change.c.action, change.c.kind, number).where(mine, change.c.state == "done")
    changes = {
        f"{action} {kind}": many
        for action, kind, many in conn.execute(made.group_by(change.c.action, change.c.kind))
    }
    wrong = select(change.c.code, number).where(mine, change.c.state == "failed").group_by(change.c.code)
    taken = select(func.coalesce(func.sum(batch.c.rows), 0)).where(
        batch.c.account == account, batch.c.delivered_at >= moment
    )
    return Tally(
        runs=runs,
        changes=changes,
        failures={code or "UNKNOWN": many for code, many in conn.execute(wrong)},
        starters=changes.get("create user", 0) + changes.get("reactivate user", 0),
        leavers=changes.get("deactivate user", 0),
        delivered=int(conn.execute(taken).scalar_one()),
    )


def last_ended(conn: Connection, account: str, flow: str, *, scheduled: bool = False) -> RowMapping | None:
    """The newest Run of a Flow that has succeeded or failed, mere Plans left out; ``scheduled``: of those of its schedule."""
    planned, observed = run.c.summary[PLANNED_ONLY].as_boolean(), run.c.summary[OBSERVED].as_boolean()
    query = select(run).where(
        run.c.account == account,
        run.c.flow == flow,
        run.c.state.in_(["succeeded", "failed"]),
        planned.is_(None) | observed.is_not(None),
    )
    if scheduled:
        query = query.where(run.c.trigger == "schedule")
    return conn.execute(query.order_by(run.c.id.desc()).limit(1)).mappings().first()


def failures(conn: Connection, run_id: int) -> dict[str, int]:
    """The codes of the failed Changes of a Run."""
    query = select(change.c.code, func.count()).where(change.c.run_id == run_id, change.c.state == "failed")
    return {code or "UNKNOWN": many for code, many in conn.execute(query.group_by(change.c.code))}


def waiting(conn: Connection, run_id: int) -> dict[str, int]:
    """What a Run holds, by action and kind."""
    query = select(change.c.action, change.c.kind, func.count()).where(
        change.c.run_id == run_id, change.c.state == "held"
    )
    found = conn.execute(query.group_by(change.c.action, change.c.kind))
    return {f"{action} {kind}": many for action, kind, many in found}


def quarantine_codes(conn: Connection, account: str) -> dict[str, int]:
    """Why rows of HR are in quarantine: how many for each code."""
    found: Counter[str] = Counter()
    for reasons in conn.execute(
        select(quarantine.c.reasons).where(quarantine.c.account == account)
    ).scalars():
        found.update({reason["code"] for reason in reasons})
    return dict(found)


def states(conn: Connection, account: str, run_ids: Collection[int]) -> dict[int, str]:
    """The states of these Runs, of those that are still there."""
    query = select(run.c.id, run.c.state).where(run.c.account == account, run.c.id.in_(sorted(run_ids)))
    return {row.id: row.state for row in conn.execute(query)}
