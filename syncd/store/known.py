"""Known: which texts are ids or usernames of people; for what must not name anybody."""

from collections.abc import Collection
from itertools import islice

from sqlalchemy import Connection, select

from syncd.core.match import comparable
from syncd.store.mirror_tables import litmos_user
from syncd.store.schema import employee, identity_case, link, quarantine, resolution

CHUNK = 500


def people_among(conn: Connection, account: str, texts: Collection[str]) -> frozenset[str]:
    """Those of the texts that are an employee id, or the id or UserName of a Litmos user, of this account."""
    found: set[str] = set()
    rest = iter(sorted(texts))
    columns = (
        employee.c.employee_id, link.c.employee_id, link.c.user_id, quarantine.c.employee_id,
        identity_case.c.employee_id, resolution.c.employee_id, litmos_user.c.id,
    )  # fmt: skip
    while some := list(islice(rest, CHUNK)):
        for column in columns:
            query = select(column).where(column.table.c.account == account, column.in_(some))
            found.update(conn.execute(query).scalars())
        by_key = {comparable(text): text for text in some}
        named = select(litmos_user.c.username_key).where(
            litmos_user.c.account == account, litmos_user.c.username_key.in_(by_key)
        )
        found.update(by_key[key] for key in conn.execute(named).scalars())
    return frozenset(found - {""})
