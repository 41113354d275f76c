"""People: Employees as HR last had them, whose absence is being counted, and the quarantine."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, insert, null, select, update

from syncd.core.acceptance import Told
from syncd.core.lifecycle import Missed
from syncd.core.managed import Managed
from syncd.core.model import Employee, Rejection, Role, Wish
from syncd.store.schema import employee, quarantine

CHUNK = 500


def save(
    conn: Connection,
    account: str,
    source: str,
    present: Iterable[Told],
    *,
    rejected: Collection[str],
    input_id: int,
    new_input: bool,
    now: datetime,
) -> None:
    """Take an accepted input: who is in it, and who is not.

    Absence is counted once per *distinct* input (``new_input``): reading the same bytes again is no second witness.
    Rejected people are neither present nor absent: they stay as they were.
    """
    known = set(
        conn.execute(
            select(employee.c.employee_id).where(employee.c.account == account, employee.c.source == source)
        ).scalars()
    )
    seen: set[str] = set()
    fresh: list[dict[str, Any]] = []
    again: list[dict[str, Any]] = []
    for person in present:
        seen.add(person.employee_id)
        values = {
            "status": person.status,
            "data": person.data,
            "origin": person.origin,
            "present": True,
            "last_seen_at": now,
            "absent_since": None,
            "absent_count": 0,
            "last_input_id": input_id,
        }
        if person.employee_id in known:
            again.append({**values, "of": person.employee_id})
        else:
            ids = {"account": account, "source": source, "employee_id": person.employee_id}
            fresh.append({**ids, **values, "first_seen_at": now})
    for start in range(0, len(fresh), CHUNK):
        conn.execute(insert(employee), fresh[start : start + CHUNK])
    here = (employee.c.account == account) & (employee.c.source == source)
    for start in range(0, len(again), CHUNK):
        one = update(employee).where(here, employee.c.employee_id == bindparam("of"))
        conn.execute(one, again[start : start + CHUNK])
    absent = sorted(known - seen - set(rejected)) if new_input else []
    for start in range(0, len(absent), CHUNK):
        conn.execute(
            update(employee)
            .where(here, employee.c.employee_id.in_(absent[start : start + CHUNK]))
            .values(
                present=False,
                absent_count=employee.c.absent_count + 1,
                absent_since=func.coalesce(employee.c.absent_since, now),
            )
        )


def told(person: Employee) -> Told:
    """An Employee in the form in which they are kept."""
    return Told(
        employee_id=person.employee_id, status=person.status.value, data=_data(person), origin=person.origin
    )


def newer(conn: Connection, account: str, source: str, input_id: int) -> frozenset[str]:
    """The employees of whom a later input than this one was taken."""
    here = (employee.c.account == account) & (employee.c.source == source)
    return frozenset(
        conn.execute(
            select(employee.c.employee_id).where(here, employee.c.last_input_id > input_id)
        ).scalars()
    )


def _data(person: Employee) -> dict[str, Any]:
    return {
        "fields": dict(person.fields),
        "teams": [list(wish.names) for wish in person.teams],
        "ruled_roles": [
            [role, list(wish.names)] for wish in person.teams for role in sorted(wish.ruled_roles)
        ],
        "roles": [[role, list(wish.names)] for wish in person.teams for role in sorted(wish.roles)],
        "items": [list(wish.item) for wish in person.items],
        "in_scope": person.in_scope,
        "guards": dict(person.guards),
    }


def known(conn: Connection, account: str, source: str, *, guards: bool) -> dict[str, Mapping[str, str]]:
    """Every employee whom this source ever named in an accepted input, with the ``guards`` they had if those are asked for."""
    values = employee.c.data["guards"] if guards else null()
    rows = conn.execute(
        select(employee.c.employee_id, values.label("guards")).where(
            employee.c.account == account, employee.c.source == source
        )
    ).all()
    return {row.employee_id: row.guards or {} for row in rows}


def missed(
    conn: Connection,
    account: str,
    source: str,
    *,
    named: Collection[str],
    new_input: bool,
    out_of_scope: bool = True,
) -> dict[str, Missed]:
    """Who is absent, from how many distinct accepted inputs, the present one included, and since when.

    ``named`` are all whom the present input names, rejected ones too: they are not absent. ``out_of_scope`` False: nor are
    those who were out of scope when HR last named them.
    """
    in_scope = employee.c.data["in_scope"]
    rows = conn.execute(
        select(
            employee.c.employee_id,
            employee.c.absent_count,
            employee.c.absent_since,
            in_scope.label("in_scope"),
        ).where(
            employee.c.account == account, employee.c.source == source, employee.c.absent_since.is_not(None)
        )
    ).all()
    return {
        row.employee_id: Missed(inputs=row.absent_count + int(new_input), since=row.absent_since)
        for row in rows
        if row.employee_id not in named and (row.in_scope or out_of_scope)
    }


def managed(conn: Connection, account: str) -> Managed:
    """What the rules name for somebody as HR last was."""
    rows = conn.execute(
        select(employee.c.data).where(employee.c.account == account, employee.c.present.is_(True))
    )
    named: dict[tuple[str, ...], set[Role]] = {}
    for data in rows.scalars():
        for names in data["teams"]:
            named.setdefault(tuple(names), set())
        for role, names in data.get("ruled_roles", ()):
            named.setdefault(tuple(names), set()).add(Role(role))
    return Managed.of(
        Wish(names=names, rule="", ruled_roles=frozenset(ruled)) for names, ruled in named.items()
    )


def teams_of(
    conn: Connection, account: str, source: str, employee_ids: Collection[str]
) -> dict[str, set[tuple[str, ...]]]:
    """The display names, from the root down, of the teams of these employees as HR last had them."""
    wanted = sorted(employee_ids)
    query = select(employee.c.employee_id, employee.c.data).where(
        employee.c.account == account, employee.c.source == source, employee.c.present.is_(True)
    )
    return {
        row.employee_id: {tuple(names) for names in row.data["teams"]}
        for start in range(0, len(wanted), CHUNK)
        for row in conn.execute(query.where(employee.c.employee_id.in_(wanted[start : start + CHUNK])))
    }


def get(conn: Connection, account: str, employee_id: str) -> RowMapping | None:
    """One employee as HR last had them, or None."""
    return (
        conn.execute(
            select(employee).where(employee.c.account == account, employee.c.employee_id == employee_id)
        )
        .mappings()
        .first()
    )


def count(conn: Connection, account: str) -> int:
    """How many employees the last accepted input had."""
    here = (employee.c.account == account) & employee.c.present.is_(True)
    return int(conn.execute(select(func.count()).select_from(employee).where(here)).scalar_one())


def save_quarantine(
    conn: Connection,
    account: str,
    source: str,
    rejections: Sequence[Rejection],
    *,
    run_id: int,
    now: datetime,
) -> None:
    """The quarantine is who is rejected now; those who became valid leave it."""
    mine = (quarantine.c.account == account) & (quarantine.c.source == source)
    first = {
        row.key: row.first_seen_at
        for row in conn.execute(select(quarantine.c.key, quarantine.c.first_seen_at).where(mine))
    }
    conn.execute(delete(quarantine).where(mine))
    rows: dict[str, dict[str, Any]] = {}
    for rejection in rejections:
        key = rejection.employee_id or rejection.origin
        reasons = [{"code": reason.code, "message": reason.message} for reason in rejection.reasons]
        if key in rows:
            rows[key]["reasons"] += reasons
            rows[key]["origin"] += f", {rejection.origin}"
            continue
        rows[key] = {
            "account": account,
            "source": source,
            "key": key,
            "employee_id": rejection.employee_id,
            "origin": rejection.origin,
            "reasons": reasons,
            "first_seen_at": first.get(key, now),
            "last_seen_at": now,
            "run_id": run_id,
        }
    if rows:
        conn.execute(insert(quarantine), list(rows.values()))


def quarantined(conn: Connection, account: str, employee_id: str | None = None) -> list[RowMapping]:
    """The quarantine, or one employee's part of it."""
    query = select(quarantine).where(quarantine.c.account == account).order_by(quarantine.c.key)
    if employee_id is not None:
        query = query.where(quarantine.c.employee_id == employee_id)
    return list(conn.execute(query).mappings())
