"""Tries: how often a name or an address was tried lately, and what is good for once. In the database, so that all replicas count as one.

Names and addresses are kept as hashes, for ``KEPT``.
"""

import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from syncd.store.audit_tables import web_try

WITHIN = timedelta(minutes=1)
"""Tries are counted over this long."""
KEPT = timedelta(minutes=15)
"""How long a try is kept; longer than anything that is good for once lives."""
LOCK = 7_312_002
"""The key of PostgreSQL's advisory lock under which tries are counted and noted, one after the other."""


def allowed(conn: Connection, most: Mapping[str, int], now: datetime) -> bool:
    """Whether each key (``name:ana``) was tried less often than this within a minute; if so, it is tried once more.

    In a short transaction of its own: others wait for it.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    prune(conn, now)
    for key, number in most.items():
        lately = (web_try.c.key_hash == _hashed(key)) & (web_try.c.tried_at > now - WITHIN)
        if conn.execute(select(func.count()).select_from(web_try).where(lately)).scalar_one() >= number:
            return False
    for key in most:
        values = {"id": uuid.uuid4().hex, "key_hash": _hashed(key)}
        conn.execute(insert(web_try).values(**values, tried_at=now))
    return True


def use(conn: Connection, once: str, now: datetime) -> bool:
    """Use what is good for once (a text nobody can guess); False if it was used before, by whichever replica."""
    try:
        with conn.begin_nested():
            conn.execute(insert(web_try).values(id=_hashed(once), tried_at=now))
    except IntegrityError:
        return False
    return True


def prune(conn: Connection, now: datetime) -> None:
    """Remove what is older than ``KEPT``."""
    conn.execute(delete(web_try).where(web_try.c.tried_at < now - KEPT))


def _hashed(text_: str) -> str:
    return hashlib.sha256(text_.encode()).hexdigest()
