"""Current: the current State of those who are linked, out of the mirror; of few of them without reading about the others."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, select

from syncd.core.model import Assignment, ItemKey, Role, State, Team, TeamKey, User, team_key
from syncd.core.operation import TeamFact
from syncd.store import attainment, mirror, roles
from syncd.store.mirror_tables import litmos_assignment, litmos_membership

CHUNK = 500
MANY = 20_000
"""Of so many people all rows are read, and those of the others passed over."""


def rows_of(
    conn: Connection, query: Select[Any], column: Column[str], user_ids: Sequence[str]
) -> Iterator[Row[Any]]:
    """The rows of a query in which a column has one of these values."""
    if len(user_ids) > MANY:
        wanted = frozenset(user_ids)
        place = [one["name"] for one in query.column_descriptions].index(column.name)
        yield from (row for row in conn.execute(query) if row[place] in wanted)
        return
    values = iter(sorted(set(user_ids)))
    while some := list(islice(values, CHUNK)):
        yield from conn.execute(query.where(column.in_(some)))


def current_state(
    conn: Connection,
    account: str,
    links: Mapping[str, str],
    teams: Iterable[TeamFact] | None = None,
    *,
    kept_since: datetime | None = None,
    users: Iterable[User] | None = None,
) -> State:
    """The current State of everyone who is linked; ``links`` is employee_id -> user id.

    ``teams`` are the teams as the Plan is about to name them, if not as they are. What Litmos refused to take after
    ``kept_since`` is marked ``kept``. ``users`` are theirs, if they were read already.
    """
    people = {user_id: employee_id for employee_id, user_id in links.items()}
    names = mirror.team_names(mirror.team_facts(conn, account) if teams is None else teams)
    member, given = litmos_membership.c, litmos_assignment.c
    memberships: dict[str, set[TeamKey]] = {}
    held: dict[str, set[tuple[TeamKey, Role]]] = {}
    query = select(member.team_id, member.user_id, *roles.COLUMNS.values()).where(member.account == account)
    for row in rows_of(conn, query, member.user_id, tuple(people)):
        if row.team_id not in names:
            continue
        person, key = people[row.user_id], team_key(names[row.team_id])
        memberships.setdefault(person, set()).add(key)
        mine = {(key, role) for role, column in roles.COLUMNS.items() if getattr(row, column.name)}
        if mine:
            held.setdefault(person, set()).update(mine)
    assignments: dict[str, dict[ItemKey, Assignment]] = {}
    query = select(*given).where(given.account == account)
    for row in rows_of(conn, query, given.user_id, tuple(people)):
        item = mirror.item_key(row.kind, row.item_id)
        started = row.completed or row.percent > 0
        kept = kept_since is not None and row.kept_at is not None and row.kept_at > kept_since
        assignments.setdefault(people[row.user_id], {})[item] = Assignment(
            item=item, started=started, kept=kept, result=attainment.result_of(row)
        )
    if users is None:
        users = (
            mirror.users(conn, account) if len(people) > MANY else mirror.some_users(conn, account, people)
        )
    return State(
        users={people[found.id]: found for found in users if found.id in people},
        teams={team_key(chain): Team(id=found, names=chain) for found, chain in names.items()},
        memberships={person: frozenset(keys) for person, keys in memberships.items()},
        roles={person: frozenset(those) for person, those in held.items()},
        assignments=assignments,
    )
