"""Folding: how the mirror moves by what Litmos' date windows told; fields that a row does not carry stay as they are."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select, update

from syncd.core.delta import Delta, Progress, TeamRow
from syncd.core.operation import RoleList, TeamFact
from syncd.store import roles as role_lists
from syncd.store.drift import Drift
from syncd.store.mirror import READ, set_watermark
from syncd.store.mirror_tables import litmos_assignment, litmos_path, litmos_team
from syncd.store.reflection import fold_users, put_path, put_team


def apply_delta(conn: Connection, account: str, delta: Delta, *, began_at: datetime) -> list[Drift]:
    """Users, teams, learning paths and progress that are known already; returns what differed in users.

    A row changed after the reading began keeps what the worker wrote.
    """
    drift = fold_users(conn, account, delta.profiles, began_at=began_at)
    for team in delta.teams:
        if not team.gone:
            _fold_team(conn, account, team, began_at)
    for path in delta.paths:
        put_path(conn, account, path, began_at)
    _fold_progress(conn, account, delta.progress, began_at)
    set_watermark(conn, account, READ, began_at)
    return drift


def keep_up_to_date(
    conn: Connection,
    account: str,
    *,
    teams: Collection[str],
    paths: Collection[str],
    roles: Collection[RoleList] = (),
) -> None:
    """Only these lists are: of any other it counts as never read who is on it, so that it is read before it is used."""
    for table, column, kept in (
        (litmos_team, litmos_team.c.members_read_at, teams),
        (litmos_path, litmos_path.c.users_read_at, paths),
    ):
        here = table.c.account == account
        read = conn.execute(select(table.c.id).where(here, column.is_not(None))).scalars()
        for found in sorted(set(read) - set(kept)):
            conn.execute(update(table).where(here, table.c.id == found).values({column.name: None}))
    role_lists.keep_up_to_date(conn, account, roles)


def _fold_team(conn: Connection, account: str, team: TeamRow, began_at: datetime) -> None:
    here = (litmos_team.c.account == account) & (litmos_team.c.id == team.id)
    row = conn.execute(select(litmos_team).where(here)).mappings().first()
    before = TeamFact(id=team.id, name="", parent_id="")
    if row is not None:
        before = replace(before, name=row["name"], parent_id=row["parent_id"], code=row["code"])
    put_team(conn, account, replace(before, **team.known), began_at)


def _fold_progress(conn: Connection, account: str, found: Iterable[Progress], began_at: datetime) -> None:
    table = litmos_assignment
    for one in found:
        here = (
            (table.c.account == account)
            & (table.c.path_id == one.path_id)
            & (table.c.user_id == one.user.user_id)
        )
        values = {"completed": one.user.completed, "percent": one.user.percent}
        conn.execute(update(table).where(here, table.c.changed_at <= began_at).values(**values))
