"""Unwanted: since when the memberships of movers are not given by any rule, for as long as they still have them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import Connection, delete, insert, select

from syncd.core.diff import membership_key
from syncd.store.schema import unwanted

CHUNK = 500


def load(
    conn: Connection, account: str, moved: Mapping[str, str] = MappingProxyType({})
) -> dict[str, datetime]:
    """The key of each such membership's Change -> since when.

    ``moved`` are team texts -> team texts of teams that a Plan is about to call otherwise, as its keys do; what is stored
    is by the names of the mirror.
    """
    rows = conn.execute(select(unwanted).where(unwanted.c.account == account))
    return {_renamed(row.key, row.employee_id, moved): row.since for row in rows}


def by_names_of_now(found: Mapping[str, str], moved: Mapping[str, str]) -> dict[str, str]:
    """Keys of a Plan -> employee id, by the names of the mirror; ``moved`` as for ``load``."""
    before = {new: old for old, new in moved.items()}
    return {_renamed(key, person, before): person for key, person in found.items()}


def save(
    conn: Connection,
    account: str,
    found: Mapping[str, str],
    *,
    looked_at: Collection[str],
    now: datetime,
) -> None:
    """Remember ``found`` (key -> employee id), new ones since ``now``; of those ``looked_at``, all others are forgotten."""
    rows = conn.execute(
        select(unwanted.c.key, unwanted.c.employee_id).where(unwanted.c.account == account)
    ).all()
    over = sorted(row.key for row in rows if row.employee_id in looked_at and row.key not in found)
    for start in range(0, len(over), CHUNK):
        some = unwanted.c.key.in_(over[start : start + CHUNK])
        conn.execute(delete(unwanted).where(unwanted.c.account == account, some))
    known = {row.key for row in rows}
    fresh = [
        {"account": account, "key": key, "employee_id": person, "since": now}
        for key, person in sorted(found.items())
        if key not in known
    ]
    for start in range(0, len(fresh), CHUNK):
        conn.execute(insert(unwanted), fresh[start : start + CHUNK])


def follow(conn: Connection, account: str, texts: Mapping[str, str]) -> None:
    """Teams are called otherwise now, as team text -> team text: since when they are unwanted stays as it is.

    All at once, as a team may get the name that another one gives up; of two times about one membership the earlier holds.
    """
    rows = conn.execute(select(unwanted).where(unwanted.c.account == account)).all() if texts else []
    moved = {row.key: new for row in rows if (new := _renamed(row.key, row.employee_id, texts)) != row.key}
    touched = moved.keys() | set(moved.values())
    since: dict[tuple[str, str], datetime] = {}
    for row in rows:
        if row.key in touched:
            at = (moved.get(row.key, row.key), row.employee_id)
            since[at] = min(row.since, since.get(at, row.since))
    over = sorted(touched)
    for start in range(0, len(over), CHUNK):
        some = unwanted.c.key.in_(over[start : start + CHUNK])
        conn.execute(delete(unwanted).where(unwanted.c.account == account, some))
    again = [
        {"account": account, "key": key, "employee_id": person, "since": at}
        for (key, person), at in since.items()
    ]
    for start in range(0, len(again), CHUNK):
        conn.execute(insert(unwanted), again[start : start + CHUNK])


def _renamed(key: str, person: str, texts: Mapping[str, str]) -> str:
    """The key by the team's other name, if it has one."""
    text = key.removeprefix(membership_key(person, ""))
    return membership_key(person, texts[text]) if text in texts else key
