"""Reflection: how the mirror moves, by a whole reading of Litmos or by what one Operation made known."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, insert, select, update

from syncd.core.delta import folded
from syncd.core.match import comparable
from syncd.core.model import Item, ItemKey, ItemKind
from syncd.core.operation import Learner, RoleList, Snapshot, TeamFact, TeamItem
from syncd.core.profile import normalise, normalise_profile
from syncd.store import aside, attainment, removals, renamed, roles, settled
from syncd.store.drift import Drift
from syncd.store.mirror import FULL, ITEMS_READ_AT, READ, set_watermark, team_facts
from syncd.store.mirror_tables import (
    litmos_assignment,
    litmos_item,
    litmos_membership,
    litmos_team,
    litmos_team_item,
    litmos_user,
)
from syncd.store.vanished import Missing, forget

CHUNK = 500
Profile = Mapping[str, Any]
"""A full record in Litmos' own field names."""


def apply_snapshot(
    conn: Connection, account: str, snapshot: Snapshot, *, confirmed_gone: Missing
) -> list[Drift]:
    """Move the mirror to a whole reading of Litmos; returns what differed.

    A row changed after the snapshot began keeps what the worker wrote. Of a team's list only active users can be
    missed, for Litmos hides the others: their memberships stay as last known.
    """
    called = team_facts(conn, account)
    forget(conn, account, confirmed_gone)
    found = put_users(conn, account, snapshot.profiles, began_at=snapshot.began_at, read_at=snapshot.began_at)
    for team in snapshot.teams:
        put_team(conn, account, team, snapshot.began_at)
    renamed.follow(conn, account, called)
    for item in snapshot.items:
        put_item(conn, account, item, snapshot.began_at)
    found += apply_lists(
        conn, account, snapshot.members, snapshot.learners, snapshot.roles, began_at=snapshot.began_at
    )
    for shelf, has in snapshot.shelves.items():
        apply_team_items(conn, account, shelf.team_id, shelf.kind, has, snapshot.began_at)
    set_watermark(conn, account, FULL, snapshot.began_at)
    set_watermark(conn, account, READ, snapshot.began_at)
    return found


def apply_lists(
    conn: Connection,
    account: str,
    members: Mapping[str, frozenset[str]],
    learners: Mapping[ItemKey, Iterable[Learner]],
    people_with_roles: Mapping[RoleList, Collection[str]] = MappingProxyType({}),
    *,
    began_at: datetime,
) -> list[Drift]:
    """The active users of some teams, those with a role there, and the users of some items, as read since ``began_at``; what
    differed.
    """
    inactive = inactive_users(conn, account)
    found: list[Drift] = []
    for team_id, user_ids in members.items():
        found += _replace_members(conn, account, team_id, user_ids, inactive, began_at)
    for item, people in learners.items():
        found += _replace_learners(conn, account, item, people, inactive, began_at)
    found += roles.apply_lists(conn, account, people_with_roles, inactive, began_at=began_at)
    for (team_id, role), heads in people_with_roles.items():
        aside.forget(conn, account, role.value, team_id, heads, began_at)
    removals.prune(conn, account, began_at)
    return found


def apply_team_items(
    conn: Connection,
    account: str,
    team_id: str,
    kind: ItemKind,
    items: Collection[TeamItem],
    began_at: datetime,
) -> None:
    """Which items of a kind a team gives its members or has in its library, as read by a request that began at ``began_at``."""
    table = litmos_team_item
    team = (litmos_team.c.account == account) & (litmos_team.c.id == team_id)
    changed_at = conn.execute(select(litmos_team.c.changed_at).where(team)).scalar()
    if changed_at is not None and changed_at > began_at:
        return  # a worker gave or took something since; it is read again
    here = (table.c.account == account) & (table.c.team_id == team_id) & (table.c.kind == kind.value)
    conn.execute(delete(table).where(here))
    ids = {"account": account, "team_id": team_id, "kind": kind.value}
    for one in items:
        put_item(conn, account, one.item, began_at)
    rows = [{**ids, "item_id": one.item.key.id, "library": one.library} for one in items]
    if rows:
        conn.execute(insert(table), rows)
    conn.execute(
        update(litmos_team)
        .where(litmos_team.c.account == account, litmos_team.c.id == team_id)
        .values({ITEMS_READ_AT[kind].name: began_at})
    )


def inactive_users(conn: Connection, account: str) -> set[str]:
    """The ids of the users whom Litmos' lists of people hide."""
    found = select(litmos_user.c.id).where(litmos_user.c.account == account, litmos_user.c.active.is_(False))
    return set(conn.execute(found).scalars())


def put_users(
    conn: Connection,
    account: str,
    profiles: Iterable[Mapping[str, Any]],
    *,
    began_at: datetime,
    read_at: datetime | None,
) -> list[Drift]:
    """Full records as read since ``began_at``; returns what differed. A row changed since then is left alone.

    Some at a time, so that of a million users no more than those are held besides the records.
    """
    drift: list[Drift] = []
    waiting = iter(profiles)
    while some := list(islice(waiting, CHUNK)):
        drift += _put_some(conn, account, some, began_at=began_at, read_at=read_at)
    return drift


def _put_some(
    conn: Connection,
    account: str,
    profiles: Sequence[Mapping[str, Any]],
    *,
    began_at: datetime,
    read_at: datetime | None,
) -> list[Drift]:
    known = _known(conn, account, {profile["Id"] for profile in profiles})
    fresh: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    same: list[str] = []
    drift: list[Drift] = []
    for profile in profiles:
        row = known.get(profile["Id"])
        values = user_row(account, profile, read_at)
        if row is None:
            fresh.append({**values, "changed_at": began_at})
        elif row.changed_at <= began_at:
            if row.profile == values["profile"] and row.active == values["active"]:
                same.append(row.id)
                continue
            differing = _differing(row, values)
            drift += differing
            moved.append({**values, "of": row.id, "changed_at": began_at if differing else row.changed_at})
    if fresh:
        settled.disturb_unlinked(conn, account)
    _insert(conn, litmos_user, fresh)
    _update_users(conn, account, moved)
    if same:
        here = (litmos_user.c.account == account) & litmos_user.c.id.in_(same)
        conn.execute(update(litmos_user).where(here).values(read_at=read_at))
    return drift


def fold_users(
    conn: Connection, account: str, rows: Iterable[Mapping[str, Any]], *, began_at: datetime
) -> list[Drift]:
    """Fields of known users as a delta since ``began_at`` told them; returns what differed.

    Such a record does not pass for *just read*: its other fields are as old as they were.
    """
    told_rows = {row["Id"]: row for row in rows}
    known = _known(conn, account, told_rows)
    moved: list[dict[str, Any]] = []
    drift: list[Drift] = []
    for user_id, told in told_rows.items():
        row = known.get(user_id)
        if row is None or row.changed_at > began_at:
            continue
        values = user_row(account, folded(row.profile, told), row.read_at)
        differing = _differing(row, values)
        if differing:
            drift += differing
            moved.append({**values, "of": row.id, "changed_at": began_at})
    _update_users(conn, account, moved)
    return drift


def add_users(
    conn: Connection, account: str, profiles: Iterable[Mapping[str, Any]], *, began_at: datetime
) -> None:
    """New users as a date window since ``began_at`` showed them; who is known already is left as they are.

    Such a record does not pass for *just read*.
    """
    made = {profile["Id"]: profile for profile in profiles}
    known = _known(conn, account, made)
    fresh = [
        {**user_row(account, profile, None), "changed_at": began_at}
        for user_id, profile in made.items()
        if user_id not in known
    ]
    if fresh:
        settled.disturb_unlinked(conn, account)
    _insert(conn, litmos_user, fresh)


def _known(conn: Connection, account: str, ids: Collection[str]) -> dict[str, Any]:
    """Rows of the mirror with these ids."""
    table = litmos_user
    query = select(table.c.id, table.c.changed_at, table.c.profile, table.c.active, table.c.read_at).where(
        table.c.account == account
    )
    wanted = sorted(ids)
    return {
        row.id: row
        for start in range(0, len(wanted), CHUNK)
        for row in conn.execute(query.where(table.c.id.in_(wanted[start : start + CHUNK])))
    }


def _differing(row: Any, values: Mapping[str, Any]) -> list[Drift]:
    before = {"Active": row.active, **normalise_profile(row.profile)}
    after = {"Active": values["active"], **normalise_profile(values["profile"])}
    return [
        Drift(kind="user", user_id=row.id, field=name, before=before[name], after=after[name])
        for name in after
        if before[name] != after[name]
    ]


def _update_users(conn: Connection, account: str, rows: list[dict[str, Any]]) -> None:
    here = litmos_user.c.account == account
    for start in range(0, len(rows), CHUNK):
        one = update(litmos_user).where(here, litmos_user.c.id == bindparam("of"))
        conn.execute(one, rows[start : start + CHUNK])


def _insert(conn: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), CHUNK):
        conn.execute(insert(table), rows[start : start + CHUNK])


def user_row(account: str, profile: Mapping[str, Any], read_at: datetime | None) -> dict[str, Any]:
    """A row of the mirror from a full record."""
    return {
        "account": account,
        "id": profile["Id"],
        "username_key": comparable(profile.get("UserName") or ""),
        "email_key": comparable(profile.get("Email") or ""),
        "external_key": comparable(profile.get("ExternalEmployeeId") or ""),
        "active": normalise("Active", profile.get("Active")) is True,
        "profile": dict(profile),
        "read_at": read_at,
    }


def put_team(conn: Connection, account: str, team: TeamFact, began_at: datetime) -> None:
    """A team as read since ``began_at``; one changed since then is left alone."""
    here = (litmos_team.c.account == account) & (litmos_team.c.id == team.id)
    row = conn.execute(select(litmos_team.c.changed_at).where(here)).first()
    values = {"name": team.name, "parent_id": team.parent_id, "code": team.code}
    if row is None:
        conn.execute(insert(litmos_team).values(account=account, id=team.id, changed_at=began_at, **values))
    elif row.changed_at <= began_at:
        conn.execute(update(litmos_team).where(here).values(**values))


def put_item(conn: Connection, account: str, item: Item, began_at: datetime) -> None:
    """A learning path or course as read since ``began_at``."""
    values = {"name": item.name, "active": item.active}
    here = _here(account, item.key)
    known = conn.execute(select(litmos_item).where(here)).first()
    if known is not None and item.code and known.code != item.code:
        conn.execute(update(litmos_item).where(here).values(code=item.code))
    if known is not None and (known.name, known.active) == (item.name, item.active):
        return
    settled.disturb_all(conn, account)
    if known is not None:
        conn.execute(update(litmos_item).where(here).values(**values))
    else:
        kind, item_id = item.key
        ids = {"account": account, "kind": kind.value, "id": item_id}
        conn.execute(insert(litmos_item).values(**ids, **values, code=item.code, changed_at=began_at))


def _here(account: str, item: ItemKey) -> ColumnElement[bool]:
    table = litmos_item.c
    return (table.account == account) & (table.kind == item.kind.value) & (table.id == item.id)


def _replace_members(
    conn: Connection,
    account: str,
    team_id: str,
    members: frozenset[str],
    inactive: set[str],
    began_at: datetime,
) -> list[Drift]:
    here = (litmos_membership.c.account == account) & (litmos_membership.c.team_id == team_id)
    rows = conn.execute(select(litmos_membership.c.user_id, litmos_membership.c.changed_at).where(here)).all()
    known = {row.user_id for row in rows}
    left = {row.user_id for row in rows if row.changed_at <= began_at} - members - inactive
    ended = sorted(left)
    for start in range(0, len(ended), CHUNK):
        some = litmos_membership.c.user_id.in_(ended[start : start + CHUNK])
        conn.execute(delete(litmos_membership).where(here, some))
    aside.forget(conn, account, aside.MEMBERSHIP, team_id, members, began_at)
    joined = members - known - removals.since(conn, account, removals.MEMBERSHIP, team_id, began_at)
    insert_members(conn, account, ((team_id, user_id) for user_id in joined), began_at)
    team = (litmos_team.c.account == account) & (litmos_team.c.id == team_id)
    is_new = conn.execute(select(litmos_team.c.members_read_at).where(team)).scalar() is None
    conn.execute(update(litmos_team).where(team).values(members_read_at=began_at))
    if is_new:
        settled.disturb_users(conn, account, {*left, *joined})
    return [] if is_new else _gone_and_come("membership", "Member", team_id, left, joined)


def _gone_and_come(
    kind: str, field: str, object_id: str, gone: Iterable[str], come: Iterable[str]
) -> list[Drift]:
    return [
        Drift(kind=kind, user_id=user_id, object_id=object_id, field=field, before=not after, after=after)
        for after, people in ((False, gone), (True, come))
        for user_id in sorted(people)
    ]


def insert_members(
    conn: Connection, account: str, pairs: Iterable[tuple[str, str]], changed_at: datetime
) -> None:
    """Memberships, as (team id, user id), that the mirror does not have."""
    rows = [
        {
            "account": account,
            "team_id": found,
            "user_id": user_id,
            "leader": False,
            "admin": False,
            "changed_at": changed_at,
        }
        for found, user_id in pairs
    ]
    if rows:
        conn.execute(insert(litmos_membership), rows)


def _replace_learners(
    conn: Connection,
    account: str,
    item: ItemKey,
    people: Iterable[Learner],
    inactive: set[str],
    began_at: datetime,
) -> list[Drift]:
    table = litmos_assignment
    here = (table.c.account == account) & (table.c.kind == item.kind.value) & (table.c.item_id == item.id)
    rows = conn.execute(select(litmos_assignment).where(here)).all()
    removed = removals.since(conn, account, removals.ASSIGNMENT, str(item), began_at)
    seen = {person.user_id: person for person in people if person.user_id not in removed}
    aside.forget(conn, account, aside.ASSIGNMENT, str(item), seen.keys(), began_at)
    known = {row.user_id: row for row in rows}
    kept_back = {row.user_id for row in rows if row.changed_at > began_at}
    left = sorted(known.keys() - kept_back - seen.keys() - inactive)
    for start in range(0, len(left), CHUNK):
        some = litmos_assignment.c.user_id.in_(left[start : start + CHUNK])
        conn.execute(delete(litmos_assignment).where(here, some))
    fresh: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    for user_id, person in seen.items():
        row = known.get(user_id)
        values = attainment.values_of(person, row)
        if row is None:
            ids = {"account": account, "kind": item.kind.value, "item_id": item.id, "user_id": user_id}
            fresh.append({**ids, **values, "changed_at": began_at})
        elif user_id not in kept_back and attainment.differs(row, values):
            moved.append({**values, "of": user_id})
    _insert(conn, litmos_assignment, fresh)
    for start in range(0, len(moved), CHUNK):
        one = update(litmos_assignment).where(here, litmos_assignment.c.user_id == bindparam("of"))
        conn.execute(one, moved[start : start + CHUNK])
    listed = _here(account, item)
    is_new = conn.execute(select(litmos_item.c.users_read_at).where(listed)).scalar() is None
    conn.execute(update(litmos_item).where(listed).values(users_read_at=began_at))
    come = seen.keys() - known.keys()
    if is_new:
        settled.disturb_users(conn, account, {*left, *come})
    return [] if is_new else _gone_and_come("assignment", "Assigned", str(item), left, come)
