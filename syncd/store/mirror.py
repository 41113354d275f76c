"""The mirror: the last known current State of Litmos, row by row with the times it was read and changed."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, delete, func, insert, select

from syncd.core.delta import Readings
from syncd.core.match import comparable
from syncd.core.model import (
    Item,
    ItemKey,
    ItemKind,
    TeamKey,
    TeamShelf,
    User,
    team_key,
)
from syncd.core.operation import RoleList, TeamFact
from syncd.core.profile import filled_in, normalise_profile
from syncd.core.team_names import team_names as team_names  # noqa: PLC0414 - asked of the mirror, too
from syncd.store import roles
from syncd.store.among import rows_among
from syncd.store.mirror_tables import (
    litmos_assignment,
    litmos_item,
    litmos_membership,
    litmos_team,
    litmos_team_item,
    litmos_user,
)
from syncd.store.schema import watermark

CHUNK = 500
FULL = "refreshed"
"""The watermark that says when the last full refresh began."""
READ = "read"
"""The watermark that says when the last refresh began, full or delta."""
LISTED, LISTED_UNTIL = "listed", "listed until"
"""The watermarks that say when the last reading of all users by a Job began, and when it had ended."""


def users(conn: Connection, account: str, user_ids: Collection[str] | None = None) -> list[User]:
    """Every user, or those of these ids whom the mirror has, with the normalised fields that are not empty."""
    columns = (litmos_user.c.id, litmos_user.c.active, litmos_user.c.profile)
    query = select(*columns).where(litmos_user.c.account == account)
    rows: Iterable[Any] = (
        conn.execute(query) if user_ids is None else rows_among(conn, query, litmos_user.c.id, user_ids)
    )
    return [User(id=user_id, active=active, fields=filled_in(profile)) for user_id, active, profile in rows]


KEYS: Mapping[str, Column[str]] = {
    "UserName": litmos_user.c.username_key,
    "Email": litmos_user.c.email_key,
    "ExternalEmployeeId": litmos_user.c.external_key,
}
"""Litmos field -> the column with its values as they are compared."""


def find_users(conn: Connection, account: str, values: Mapping[str, Collection[str]]) -> set[str]:
    """The ids of the users who have one of these values in one of these fields (of ``KEYS``), as they are compared."""
    found: set[str] = set()
    for name, some in values.items():
        query = select(litmos_user.c.id).where(litmos_user.c.account == account)
        found.update(user_id for (user_id,) in rows_among(conn, query, KEYS[name], set(some) - {""}))
    return found


def linked_users(conn: Connection, account: str, field: str, values: Collection[str]) -> set[str]:
    """The ids of the users who have one of these values, as they are compared, in a field; of most fields all users are looked at."""
    if not values or field in KEYS:
        return find_users(conn, account, {field: values}) if values else set()
    rows = conn.execute(
        select(litmos_user.c.id, litmos_user.c.profile).where(litmos_user.c.account == account),
        execution_options={"yield_per": CHUNK},
    )
    return {row.id for row in rows if comparable(str(row.profile.get(field) or "")) in values}


def with_managers(conn: Connection, account: str, user_ids: Collection[str]) -> list[User]:
    """These users, and all above them."""
    found: list[User] = []
    asked: set[str] = set()
    wanted = set(user_ids)
    while wanted:
        asked |= wanted
        more = users(conn, account, wanted)
        found += more
        wanted = {str(user.fields.get("ManagerId", "")) for user in more} - asked - {""}
    return found


def count_users(conn: Connection, account: str) -> int:
    """How many users the mirror holds."""
    return int(
        conn.execute(
            select(func.count()).select_from(litmos_user).where(litmos_user.c.account == account)
        ).scalar_one()
    )


def user(conn: Connection, account: str, user_id: str) -> User | None:
    """One user, or None."""
    row = conn.execute(
        select(litmos_user.c.id, litmos_user.c.active, litmos_user.c.profile).where(
            litmos_user.c.account == account, litmos_user.c.id == user_id
        )
    ).first()
    return None if row is None else User(id=row.id, active=row.active, fields=normalise_profile(row.profile))


def profiles(conn: Connection, account: str, user_ids: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """The full records of these users, in Litmos' field names, by id; those that the mirror has."""
    query = select(litmos_user.c.id, litmos_user.c.profile).where(litmos_user.c.account == account)
    return dict(map(tuple, rows_among(conn, query, litmos_user.c.id, user_ids)))


def are_there(conn: Connection, account: str, user_ids: Collection[str]) -> set[str]:
    """Those of these ids that the mirror has."""
    query = select(litmos_user.c.id).where(litmos_user.c.account == account)
    return {user_id for (user_id,) in rows_among(conn, query, litmos_user.c.id, user_ids)}


def find_user(conn: Connection, account: str, text: str) -> str:
    """The id of the user with this id, or else with this UserName but for case; "" if there is none."""
    is_named = (litmos_user.c.id == text) | (litmos_user.c.username_key == comparable(text))
    rows = conn.execute(select(litmos_user.c.id).where(litmos_user.c.account == account, is_named)).all()
    ids = [row.id for row in rows]
    return text if text in ids else ids[0] if len(ids) == 1 else ""


def name_holders(conn: Connection, account: str, username: str) -> list[str]:
    """The ids of the users who have this UserName but for case."""
    key = username.strip().casefold()
    rows = conn.execute(
        select(litmos_user.c.id).where(litmos_user.c.account == account, litmos_user.c.username_key == key)
    )
    return sorted(rows.scalars())


def just_read_profile(
    conn: Connection, account: str, user_id: str, *, since: datetime
) -> Mapping[str, Any] | None:
    """The full record if it was read from Litmos at or after ``since`` and not written after that reading."""
    profile: Mapping[str, Any] | None = conn.execute(
        select(litmos_user.c.profile).where(
            litmos_user.c.account == account,
            litmos_user.c.id == user_id,
            litmos_user.c.read_at >= since,
            litmos_user.c.changed_at <= litmos_user.c.read_at,
        )
    ).scalar()
    return profile


def items(conn: Connection, account: str) -> list[Item]:
    """Every learning path, and every course if a rule has ever named one."""
    rows = conn.execute(select(litmos_item).where(litmos_item.c.account == account)).all()
    return [
        Item(key=item_key(row.kind, row.id), name=row.name, active=row.active, code=row.code) for row in rows
    ]


def item_key(kind: str, item_id: str) -> ItemKey:
    """From the two columns that name a learning path or course."""
    return ItemKey(ItemKind(kind), item_id)


def team_facts(conn: Connection, account: str) -> tuple[TeamFact, ...]:
    """Every team."""
    rows = conn.execute(
        select(litmos_team).where(litmos_team.c.account == account).order_by(litmos_team.c.id)
    ).all()
    return tuple(TeamFact(id=row.id, name=row.name, parent_id=row.parent_id, code=row.code) for row in rows)


def team_id(conn: Connection, account: str, key: TeamKey) -> str:
    """The Litmos id of a team, or ""."""
    names = team_names(team_facts(conn, account))
    return next((found for found, chain in names.items() if team_key(chain) == key), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """What teams give their members, and what is in their libraries, as far as it was read."""

    items: Mapping[TeamKey, frozenset[ItemKey]]
    library: Mapping[TeamKey, frozenset[ItemKey]]


def team_items(conn: Connection, account: str, teams: Iterable[TeamFact] | None = None) -> Shelved:
    """The learning paths and courses of teams; ``teams`` as for ``current_state``."""
    names = team_names(team_facts(conn, account) if teams is None else teams)
    given: dict[TeamKey, set[ItemKey]] = {}
    library: dict[TeamKey, set[ItemKey]] = {}
    for row in conn.execute(select(litmos_team_item).where(litmos_team_item.c.account == account)):
        if row.team_id in names:
            found = library if row.library else given
            found.setdefault(team_key(names[row.team_id]), set()).add(item_key(row.kind, row.item_id))
    return Shelved(
        items={key: frozenset(items) for key, items in given.items()},
        library={key: frozenset(items) for key, items in library.items()},
    )


def shelf(conn: Connection, account: str) -> set[tuple[TeamShelf, str]]:
    """(team and kind, item id) of everything that teams give or have in their libraries."""
    rows = conn.execute(select(litmos_team_item).where(litmos_team_item.c.account == account))
    return {(TeamShelf(row.team_id, ItemKind(row.kind)), row.item_id) for row in rows}


def shelves_read(conn: Connection, account: str) -> dict[TeamShelf, datetime | None]:
    """When it was last read which items of each kind each team has; None: never."""
    found: dict[TeamShelf, datetime | None] = {}
    for kind, read_at in ITEMS_READ_AT.items():
        query = select(litmos_team.c.id, read_at.label("at")).where(litmos_team.c.account == account)
        found.update((TeamShelf(row.id, kind), row.at) for row in conn.execute(query))
    return found


ITEMS_READ_AT: Mapping[ItemKind, Column[datetime]] = {
    ItemKind.LEARNING_PATH: litmos_team.c.paths_read_at,
    ItemKind.COURSE: litmos_team.c.courses_read_at,
}
"""When it was last read which items of a kind a team gives."""


def teams_whose_items_are_old(conn: Connection, account: str, kind: ItemKind, since: datetime) -> set[str]:
    """The ids of the teams of which it was not read after ``since`` which items of this kind they give."""
    read_at = ITEMS_READ_AT[kind]
    old = read_at.is_(None) | (read_at < since)
    return set(conn.execute(select(litmos_team.c.id).where(litmos_team.c.account == account, old)).scalars())


def items_whose_learners_are_old(conn: Connection, account: str, since: datetime) -> set[ItemKey]:
    """The items whose users were not read after ``since``."""
    table = litmos_item
    old = table.c.users_read_at.is_(None) | (table.c.users_read_at < since)
    rows = conn.execute(select(table.c.kind, table.c.id).where(table.c.account == account, old))
    return {item_key(row.kind, row.id) for row in rows}


def readings(conn: Connection, account: str) -> Readings:
    """When the last full refresh and the last one of either kind began."""
    here = (watermark.c.account == account) & watermark.c.name.in_([FULL, READ])
    found = {row.name: row.value for row in conn.execute(select(watermark).where(here))}
    return Readings(full=found.get(FULL), last=found.get(READ))


def listed(conn: Connection, account: str) -> tuple[datetime, datetime] | None:
    """When a Job's last reading of all users began, and when it had ended."""
    here = (watermark.c.account == account) & watermark.c.name.in_([LISTED, LISTED_UNTIL])
    found = {row.name: row.value for row in conn.execute(select(watermark).where(here))}
    return (found[LISTED], found[LISTED_UNTIL]) if len(found) == 2 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListsRead:
    """When the people of each team and of each item were last read from Litmos; None: never.

    ``roles`` are the lists of leaders and admins that were read at all.
    """

    teams: Mapping[str, datetime | None]
    items: Mapping[ItemKey, datetime | None]
    roles: Mapping[RoleList, datetime] = field(default_factory=dict)

    def oldest(self) -> datetime | None:
        """The oldest of those that are kept up to date, or None if none is."""
        known = (*self.teams.values(), *self.items.values(), *self.roles.values())
        return min((at for at in known if at), default=None)


def lists_read(conn: Connection, account: str) -> ListsRead:
    """When each list of people was last read."""
    team, item = litmos_team.c, litmos_item.c
    teams = conn.execute(select(team.id, team.members_read_at).where(team.account == account))
    items = conn.execute(select(item.kind, item.id, item.users_read_at).where(item.account == account))
    return ListsRead(
        teams={row.id: row.members_read_at for row in teams},
        items={item_key(row.kind, row.id): row.users_read_at for row in items},
        roles=roles.lists_read(conn, account),
    )


def members_of(
    conn: Connection, account: str, team_ids: Collection[str], *, since: datetime | None = None
) -> set[tuple[str, str]]:
    """(team id, user id) of every membership of these teams, or of those that came after ``since``."""
    table = litmos_membership
    return _pairs(conn, table.c.account == account, table.c.team_id, table.c.user_id, team_ids, since)


def users_of(
    conn: Connection, account: str, items: Collection[ItemKey], *, since: datetime | None = None
) -> set[tuple[ItemKey, str]]:
    """(item, user id) of every assignment of these items, or of those that came after ``since``."""
    table = litmos_assignment
    found: set[tuple[ItemKey, str]] = set()
    for kind in {item.kind for item in items}:
        here = (table.c.account == account) & (table.c.kind == kind.value)
        ids = {item.id for item in items if item.kind is kind}
        pairs = _pairs(conn, here, table.c.item_id, table.c.user_id, ids, since)
        found.update((ItemKey(kind, item_id), user_id) for item_id, user_id in pairs)
    return found


def _pairs(
    conn: Connection,
    here: ColumnElement[bool],
    of: Column[str],
    user: Column[str],
    ids: Collection[str],
    since: datetime | None,
) -> set[tuple[str, str]]:
    if since is not None:
        here &= of.table.c.changed_at > since
    found: set[tuple[str, str]] = set()
    wanted = sorted(ids)
    for start in range(0, len(wanted), CHUNK):
        some = here & of.in_(wanted[start : start + CHUNK])
        found.update((row[0], row[1]) for row in conn.execute(select(of, user).where(some)))
    return found


def progress_of(conn: Connection, account: str, items: Collection[ItemKey]) -> dict[ItemKey, dict[str, bool]]:
    """Item -> its users and whether they began it."""
    found: dict[ItemKey, dict[str, bool]] = {}
    table = litmos_assignment
    for item in items:
        here = (table.c.account == account) & (table.c.kind == item.kind.value) & (table.c.item_id == item.id)
        rows = conn.execute(select(table.c.user_id, table.c.completed, table.c.percent).where(here))
        found[item] = {row.user_id: row.completed or row.percent > 0 for row in rows}
    return found


def user_ids(conn: Connection, account: str) -> set[str]:
    """The ids of all users."""
    return set(conn.execute(select(litmos_user.c.id).where(litmos_user.c.account == account)).scalars())


def set_watermark(conn: Connection, account: str, name: str, value: datetime) -> None:
    """Move a watermark."""
    conn.execute(delete(watermark).where(watermark.c.account == account, watermark.c.name == name))
    conn.execute(insert(watermark).values(account=account, name=name, value=value))
