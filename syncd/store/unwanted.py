"""Unwanted: since when the memberships of movers are not given by any rule, for as long as they still have them."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from syncd.store.schema import unwanted

CHUNK = 500


def load(conn: Connection, account: str) -> dict[str, datetime]:
    """The key of each such membership's Change -> since when."""
    rows = conn.execute(select(unwanted.c.key, unwanted.c.since).where(unwanted.c.account == account))
    return {row.key: row.since for row in rows}


def save(
    conn: Connection, account: str, found: Mapping[str, str], *, looked_at: Collection[str], now: datetime
) -> None:
    """Remember ``found`` (key -> employee id), new ones since ``now``; of those ``looked_at``, all others are forgotten."""
    rows = conn.execute(
        select(unwanted.c.key, unwanted.c.employee_id).where(unwanted.c.account == account)
    ).all()
    over = sorted(row.key for row in rows if row.employee_id in looked_at and row.key not in found)
    for start in range(0, len(over), CHUNK):
        some = unwanted.c.key.in_(over[start : start + CHUNK])
        conn.execute(delete(unwanted).where(unwanted.c.account == account, some))
    known = {row.key for row in rows}
    fresh = [
        {"account": account, "key": key, "employee_id": person, "since": now}
        for key, person in sorted(found.items())
        if key not in known
    ]
    for start in range(0, len(fresh), CHUNK):
        conn.execute(insert(unwanted), fresh[start : start + CHUNK])
