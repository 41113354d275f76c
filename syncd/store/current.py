"""Current: the current State of those who are linked, out of the mirror; of few of them without reading about the others."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, select

from syncd.core.model import Assignment, ItemKey, Role, State, Team, TeamKey, User, team_key
from syncd.core.operation import TeamFact
from syncd.store import attainment, mirror, roles
from syncd.store.among import rows_among
from syncd.store.mirror_tables import litmos_assignment, litmos_membership

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
    yield from rows_among(conn, query, column, user_ids)


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
    ``kept_since`` is marked ``kept``. ``users`` are those that were read already, with all who are linked among them.
    """
    people = {user_id: employee_id for employee_id, user_id in links.items()}
    names = mirror.team_names(mirror.team_facts(conn, account) if teams is None else teams)
    member, given = litmos_membership.c, litmos_assignment.c
    memberships: dict[str, frozenset[TeamKey]] = {}
    shared: dict[frozenset[TeamKey], frozenset[TeamKey]] = {}
    keys = {team_id: team_key(chain) for team_id, chain in names.items()}
    held: dict[str, set[tuple[TeamKey, Role]]] = {}
    query = select(member.team_id, member.user_id, *roles.COLUMNS.values()).where(member.account == account)
    for row in rows_of(conn, query, member.user_id, tuple(people)):
        team_id, user_id, *marks = tuple(row)
        key = keys.get(team_id)
        if key is None:
            continue
        person = people[user_id]
        here = memberships.get(person, frozenset()) | {key}
        memberships[person] = shared.setdefault(here, here)
        if any(marks):
            mine = {(key, role) for role, mark in zip(roles.COLUMNS, marks, strict=True) if mark}
            held.setdefault(person, set()).update(mine)
    assignments: dict[str, dict[ItemKey, Assignment]] = {}
    untouched: dict[tuple[str, str], Assignment] = {}
    query = select(given.kind, given.item_id, given.user_id, *_PROGRESS).where(given.account == account)
    for row in rows_of(conn, query, given.user_id, tuple(people)):
        kind, item_id, user_id, *progress = tuple(row)
        if any(progress):
            one = _assignment(row, kept_since)
        elif (kind, item_id) in untouched:  # as for most people
            one = untouched[kind, item_id]
        else:
            one = untouched[kind, item_id] = _assignment(row, kept_since)
        assignments.setdefault(people[user_id], {})[one.item] = one
    if users is None:
        many = len(people) > MANY
        users = mirror.users(conn, account, None if many else people)
    return State(
        users={people[found.id]: found for found in users if found.id in people},
        teams={team_key(chain): Team(id=found, names=chain) for found, chain in names.items()},
        memberships=memberships,
        roles={person: frozenset(those) for person, those in held.items()},
        assignments=assignments,
    )


_PROGRESS = tuple(
    litmos_assignment.c[name]
    for name in (
        *("completed", "percent", "compliant_until", "completed_at", "reset_until", "reset_completed_at"),
        "kept_at",
    )
)
"""The columns that say nothing of what somebody has not begun."""


def _assignment(row: Row[Any], kept_since: datetime | None) -> Assignment:
    return Assignment(
        item=mirror.item_key(row.kind, row.item_id),
        started=row.completed or row.percent > 0,
        kept=kept_since is not None and row.kept_at is not None and row.kept_at > kept_since,
        result=attainment.result_of(row),
    )
