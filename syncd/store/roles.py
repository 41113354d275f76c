"""Roles in the mirror: who leads and administers which team, as last known; two columns of the memberships."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Column, Connection, and_, or_, select, update

from syncd.core.model import Role
from syncd.core.operation import RoleList, SetRole
from syncd.core.profile import normalise
from syncd.core.roles import ACCESS_LEVEL, LEVELS, level_of
from syncd.store import settled
from syncd.store.drift import Drift
from syncd.store.mirror_tables import litmos_membership, litmos_team, litmos_user

COLUMNS: Mapping[Role, Column[bool]] = {
    Role.LEADER: litmos_membership.c.leader,
    Role.ADMIN: litmos_membership.c.admin,
}
"""Which column says that a member has the role."""
READ_AT: Mapping[Role, Column[datetime]] = {
    Role.LEADER: litmos_team.c.leaders_read_at,
    Role.ADMIN: litmos_team.c.admins_read_at,
}
"""Which column says when a team's people with the role were last read."""


def of_all(conn: Connection, account: str) -> list[tuple[str, str, Role]]:
    """(team id, user id, role) of everybody who has one."""
    table = litmos_membership
    rows = conn.execute(select(table).where(table.c.account == account, or_(*COLUMNS.values())))
    return [
        (row.team_id, row.user_id, role)
        for row in rows
        for role, column in COLUMNS.items()
        if getattr(row, column.name)
    ]


def lists_read(conn: Connection, account: str) -> dict[RoleList, datetime]:
    """When each list of people with a role was last read; those never read are left out."""
    table = litmos_team
    rows = conn.execute(
        select(table).where(
            table.c.account == account, or_(*(column.is_not(None) for column in READ_AT.values()))
        )
    )
    return {
        (row.id, role): at
        for row in rows
        for role, column in READ_AT.items()
        if (at := getattr(row, column.name)) is not None
    }


def apply_lists(
    conn: Connection,
    account: str,
    lists: Mapping[RoleList, Collection[str]],
    inactive: Collection[str],
    *,
    began_at: datetime,
) -> list[Drift]:
    """Who has a role, as read since ``began_at``; returns what differed.

    A membership changed since then is left alone, and so are the ``inactive``, whom Litmos may hide, where it does not
    show them.
    """
    found: list[Drift] = []
    table = litmos_membership
    for (team_id, role), people in lists.items():
        column, read_at = COLUMNS[role], READ_AT[role]
        here = and_(table.c.account == account, table.c.team_id == team_id)
        rows = conn.execute(
            select(table.c.user_id, column.label("held")).where(here, table.c.changed_at <= began_at)
        ).all()
        held = {row.user_id for row in rows if row.held}
        given = {row.user_id for row in rows if row.user_id in people} - held
        taken = held - set(people) - set(inactive)
        for user_id in sorted(given | taken):
            conn.execute(
                update(table).where(here, table.c.user_id == user_id).values({column: user_id in given})
            )
        team = and_(litmos_team.c.account == account, litmos_team.c.id == team_id)
        was_read = conn.execute(select(read_at).where(team)).scalar() is not None
        conn.execute(update(litmos_team).where(team).values({read_at: began_at}))
        if was_read:
            found += (
                _drift(team_id, user_id, role, after=user_id in given) for user_id in sorted(given | taken)
            )
        else:
            settled.disturb_users(conn, account, given | taken)
    return found


def _drift(team_id: str, user_id: str, role: Role, *, after: bool) -> Drift:
    field = role.title()
    return Drift(
        kind="membership", user_id=user_id, object_id=team_id, field=field, before=not after, after=after
    )


def apply_set(conn: Connection, account: str, done: SetRole, now: datetime) -> None:
    """A role that syncd gave or took; the user's AccessLevel follows, as Litmos does it."""
    table = litmos_membership
    here = and_(table.c.account == account, table.c.team_id == done.team_id, table.c.user_id == done.user_id)
    conn.execute(update(table).where(here).values({COLUMNS[done.role]: done.held, table.c.changed_at: now}))
    follow_level(conn, account, done.user_id, now)


def follow_level(conn: Connection, account: str, user_id: str, now: datetime) -> None:
    """Set the mirror's AccessLevel of a user by their roles, if it is an ordinary one [DOC].

    Whatever it is, the record no longer passes for just read: a PUT of it would undo what Litmos did.
    """
    table, members = litmos_user, litmos_membership
    here = and_(table.c.account == account, table.c.id == user_id)
    profile = conn.execute(select(table.c.profile).where(here)).scalar()
    if profile is None:
        return
    if normalise(ACCESS_LEVEL, profile.get(ACCESS_LEVEL)) in LEVELS.values():
        rows = conn.execute(
            select(*COLUMNS.values()).where(members.c.account == account, members.c.user_id == user_id)
        ).all()
        roles = [role for row in rows for role, held in zip(COLUMNS, row, strict=True) if held]
        profile = {**profile, ACCESS_LEVEL: level_of(roles)}
    conn.execute(update(table).where(here).values(profile=profile, changed_at=now))


def keep_up_to_date(conn: Connection, account: str, kept: Collection[RoleList]) -> None:
    """Only these lists are; of any other it counts as never read who is on it."""
    for team_id, role in sorted(set(lists_read(conn, account)) - set(kept)):
        team = and_(litmos_team.c.account == account, litmos_team.c.id == team_id)
        conn.execute(update(litmos_team).where(team).values({READ_AT[role]: None}))
