"""Leases: who may plan, one at a time per account, across processes, with a fencing epoch."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from syncd.errors import Busy, StoreError
from syncd.store.database import Database
from syncd.store.owner import describe, is_dead
from syncd.store.schema import lease


def acquire(conn: Connection, name: str, owner: str, *, seconds: float, about: str, now: datetime) -> int:
    """Take the lease and return its new epoch. Raises Busy, naming the holder, while somebody alive holds it."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    unheld = dialect.insert(lease).values(name=name, holder="", epoch=0, expires_at=now, about="")
    conn.execute(unheld.on_conflict_do_nothing())
    row = conn.execute(select(lease).where(lease.c.name == name).with_for_update()).one()
    until = now + timedelta(seconds=seconds)
    if row.holder and row.expires_at > now and not is_dead(row.holder):
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


@contextmanager
def held(database: Database, name: str, owner: str, *, seconds: float, about: str) -> Iterator[int]:
    """Hold a lease for a ``with`` block, renewed every third of ``seconds``. Raises Busy."""
    with database.write() as conn:
        epoch = acquire(conn, name, owner, seconds=seconds, about=about, now=database.now(conn))
    done = threading.Event()

    def keep() -> None:
        while not done.wait(seconds / 3):
            try:
                with database.write() as conn:
                    renew(conn, name, owner, epoch, seconds=seconds, now=database.now(conn))
            except StoreError:
                continue

    keeper = threading.Thread(target=keep, name=f"lease {name}", daemon=True)
    keeper.start()
    try:
        yield epoch
    finally:
        done.set()
        keeper.join()
        with database.write() as conn:
            release(conn, name, owner, epoch)
