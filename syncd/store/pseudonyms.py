"""Pseudonyms: the key under which people are called otherwise, and whom syncd was told to forget."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from syncd.core.cases import Suspicion
from syncd.core.model import Employee, Reason
from syncd.core.pseudonyms import pseudonym
from syncd.store.purged_tables import pseudonym_key, purged


def key_of(conn: Connection, account: str) -> str:
    """The key, or "" while none was made."""
    found = conn.execute(select(pseudonym_key.c.key).where(pseudonym_key.c.account == account)).scalar()
    return str(found or "")


def made_key(conn: Connection, account: str, fresh: str, now: datetime) -> str:
    """The key: ``fresh``, unless there is one."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    row = dialect.insert(pseudonym_key).values(account=account, key=fresh, made_at=now)
    conn.execute(row.on_conflict_do_nothing())
    return key_of(conn, account)


def remember(conn: Connection, account: str, who: str, now: datetime) -> None:
    """This pseudonym was purged now."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    row = dialect.insert(purged).values(account=account, pseudonym=who, purged_at=now)
    conn.execute(row.on_conflict_do_update(index_elements=["account", "pseudonym"], set_={"purged_at": now}))


def returning(conn: Connection, account: str, employees: Iterable[Employee]) -> dict[str, Suspicion]:
    """Whom HR names again although they were purged: a person decides who they are, and nobody is created meanwhile."""
    query = select(purged.c.pseudonym, purged.c.purged_at).where(purged.c.account == account)
    gone = {row.pseudonym: row.purged_at for row in conn.execute(query)}
    if not gone:
        return {}
    key, found = key_of(conn, account), {}
    for employee in employees:
        who = pseudonym(key, employee.employee_id)
        if who in gone:
            found[employee.employee_id] = Suspicion(
                reason=Reason(
                    code="PURGED",
                    message=f"the employee {employee.employee_id} was purged on {gone[who]:%Y-%m-%d}, and HR names them again",
                ),
                known_ids=(employee.employee_id,),
                question=f"purged {gone[who].isoformat()}",
            )
    return found
