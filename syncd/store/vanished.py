"""Vanished: what the mirror knows and a whole reading of Litmos does not list; dropped only once it is confirmed."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Table, delete, select

from syncd.core.operation import Snapshot
from syncd.store.mirror_tables import (
    litmos_assignment,
    litmos_membership,
    litmos_path,
    litmos_team,
    litmos_team_path,
    litmos_user,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Ids that the mirror knows and a whole reading of Litmos does not list."""

    users: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()

    def __len__(self) -> int:
        """How many in all."""
        return len(self.users) + len(self.teams) + len(self.paths)

    def __str__(self) -> str:
        """As a person reads it: ``2 users, 0 teams and 1 learning paths``."""
        return f"{len(self.users)} users, {len(self.teams)} teams and {len(self.paths)} learning paths"


def missing(conn: Connection, account: str, snapshot: Snapshot) -> Missing:
    """What the mirror knows from before the snapshot and the snapshot does not list."""

    def gone(table: Table, seen: Iterable[str]) -> frozenset[str]:
        known = conn.execute(
            select(table.c.id).where(table.c.account == account, table.c.changed_at <= snapshot.began_at)
        ).scalars()
        return frozenset(known) - frozenset(seen)

    return Missing(
        users=gone(litmos_user, (profile["Id"] for profile in snapshot.profiles)),
        teams=gone(litmos_team, (team.id for team in snapshot.teams)),
        paths=gone(litmos_path, (path.id for path in snapshot.paths)),
    )


def forget(conn: Connection, account: str, gone: Missing) -> None:
    """Drop what is gone for certain, and all that hung on it. Ids of different kinds may be equal (litmos-api 2)."""
    for ids, columns in (
        (gone.users, (litmos_user.c.id, litmos_membership.c.user_id, litmos_assignment.c.user_id)),
        (gone.teams, (litmos_team.c.id, litmos_membership.c.team_id, litmos_team_path.c.team_id)),
        (gone.paths, (litmos_path.c.id, litmos_assignment.c.path_id, litmos_team_path.c.path_id)),
    ):
        for found in sorted(ids):
            for column in columns:
                conn.execute(delete(column.table).where(column.table.c.account == account, column == found))
