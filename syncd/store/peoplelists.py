"""Lists of employees, and of those in quarantine, a page at a time: by key from where the page before ended, not by counting."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    func,
    or_,
    select,
)

from syncd.core.match import comparable
from syncd.core.telling import full_name
from syncd.store.among import is_among, rows_among
from syncd.store.mirror_tables import litmos_user
from syncd.store.schema import (
    employee,
    link,
    quarantine,
)


def employees(
    conn: Connection, account: str, text: str, *, after: str = "", limit: int, by_id: bool = False
) -> list[dict[str, Any]]:
    """Employees by id from ``after`` on; those whose id, UserName or e-mail address in Litmos begins with a text, or ``by_id`` alone."""
    linked = and_(link.c.account == account, link.c.employee_id == employee.c.employee_id)
    litmos = and_(litmos_user.c.account == account, litmos_user.c.id == link.c.user_id)
    query = (
        select(
            *(employee.c[name] for name in ("employee_id", "status", "present", "last_seen_at", "data")),
            link.c.user_id,
            litmos_user.c.active,
        )
        .outerjoin(link, linked)
        .outerjoin(litmos_user, litmos)
        .where(employee.c.account == account)
        .order_by(employee.c.employee_id)
        .limit(limit)
    )
    meant = _meant(conn, account, text, after, limit) if text and not by_id else None
    if meant is not None:
        query = query.where(_beyond(after), is_among(conn, employee.c.employee_id, meant))
    elif text and by_id:
        query = query.where(employee.c.employee_id > after, _begins(conn, employee.c.employee_id, text))
    elif text:
        query = query.where(employee.c.employee_id > after, _is_meant(conn, account, text))
    else:
        query = query.where(employee.c.employee_id > after)
    return [dict(row) for row in conn.execute(query).mappings()]


def named(conn: Connection, account: str, text: str, *, by_id: bool = False) -> str:
    """The one employee whose id a text is, those of rejected rows too; else whose UserName or e-mail address alone it is in Litmos.

    "" if it is nobody's, or several people's. ``by_id``: only the id counts.
    """
    if not text:
        return ""
    if known := _known(conn, account, [text]):
        return known[0]
    if by_id:
        return ""
    key = comparable(text)
    query = select(link.c.employee_id).join(
        litmos_user, and_(litmos_user.c.account == link.c.account, litmos_user.c.id == link.c.user_id)
    )
    found: set[str] = set()
    for column in (litmos_user.c.username_key, litmos_user.c.email_key):
        mine = query.where(link.c.account == account, column == key).limit(2)
        found.update(conn.execute(mine).scalars())
    return found.pop() if len(found) == 1 else ""


MOST_ZEROS = 12
"""So many zeros may be missing in front of an employee id, or be too many."""


def with_zeros(conn: Connection, account: str, text: str) -> list[str]:
    """The employees whose ids are this number, but for zeros in front of it."""
    bare = text.lstrip("0")
    if not bare.isascii() or not bare.isdigit():
        return []
    return _known(conn, account, [one for n in range(MOST_ZEROS) if (one := "0" * n + bare) != text])


def _known(conn: Connection, account: str, ids: Sequence[str]) -> list[str]:
    """Which of these few ids an employee has, or a rejected row."""
    found: set[str] = set()
    for column in (employee.c.employee_id, quarantine.c.employee_id):
        query = select(column).where(column.table.c.account == account, column.in_(ids))
        found.update(conn.execute(query).scalars())
    return sorted(found)


MANY = 2000
"""So many users whose UserName or e-mail address begins with a text are looked up by it; of more, employees are walked by id."""


def _meant(conn: Connection, account: str, text: str, after: str, limit: int) -> list[str] | None:
    """The employees whom a text means, from ``after`` on or before; None if they are very many: then one is soon met by walking all."""
    found: set[str] = set()
    for begins in _users_begin(conn, text):
        users = select(litmos_user.c.id).where(litmos_user.c.account == account, begins).limit(MANY + 1)
        ids = list(conn.execute(users).scalars())
        if len(ids) > MANY:
            return None
        theirs = select(link.c.employee_id).where(link.c.account == account)
        found.update(who for (who,) in rows_among(conn, theirs, link.c.user_id, ids))
    by_id = select(employee.c.employee_id).where(
        employee.c.account == account, _beyond(after), _begins(conn, employee.c.employee_id, text)
    )
    found.update(conn.execute(by_id.order_by(employee.c.employee_id).limit(limit)).scalars())
    return sorted(found)


def _is_meant(conn: Connection, account: str, text: str) -> ColumnElement[bool]:
    """Whether the listed employee is one whom a text means."""
    mine = and_(
        litmos_user.c.account == account, link.c.account == account, litmos_user.c.id == link.c.user_id
    )
    named = select(link.c.user_id).where(
        mine, link.c.employee_id == employee.c.employee_id, or_(*_users_begin(conn, text))
    )
    return or_(_begins(conn, employee.c.employee_id, text), named.correlate(employee).exists())


def _users_begin(conn: Connection, text: str) -> list[ColumnElement[bool]]:
    key = comparable(text)
    return [_begins(conn, column, key) for column in (litmos_user.c.username_key, litmos_user.c.email_key)]


def _beyond(after: str) -> ColumnElement[bool]:
    """Not a bare column: else everybody from there on is walked, and not those few who are meant looked up."""
    return func.coalesce(employee.c.employee_id, employee.c.employee_id) > after


def _begins(conn: Connection, column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """On SQLite as a range, which an index answers; PostgreSQL's order of texts is that of a language, which has no such range."""
    if conn.dialect.name == "sqlite":
        return and_(column >= text, column < text + "\U0010ffff")
    return column.startswith(text, autoescape=True)


def quarantined(
    conn: Connection, account: str, *, code: str = "", after: str = "", limit: int
) -> list[dict[str, Any]]:
    """The quarantine by key and source, beginning after the row whose ``place`` is ``after``; those rejected first for a ``code``, if one is given."""
    source, _, key = after.partition(":")
    query = select(quarantine).where(
        quarantine.c.account == account,
        quarantine.c.key >= key,
        or_(quarantine.c.key > key, quarantine.c.source > source),
    )
    if code:
        query = query.where(quarantine.c.code == code)
    found = conn.execute(query.order_by(quarantine.c.key, quarantine.c.source).limit(limit)).mappings()
    return [{**row, "place": f"{row['source']}:{row['key']}"} for row in found]


def quarantine_by_code(conn: Connection, account: str) -> dict[str, int]:
    """How many rows are in quarantine for each code, the commonest first; of a row with several reasons the first one counts."""
    number = func.count()
    query = select(quarantine.c.code, number).where(quarantine.c.account == account)
    found = conn.execute(query.group_by(quarantine.c.code).order_by(number.desc(), quarantine.c.code))
    return {code: many for code, many in found}  # noqa: C416 - rows are no pairs to mypy


def names(conn: Connection, account: str, employee_ids: Collection[str]) -> dict[str, str]:
    """What these employees are called, as HR last had them; of whom it never was, nothing is said."""
    query = select(employee.c.employee_id, employee.c.data).where(employee.c.account == account)
    found = rows_among(conn, query, employee.c.employee_id, employee_ids)
    return {row.employee_id: full_name(row.data["fields"]) for row in found}
