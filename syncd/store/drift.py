"""Drift: what somebody else changed in Litmos, with field, before and after; kept for a while, for people to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, delete, func, insert, select

from syncd.core.model import FieldValue
from syncd.core.narrowing import KEPT_KEYS
from syncd.store import settled
from syncd.store.mirror_tables import litmos_drift

MOST = 10_000
"""So many differences of one Run are kept; the Run's summary counts them all."""
KEPT = timedelta(days=90)
CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One difference between the mirror and a reading of Litmos that no Job of syncd made.

    ``kind`` is ``user``, ``membership`` or ``assignment``; ``object_id`` the id of the team, or the item as text ("" for a user);
    ``field`` a profile field, ``Member``, ``Leader``, ``Admin`` or ``Assigned``.
    """

    kind: str
    user_id: str
    object_id: str = ""
    field: str
    before: FieldValue
    after: FieldValue


def save(
    conn: Connection,
    account: str,
    run_id: int,
    differences: Sequence[Drift],
    now: datetime,
    *,
    ours: Mapping[tuple[str, str], FieldValue],
) -> list[Drift]:
    """Keep what a Run found that others have changed, and forget what is older than 90 days; returns what is kept.

    ``ours`` are values that we set ourselves, by user id and field, and are about to learn of: they are no drift.
    """
    settled.disturb_users(conn, account, {one.user_id for one in differences})
    if any(one.field in KEPT_KEYS for one in differences):
        settled.disturb_unlinked(conn, account)
    found = [
        one for one in differences if one.kind != "user" or ours.get((one.user_id, one.field)) != one.after
    ]
    if not found:
        return found
    conn.execute(
        delete(litmos_drift).where(litmos_drift.c.account == account, litmos_drift.c.seen_at < now - KEPT)
    )
    rows = [
        {
            "account": account,
            "run_id": run_id,
            "kind": one.kind,
            "user_id": one.user_id,
            "object_id": one.object_id,
            "field": one.field,
            "before": one.before,
            "after": one.after,
            "seen_at": now,
        }
        for one in found[:MOST]
    ]
    for start in range(0, len(rows), CHUNK):
        conn.execute(insert(litmos_drift), rows[start : start + CHUNK])
    return found


def listed(
    conn: Connection, account: str, *, run_id: int | None = None, user_id: str | None = None, limit: int = 200
) -> list[RowMapping]:
    """What a Run found, in the order it was found, or what was found about one user, newest first."""
    here = litmos_drift.c.account == account
    query = select(litmos_drift).where(here).limit(limit)
    if run_id is not None:
        query = query.where(litmos_drift.c.run_id == run_id).order_by(litmos_drift.c.id)
    if user_id is not None:
        query = query.where(litmos_drift.c.user_id == user_id).order_by(litmos_drift.c.id.desc())
    return list(conn.execute(query).mappings())


def count(conn: Connection, account: str, run_id: int) -> int:
    """How many differences of a Run are kept."""
    here = (litmos_drift.c.account == account) & (litmos_drift.c.run_id == run_id)
    return int(conn.execute(select(func.count()).select_from(litmos_drift).where(here)).scalar_one())
