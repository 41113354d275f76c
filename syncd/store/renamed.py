"""Renamed: what is remembered of teams by their names from the root down goes along when they are called otherwise."""

from collections.abc import Collection

from sqlalchemy import Connection

from syncd.core.operation import TeamFact
from syncd.core.team_names import moved_texts
from syncd.store import grants, mirror, settled, unwanted


def follow(conn: Connection, account: str, before: Collection[TeamFact]) -> None:
    """Let grants, and since when memberships are unwanted, go from the teams' names ``before`` to those of the mirror.

    To be called in the transaction that moves the mirror.
    """
    texts = moved_texts(before, mirror.team_facts(conn, account)) if before else {}
    if texts:
        settled.disturb_all(conn, account)
    grants.follow(conn, account, texts)
    unwanted.follow(conn, account, texts)
