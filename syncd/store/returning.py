"""Returning: what one user who comes back, or leaves, has, as it was just read."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, select

from syncd.core.model import ItemKey, ItemKind
from syncd.store import aside, removals, settled
from syncd.store.mirror_tables import litmos_assignment, litmos_membership, litmos_team
from syncd.store.reflection import insert_members


def apply_holdings(
    conn: Connection,
    account: str,
    user_id: str,
    teams: Collection[str],
    items: Mapping[ItemKind, Collection[str]],
    began_at: datetime,
    *,
    everywhere: bool = False,
) -> None:
    """What one user has, as read by requests that began at ``began_at``; of teams, those whose members are read, or all that
    are known (``everywhere``).

    Items (of the kinds that were read) only go: one that came is given again, which does no harm, for its progress is
    not known here.
    """
    settled.disturb_users(conn, account, [user_id])
    read = [str(ItemKey(kind, item_id)) for kind, ids in items.items() for item_id in ids]
    for aside_kind, kept in ((aside.MEMBERSHIP, teams), (aside.ASSIGNMENT, read)):
        for object_id in kept:
            aside.forget(conn, account, aside_kind, object_id, [user_id], began_at)
    table = litmos_membership
    here = (table.c.account == account) & (table.c.user_id == user_id)
    ended = here & (table.c.changed_at <= began_at) & table.c.team_id.not_in(sorted(teams))
    conn.execute(delete(table).where(ended))
    known = set(conn.execute(select(table.c.team_id).where(here)).scalars())
    was_read = select(litmos_team.c.id).where(litmos_team.c.account == account)
    if not everywhere:
        was_read = was_read.where(litmos_team.c.members_read_at.is_not(None))
    for team_id in sorted(set(conn.execute(was_read).scalars()) & set(teams) - known):
        if user_id not in removals.since(conn, account, removals.MEMBERSHIP, team_id, began_at):
            insert_members(conn, account, [(team_id, user_id)], began_at)
    given = litmos_assignment
    for kind, item_ids in items.items():
        conn.execute(
            delete(given).where(
                given.c.account == account,
                given.c.user_id == user_id,
                given.c.changed_at <= began_at,
                given.c.kind == kind.value,
                given.c.item_id.not_in(sorted(item_ids)),
            )
        )
