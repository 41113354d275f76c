"""Shelves: what teams give their members or have in their libraries, gathered for the planner and for a refresh."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection

from syncd.core.delta import Delta, to_read_again
from syncd.core.gifts import Gift, Reach
from syncd.core.model import TeamKey, TeamShelf, team_key, team_label
from syncd.core.operation import TeamFact
from syncd.core.team_names import team_names
from syncd.store import grants, mirror


def reach_of(
    conn: Connection, account: str, gifts: Sequence[Gift] = (), teams: Sequence[TeamFact] | None = None
) -> Reach:
    """What teams have, and, where rules give teams something or syncd once did, whom that reaches.

    ``teams`` are the teams as the Plan is about to name them, if not as they are.
    """
    facts = mirror.team_facts(conn, account) if teams is None else teams
    names = team_names(facts)
    shelved = mirror.team_items(conn, account, facts)
    given = frozenset(
        (team_key(names[team_id]), item) for team_id, item in grants.gifts(conn, account) if team_id in names
    )
    about = {gift.item for gift in gifts} | {item for _, item in given}
    touched = {gift.key[0] for gift in gifts} | {team for team, _ in given}
    touched |= {team for team, items in shelved.items.items() if items & about}
    ids = {team_id: team_key(chain) for team_id, chain in names.items() if team_key(chain) in touched}
    members: dict[TeamKey, set[str]] = {}
    for team_id, user_id in mirror.members_of(conn, account, ids):
        members.setdefault(ids[team_id], set()).add(user_id)
    return Reach(
        teams={team_key(chain): chain for chain in names.values()},
        items=shelved.items,
        library=shelved.library,
        members={team: frozenset(people) for team, people in members.items()},
        learners=mirror.progress_of(conn, account, about),
        given=given,
        direct=grants.direct(conn, account, about),
    )


def along(conn: Connection, account: str, teams: Collection[TeamKey]) -> dict[str, str]:
    """Item as text -> a team, as people read it, of these that gives it to its members, as far as it was read."""
    names = {team_key(chain): chain for chain in team_names(mirror.team_facts(conn, account)).values()}
    given = mirror.team_items(conn, account).items
    return {str(item): team_label(names[team]) for team in sorted(teams) for item in given.get(team, ())}


def disagreeing(
    conn: Connection, account: str, told: Delta, watched: Collection[TeamShelf]
) -> set[TeamShelf]:
    """Those of the watched shelves that were never read, or of which the windows tell otherwise than the mirror."""
    read_at = ages(conn, account, watched)
    rows = [row for row in told.shelves if row.list_id in watched]
    again = to_read_again(rows, mirror.shelf(conn, account), hidden=())
    return again | {shelf for shelf in watched if shelf not in read_at}


def ages(conn: Connection, account: str, watched: Collection[TeamShelf]) -> dict[TeamShelf, datetime]:
    """When each of these was last read; those that never were are left out."""
    return {shelf: at for shelf, at in mirror.shelves_read(conn, account).items() if at and shelf in watched}
