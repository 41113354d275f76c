"""Grants: the memberships and assignments that syncd itself gave, and may therefore take away again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from syncd.core.model import Role
from syncd.core.roles import Grant
from syncd.store.schema import grants

ROLES = (Role.LEADER.value, Role.ADMIN.value)
"""The kinds of grant that are a role in a team."""


def load(conn: Connection, account: str, links: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    """All grants as (employee_id, team text | path id); ``links`` is employee_id -> user id."""
    employees = {user_id: employee_id for employee_id, user_id in links.items()}
    rows = conn.execute(
        select(grants.c.user_id, grants.c.object_id).where(
            grants.c.account == account, grants.c.kind.not_in(ROLES)
        )
    ).all()
    return frozenset((employees[row.user_id], row.object_id) for row in rows if row.user_id in employees)


def roles(conn: Connection, account: str, links: Mapping[str, str]) -> frozenset[Grant]:
    """The roles in teams that syncd gave, as (employee_id, team text, role); ``links`` is employee_id -> user id."""
    employees = {user_id: employee_id for employee_id, user_id in links.items()}
    rows = conn.execute(select(grants).where(grants.c.account == account, grants.c.kind.in_(ROLES))).all()
    return frozenset(
        (employees[row.user_id], row.object_id, Role(row.kind)) for row in rows if row.user_id in employees
    )


def add(
    conn: Connection, account: str, kind: str, given: Iterable[tuple[str, str]], *, run_id: int, now: datetime
) -> None:
    """Remember what was given, as (user id, object id); ``kind`` is ``membership``, ``assignment`` or a role."""
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


def follow(conn: Connection, account: str, texts: Mapping[str, str]) -> None:
    """Teams are called otherwise now, as team text -> team text: what was given there stays given."""
    for old, new in sorted(texts.items()):
        here = (grants.c.account == account) & (grants.c.kind != "assignment")
        conn.execute(delete(grants).where(here, grants.c.object_id == new))
        conn.execute(update(grants).where(here, grants.c.object_id == old).values(object_id=new))


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where syncd made somebody a member (team texts), leader or admin (team text, role)."""

    teams: frozenset[str]
    roles: frozenset[tuple[str, Role]]


def places(conn: Connection, account: str) -> Places:
    """Every team in which syncd gave anything that is not taken back yet."""
    rows = conn.execute(
        select(grants.c.object_id, grants.c.kind)
        .where(grants.c.account == account, grants.c.kind != "assignment")
        .distinct()
    ).all()
    return Places(
        teams=frozenset(row.object_id for row in rows if row.kind == "membership"),
        roles=frozenset((row.object_id, Role(row.kind)) for row in rows if row.kind in ROLES),
    )
