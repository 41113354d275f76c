"""Effects: how the mirror moves by what one Operation made known."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from syncd.core.model import FieldValue
from syncd.core.operation import Effects
from syncd.store import aside, attainment, drift, mirror, reflection, removals, renamed, roles, settled
from syncd.store.mirror import ITEMS_READ_AT, KEYS
from syncd.store.mirror_tables import (
    litmos_assignment,
    litmos_item,
    litmos_membership,
    litmos_team,
    litmos_team_item,
    litmos_user,
)

_PEOPLE_READ_AT = (litmos_team.c.members_read_at, *roles.READ_AT.values())
"""Of a team that was just made it is known who is in it: nobody."""


def apply_effects(
    conn: Connection,
    account: str,
    effects: Effects,
    *,
    began_at: datetime,
    now: datetime,
    run_id: int,
    ours: Mapping[tuple[str, str], FieldValue],
) -> None:
    """Move the mirror by what one Operation made known; in the transaction that records its success.

    ``began_at`` is before the Operation's first request: what it read never overwrites a row that changed since. What it
    read and nobody of us set is drift, found by the Run; ``ours`` are values that are on their way, by user id and field.
    """
    if effects.profiles_just_read:
        found = reflection.put_users(conn, account, effects.profiles, began_at=began_at, read_at=began_at)
        drift.save(conn, account, run_id, found, now, ours=ours)
    else:
        _write_users(conn, account, effects.profiles, now)
    if effects.told:
        found = reflection.fold_users(conn, account, effects.told, began_at=began_at)
        drift.save(conn, account, run_id, found, now, ours=ours)
    reflection.add_users(conn, account, effects.born, began_at=began_at)
    if effects.listed:
        mirror.set_watermark(conn, account, mirror.LISTED, began_at)
        mirror.set_watermark(conn, account, mirror.LISTED_UNTIL, now)
    _apply_teams(conn, account, effects, now)
    _apply_members(conn, account, effects, now)
    _apply_assignments(conn, account, effects, began_at, now)
    _apply_gifts(conn, account, effects, now)
    for done in effects.roles_set:
        roles.apply_set(conn, account, done, now)
        if done.held:
            aside.forget(conn, account, done.role.value, done.team_id, [done.user_id], now)
    settled.disturb_users(conn, account, _touched(effects))


def _write_users(
    conn: Connection, account: str, profiles: Iterable[Mapping[str, Any]], now: datetime
) -> None:
    """Records as they were written."""
    for profile in profiles:
        values = reflection.user_row(account, profile, None)
        here = (litmos_user.c.account == account) & (litmos_user.c.id == profile["Id"])
        known = conn.execute(select(*KEYS.values()).where(here)).mappings().first()
        if known is None:
            conn.execute(insert(litmos_user).values(**values, changed_at=now))
        else:
            conn.execute(update(litmos_user).where(here).values(**values, changed_at=now))
        if known is None or any(known[name] != values[name] for name in known):
            settled.disturb_unlinked(conn, account)


def _apply_teams(conn: Connection, account: str, effects: Effects, now: datetime) -> None:
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
    called = mirror.team_facts(conn, account) if effects.renamed else ()
    for team in effects.renamed:
        reflection.put_team(conn, account, team, now)
        conn.execute(
            update(table).where(table.c.account == account, table.c.id == team.id).values(changed_at=now)
        )
    renamed.follow(conn, account, called)


def _touched(effects: Effects) -> set[str]:
    """The ids of the users whom these Effects are about; what was read and has changed is drift."""
    written = () if effects.profiles_just_read else effects.profiles
    return {
        *(str(profile["Id"]) for profile in written),
        *(user_id for _, user_id in (*effects.members_added, *effects.members_removed)),
        *(user_id for user_id, _ in (*effects.assigned, *effects.unassigned, *effects.kept)),
        *(done.user_id for done in effects.roles_set),
    }


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


def _apply_assignments(
    conn: Connection, account: str, effects: Effects, began_at: datetime, now: datetime
) -> None:
    table = litmos_assignment
    gone = [(str(item), user_id) for user_id, item in effects.unassigned]
    removals.note(conn, account, removals.ASSIGNMENT, gone, now)
    given = [(str(item), user_id) for user_id, item in effects.assigned]
    removals.forget(conn, account, removals.ASSIGNMENT, given)
    for user_id, item in effects.assigned:
        aside.forget(conn, account, aside.ASSIGNMENT, str(item), [user_id], now)
    for user_id, item in effects.unassigned:
        conn.execute(delete(table).where(attainment.assignment(account, user_id, item)))
    for user_id, item in effects.kept:
        conn.execute(update(table).where(attainment.assignment(account, user_id, item)).values(kept_at=now))
    attainment.fold(conn, account, effects.progress, began_at)
    attainment.note_resets(conn, account, effects.resets, now)
    for user_id, item in effects.assigned:
        here = attainment.assignment(account, user_id, item)
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


def _apply_gifts(conn: Connection, account: str, effects: Effects, now: datetime) -> None:
    """What a team has now. Who has it and what else the team has is read again before it is used: Litmos may ignore a gift
    without a word, and what a team loses, some of its members may have otherwise.
    """
    table = litmos_team_item
    touched = [(team_id, item) for team_id, item, _ in effects.team_given] + [*effects.team_taken]
    for team_id, item in touched:
        kind, item_id = item
        here = (table.c.account == account) & (table.c.team_id == team_id) & (table.c.kind == kind.value)
        conn.execute(delete(table).where(here, table.c.item_id == item_id))
        team = (litmos_team.c.account == account) & (litmos_team.c.id == team_id)
        conn.execute(
            update(litmos_team).where(team).values({ITEMS_READ_AT[kind].name: None, "changed_at": now})
        )
        listed = (litmos_item.c.account == account) & (litmos_item.c.kind == kind.value)
        conn.execute(
            update(litmos_item).where(listed, litmos_item.c.id == item_id).values(users_read_at=None)
        )
    for team_id, item, library in effects.team_given:
        ids = {"account": account, "team_id": team_id, "kind": item.kind.value, "item_id": item.id}
        conn.execute(insert(table).values(**ids, library=library))
