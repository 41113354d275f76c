"""Around: the users as they are known to be before and after a bulk import (``core.import_cost`` has the two ways).

A list proves who is there and who is not. A date window only proves what it shows: what it does not show is read directly.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from syncd.core.delta import FOLDED
from syncd.core.import_cost import FEW, Load, lookups
from syncd.core.operation import Effects, ImportRow, ImportUsers
from syncd.litmos import deltas, reading
from syncd.litmos.client import Calls
from syncd.litmos.judging import AS_WANTED, Row, Users, folded, judge, named
from syncd.litmos.wire import new_record


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Users by whom rows are judged, and what the mirror learns from the reading.

    ``unread`` True: some rows are not proved, and reading their users was put off.
    """

    users: Users
    effects: Effects = field(default_factory=Effects)
    unread: bool = False


def before(calls: Calls, operation: ImportUsers) -> View:
    """All users; or those of the rows and of their names as the mirror has them, with what has changed since laid over.

    Where a row of the window does not say who it is about, and the mirror does not know, all users are read.
    """
    near = operation.near
    if near is None or not near.trusted:
        return _listed(calls, operation)
    rows = deltas.users(calls, near.spans)
    known = {str(row["Id"]): row for row in near.known}
    merged = {**known, **{str(row["Id"]): {**known.get(str(row["Id"]), {}), **row} for row in rows}}
    if any(row.get(name) is None for row in merged.values() for name in ("UserName", "Active")):
        return _listed(calls, operation)
    return View(users=Users(merged.values(), operation.link_field), effects=Effects(told=rows))


def after(calls: Calls, operation: ImportUsers, *, thorough: bool, done: bool) -> View:
    """The users of the rows, once Litmos may have applied them.

    What the mirror holds by now may prove all of them. Else all are read, or the window; people whom it does not show as
    wanted are then read singly or by all pages, whichever is cheaper: all of them if ``thorough``, a ``FEW`` requests' worth
    if the import is ``done``, none before.
    """
    known = Users(operation.known, operation.link_field)
    left = _unproved(operation.rows, known, operation)
    if not left:
        return View(users=known)
    near = operation.near
    if near is None:
        return _listed(calls, operation)
    told = deltas.users(calls, near.spans)
    shown = Users(told, operation.link_field)
    left = _unproved(left, shown, operation)
    unproved = {row.username for row in left}
    proved = [row for row in operation.rows if not row.user_id and row.username not in unproved]
    born = tuple(_born(row, there) for row in proved if (there := shown.called(row)) is not None)
    effects = Effects(told=told, born=born)
    least = min(near.pages, lookups(_load(left)))
    if left and not (thorough or (done and least <= FEW)):
        return View(users=known, effects=effects, unread=True)
    if near.pages < lookups(_load(left)):
        listed = _listed(calls, operation)
        return View(users=listed.users, effects=listed.effects)
    read = tuple(_looked_up(calls, left))
    rest = _not_of(left, operation.known)
    over = {str(row["Id"]): row for row in rest}
    merged = [{**over.get(str(row["Id"]), {}), **row} for row in told]
    users = Users([*rest, *merged, *read], operation.link_field)
    return View(users=users, effects=Effects(told=told, born=born, profiles=read, profiles_just_read=True))


def _listed(calls: Calls, operation: ImportUsers) -> View:
    profiles = reading.profiles(calls, lambda _what, _done, _total: None)
    users = Users(profiles, operation.link_field)
    return View(users=users, effects=Effects(profiles=profiles, profiles_just_read=True, listed=True))


def _unproved(rows: Iterable[ImportRow], users: Users, operation: ImportUsers) -> list[ImportRow]:
    """The rows that are not as wanted by what these users show of themselves."""
    return [
        row
        for row in rows
        if users.of(row) is None
        or judge(
            row,
            users,
            None,
            link_field=operation.link_field,
            timed_out=False,
            protection=operation.protection,
        )
        != AS_WANTED
    ]


def _load(rows: Sequence[ImportRow]) -> Load:
    creates = sum(not row.user_id for row in rows)
    return Load(creates=creates, updates=len(rows) - creates)


def _born(row: ImportRow, there: Row) -> Mapping[str, Any]:
    """A new user as the window shows them, over the values that somebody new has."""
    told = {name: value for name, value in there.items() if name in FOLDED or name == "Id"}
    return {**new_record({"UserName": row.username}), **told}


def _not_of(rows: Iterable[ImportRow], known: Iterable[Row]) -> list[Row]:
    """Those whom none of these rows is about: of them nothing newer is known."""
    ids = {row.user_id for row in rows}
    names = {folded(row.username) for row in rows}
    return [row for row in known if row["Id"] not in ids and folded(row.get("UserName")) not in names]


def _looked_up(calls: Calls, rows: Iterable[ImportRow]) -> Iterable[Row]:
    """Who is there of these, by id or by UserName; and who has the UserName of somebody who has it no more."""
    for row in rows:
        there = reading.user(calls, row.user_id) if row.user_id else None
        if there is not None:
            yield there
        if there is None or not named(there, row):
            other = reading.user_by_name(calls, row.username)
            if other is not None:
                yield other
