"""Holdings: what a person, or the people of a team, have in Litmos, and where each of it comes from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from syncd.core.desired import ItemResolver
from syncd.core.ledger import Account, Entry, Holding, Origin, accounted
from syncd.core.model import ItemKey, ItemKind, ItemName, TeamKey, team_key, team_label, team_text
from syncd.mirroring import shelves
from syncd.store import grants, links, mirror, people, roles
from syncd.store.current import current_state

MEMBERSHIP = "membership"
ASSIGNMENT = "assignment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Accounts, and names for people to read: user id -> employee id or UserName, object -> team or item."""

    accounts: tuple[Account, ...]
    who: Mapping[str, str]
    what: Mapping[str, str]


def of_person(conn: Connection, account: str, employee_id: str) -> Told | None:
    """What one employee has; None if nobody of that id is linked to a Litmos user."""
    user_id = links.find(conn, account, employee_id)
    if not user_id:
        return None
    state = current_state(conn, account, {employee_id: user_id})
    held = [Holding(user_id, MEMBERSHIP, team_text(key)) for key in state.memberships.get(employee_id, ())]
    held += [Holding(user_id, ASSIGNMENT, str(item)) for item in state.assignments.get(employee_id, ())]
    held += [Holding(user_id, role.value, team_text(key)) for key, role in state.roles.get(employee_id, ())]
    came = shelves.along(conn, account, state.memberships.get(employee_id, frozenset()))
    along = {one: came[one.object] for one in held if one.kind == ASSIGNMENT and one.object in came}
    return _told(conn, account, held, {user_id: employee_id}, along)


def of_team(conn: Connection, account: str, name: str) -> Told | None:
    """Who is in a team and what it is given, the team being named in full (``Commercial > Sales``) or by its last name.

    None if there is no such team, or several.
    """
    names = mirror.team_names(mirror.team_facts(conn, account))
    wanted = name.strip().casefold()
    found = [team_id for team_id, chain in names.items() if team_label(chain).casefold() == wanted]
    found = found or [team_id for team_id, chain in names.items() if chain[-1].casefold() == wanted]
    if len(found) != 1:
        return None
    text = team_text(team_key(names[found[0]]))
    users = {user_id for _, user_id in mirror.members_of(conn, account, found)}
    linked = {user_id: employee_id for employee_id, user_id in links.load(conn, account).items()}
    who = {user_id: linked.get(user_id, "") for user_id in users}
    held = [Holding(user_id, MEMBERSHIP, text) for user_id in users]
    heads = roles.of_all(conn, account)
    held += [Holding(user_id, role.value, text) for team_id, user_id, role in heads if team_id == found[0]]
    told = _told(conn, account, held, who, {})
    return _with_gifts(conn, account, told, found[0], team_label(names[found[0]]))


def _with_gifts(conn: Connection, account: str, told: Told, team_id: str, label: str) -> Told:
    """The same with what the team itself has, as far as it was read."""
    ledger = {_holding(row): _entry(row) for row in grants.of_team(conn, account, team_id)}
    shelf = mirror.shelf(conn, account)
    held = {
        Holding(team_id, grants.TEAM, str(ItemKey(one.kind, item_id)))
        for one, item_id in shelf
        if one.team_id == team_id
    }
    gifts = tuple(Account(holding=one, entry=ledger.get(one), ruled=one in ledger) for one in sorted(held))
    return replace(told, accounts=(*gifts, *told.accounts), who={**told.who, team_id: f'team "{label}"'})


def _holding(row: Any) -> Holding:
    return Holding(row["user_id"], row["kind"], row["object_id"])


def _entry(row: Any) -> Entry:
    return Entry(
        origin=Origin(row["origin"]),
        rule=row["rule"],
        granted_at=row["granted_at"],
        run_id=row["run_id"],
        actor=row["actor"],
    )


def _told(
    conn: Connection,
    account: str,
    held: Iterable[Holding],
    who: Mapping[str, str],
    along: Mapping[Holding, str],
) -> Told:
    ledger = {_holding(row): _entry(row) for row in grants.of_users(conn, account, who)}
    names = mirror.team_names(mirror.team_facts(conn, account)).values()
    items = mirror.items(conn, account)
    resolver = ItemResolver(items)
    ruled = {
        Holding(user_id, kind, text)
        for user_id, employee_id in who.items()
        for kind, text in _ruled(conn, account, employee_id, resolver)
    }
    return Told(
        accounts=accounted(held, ledger, ruled, along),
        who={
            user_id: employee_id or _username(conn, account, user_id) for user_id, employee_id in who.items()
        },
        what={
            **{team_text(team_key(chain)): f'team "{team_label(chain)}"' for chain in names},
            **{str(item.key): f'{item.key.kind.label} "{item.name}"' for item in items},
        },
    )


def _ruled(
    conn: Connection, account: str, employee_id: str, resolver: ItemResolver
) -> Iterable[tuple[str, str]]:
    """What rules give somebody as HR last had them: (kind, object)."""
    hr = people.get(conn, account, employee_id) if employee_id else None
    if hr is None or not hr["present"]:
        return
    for names in hr["data"]["teams"]:
        key: TeamKey = team_key(tuple(names))
        yield MEMBERSHIP, team_text(key)
    for role, names in hr["data"].get("roles", ()):
        yield role, team_text(team_key(tuple(names)))
    for kind, name in hr["data"]["items"]:
        item = resolver.find(ItemName(ItemKind(kind), name))
        if item is not None:
            yield ASSIGNMENT, str(item)


def _username(conn: Connection, account: str, user_id: str) -> str:
    user = mirror.user(conn, account, user_id)
    return user_id if user is None else user.username
