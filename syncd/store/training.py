"""Training: the modules and sessions of courses as Litmos listed them, and what was recorded of which rows of HR."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from syncd.core.locating import Catalogue, Module, Session
from syncd.core.model import Assignment, ItemKey, ItemKind
from syncd.core.recording import Recorded, RecordKey
from syncd.store import mirror
from syncd.store.among import rows_among
from syncd.store.attainment import result_of
from syncd.store.current import rows_of
from syncd.store.mirror_tables import litmos_assignment, litmos_item
from syncd.store.training_tables import litmos_module, litmos_session, recorded

KEY = ("employee_id", "record", "object_id", "date", "attempt")
CHUNK = 500


def catalogue(conn: Connection, account: str) -> Catalogue:
    """The courses, and the modules and sessions of those of which they were read."""
    courses = [item for item in mirror.items(conn, account) if item.key.kind is ItemKind.COURSE]
    read = {row.id: row for row in conn.execute(select(litmos_item).where(_courses(account)))}
    modules: dict[str, list[Module]] = {one: [] for one, row in read.items() if row.modules_read_at}
    sessions: dict[str, list[Session]] = {one: [] for one, row in read.items() if row.sessions_read_at}
    for row in conn.execute(select(litmos_module).where(litmos_module.c.account == account)):
        modules.setdefault(row.course_id, []).append(Module(id=row.id, name=row.name, code=row.code))
    for row in conn.execute(select(litmos_session).where(litmos_session.c.account == account)):
        made = Session(id=row.id, name=row.name, module_id=row.module_id)
        sessions.setdefault(row.course_id, []).append(made)
    return Catalogue(courses=courses, modules=modules, sessions=sessions)


def read_before(conn: Connection, account: str, since: datetime) -> tuple[set[str], set[str]]:
    """The ids of courses whose modules, and of those whose sessions, were not read after ``since``."""
    rows = conn.execute(select(litmos_item).where(_courses(account))).all()
    return (
        {row.id for row in rows if row.modules_read_at is None or row.modules_read_at < since},
        {row.id for row in rows if row.sessions_read_at is None or row.sessions_read_at < since},
    )


def courses_read(conn: Connection, account: str) -> set[str]:
    """The ids of the courses that rows of HR have named: those whose modules were read."""
    read = litmos_item.c.modules_read_at.is_not(None)
    return set(conn.execute(select(litmos_item.c.id).where(_courses(account), read)).scalars())


def put_modules(
    conn: Connection, account: str, course_id: str, modules: Sequence[Module], now: datetime
) -> None:
    """The modules of a course, as just read."""
    table = litmos_module
    conn.execute(delete(table).where(table.c.account == account, table.c.course_id == course_id))
    rows = [{"account": account, "course_id": course_id, **one._asdict()} for one in modules]
    if rows:
        conn.execute(insert(table), rows)
    here = _courses(account) & (litmos_item.c.id == course_id)
    conn.execute(update(litmos_item).where(here).values(modules_read_at=now))


def put_sessions(
    conn: Connection, account: str, course_id: str, sessions: Sequence[Session], now: datetime
) -> None:
    """The sessions of a course, as just read."""
    table = litmos_session
    conn.execute(delete(table).where(table.c.account == account, table.c.course_id == course_id))
    rows = [
        {
            "account": account,
            "course_id": course_id,
            "id": one.id,
            "module_id": one.module_id,
            "name": one.name,
        }
        for one in sessions
    ]
    if rows:
        conn.execute(insert(table), rows)
    here = _courses(account) & (litmos_item.c.id == course_id)
    conn.execute(update(litmos_item).where(here).values(sessions_read_at=now))


def among(conn: Connection, account: str, employee_ids: Collection[str]) -> dict[RecordKey, Recorded]:
    """All that was recorded of these people."""
    table = recorded
    query = select(*(table.c[name] for name in KEY), table.c.user_id, table.c.said).where(
        table.c.account == account
    )
    return {
        RecordKey(row.employee_id, row.record, row.object_id, row.date, row.attempt): Recorded(
            user_id=row.user_id, said=row.said
        )
        for row in rows_among(conn, query, table.c.employee_id, employee_ids)
    }


def find(conn: Connection, account: str, key: RecordKey) -> Recorded | None:
    """What was recorded of one row, if anything."""
    row = conn.execute(select(recorded).where(_here(account, key))).first()
    return None if row is None else Recorded(user_id=row.user_id, said=row.said)


def of_person(conn: Connection, account: str, employee_id: str) -> list[Mapping[str, Any]]:
    """What was recorded of one employee's rows, the latest first."""
    here = (recorded.c.account == account) & (recorded.c.employee_id == employee_id)
    rows = conn.execute(select(recorded).where(here).order_by(recorded.c.recorded_at.desc()))
    return [dict(row) for row in rows.mappings()]


def note(
    conn: Connection,
    account: str,
    key: RecordKey,
    done: Recorded,
    *,
    run_id: int,
    note: str,
    now: datetime,
) -> None:
    """Remember a row as recorded, in the transaction that records the success of its Job."""
    conn.execute(delete(recorded).where(_here(account, key)))
    conn.execute(
        insert(recorded).values(
            account=account,
            **key._asdict(),
            user_id=done.user_id,
            said=dict(done.said),
            run_id=run_id,
            note=note,
            recorded_at=now,
        )
    )


def standings(
    conn: Connection, account: str, links: Mapping[str, str], courses: Collection[str]
) -> dict[str, dict[ItemKey, Assignment]]:
    """Employee -> course -> Assignment of those of these courses that they have; ``links`` is employee_id -> user id."""
    people = {user_id: employee_id for employee_id, user_id in links.items()}
    table = litmos_assignment
    found: dict[str, dict[ItemKey, Assignment]] = {}
    query = select(table).where(table.c.account == account, table.c.kind == ItemKind.COURSE.value)
    for row in rows_of(conn, query, table.c.user_id, tuple(people)):
        if row.item_id in courses:
            item = ItemKey(ItemKind.COURSE, row.item_id)
            found.setdefault(people[row.user_id], {})[item] = Assignment(item=item, result=result_of(row))
    return found


def _courses(account: str) -> ColumnElement[bool]:
    return (litmos_item.c.account == account) & (litmos_item.c.kind == ItemKind.COURSE.value)


def _here(account: str, key: RecordKey) -> ColumnElement[bool]:
    found = recorded.c.account == account
    for name in KEY:
        found &= recorded.c[name] == getattr(key, name)
    return found
