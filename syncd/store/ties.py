"""Ties: the lasting bonds between nodes of an organisation tree and Litmos teams."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, and_, delete, insert, select

from syncd.core.model import NodeKey
from syncd.store.schema import team_tie


def load(conn: Connection, account: str) -> dict[NodeKey, str]:
    """Every tie: (space, code) -> team id."""
    rows = conn.execute(select(team_tie).where(team_tie.c.account == account))
    return {(row.space, row.code): row.team_id for row in rows}


def save(conn: Connection, account: str, made: Mapping[NodeKey, str], now: datetime) -> None:
    """Tie these nodes to these teams, and no other node to them."""
    for (space, code), team_id in sorted(made.items()):
        node = and_(team_tie.c.space == space, team_tie.c.code == code)
        here = and_(team_tie.c.account == account, team_tie.c.space == space)
        conn.execute(delete(team_tie).where(here, node | (team_tie.c.team_id == team_id)))
        conn.execute(
            insert(team_tie).values(account=account, space=space, code=code, team_id=team_id, made_at=now)
        )
