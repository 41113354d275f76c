"""Effects: how the mirror moves by what one Operation made known."""

from datetime import datetime
from itertools import groupby
from operator import itemgetter

from sqlalchemy import ColumnElement, Connection, delete, func, insert, update

from syncd.core.model import ItemKey
from syncd.core.operation import Effects
from syncd.store import aside, reflection, removals, roles
from syncd.store.mirror_tables import litmos_assignment, litmos_membership, litmos_team, litmos_user

_PEOPLE_READ_AT = (litmos_team.c.members_read_at, *roles.READ_AT.values())
"""Of a team that was just made it is known who is in it: nobody."""


def apply_effects(
    conn: Connection, account: str, effects: Effects, *, began_at: datetime, now: datetime
) -> None:
    """Move the mirror by what one Operation made known; in the transaction that records its success.

    ``began_at`` is before the Operation's first request: what it read never overwrites a row that changed since.
    """
    if effects.profiles_just_read:
        reflection.put_users(conn, account, effects.profiles, began_at=began_at, read_at=began_at)
    else:
        for profile in effects.profiles:
            values = reflection.user_row(account, profile, None)
            here = (litmos_user.c.account == account) & (litmos_user.c.id == profile["Id"])
            if not conn.execute(update(litmos_user).where(here).values(**values, changed_at=now)).rowcount:
                conn.execute(insert(litmos_user).values(**values, changed_at=now))
    table = litmos_team
    for team in effects.teams:
        reflection.put_team(conn, account, team, now)
        conn.execute(
            update(table)
            .where(table.c.account == account, table.c.id == team.id)
            .values(
                {column: func.coalesce(column, now) for column in _PEOPLE_READ_AT} | {table.c.changed_at: now}
            )
        )
    for team in effects.renamed:
        reflection.put_team(conn, account, team, now)
        conn.execute(
            update(table).where(table.c.account == account, table.c.id == team.id).values(changed_at=now)
        )
    _apply_members(conn, account, effects, now)
    _apply_assignments(conn, account, effects, now)
    for done in effects.roles_set:
        roles.apply_set(conn, account, done, now)


def _apply_members(conn: Connection, account: str, effects: Effects, now: datetime) -> None:
    table = litmos_membership
    headed = set()
    for found, user_id in (*effects.members_removed, *effects.members_added):
        here = (table.c.account == account) & (table.c.team_id == found) & (table.c.user_id == user_id)
        if conn.execute(delete(table).where(here, table.c.leader | table.c.admin)).rowcount:
            headed.add(user_id)
        conn.execute(delete(table).where(here))
    for user_id in sorted(headed):
        roles.follow_level(conn, account, user_id, now)
    reflection.insert_members(conn, account, effects.members_added, now)
    removals.note(conn, account, removals.MEMBERSHIP, effects.members_removed, now)
    removals.forget(conn, account, removals.MEMBERSHIP, effects.members_added)
    for team_id, pairs in groupby(sorted(effects.members_added), key=itemgetter(0)):
        aside.forget(conn, account, aside.MEMBERSHIP, team_id, {user_id for _, user_id in pairs}, now)


def _apply_assignments(conn: Connection, account: str, effects: Effects, now: datetime) -> None:
    table = litmos_assignment
    gone = [(str(item), user_id) for user_id, item in effects.unassigned]
    removals.note(conn, account, removals.ASSIGNMENT, gone, now)
    given = [(str(item), user_id) for user_id, item in effects.assigned]
    removals.forget(conn, account, removals.ASSIGNMENT, given)
    for user_id, item in effects.assigned:
        aside.forget(conn, account, aside.ASSIGNMENT, str(item), [user_id], now)
    for user_id, item in effects.unassigned:
        conn.execute(delete(table).where(_assignment(account, user_id, item)))
    for user_id, item in effects.kept:
        conn.execute(update(table).where(_assignment(account, user_id, item)).values(kept_at=now))
    for user_id, item in effects.assigned:
        here = _assignment(account, user_id, item)
        if not conn.execute(update(table).where(here).values(changed_at=now)).rowcount:
            conn.execute(
                insert(table).values(
                    account=account,
                    kind=item.kind.value,
                    item_id=item.id,
                    user_id=user_id,
                    completed=False,
                    percent=0.0,
                    changed_at=now,
                )
            )


def _assignment(account: str, user_id: str, item: ItemKey) -> ColumnElement[bool]:
    table = litmos_assignment.c
    return (
        (table.account == account)
        & (table.kind == item.kind.value)
        & (table.item_id == item.id)
        & (table.user_id == user_id)
    )
