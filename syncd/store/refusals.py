"""Refusals as they are stored: discarded Jobs whose data Litmos refused twice, and of which nothing else was heard since."""

from sqlalchemy import Connection, RowMapping, func, select

from syncd.core.plan import change_hash
from syncd.core.refusals import STATUSES, Refusal
from syncd.core.request import RequestKind
from syncd.store.changes import to_change
from syncd.store.schema import IS_DISCARDED, attempt, change, job, run

NEWEST = 5000
"""So many discarded Jobs are looked through."""
HEARD = ("done", "failed", "queued")
"""The states of a newer Change that make an older one history."""


def load(conn: Connection, account: str) -> dict[str, Refusal]:
    """``change_hash`` -> why it was refused. What one request did for several people tells nothing of any one of them.

    One refusal may be a proxy's fluke: it takes two, of two Runs or because a person had it tried again.
    """
    rows = conn.execute(
        select(job.c.id, job.c.run_id, job.c.changes, job.c.last_code, job.c.finished_at)
        .where(
            job.c.account == account,
            IS_DISCARDED,
            job.c.http_status.in_(STATUSES),
            job.c.kind != RequestKind.IMPORT_USERS.value,
        )
        .order_by(job.c.id.desc())
        .limit(NEWEST)
    ).all()
    found: dict[str, Refusal] = {}
    for row in rows:
        mine = (change.c.run_id == row.run_id) & change.c.key.in_(row.changes) & (change.c.state == "failed")
        planned = conn.execute(select(change).where(mine)).mappings().all()
        if len({one["employee_id"] for one in planned}) != 1:
            continue
        for one in planned:
            heard = _heard(conn, account, one)
            if heard[0]["id"] != one["id"]:
                continue
            known = change_hash(to_change(one))
            if _refused(conn, row.id) > 1 or _is_the_same(conn, heard[1:], known):
                refusal = Refusal(code=row.last_code, at=row.finished_at, job_id=row.id)
                found.setdefault(known, refusal)
    return found


def _heard(conn: Connection, account: str, one: RowMapping) -> list[RowMapping]:
    """The two newest Changes of the same key of which anything was heard."""
    query = (
        select(change)
        .join(run, run.c.id == change.c.run_id)
        .where(
            run.c.account == account,
            change.c.employee_id == one["employee_id"],
            change.c.key == one["key"],
            change.c.state.in_(HEARD),
        )
        .order_by(change.c.id.desc())
        .limit(2)
    )
    return list(conn.execute(query).mappings())


def _is_the_same(conn: Connection, before: list[RowMapping], known: str) -> bool:
    """Whether the Change before it said the same, and was refused as well."""
    return (
        bool(before)
        and change_hash(to_change(before[0])) == known
        and _refused(conn, before[0]["job_id"]) > 0
    )


def _refused(conn: Connection, job_id: int) -> int:
    """How often Litmos refused a Job's data."""
    mine = (attempt.c.job_id == job_id) & (attempt.c.outcome == "discarded")
    query = select(func.count()).where(mine, attempt.c.http_status.in_(STATUSES))
    return int(conn.execute(query).scalar_one())
