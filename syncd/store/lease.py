"""Leases: who may plan, one at a time per account, across processes, with a fencing epoch."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from syncd.errors import Busy, StoreError
from syncd.store.database import Database
from syncd.store.owner import describe, is_dead
from syncd.store.schema import lease


@dataclass(frozen=True, slots=True)
class Held:
    """A lease that was taken: proof for ``fence`` that nobody else has taken it since."""

    name: str
    owner: str
    epoch: int


def acquire(conn: Connection, name: str, owner: str, *, seconds: float, about: str, now: datetime) -> int:
    """Take the lease and return its new epoch. Raises Busy, naming the holder, while somebody alive holds it."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    unheld = dialect.insert(lease).values(name=name, holder="", epoch=0, expires_at=now, about="")
    conn.execute(unheld.on_conflict_do_nothing())
    row = conn.execute(select(lease).where(lease.c.name == name).with_for_update()).one()
    until = now + timedelta(seconds=seconds)
    stepped_back = row.expires_at > until + timedelta(seconds=seconds)
    if row.holder and row.expires_at > now and not stepped_back and not is_dead(row.holder):
        raise Busy(
            f"{describe(row.holder)} is at work ({row.about}) until {row.expires_at:%H:%M:%S} UTC at the latest"
        )
    epoch = int(row.epoch) + 1
    conn.execute(
        update(lease)
        .where(lease.c.name == name)
        .values(holder=owner, epoch=epoch, expires_at=until, about=about)
    )
    return epoch


def renew(conn: Connection, name: str, owner: str, epoch: int, *, seconds: float, now: datetime) -> bool:
    """Hold it longer; False if it was lost."""
    done = conn.execute(
        update(lease)
        .where(lease.c.name == name, lease.c.holder == owner, lease.c.epoch == epoch)
        .values(expires_at=now + timedelta(seconds=seconds))
    )
    return bool(done.rowcount)


def release(conn: Connection, name: str, owner: str, epoch: int) -> None:
    """Give it back, if it is still ours."""
    conn.execute(
        update(lease)
        .where(lease.c.name == name, lease.c.holder == owner, lease.c.epoch == epoch)
        .values(holder="")
    )


def fence(conn: Connection, mine: Held) -> None:
    """Raises Busy if somebody else took the lease since: what was found out under it must not be stored.

    The row is locked until the transaction ends, so nobody takes the lease before it is stored either.
    """
    row = conn.execute(select(lease).where(lease.c.name == mine.name).with_for_update()).one()
    if (row.holder, row.epoch) != (mine.owner, mine.epoch):
        raise Busy(
            f"{describe(row.holder) if row.holder else 'another process'} took over, since this process did not "
            f"answer for too long; nothing was stored or sent: do it again"
        )


def is_held(conn: Connection, name: str, owner: str, now: datetime) -> bool:
    """Whether this owner holds the lease, and it has not run out."""
    row = conn.execute(select(lease).where(lease.c.name == name)).first()
    return row is not None and row.holder == owner and row.expires_at > now


@contextmanager
def held(database: Database, name: str, owner: str, *, seconds: float, about: str) -> Iterator[Held]:
    """Hold a lease for a ``with`` block, renewed every third of ``seconds``. Raises Busy."""
    with database.write() as conn:
        epoch = acquire(conn, name, owner, seconds=seconds, about=about, now=database.now(conn))
    done = threading.Event()

    def keep() -> None:
        while not done.wait(seconds / 3):
            try:
                with database.write() as conn:
                    if not renew(conn, name, owner, epoch, seconds=seconds, now=database.now(conn)):
                        return  # somebody else has it; what is stored under it is fenced
            except StoreError:
                continue

    keeper = threading.Thread(target=keep, name=f"lease {name}", daemon=True)
    keeper.start()
    try:
        yield Held(name, owner, epoch)
    finally:
        done.set()
        keeper.join()
        with database.write() as conn:
            release(conn, name, owner, epoch)
