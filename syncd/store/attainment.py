"""Attainment: how far people are with what they learn, until when it counts, and which completions syncd reset."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update

from syncd.core.model import ItemKey
from syncd.core.operation import Learner
from syncd.core.recertify import Result
from syncd.store.mirror_tables import litmos_assignment


def result_of(row: Any) -> Result:
    """The result in a row of the mirror."""
    return Result(
        completed=row.completed,
        percent=row.percent,
        compliant_until=row.compliant_until,
        completed_at=row.completed_at,
        reset_until=row.reset_until,
        reset_completed_at=row.reset_completed_at,
    )


def values_of(person: Learner, known: Any | None) -> dict[str, Any]:
    """What the mirror learns; ``known`` is the row that it has.

    Lists do not tell when somebody completed something: that stays as windows told it, while it is the same completion.
    """
    until = person.compliant_until if person.completed else None
    completed_at = person.completed_at if person.completed else None
    same = known is not None and known.completed and known.compliant_until == until
    if person.completed and completed_at is None and known is not None and same:
        completed_at = known.completed_at
    return {
        "completed": person.completed,
        "percent": person.percent,
        "compliant_until": until,
        "completed_at": completed_at,
    }


def differs(known: Any, values: Mapping[str, Any]) -> bool:
    """Whether the row of the mirror says otherwise."""
    return any(getattr(known, name) != value for name, value in values.items())


def fold(
    conn: Connection, account: str, found: Iterable[tuple[ItemKey, Learner]], began_at: datetime
) -> None:
    """How far people are as read since ``began_at``; of what they do not have, and what changed since, nothing is learned."""
    table = litmos_assignment
    for item, person in found:
        here = assignment(account, person.user_id, item) & (table.c.changed_at <= began_at)
        known = conn.execute(select(table).where(here)).first()
        if known is not None:
            conn.execute(update(table).where(here).values(**values_of(person, known)))


def note_resets(
    conn: Connection, account: str, reset: Iterable[tuple[ItemKey, Learner]], now: datetime
) -> None:
    """These completions were reset: Litmos may go on telling of them."""
    for item, person in reset:
        values = {"reset_until": person.compliant_until, "reset_completed_at": person.completed_at}
        here = assignment(account, person.user_id, item)
        conn.execute(update(litmos_assignment).where(here).values(**values, changed_at=now))


def assignment(account: str, user_id: str, item: ItemKey) -> ColumnElement[bool]:
    """The row of a user and an item."""
    table = litmos_assignment.c
    return (
        (table.account == account)
        & (table.kind == item.kind.value)
        & (table.item_id == item.id)
        & (table.user_id == user_id)
    )
