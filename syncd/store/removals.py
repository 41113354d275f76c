"""Removals: what syncd has just taken away, so that a reading of Litmos which began earlier cannot put it back."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from syncd.store.mirror_tables import litmos_removal

MEMBERSHIP = "membership"
ASSIGNMENT = "assignment"


def note(conn: Connection, account: str, kind: str, pairs: Iterable[tuple[str, str]], now: datetime) -> None:
    """Remember (team id or item as text, user id) pairs that were taken away ``now``."""
    for list_id, user_id in pairs:
        forget(conn, account, kind, [(list_id, user_id)])
        conn.execute(
            insert(litmos_removal).values(
                account=account, kind=kind, list_id=list_id, user_id=user_id, removed_at=now
            )
        )


def forget(conn: Connection, account: str, kind: str, pairs: Iterable[tuple[str, str]]) -> None:
    """These pairs were given again."""
    for list_id, user_id in pairs:
        conn.execute(
            delete(litmos_removal).where(
                litmos_removal.c.account == account,
                litmos_removal.c.kind == kind,
                litmos_removal.c.list_id == list_id,
                litmos_removal.c.user_id == user_id,
            )
        )


def since(conn: Connection, account: str, kind: str, list_id: str, began_at: datetime) -> set[str]:
    """The users that were taken out of this list since ``began_at``: a reading of that time may still show them."""
    return set(
        conn.execute(
            select(litmos_removal.c.user_id).where(
                litmos_removal.c.account == account,
                litmos_removal.c.kind == kind,
                litmos_removal.c.list_id == list_id,
                litmos_removal.c.removed_at > began_at,
            )
        ).scalars()
    )


def prune(conn: Connection, account: str, began_at: datetime) -> None:
    """Forget what was taken away before ``began_at``: only one process reads at a time, and it begins later."""
    conn.execute(
        delete(litmos_removal).where(
            litmos_removal.c.account == account, litmos_removal.c.removed_at <= began_at
        )
    )
