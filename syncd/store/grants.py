"""Grants: the ledger of the memberships and assignments that syncd gave, or a person adopted for it, and may take away again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, select

from syncd.core.model import ItemKey, Role
from syncd.core.roles import Grant
from syncd.store import settled
from syncd.store.current import rows_of
from syncd.store.schema import grants

SYNCD = "syncd"
"""The origin of what a rule gave."""
ADOPTED = "adopted"
"""The origin of what a person had made in Litmos, and a person claimed for its rule."""
CHUNK = 500
TEAM = "team_assignment"
"""The kind of grant whose holder is a team: its id stands where a user's does."""
ROLES = (Role.LEADER.value, Role.ADMIN.value)
"""The kinds of grant that are a role in a team."""


def load(conn: Connection, account: str, links: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    """All grants as (employee_id, team text | item as text); ``links`` is employee_id -> user id."""
    employees = {user_id: employee_id for employee_id, user_id in links.items()}
    here = (grants.c.account == account) & grants.c.kind.in_(["membership", "assignment"])
    query = select(grants.c.user_id, grants.c.object_id).where(here)
    rows = rows_of(conn, query, grants.c.user_id, tuple(employees))
    return frozenset((employees[row.user_id], row.object_id) for row in rows)


def roles(conn: Connection, account: str, links: Mapping[str, str]) -> frozenset[Grant]:
    """The roles in teams that syncd gave, as (employee_id, team text, role); ``links`` is employee_id -> user id."""
    employees = {user_id: employee_id for employee_id, user_id in links.items()}
    query = select(*grants.c).where(grants.c.account == account, grants.c.kind.in_(ROLES))
    rows = rows_of(conn, query, grants.c.user_id, tuple(employees))
    return frozenset((employees[row.user_id], row.object_id, Role(row.kind)) for row in rows)


def add(
    conn: Connection,
    account: str,
    kind: str,
    given: Iterable[tuple[str, str, str]],
    *,
    run_id: int,
    now: datetime,
) -> None:
    """Remember what a Run gave, as (user id, object id, rule); ``kind`` is ``membership``, ``assignment`` or a role."""
    _insert(conn, account, kind, given, {"origin": SYNCD, "run_id": run_id, "granted_at": now})


def adopt(
    conn: Connection,
    account: str,
    kind: str,
    found: Iterable[tuple[str, str, str]],
    *,
    actor: str,
    now: datetime,
) -> None:
    """Remember what a person's ``adopt`` claimed, as (user id, object id, rule): from now on as if syncd had given it."""
    found = list(found)
    settled.disturb_users(conn, account, [user_id for user_id, _, _ in found])
    _insert(conn, account, kind, found, {"origin": ADOPTED, "actor": actor, "granted_at": now})


def _insert(
    conn: Connection,
    account: str,
    kind: str,
    given: Iterable[tuple[str, str, str]],
    how: Mapping[str, Any],
) -> None:
    triples = list(given)
    remove(conn, account, kind, ((user_id, what) for user_id, what, _ in triples))
    rows = [
        {
            "account": account,
            "kind": kind,
            "user_id": user_id,
            "object_id": what,
            "rule": rule,
            **how,
        }
        for user_id, what, rule in triples
    ]
    for start in range(0, len(rows), CHUNK):
        conn.execute(insert(grants), rows[start : start + CHUNK])


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
    """Teams are called otherwise now, as team text -> team text: what was given there stays given.

    All at once, as a team may get the name that another one gives up. What the ledger has under the new name as well stays
    as it is.
    """
    here = (grants.c.account == account) & grants.c.kind.not_in(["assignment", TEAM])
    moving: list[RowMapping] = []
    for old in sorted(texts):
        moving += conn.execute(select(grants).where(here, grants.c.object_id == old)).mappings()
        conn.execute(delete(grants).where(here, grants.c.object_id == old))
    there = {
        (row.kind, row.user_id, new)
        for new in sorted({texts[row["object_id"]] for row in moving})
        for row in conn.execute(
            select(grants.c.kind, grants.c.user_id).where(here, grants.c.object_id == new)
        )
    }
    moved = {(row["kind"], row["user_id"], texts[row["object_id"]]): row for row in moving}
    rows = [{**row, "object_id": key[2]} for key, row in moved.items() if key not in there]
    for start in range(0, len(rows), CHUNK):
        conn.execute(insert(grants), rows[start : start + CHUNK])


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where syncd made somebody a member (team texts), leader or admin (team text, role)."""

    teams: frozenset[str]
    roles: frozenset[tuple[str, Role]]


def places(conn: Connection, account: str) -> Places:
    """Every team in which syncd gave anything that is not taken back yet."""
    rows = conn.execute(
        select(grants.c.object_id, grants.c.kind)
        .where(grants.c.account == account, grants.c.kind.not_in(["assignment", TEAM]))
        .distinct()
    ).all()
    return Places(
        teams=frozenset(row.object_id for row in rows if row.kind == "membership"),
        roles=frozenset((row.object_id, Role(row.kind)) for row in rows if row.kind in ROLES),
    )


def items(conn: Connection, account: str) -> frozenset[ItemKey]:
    """The learning paths and courses that syncd gave somebody, or a team."""
    here = (grants.c.account == account) & grants.c.kind.in_(["assignment", TEAM])
    return frozenset(
        map(ItemKey.parse, conn.execute(select(grants.c.object_id).where(here).distinct()).scalars())
    )


def gifts(conn: Connection, account: str) -> frozenset[tuple[str, ItemKey]]:
    """(team id, item) of what syncd gave to teams."""
    query = select(grants.c.user_id, grants.c.object_id)
    rows = conn.execute(query.where(grants.c.account == account, grants.c.kind == TEAM))
    return frozenset((row.user_id, ItemKey.parse(row.object_id)) for row in rows)


def direct(conn: Connection, account: str, items: Iterable[ItemKey]) -> frozenset[tuple[str, ItemKey]]:
    """(user id, item) of those of these items that syncd gave to single people."""
    wanted = sorted(map(str, items))
    if not wanted:  # a database may look through all that was given to find none of nothing
        return frozenset()
    query = select(grants.c.user_id, grants.c.object_id).where(
        grants.c.account == account, grants.c.kind == "assignment", grants.c.object_id.in_(wanted)
    )
    return frozenset((row.user_id, ItemKey.parse(row.object_id)) for row in conn.execute(query))


def of_users(conn: Connection, account: str, user_ids: Iterable[str]) -> list[RowMapping]:
    """The ledger's rows about these users."""
    wanted = sorted(user_ids)
    here = select(grants).where(grants.c.account == account, grants.c.kind != TEAM)
    return [
        row
        for start in range(0, len(wanted), CHUNK)
        for row in conn.execute(here.where(grants.c.user_id.in_(wanted[start : start + CHUNK]))).mappings()
    ]


def of_team(conn: Connection, account: str, team_id: str) -> list[RowMapping]:
    """The ledger's rows about what a team is given."""
    here = (grants.c.account == account) & (grants.c.kind == TEAM) & (grants.c.user_id == team_id)
    return list(conn.execute(select(grants).where(here)).mappings())


def totals(conn: Connection, account: str) -> list[RowMapping]:
    """How many there are by kind, rule and origin."""
    columns = (grants.c.kind, grants.c.rule, grants.c.origin)
    query = select(*columns, func.count().label("number")).where(grants.c.account == account)
    return list(conn.execute(query.group_by(*columns).order_by(*columns)).mappings())
