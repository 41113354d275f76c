"""Nearby: what the mirror knows around a bulk import, and which date windows tell what has changed since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from syncd.core.delta import AHEAD, OVERLAP, REACH, windows
from syncd.core.match import comparable
from syncd.core.operation import Near
from syncd.core.request import JUST_READ_SECONDS
from syncd.store import mirror
from syncd.store.imports import Taken

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Where and when an import is about to be sent, or looked at; ``link_field`` is the profile field with the employee id."""

    account: str
    link_field: str
    now: datetime
    run_started_at: datetime


def known(conn: Connection, rows: Rows, moment: Moment) -> tuple[Mapping[str, Any], ...]:
    """The records that the mirror holds of the users of these rows, of their UserNames and of the links of new ones."""
    account = moment.account
    found = {row["user_id"] for row in rows if row["user_id"]}
    found |= mirror.find_users(conn, account, {"UserName": [comparable(row["username"]) for row in rows]})
    links = {comparable(str(row["fields"].get(moment.link_field, ""))) for row in rows if not row["user_id"]}
    found |= mirror.linked_users(conn, account, moment.link_field, links - {""})
    return tuple(mirror.profiles(conn, account, found).values())


def before(conn: Connection, payload: Mapping[str, Any], moment: Moment) -> Near | None:
    """How it is to be found out what an import would meet; None: all users are read.

    New users need a list that was read just before, in this run, for an import overwrites whoever has the UserName; to
    update somebody whom the mirror knows, what it was told last is enough. A mirror that is too old is not trusted.
    """
    if not payload.get("near"):
        return None
    rows = payload["rows"]
    since = _since(conn, moment, creates=any(not row["user_id"] for row in rows))
    if since is None:
        return Near(spans=(), pages=payload["pages"], trusted=False)
    return Near(
        spans=tuple(windows(since - OVERLAP, moment.now + AHEAD)),
        pages=payload["pages"],
        known=known(conn, rows, moment),
    )


def after(payload: Mapping[str, Any], taken: Taken, moment: Moment) -> Near | None:
    """How it is to be found out what became of an import; None: all users are read."""
    since = taken.since
    if not payload.get("near") or since is None or moment.now - since > REACH:
        return None
    return Near(spans=tuple(windows(since - OVERLAP, moment.now + AHEAD)), pages=payload["pages"])


def _since(conn: Connection, moment: Moment, *, creates: bool) -> datetime | None:
    """When what the mirror knows began to be read, or None if it is not to be relied on."""
    listed = mirror.listed(conn, moment.account)
    if creates:
        just_read = moment.now - timedelta(seconds=JUST_READ_SECONDS)
        fresh = listed is not None and listed[0] >= moment.run_started_at and listed[1] >= just_read
        return listed[0] if listed is not None and fresh else None
    last = mirror.readings(conn, moment.account).last
    return last if last is not None and timedelta() <= moment.now - last <= REACH else None
