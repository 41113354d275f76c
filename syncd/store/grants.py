"""Grants: the memberships and assignments that syncd itself gave, and may therefore take away again."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from syncd.core.model import ItemKey
from syncd.store.schema import grants


def load(conn: Connection, account: str, links: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    """All grants as (employee_id, team text | item as text); ``links`` is employee_id -> user id."""
    employees = {user_id: employee_id for employee_id, user_id in links.items()}
    rows = conn.execute(select(grants.c.user_id, grants.c.object_id).where(grants.c.account == account)).all()
    return frozenset((employees[row.user_id], row.object_id) for row in rows if row.user_id in employees)


def add(
    conn: Connection, account: str, kind: str, given: Iterable[tuple[str, str]], *, run_id: int, now: datetime
) -> None:
    """Remember what was given, as (user id, object id); ``kind`` is ``membership`` or ``assignment``."""
    pairs = list(given)
    remove(conn, account, kind, pairs)
    rows = [
        {
            "account": account,
            "kind": kind,
            "user_id": user,
            "object_id": what,
            "run_id": run_id,
            "granted_at": now,
        }
        for user, what in pairs
    ]
    if rows:
        conn.execute(insert(grants), rows)


def remove(conn: Connection, account: str, kind: str, taken: Iterable[tuple[str, str]]) -> None:
    """Forget what was taken away."""
    for user_id, object_id in taken:
        conn.execute(
            delete(grants).where(
                grants.c.account == account,
                grants.c.kind == kind,
                grants.c.user_id == user_id,
                grants.c.object_id == object_id,
            )
        )


def team_texts(conn: Connection, account: str) -> frozenset[str]:
    """The teams in which syncd gave a membership, as team texts."""
    rows = conn.execute(
        select(grants.c.object_id)
        .where(grants.c.account == account, grants.c.kind == "membership")
        .distinct()
    )
    return frozenset(rows.scalars())


def items(conn: Connection, account: str) -> frozenset[ItemKey]:
    """The learning paths and courses that syncd gave somebody."""
    here = (grants.c.account == account) & (grants.c.kind == "assignment")
    return frozenset(
        map(ItemKey.parse, conn.execute(select(grants.c.object_id).where(here).distinct()).scalars())
    )
