"""Lists of employees, of starters, and of those in quarantine, a page at a time: by key from where the page before ended, not by counting."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    func,
    or_,
    select,
)

from syncd.core.match import comparable
from syncd.core.person_names import Meaning, meanings
from syncd.core.telling import full_name
from syncd.store.among import is_among, rows_among
from syncd.store.mirror_tables import litmos_user
from syncd.store.schema import (
    HAS_END,
    employee,
    link,
    quarantine,
)

LAST = "\U0010ffff"
"""No text has it, and all that begins with a text is before the text and this."""


def employees(
    conn: Connection, account: str, text: str, *, after: str = "", limit: int, by_id: bool = False
) -> list[dict[str, Any]]:
    """Employees by id from ``after`` on; those whose id, name, or UserName or e-mail address in Litmos begins with a text, or ``by_id`` alone."""
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
    if text and by_id:
        query = query.where(_id_begins(conn, text, after))
    elif text:
        meant = _meant(conn, account, text, after, limit)
        query = query.where(_beyond(after), is_among(conn, employee.c.employee_id, sorted(meant)))
    else:
        query = query.where(employee.c.employee_id > after)
    return [dict(row) for row in conn.execute(query).mappings()]


def named(conn: Connection, account: str, text: str, *, by_id: bool = False) -> str:
    """The one employee whose id a text is, those of rejected rows too; else whose whole name, or UserName or e-mail address in Litmos,
    it is alone.

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
    for meaning in meanings(text):
        called = (employee.c.first_key == meaning.first, employee.c.last_key == meaning.last)
        theirs = select(employee.c.employee_id).where(employee.c.account == account, *called).limit(2)
        found.update(conn.execute(theirs).scalars())
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
"""So many users whose UserName or e-mail address begins with a text are looked up by it; of more, some employees are walked by id first."""
MANY_NAMES = 50_000
"""So many whose names begin with one word are put in order of their ids, which the index of their names has; of more the same is true."""
WALKED = 10_000
"""So many employees are walked, at most: where ids and UserNames go together, those who are meant may all be elsewhere."""


def _meant(conn: Connection, account: str, text: str, after: str, limit: int) -> Collection[str]:
    """The employees whom a text means: the first so many beyond ``after``, and perhaps others."""
    few = _all_meant(conn, account, text, after, limit, few=True)
    if few is not None:
        return few
    walk = select(employee.c.employee_id).where(employee.c.account == account, employee.c.employee_id > after)
    walk = walk.order_by(employee.c.employee_id)
    last = conn.execute(walk.offset(WALKED).limit(1)).scalar()
    near = walk.where(_is_meant(conn, account, text)).limit(limit)
    if last is not None:
        near = near.where(employee.c.employee_id <= last)
    found = conn.execute(near).scalars().all()
    if last is None or len(found) == limit:
        return found
    return _all_meant(conn, account, text, after, limit, few=False) or ()


def _all_meant(
    conn: Connection, account: str, text: str, after: str, limit: int, *, few: bool
) -> Collection[str] | None:
    """The same, looked up by what they are called, which takes as long as they are many; None if they are, and ``few`` is said."""
    found: set[str] = set()
    is_theirs = and_(link.c.account == litmos_user.c.account, link.c.user_id == litmos_user.c.id)
    place = func.coalesce(link.c.employee_id, link.c.employee_id)
    for begins in _users_begin(conn, text):
        users = select(litmos_user.c.id).where(litmos_user.c.account == account, begins)
        if few and conn.execute(users.offset(MANY).limit(1)).first() is not None:
            return None
        linked = select(link.c.employee_id).select_from(litmos_user).join(link, is_theirs)
        linked = linked.where(litmos_user.c.account == account, begins, place > after)
        found.update(conn.execute(linked.order_by(place).limit(limit)).scalars())
    for called in _called(conn, text):
        named = select(employee.c.employee_id).where(employee.c.account == account, called)
        if few and " " not in text and conn.execute(named.offset(MANY_NAMES).limit(1)).first() is not None:
            return None
        found.update(conn.execute(named.where(_beyond(after)).order_by(_PLACE).limit(limit)).scalars())
    by_id = select(employee.c.employee_id).where(employee.c.account == account, _id_begins(conn, text, after))
    found.update(conn.execute(by_id.order_by(employee.c.employee_id).limit(limit)).scalars())
    return found


def _called(conn: Connection, text: str) -> list[ColumnElement[bool]]:
    """Each way in which a name may begin with a text; of each an index has all."""
    return [way for meaning in meanings(text) for way in _ways(conn, meaning)]


def _ways(conn: Connection, meaning: Meaning) -> list[ColumnElement[bool]]:
    """Each has one key to look for, the longer one; the other is compared with what the same index has of it."""
    first, last = meaning
    is_first = _begins(conn, employee.c.first_key, first)
    if not last:
        return [is_first]
    is_last = _begins(conn, employee.c.last_key, last)
    is_end = and_(HAS_END, _begins(conn, employee.c.end_key, last))
    if not first:
        return [is_last, is_end]
    beside_first = _begins(conn, _beside(conn, employee.c.first_key), first)
    both = and_(is_last, beside_first)
    if len(first) > len(last):
        both = and_(is_first, _begins(conn, _beside(conn, employee.c.last_key), last))
    return [both, and_(is_end, beside_first)]


def _beside(conn: Connection, column: ColumnElement[str]) -> ColumnElement[str]:
    """A column by which nobody is to be looked for: SQLite does not know which of two is the better, PostgreSQL does."""
    return func.coalesce(column, column) if conn.dialect.name == "sqlite" else column


def _is_meant(conn: Connection, account: str, text: str) -> ColumnElement[bool]:
    """Whether the listed employee is one whom a text means."""
    mine = and_(
        litmos_user.c.account == account, link.c.account == account, litmos_user.c.id == link.c.user_id
    )
    named = select(link.c.user_id).where(
        mine, link.c.employee_id == employee.c.employee_id, or_(*_users_begin(conn, text))
    )
    by_id = _begins(conn, employee.c.employee_id, text)
    named = named.offset(0)  # or PostgreSQL may look for all of them first, to find fifty
    return or_(by_id, *_called(conn, text), named.correlate(employee).exists())


def _users_begin(conn: Connection, text: str) -> list[ColumnElement[bool]]:
    key = comparable(text)
    return [_begins(conn, column, key) for column in (litmos_user.c.username_key, litmos_user.c.email_key)]


_PLACE = func.coalesce(employee.c.employee_id, employee.c.employee_id)
"""Not a bare column: else everybody from there on is walked, and not those few who are meant looked up."""


def _beyond(after: str) -> ColumnElement[bool]:
    return after < _PLACE


def _begins(conn: Connection, column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """On SQLite as a range, which an index answers; PostgreSQL's order of texts is that of a language, which has no such range."""
    if conn.dialect.name == "sqlite":
        return and_(column >= text, column < text + LAST)
    return column.startswith(text, autoescape=True)


def _id_begins(conn: Connection, text: str, after: str) -> ColumnElement[bool]:
    """Whether an id beyond ``after`` begins with a text. Said both, SQLite may go from the one that is all ids away."""
    column = employee.c.employee_id
    if conn.dialect.name == "sqlite" and after >= text:
        return and_(column > after, column < text + LAST)
    begins = _begins(conn, column, text)
    return begins if conn.dialect.name == "sqlite" else and_(column > after, begins)


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


class Begin(NamedTuple):
    """Somebody and their first working day; ``place`` is where they are in the order of both."""

    begins_on: date
    employee_id: str

    @property
    def place(self) -> str:
        """As one text, by which a list goes on."""
        return f"{self.begins_on} {self.employee_id}"


def beginning(
    conn: Connection, account: str, first: date, last: date, *, after: str = "", limit: int
) -> list[Begin]:
    """Who begins from ``first`` to ``last``, by day and id, after a ``place``; those, too, whose row was always rejected."""
    day, _, who = after.partition(" ")
    found: dict[str, Begin] = {}
    for table in (quarantine, employee):
        who_is = table.c.employee_id
        key = who_is if conn.dialect.name == "sqlite" else who_is.collate("C")  # as Python sorts
        query = select(table.c.begins_on, who_is).where(
            table.c.account == account, table.c.begins_on.between(first, last), who_is != ""
        )
        if who:
            later = date.fromisoformat(day)
            query = query.where(or_(table.c.begins_on > later, and_(table.c.begins_on == later, key > who)))
        rows = conn.execute(query.order_by(table.c.begins_on, key).limit(limit))
        found |= {row.employee_id: Begin(row.begins_on, row.employee_id) for row in rows}
    return sorted(found.values())[:limit]


def names(conn: Connection, account: str, employee_ids: Collection[str]) -> dict[str, str]:
    """What these employees are called, as HR last had them; of whom it never was, nothing is said."""
    query = select(employee.c.employee_id, employee.c.data).where(employee.c.account == account)
    found = rows_among(conn, query, employee.c.employee_id, employee_ids)
    return {row.employee_id: full_name(row.data["fields"]) for row in found}
