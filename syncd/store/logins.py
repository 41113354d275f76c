"""Logins: the sessions of the pages, and API tokens. Of both only hashes are kept, so a copy of the database opens nothing."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from syncd.store.audit_tables import web_session, web_token

LONGEST = timedelta(hours=12)
"""How long a session is good for, whatever happens."""
IDLE = timedelta(minutes=30)
"""How long it is good for while nothing is asked for."""
OFTEN = timedelta(minutes=1)
"""How often it is noted that a session is in use."""


def hashed(secret: str) -> str:
    """What is kept of a session's id or of a token: both are random and long, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def begin(conn: Connection, session_id: str, *, name: str, role: str, proof: str, now: datetime) -> None:
    """A session of somebody who has shown who they are, with the role they had then; those that are over go."""
    conn.execute(
        delete(web_session).where(
            (web_session.c.created_at < now - LONGEST) | (web_session.c.seen_at < now - IDLE)
        )
    )
    values = {"id_hash": hashed(session_id), "name": name, "role": role, "proof": proof}
    conn.execute(insert(web_session).values(**values, created_at=now, seen_at=now))


def session(conn: Connection, session_id: str, now: datetime) -> RowMapping | None:
    """A session that is not over, or None."""
    query = select(web_session).where(
        web_session.c.id_hash == hashed(session_id),
        web_session.c.created_at >= now - LONGEST,
        web_session.c.seen_at >= now - IDLE,
    )
    return conn.execute(query).mappings().first()


def seen(conn: Connection, session_id: str, now: datetime) -> None:
    """It is in use."""
    mine = web_session.c.id_hash == hashed(session_id)
    conn.execute(update(web_session).where(mine).values(seen_at=now))


def end(conn: Connection, session_id: str) -> None:
    """Nobody can use it any more."""
    conn.execute(delete(web_session).where(web_session.c.id_hash == hashed(session_id)))


def add_token(
    conn: Connection, token: str, *, name: str, role: str, made_by: str, now: datetime, expires_at: datetime
) -> bool:
    """Keep a token's hash; False if there is one of this name."""
    if conn.execute(select(web_token.c.name).where(web_token.c.name == name)).first() is not None:
        return False
    values = {"name": name, "token_hash": hashed(token), "role": role, "made_by": made_by}
    conn.execute(insert(web_token).values(**values, made_at=now, expires_at=expires_at))
    return True


def token(conn: Connection, said: str, now: datetime) -> RowMapping | None:
    """The token, if it is one and has not expired."""
    query = select(web_token).where(web_token.c.token_hash == hashed(said), web_token.c.expires_at > now)
    return conn.execute(query).mappings().first()


def tokens(conn: Connection) -> list[RowMapping]:
    """All tokens, by name."""
    return list(conn.execute(select(web_token).order_by(web_token.c.name)).mappings())


def revoke_token(conn: Connection, name: str) -> bool:
    """A token is good for nothing any more; False if there is none of this name."""
    return bool(conn.execute(delete(web_token).where(web_token.c.name == name)).rowcount)
