"""Configurations: what each one said of what Plans depend on, once for each digest."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from syncd.store.schema import configuration, run


def save(conn: Connection, account: str, digest: str, settings: Mapping[str, str], now: datetime) -> None:
    """Keep what a configuration says, secrets as dots, unless it is known; nothing if it has no digest."""
    if not digest:
        return
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    conn.execute(
        dialect.insert(configuration)
        .values(account=account, digest=digest, settings=dict(settings), first_seen_at=now)
        .on_conflict_do_nothing(index_elements=["account", "digest"])
    )


def get(conn: Connection, account: str, digest: str) -> Mapping[str, str] | None:
    """What the configuration of this digest said; None if it was never kept."""
    mine = (configuration.c.account == account) & (configuration.c.digest == digest)
    found: Mapping[str, str] | None = conn.execute(select(configuration.c.settings).where(mine)).scalar()
    return found


def prune(conn: Connection, account: str, before: datetime) -> int:
    """Forget what no Run names any more, of those first seen ``before`` then; returns how many."""
    named = select(run.c.id).where(run.c.account == account, run.c.config_digest == configuration.c.digest)
    old = (configuration.c.account == account) & (configuration.c.first_seen_at <= before)
    return conn.execute(delete(configuration).where(old, ~named.exists())).rowcount
