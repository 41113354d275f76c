"""Links: the lasting tie employee <-> Litmos user."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from syncd.core.model import Link
from syncd.store import settled
from syncd.store.among import rows_among
from syncd.store.batches import insert_many
from syncd.store.schema import link

CHUNK = 500


def load(conn: Connection, account: str) -> dict[str, str]:
    """All Links: employee_id -> Litmos user id."""
    rows = conn.execute(select(link.c.employee_id, link.c.user_id).where(link.c.account == account)).all()
    return {row.employee_id: row.user_id for row in rows}


def users_since(conn: Connection, account: str, since: datetime) -> set[str]:
    """The ids of the users who were linked at that time or later."""
    query = select(link.c.user_id).where(link.c.account == account, link.c.made_at >= since)
    return set(conn.execute(query).scalars())


def count(conn: Connection, account: str) -> int:
    """How many Links there are."""
    query = select(func.count()).select_from(link).where(link.c.account == account)
    return int(conn.execute(query).scalar_one())


def among(
    conn: Connection, account: str, *, employee_ids: Collection[str] = (), user_ids: Collection[str] = ()
) -> dict[str, str]:
    """The Links of these employees and of these users: employee_id -> Litmos user id."""
    found: dict[str, str] = {}
    for column, wanted in ((link.c.employee_id, employee_ids), (link.c.user_id, user_ids)):
        query = select(link.c.employee_id, link.c.user_id).where(link.c.account == account)
        found.update(
            (employee_id, user_id) for employee_id, user_id in rows_among(conn, query, column, wanted)
        )
    return found


def find(conn: Connection, account: str, employee_id: str) -> str:
    """The Litmos user id of an employee, or ""."""
    found = conn.execute(
        select(link.c.user_id).where(link.c.account == account, link.c.employee_id == employee_id)
    ).scalar()
    return str(found or "")


def owner(conn: Connection, account: str, user_id: str) -> str:
    """The employee who is linked to a Litmos user, or ""."""
    found = conn.execute(
        select(link.c.employee_id).where(link.c.account == account, link.c.user_id == user_id)
    ).scalar()
    return str(found or "")


def how(conn: Connection, account: str, employee_id: str) -> tuple[str, datetime] | None:
    """How and when the Link was made, or None."""
    row = conn.execute(
        select(link.c.made_by, link.c.made_at).where(
            link.c.account == account, link.c.employee_id == employee_id
        )
    ).first()
    return None if row is None else (row.made_by, row.made_at)


def save(conn: Connection, account: str, employee_id: str, user_id: str, made_by: str, now: datetime) -> None:
    """Make a Link; it takes the place of an older one of this employee or of this user."""
    save_all(conn, account, [Link(employee_id=employee_id, user_id=user_id, made_by=made_by)], now)


def save_all(conn: Connection, account: str, made: Iterable[Link], now: datetime) -> None:
    """Make many Links, as if one after the other: a later one takes the place of an earlier one, too."""
    every = list(made)
    of_employee = {one.employee_id: one for one in every}
    of_user = {one.user_id: one for one in every}
    _disturb(conn, account, of_employee, of_user)
    for column, values in ((link.c.employee_id, sorted(of_employee)), (link.c.user_id, sorted(of_user))):
        for start in range(0, len(values), CHUNK):
            some = column.in_(values[start : start + CHUNK])
            conn.execute(delete(link).where(link.c.account == account, some))
    rows = (
        (account, one.employee_id, one.user_id, one.made_by, now)
        for one in every
        if of_employee[one.employee_id] is one and of_user[one.user_id] is one
    )
    insert_many(conn, link, ("account", "employee_id", "user_id", "made_by", "made_at"), rows)


def forget(conn: Connection, account: str, employee_id: str, made_by: str | None = None) -> None:
    """Drop the Link of an employee, or only if it was made in this way."""
    _disturb(conn, account, [employee_id], [])
    here = (link.c.account == account) & (link.c.employee_id == employee_id)
    conn.execute(delete(link).where(here if made_by is None else here & (link.c.made_by == made_by)))


def _disturb(
    conn: Connection, account: str, employee_ids: Collection[str], user_ids: Collection[str]
) -> None:
    """Who is tied otherwise, to whom they were tied, and whose manager they are, is to be looked at."""
    owners = among(conn, account, user_ids=user_ids)
    settled.disturb_people(conn, account, {*employee_ids, *owners})
    settled.disturb_reports(conn, account, {*employee_ids, *owners})
