"""Reflection: how the mirror moves, by a whole reading of Litmos or by what one Operation made known."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, update

from syncd.core.model import LearningPath
from syncd.core.operation import Effects, PathUser, Snapshot, TeamFact
from syncd.core.profile import normalise, normalise_profile
from syncd.store import removals
from syncd.store.mirror import REFRESHED, set_watermark
from syncd.store.schema import (
    litmos_assignment,
    litmos_membership,
    litmos_path,
    litmos_team,
    litmos_team_path,
    litmos_user,
)

CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Ids that the mirror knows and a whole reading of Litmos does not list."""

    users: frozenset[str]
    teams: frozenset[str]
    paths: frozenset[str]

    def __len__(self) -> int:
        """How many in all."""
        return len(self.users) + len(self.teams) + len(self.paths)

    def __str__(self) -> str:
        """As a person reads it: ``2 users, 0 teams and 1 learning paths``."""
        return f"{len(self.users)} users, {len(self.teams)} teams and {len(self.paths)} learning paths"


def vanished(conn: Connection, account: str, snapshot: Snapshot) -> Missing:
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


def apply_snapshot(
    conn: Connection, account: str, snapshot: Snapshot, *, confirmed_gone: Collection[str]
) -> int:
    """Move the mirror to a whole reading of Litmos; returns how many rows differed (drift).

    A row changed after the snapshot began keeps what the worker wrote. Of a team's list only active users can be
    missed, for Litmos hides the others: their memberships stay as last known.
    """
    for gone in sorted(confirmed_gone):
        _forget(conn, account, gone)
    drift = _put_users(
        conn, account, snapshot.profiles, began_at=snapshot.began_at, read_at=snapshot.began_at
    )
    for team in snapshot.teams:
        _put_team(conn, account, team, snapshot.began_at)
    for path in snapshot.paths:
        _put_path(conn, account, path, snapshot.began_at)
    inactive = _inactive(conn, account)
    for found, members in snapshot.members.items():
        drift += _replace_members(conn, account, found, members, inactive, snapshot.began_at)
    for path_id, people in snapshot.path_users.items():
        drift += _replace_path_users(conn, account, path_id, people, inactive, snapshot.began_at)
    removals.prune(conn, account, snapshot.began_at)
    set_watermark(conn, account, REFRESHED, snapshot.began_at)
    return drift


def apply_team_paths(
    conn: Connection, account: str, team_id: str, paths: Collection[str], began_at: datetime
) -> None:
    """Which learning paths a team gives its members, as read by a request that began at ``began_at``."""
    here = (litmos_team_path.c.account == account) & (litmos_team_path.c.team_id == team_id)
    conn.execute(delete(litmos_team_path).where(here))
    rows = [{"account": account, "team_id": team_id, "path_id": path_id} for path_id in sorted(paths)]
    if rows:
        conn.execute(insert(litmos_team_path), rows)
    conn.execute(
        update(litmos_team)
        .where(litmos_team.c.account == account, litmos_team.c.id == team_id)
        .values(paths_read_at=began_at)
    )


def apply_path_users(
    conn: Connection, account: str, path_id: str, people: Iterable[PathUser], began_at: datetime
) -> int:
    """The users of one learning path, as read by a request that began at ``began_at``; returns how many rows differed."""
    return _replace_path_users(conn, account, path_id, people, _inactive(conn, account), began_at)


def apply_holdings(
    conn: Connection,
    account: str,
    user_id: str,
    teams: Collection[str],
    paths: Collection[str],
    began_at: datetime,
) -> None:
    """What one user has, as read by requests that began at ``began_at``; of teams, those whose members are read.

    Learning paths only go: one that came is given again, which does no harm, for its progress is not known here.
    """
    table = litmos_membership
    here = (table.c.account == account) & (table.c.user_id == user_id)
    ended = here & (table.c.changed_at <= began_at) & table.c.team_id.not_in(sorted(teams))
    conn.execute(delete(table).where(ended))
    known = set(conn.execute(select(table.c.team_id).where(here)).scalars())
    was_read = select(litmos_team.c.id).where(
        litmos_team.c.account == account, litmos_team.c.members_read_at.is_not(None)
    )
    for team_id in sorted(set(conn.execute(was_read).scalars()) & set(teams) - known):
        if user_id not in removals.since(conn, account, removals.MEMBERSHIP, team_id, began_at):
            _insert_members(conn, account, [(team_id, user_id)], began_at)
    given = litmos_assignment
    conn.execute(
        delete(given).where(
            given.c.account == account,
            given.c.user_id == user_id,
            given.c.changed_at <= began_at,
            given.c.path_id.not_in(sorted(paths)),
        )
    )


def _inactive(conn: Connection, account: str) -> set[str]:
    found = select(litmos_user.c.id).where(litmos_user.c.account == account, litmos_user.c.active.is_(False))
    return set(conn.execute(found).scalars())


def _forget(conn: Connection, account: str, found: str) -> None:
    for table, column in (
        (litmos_user, litmos_user.c.id),
        (litmos_team, litmos_team.c.id),
        (litmos_path, litmos_path.c.id),
        (litmos_membership, litmos_membership.c.user_id),
        (litmos_membership, litmos_membership.c.team_id),
        (litmos_assignment, litmos_assignment.c.user_id),
        (litmos_assignment, litmos_assignment.c.path_id),
        (litmos_team_path, litmos_team_path.c.team_id),
        (litmos_team_path, litmos_team_path.c.path_id),
    ):
        conn.execute(delete(table).where(table.c.account == account, column == found))


def _put_users(
    conn: Connection,
    account: str,
    profiles: Iterable[Mapping[str, Any]],
    *,
    began_at: datetime,
    read_at: datetime | None,
) -> int:
    known = {
        row.id: row
        for row in conn.execute(
            select(
                litmos_user.c.id, litmos_user.c.changed_at, litmos_user.c.profile, litmos_user.c.active
            ).where(litmos_user.c.account == account)
        )
    }
    fresh: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    same: list[str] = []
    drift = 0
    for profile in profiles:
        row = known.get(profile["Id"])
        values = _user_row(account, profile, read_at)
        if row is None:
            fresh.append({**values, "changed_at": began_at})
        elif row.changed_at <= began_at:
            if row.profile == values["profile"] and row.active == values["active"]:
                same.append(row.id)
                continue
            drifted = row.active != values["active"] or normalise_profile(row.profile) != normalise_profile(
                profile
            )
            drift += drifted
            moved.append({**values, "of": row.id, "changed_at": began_at if drifted else row.changed_at})
    for start in range(0, len(fresh), CHUNK):
        conn.execute(insert(litmos_user), fresh[start : start + CHUNK])
    here = litmos_user.c.account == account
    for start in range(0, len(moved), CHUNK):
        one = update(litmos_user).where(here, litmos_user.c.id == bindparam("of"))
        conn.execute(one, moved[start : start + CHUNK])
    for start in range(0, len(same), CHUNK):
        some = litmos_user.c.id.in_(same[start : start + CHUNK])
        conn.execute(update(litmos_user).where(here, some).values(read_at=read_at))
    return drift


def _user_row(account: str, profile: Mapping[str, Any], read_at: datetime | None) -> dict[str, Any]:
    return {
        "account": account,
        "id": profile["Id"],
        "username_key": str(profile.get("UserName") or "").casefold(),
        "active": normalise("Active", profile.get("Active")) is True,
        "profile": dict(profile),
        "read_at": read_at,
    }


def _put_team(conn: Connection, account: str, team: TeamFact, began_at: datetime) -> None:
    here = (litmos_team.c.account == account) & (litmos_team.c.id == team.id)
    row = conn.execute(select(litmos_team.c.changed_at).where(here)).first()
    values = {"name": team.name, "parent_id": team.parent_id, "code": team.code}
    if row is None:
        conn.execute(insert(litmos_team).values(account=account, id=team.id, changed_at=began_at, **values))
    elif row.changed_at <= began_at:
        conn.execute(update(litmos_team).where(here).values(**values))


def _put_path(conn: Connection, account: str, path: LearningPath, began_at: datetime) -> None:
    here = (litmos_path.c.account == account) & (litmos_path.c.id == path.id)
    done = conn.execute(update(litmos_path).where(here).values(name=path.name, active=path.active))
    if not done.rowcount:
        conn.execute(
            insert(litmos_path).values(
                account=account, id=path.id, name=path.name, active=path.active, changed_at=began_at
            )
        )


def _replace_members(
    conn: Connection,
    account: str,
    found: str,
    members: frozenset[str],
    inactive: set[str],
    began_at: datetime,
) -> int:
    here = (litmos_membership.c.account == account) & (litmos_membership.c.team_id == found)
    rows = conn.execute(select(litmos_membership.c.user_id, litmos_membership.c.changed_at).where(here)).all()
    known = {row.user_id for row in rows}
    left = {row.user_id for row in rows if row.changed_at <= began_at} - members - inactive
    ended = sorted(left)
    for start in range(0, len(ended), CHUNK):
        some = litmos_membership.c.user_id.in_(ended[start : start + CHUNK])
        conn.execute(delete(litmos_membership).where(here, some))
    joined = members - known - removals.since(conn, account, removals.MEMBERSHIP, found, began_at)
    _insert_members(conn, account, ((found, user_id) for user_id in joined), began_at)
    conn.execute(
        update(litmos_team)
        .where(litmos_team.c.account == account, litmos_team.c.id == found)
        .values(members_read_at=began_at)
    )
    return len(left) + len(joined)


def _insert_members(
    conn: Connection, account: str, pairs: Iterable[tuple[str, str]], changed_at: datetime
) -> None:
    rows = [
        {"account": account, "team_id": found, "user_id": user_id, "changed_at": changed_at}
        for found, user_id in pairs
    ]
    if rows:
        conn.execute(insert(litmos_membership), rows)


def _replace_path_users(
    conn: Connection,
    account: str,
    path_id: str,
    people: Iterable[PathUser],
    inactive: set[str],
    began_at: datetime,
) -> int:
    here = (litmos_assignment.c.account == account) & (litmos_assignment.c.path_id == path_id)
    rows = conn.execute(select(litmos_assignment).where(here)).all()
    removed = removals.since(conn, account, removals.ASSIGNMENT, path_id, began_at)
    seen = {person.user_id: person for person in people if person.user_id not in removed}
    known = {row.user_id: (row.completed, row.percent) for row in rows}
    kept_back = {row.user_id for row in rows if row.changed_at > began_at}
    left = sorted(known.keys() - kept_back - seen.keys() - inactive)
    for start in range(0, len(left), CHUNK):
        some = litmos_assignment.c.user_id.in_(left[start : start + CHUNK])
        conn.execute(delete(litmos_assignment).where(here, some))
    fresh: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    for user_id, person in seen.items():
        values = {"completed": person.completed, "percent": person.percent}
        if user_id not in known:
            ids = {"account": account, "path_id": path_id, "user_id": user_id}
            fresh.append({**ids, **values, "changed_at": began_at})
        elif known[user_id] != (person.completed, person.percent):
            moved.append({**values, "of": user_id})
    for start in range(0, len(fresh), CHUNK):
        conn.execute(insert(litmos_assignment), fresh[start : start + CHUNK])
    for start in range(0, len(moved), CHUNK):
        one = update(litmos_assignment).where(here, litmos_assignment.c.user_id == bindparam("of"))
        conn.execute(one, moved[start : start + CHUNK])
    conn.execute(
        update(litmos_path)
        .where(litmos_path.c.account == account, litmos_path.c.id == path_id)
        .values(users_read_at=began_at)
    )
    return len(left) + len(seen.keys() - known)


def apply_effects(
    conn: Connection, account: str, effects: Effects, *, began_at: datetime, now: datetime
) -> None:
    """Move the mirror by what one Operation made known; in the transaction that records its success.

    ``began_at`` is before the Operation's first request: what it read never overwrites a row that changed since.
    """
    if effects.profiles_just_read:
        _put_users(conn, account, effects.profiles, began_at=began_at, read_at=began_at)
    else:
        for profile in effects.profiles:
            values = _user_row(account, profile, None)
            here = (litmos_user.c.account == account) & (litmos_user.c.id == profile["Id"])
            if not conn.execute(update(litmos_user).where(here).values(**values, changed_at=now)).rowcount:
                conn.execute(insert(litmos_user).values(**values, changed_at=now))
    for team in effects.teams:
        _put_team(conn, account, team, now)
        conn.execute(
            update(litmos_team)
            .where(litmos_team.c.account == account, litmos_team.c.id == team.id)
            .values(members_read_at=func.coalesce(litmos_team.c.members_read_at, now), changed_at=now)
        )
    _apply_members(conn, account, effects, now)
    _apply_assignments(conn, account, effects, now)


def _apply_members(conn: Connection, account: str, effects: Effects, now: datetime) -> None:
    table = litmos_membership
    for found, user_id in (*effects.members_removed, *effects.members_added):
        conn.execute(
            delete(table).where(
                table.c.account == account, table.c.team_id == found, table.c.user_id == user_id
            )
        )
    _insert_members(conn, account, effects.members_added, now)
    removals.note(conn, account, removals.MEMBERSHIP, effects.members_removed, now)
    removals.forget(conn, account, removals.MEMBERSHIP, effects.members_added)


def _apply_assignments(conn: Connection, account: str, effects: Effects, now: datetime) -> None:
    table = litmos_assignment
    gone = [(path_id, user_id) for user_id, path_id in effects.paths_unassigned]
    removals.note(conn, account, removals.ASSIGNMENT, gone, now)
    given = [(path_id, user_id) for user_id, path_id in effects.paths_assigned]
    removals.forget(conn, account, removals.ASSIGNMENT, given)
    for user_id, path_id in effects.paths_unassigned:
        conn.execute(
            delete(table).where(
                table.c.account == account, table.c.path_id == path_id, table.c.user_id == user_id
            )
        )
    for user_id, path_id in effects.paths_assigned:
        here = (table.c.account == account) & (table.c.path_id == path_id) & (table.c.user_id == user_id)
        if not conn.execute(update(table).where(here).values(changed_at=now)).rowcount:
            conn.execute(
                insert(table).values(
                    account=account,
                    path_id=path_id,
                    user_id=user_id,
                    completed=False,
                    percent=0.0,
                    changed_at=now,
                )
            )
