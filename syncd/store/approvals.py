"""Approvals: which Changes a person has approved, until when. They outlive the Plan they were given for."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from syncd.store.schema import approval


def add(
    conn: Connection,
    account: str,
    hashes: Sequence[str],
    *,
    run_id: int,
    actor: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Approve Changes by their hashes."""
    conn.execute(delete(approval).where(approval.c.account == account, approval.c.expires_at <= now))
    known = valid(conn, account, now)
    rows = [
        {
            "account": account,
            "change_hash": one,
            "run_id": run_id,
            "actor": actor,
            "approved_at": now,
            "expires_at": expires_at,
        }
        for one in sorted(set(hashes) - known)
    ]
    if rows:
        conn.execute(insert(approval), rows)


def valid(conn: Connection, account: str, now: datetime) -> frozenset[str]:
    """The hashes that are approved now."""
    rows = conn.execute(
        select(approval.c.change_hash).where(approval.c.account == account, approval.c.expires_at > now)
    )
    return frozenset(rows.scalars())
