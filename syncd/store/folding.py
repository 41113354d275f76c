"""Folding: how the mirror moves by what Litmos' date windows told; fields that a row does not carry stay as they are."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select, update

from syncd.core.delta import Delta, TeamRow
from syncd.core.model import ItemKey
from syncd.core.operation import RoleList, TeamFact
from syncd.store import attainment, renamed
from syncd.store import roles as role_lists
from syncd.store.drift import Drift
from syncd.store.mirror import READ, lists_read, set_watermark, team_facts
from syncd.store.mirror_tables import litmos_item, litmos_team
from syncd.store.reflection import fold_users, put_item, put_team
from syncd.store.vanished import Missing, forget

NOTHING = Missing()


def apply_delta(
    conn: Connection, account: str, delta: Delta, *, began_at: datetime, confirmed_gone: Missing = NOTHING
) -> list[Drift]:
    """Users, teams, items and progress that are known already; returns what differed in users.

    A row changed after the reading began keeps what the worker wrote.
    """
    called = team_facts(conn, account)
    forget(conn, account, confirmed_gone)
    drift = fold_users(conn, account, delta.profiles, began_at=began_at)
    for team in delta.teams:
        if not team.gone:
            _fold_team(conn, account, team, began_at)
    renamed.follow(conn, account, called)
    for item in delta.items:
        put_item(conn, account, item, began_at)
    attainment.fold(conn, account, ((one.item, one.learner) for one in delta.progress), began_at)
    set_watermark(conn, account, READ, began_at)
    return drift


def keep_up_to_date(
    conn: Connection,
    account: str,
    *,
    teams: Collection[str],
    items: Collection[ItemKey],
    roles: Collection[RoleList] = (),
) -> None:
    """Only these lists are: of any other it counts as never read who is on it, so that it is read before it is used."""
    read = lists_read(conn, account)
    team, item = litmos_team.c, litmos_item.c
    for team_id in sorted({found for found, at in read.teams.items() if at} - set(teams)):
        here = (team.account == account) & (team.id == team_id)
        conn.execute(update(litmos_team).where(here).values(members_read_at=None))
    for kind, item_id in sorted({found for found, at in read.items.items() if at} - set(items)):
        here = (item.account == account) & (item.kind == kind.value) & (item.id == item_id)
        conn.execute(update(litmos_item).where(here).values(users_read_at=None))
    role_lists.keep_up_to_date(conn, account, roles)


def _fold_team(conn: Connection, account: str, team: TeamRow, began_at: datetime) -> None:
    here = (litmos_team.c.account == account) & (litmos_team.c.id == team.id)
    row = conn.execute(select(litmos_team).where(here)).mappings().first()
    before = TeamFact(id=team.id, name="", parent_id="")
    if row is not None:
        before = replace(before, name=row["name"], parent_id=row["parent_id"], code=row["code"])
    put_team(conn, account, replace(before, **team.known), began_at)
