"""Vanished: what the mirror knows and a whole reading of Litmos does not list; dropped only once it is confirmed."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Table, delete, select

from syncd.core.model import ItemKey, ItemKind
from syncd.core.operation import Snapshot
from syncd.store import settled
from syncd.store.mirror_tables import (
    litmos_assignment,
    litmos_item,
    litmos_membership,
    litmos_team,
    litmos_team_item,
    litmos_user,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Ids that the mirror knows and a whole reading of Litmos does not list."""

    users: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    items: frozenset[ItemKey] = frozenset()

    def __len__(self) -> int:
        """How many in all."""
        return len(self.users) + len(self.teams) + len(self.items)

    def __str__(self) -> str:
        """As a person reads it: ``2 users, 0 teams and 1 learning paths or courses``."""
        return f"{len(self.users)} users, {len(self.teams)} teams and {len(self.items)} learning paths or courses"


def missing(conn: Connection, account: str, snapshot: Snapshot) -> Missing:
    """What the mirror knows from before the snapshot and the snapshot does not list."""

    def gone(table: Table, seen: Iterable[str]) -> frozenset[str]:
        known = conn.execute(
            select(table.c.id).where(table.c.account == account, table.c.changed_at <= snapshot.began_at)
        ).scalars()
        return frozenset(known) - frozenset(seen)

    item, listed = litmos_item.c, {item.key for item in snapshot.items}
    old = conn.execute(
        select(item.kind, item.id).where(
            item.account == account,
            item.changed_at <= snapshot.began_at,
            item.kind.in_([kind.value for kind in snapshot.kinds]),
        )
    )
    return Missing(
        users=gone(litmos_user, (profile["Id"] for profile in snapshot.profiles)),
        teams=gone(litmos_team, (team.id for team in snapshot.teams)),
        items=frozenset(ItemKey(ItemKind(row.kind), row.id) for row in old) - listed,
    )


def forget(conn: Connection, account: str, gone: Missing) -> None:
    """Drop what is gone for certain, and all that hung on it. Ids of different kinds may be equal (litmos-api 2)."""
    if len(gone):
        settled.disturb_all(conn, account)
    for ids, columns in (
        (gone.users, (litmos_user.c.id, litmos_membership.c.user_id, litmos_assignment.c.user_id)),
        (gone.teams, (litmos_team.c.id, litmos_membership.c.team_id, litmos_team_item.c.team_id)),
    ):
        for found in sorted(ids):
            for column in columns:
                conn.execute(delete(column.table).where(column.table.c.account == account, column == found))
    for kind, item_id in sorted(gone.items):
        for column in (litmos_item.c.id, litmos_assignment.c.item_id, litmos_team_item.c.item_id):
            here = column.table.c
            conn.execute(
                delete(column.table).where(
                    here.account == account, here.kind == kind.value, column == item_id
                )
            )
