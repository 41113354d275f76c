"""Messages: what each channel was told, and the outbox of what it is to be told, each message by one sender at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from syncd.core.messages import Message, MessageKind, Occasion, Told
from syncd.store.message_tables import message
from syncd.store.schema import watermark

DEAD_MAN = "dead_man"
"""The watermark of the last ping that the outside watcher took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A message that this process is to send now; ``epoch`` is its try, counted from 1."""

    id: int
    channel: str
    message: Message
    made_at: datetime
    epoch: int


def told(conn: Connection, account: str, channel: str) -> dict[str, Told]:
    """By key what the channel was told last, or is about to be."""
    mine = (message.c.account == account) & (message.c.channel == channel)
    newest = select(func.max(message.c.id)).where(mine).group_by(message.c.key)
    rows = conn.execute(select(message).where(message.c.id.in_(newest)))
    return {
        row.key: Told(
            key=row.key,
            kind=MessageKind(row.kind),
            occasion=Occasion(row.occasion),
            number=row.number,
            mark=row.mark,
            size=row.size,
            subject=row.subject,
            at=row.made_at,
        )
        for row in rows
    }


def put(conn: Connection, account: str, channel: str, found: Iterable[Message], now: datetime) -> int:
    """Into the outbox with these, but for those that another replica has put there; returns how many are new."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    number = 0
    for one in found:
        row = dialect.insert(message).values(
            account=account,
            channel=channel,
            key=one.key,
            number=one.number,
            kind=one.kind.value,
            occasion=one.occasion.value,
            mark=one.mark,
            size=one.size,
            subject=one.subject,
            body={"lines": list(one.lines), "command": one.command, "page": one.page},
            state="waiting",
            made_at=now,
            due_at=now,
        )
        same = ["account", "channel", "key", "number"]
        made = conn.execute(row.on_conflict_do_nothing(index_elements=same).returning(message.c.id))
        number += made.first() is not None
    return number


def take(
    conn: Connection, account: str, channel: str, *, owner: str, now: datetime, within: timedelta
) -> Parcel | None:
    """The oldest message of a channel that waits, if it is due and nobody else is sending it; ``within`` it must be sent."""
    mine = (message.c.account == account) & (message.c.channel == channel)
    oldest = select(message).where(mine, message.c.state == "waiting").order_by(message.c.id).limit(1)
    row = conn.execute(oldest).first()
    if row is None or row.due_at > now:
        return None
    same = (message.c.id == row.id) & (message.c.state == "waiting") & (message.c.attempts == row.attempts)
    taken = update(message).where(same).values(owner=owner, attempts=row.attempts + 1, due_at=now + within)
    if not conn.execute(taken).rowcount:
        return None
    return Parcel(
        id=row.id,
        channel=channel,
        made_at=row.made_at,
        epoch=row.attempts + 1,
        message=Message(
            key=row.key,
            kind=MessageKind(row.kind),
            occasion=Occasion(row.occasion),
            number=row.number,
            mark=row.mark,
            size=row.size,
            subject=row.subject,
            lines=tuple(row.body["lines"]),
            command=row.body["command"],
            page=row.body["page"],
        ),
    )


def sent(conn: Connection, parcel: Parcel, now: datetime) -> None:
    """It was taken."""
    _end(conn, parcel, state="sent", sent_at=now, error="", owner="")


def failed(conn: Connection, parcel: Parcel, error: str, *, again_at: datetime | None) -> None:
    """It was not taken: it is tried again then, or None: given up."""
    if again_at is None:
        _end(conn, parcel, state="given_up", error=error, owner="")
    else:
        _end(conn, parcel, due_at=again_at, error=error, owner="")


def _end(conn: Connection, parcel: Parcel, **values: Any) -> None:
    mine = (message.c.id == parcel.id) & (message.c.attempts == parcel.epoch)
    conn.execute(update(message).where(mine, message.c.state == "waiting").values(**values))


def listed(conn: Connection, account: str, *, channel: str = "", limit: int = 50) -> list[RowMapping]:
    """What was told, or waits to be, newest first."""
    query = select(message).where(message.c.account == account).order_by(message.c.id.desc()).limit(limit)
    return list(conn.execute(query.where(message.c.channel == channel) if channel else query).mappings())


def state_of(conn: Connection, account: str) -> dict[str, Any]:
    """For the status: by channel what waits, was given up lately, when one was sent last, and the last fault; the last ping."""
    mine = message.c.account == account
    counts = select(
        message.c.channel,
        message.c.state,
        func.count().label("number"),
        func.max(message.c.sent_at).label("at"),
    )
    channels: dict[str, dict[str, Any]] = {}
    for row in conn.execute(counts.where(mine).group_by(message.c.channel, message.c.state)):
        one = channels.setdefault(
            row.channel, {"waiting": 0, "sent": 0, "given_up": 0, "sent_at": None, "error": ""}
        )
        one[row.state] = row.number
        one["sent_at"] = row.at or one["sent_at"]
    for name, one in channels.items():
        last = select(message.c.error, message.c.state).where(mine, message.c.channel == name)
        tried = last.where((message.c.state != "waiting") | (message.c.error != ""))
        found = conn.execute(tried.order_by(message.c.id.desc()).limit(1)).first()
        one["error"] = "" if found is None else found.error
    pinged = conn.execute(
        select(watermark.c.value).where(watermark.c.account == account, watermark.c.name == DEAD_MAN)
    ).scalar()
    return {"channels": channels, "dead_man_at": pinged}


def known_since(conn: Connection, account: str, name: str) -> datetime | None:
    """Since when a schedule is known to somebody who looks after lateness; None: it is not."""
    mine = (watermark.c.account == account) & (watermark.c.name == name)
    found: datetime | None = conn.execute(select(watermark.c.value).where(mine)).scalar()
    return found


def known_schedules(conn: Connection, account: str) -> dict[str, datetime]:
    """Since when each schedule is known that ever was, by ``core.lateness.known_as``."""
    mine = (watermark.c.account == account) & watermark.c.name.startswith("schedule:")
    found = conn.execute(select(watermark.c.name, watermark.c.value).where(mine))
    return {row.name: row.value for row in found if row.value is not None}


def know(conn: Connection, account: str, name: str, now: datetime) -> None:
    """A schedule is known from now on, if it was not before."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    made = dialect.insert(watermark).values(account=account, name=name, value=now)
    conn.execute(made.on_conflict_do_nothing())


def pinged_at(conn: Connection, account: str) -> datetime | None:
    """When the outside watcher took the last ping."""
    mine = (watermark.c.account == account) & (watermark.c.name == DEAD_MAN)
    found: datetime | None = conn.execute(select(watermark.c.value).where(mine)).scalar()
    return found


def prune(conn: Connection, account: str, before: datetime) -> int:
    """Remove what was made before then; of what still lasts the last message stays, so that it is not told anew."""
    mine = message.c.account == account
    newest = select(func.max(message.c.id)).where(mine).group_by(message.c.channel, message.c.key)
    lasting = select(message.c.id).where(
        message.c.id.in_(newest),
        message.c.occasion != Occasion.OVER.value,
        message.c.kind != MessageKind.DIGEST.value,
    )
    old = delete(message).where(mine, message.c.made_at <= before, message.c.state != "waiting")
    return conn.execute(old.where(message.c.id.not_in(lasting))).rowcount
