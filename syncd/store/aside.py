"""Put aside: what somebody had when syncd deactivated them, or stopped their messages, until they have it again."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, delete, insert, select, update

from syncd.core.account import MESSAGES
from syncd.core.lifecycle import Had, is_given_back
from syncd.core.model import ItemKey, ItemKind, Role, TeamKey, team_key, team_text
from syncd.core.team_names import team_names
from syncd.store import mirror, roles
from syncd.store.mirror_tables import litmos_assignment, litmos_membership
from syncd.store.schema import grants, put_aside

MEMBERSHIP = "membership"
"""Of such a row the object is the id of a team."""
ROLES = tuple(role.value for role in roles.COLUMNS)
"""Of such rows the object is the id of a team, too."""
ASSIGNMENT = "assignment"
"""Of such a row the object is a learning path or course, as text."""
CHUNK = 500


def after_put(conn: Connection, account: str, payload: Mapping[str, Any], now: datetime) -> None:
    """Remember what a change of a user, as its Job's payload says it, has taken; in the transaction of its success."""
    user_id = payload["user_id"]
    if payload["active"] is False:
        _put(conn, account, MEMBERSHIP, _teams_by_hand(conn, account, user_id), user_id, now)
        _put(conn, account, ASSIGNMENT, _items_by_hand(conn, account, user_id), user_id, now)
        for role, column in roles.COLUMNS.items():
            _put(
                conn, account, role.value, _roles_by_hand(conn, account, user_id, role, column), user_id, now
            )
    if payload.get("mutes"):
        _put(conn, account, MESSAGES, [MESSAGES], user_id, now)
    elif payload["fields"].get(MESSAGES) is False:
        forget(conn, account, MESSAGES, MESSAGES, [user_id], now)


def had(
    conn: Connection, account: str, links: Mapping[str, str], *, within: timedelta, now: datetime
) -> dict[str, Had]:
    """What is given back to whom, by employee id, as far as Litmos still has it; ``links`` is employee_id -> user id."""
    people = {user_id: employee_id for employee_id, user_id in links.items()}
    names = team_names(mirror.team_facts(conn, account))
    known = {str(item.key): item.key for item in mirror.items(conn, account)}
    teams: dict[str, set[TeamKey]] = {}
    led: dict[str, set[tuple[TeamKey, Role]]] = {}
    given: dict[str, set[ItemKey]] = {}
    taken_at: dict[str, datetime] = {}
    here = put_aside.c.kind.in_([MEMBERSHIP, ASSIGNMENT, *ROLES])
    rows = conn.execute(select(put_aside).where(put_aside.c.account == account, here))
    for row in rows:
        if row.user_id not in people or not is_given_back(row.taken_at, within, now):
            continue
        person = people[row.user_id]
        taken_at[person] = max(row.taken_at, taken_at.get(person, row.taken_at))
        if row.kind == MEMBERSHIP and row.object_id in names:
            teams.setdefault(person, set()).add(team_key(names[row.object_id]))
        if row.kind in ROLES and row.object_id in names:
            led.setdefault(person, set()).add((team_key(names[row.object_id]), Role(row.kind)))
        if row.kind == ASSIGNMENT and row.object_id in known:
            given.setdefault(person, set()).add(known[row.object_id])
    return {
        person: Had(
            teams=frozenset(teams.get(person, ())),
            roles=frozenset(led.get(person, ())),
            items=frozenset(given.get(person, ())),
            taken_at=at,
        )
        for person, at in taken_at.items()
    }


def muted(conn: Connection, account: str, links: Mapping[str, str]) -> frozenset[str]:
    """The employee ids of those whose messages syncd stopped, and has not let through again."""
    rows = conn.execute(select(put_aside.c.user_id).where(_kind(account, MESSAGES)))
    ids = set(rows.scalars())
    return frozenset(employee_id for employee_id, user_id in links.items() if user_id in ids)


def waiting(conn: Connection, account: str) -> set[str]:
    """The ids of the users for whom something is put aside."""
    return set(conn.execute(select(put_aside.c.user_id).where(put_aside.c.account == account)).scalars())


def forget(
    conn: Connection, account: str, kind: str, object_id: str, user_ids: Collection[str], read_at: datetime
) -> None:
    """These users have it, as was read or done at ``read_at``; what was put aside later stays."""
    here = _kind(account, kind) & (put_aside.c.object_id == object_id) & (put_aside.c.taken_at <= read_at)
    found = sorted(set(conn.execute(select(put_aside.c.user_id).where(here)).scalars()) & set(user_ids))
    for start in range(0, len(found), CHUNK):
        conn.execute(delete(put_aside).where(here, put_aside.c.user_id.in_(found[start : start + CHUNK])))


def _put(
    conn: Connection, account: str, kind: str, object_ids: Iterable[str], user_id: str, now: datetime
) -> None:
    for object_id in object_ids:
        here = _kind(account, kind) & (put_aside.c.object_id == object_id) & (put_aside.c.user_id == user_id)
        if not conn.execute(update(put_aside).where(here).values(taken_at=now)).rowcount:
            conn.execute(
                insert(put_aside).values(
                    account=account, kind=kind, object_id=object_id, user_id=user_id, taken_at=now
                )
            )


def _teams_by_hand(conn: Connection, account: str, user_id: str) -> list[str]:
    """The ids of the teams in which the user is, as far as the mirror knows, and not by syncd's doing."""
    table = litmos_membership
    held = conn.execute(
        select(table.c.team_id).where(table.c.account == account, table.c.user_id == user_id)
    ).scalars()
    names = team_names(mirror.team_facts(conn, account))
    granted = _granted(conn, account, MEMBERSHIP, user_id)
    return [
        team_id for team_id in held if team_id in names and team_text(team_key(names[team_id])) not in granted
    ]


def _roles_by_hand(
    conn: Connection, account: str, user_id: str, role: Role, column: Column[bool]
) -> list[str]:
    """The same of the teams in which the user has a role."""
    table = litmos_membership
    here = (table.c.account == account) & (table.c.user_id == user_id) & column
    names = team_names(mirror.team_facts(conn, account))
    granted = _granted(conn, account, role.value, user_id)
    held = conn.execute(select(table.c.team_id).where(here)).scalars()
    return [one for one in held if one in names and team_text(team_key(names[one])) not in granted]


def _items_by_hand(conn: Connection, account: str, user_id: str) -> list[str]:
    """The same of learning paths and courses."""
    table = litmos_assignment
    held = conn.execute(
        select(table.c.kind, table.c.item_id).where(table.c.account == account, table.c.user_id == user_id)
    )
    granted = _granted(conn, account, ASSIGNMENT, user_id)
    items = [str(ItemKey(ItemKind(row.kind), row.item_id)) for row in held]
    return [item for item in items if item not in granted]


def _granted(conn: Connection, account: str, kind: str, user_id: str) -> set[str]:
    here = (grants.c.account == account) & (grants.c.kind == kind) & (grants.c.user_id == user_id)
    return set(conn.execute(select(grants.c.object_id).where(here)).scalars())


def _kind(account: str, kind: str) -> ColumnElement[bool]:
    return (put_aside.c.account == account) & (put_aside.c.kind == kind)
