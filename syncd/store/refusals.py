"""Refusals as they are stored: discarded Jobs whose data Litmos refused, and of which nothing was heard since."""

from sqlalchemy import Connection, select

from syncd.core.plan import change_hash
from syncd.core.refusals import STATUSES, Refusal
from syncd.core.request import RequestKind
from syncd.store.changes import to_change
from syncd.store.schema import IS_DISCARDED, change, job, run

NEWEST = 5000
"""So many discarded Jobs are looked through."""
HEARD = ("done", "failed", "queued")
"""The states of a newer Change that make an older one history."""


def load(conn: Connection, account: str) -> dict[str, Refusal]:
    """``change_hash`` -> why it was refused. What one request did for several people tells nothing of any one of them."""
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
            newer = (
                select(change.c.id)
                .join(run, run.c.id == change.c.run_id)
                .where(
                    run.c.account == account,
                    change.c.employee_id == one["employee_id"],
                    change.c.key == one["key"],
                    change.c.id > one["id"],
                    change.c.state.in_(HEARD),
                )
            )
            if conn.execute(newer.limit(1)).first() is None:
                refusal = Refusal(code=row.last_code, at=row.finished_at, job_id=row.id)
                found.setdefault(change_hash(to_change(one)), refusal)
    return found
