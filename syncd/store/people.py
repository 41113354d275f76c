"""People: Employees as HR last had them, whose absence is being counted, and the quarantine."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    bindparam,
    delete,
    func,
    insert,
    null,
    select,
    update,
)

from syncd.core.acceptance import Told
from syncd.core.lifecycle import Missed
from syncd.core.managed import Managed
from syncd.core.model import Employee, Rejection, Role, Status, Wish
from syncd.core.person_names import NameKeys, keys_of
from syncd.store import settled
from syncd.store.among import SIZE, is_among, rows_among
from syncd.store.batches import insert_many
from syncd.store.mirror_tables import litmos_user
from syncd.store.schema import employee, link, quarantine

CHUNK = 500


def save(
    conn: Connection,
    account: str,
    present: Iterable[Told],
    *,
    rejected: Collection[str],
    inputs: Mapping[str, int],
    witnesses: Collection[str],
    now: datetime,
    among: Collection[str] | None = None,
) -> None:
    """Take accepted inputs (source -> id): who is in them, and who is in none of them.

    Absence is counted once per *distinct* input of the source in which somebody was last (``witnesses`` are the sources that
    have one now): reading the same bytes again is no second witness.
    Rejected people are neither present nor absent: they stay as they were, and so does everybody who is not ``among``
    those about whom the inputs say anything new, if that is not None.
    """
    query = select(employee.c.employee_id, employee.c.source)
    known: dict[str, str] = {
        row.employee_id: row.source
        for some in _among(conn, account, among)
        for row in conn.execute(query.where(some))
    }
    seen: set[str] = set()
    again: list[dict[str, Any]] = []

    def fresh() -> Iterator[tuple[Any, ...]]:
        """The rows of those who are new, while the others are set aside."""
        for person in present:
            seen.add(person.employee_id)
            values = _values(person, inputs.get(person.source), now)
            if person.employee_id in known:
                again.append({**values, "of": person.employee_id})
            else:
                yield (account, person.employee_id, now, *values.values(), *_keys(values))

    insert_many(conn, employee, ("account", "employee_id", "first_seen_at", *_VALUES, *_KEYS), fresh())
    for start in range(0, len(again), CHUNK):
        _update(conn, account, again[start : start + CHUNK])
    there = seen.union(rejected)
    absent = sorted(who for who, source in known.items() if source in witnesses and who not in there)
    _miss(conn, account, absent, now)


_VALUES = (
    *("status", "data", "origin", "source", "present", "last_seen_at", "absent_since", "absent_count"),
    "last_input_id",
    "begins_on",
)


def _values(person: Told, input_id: int | None, now: datetime) -> dict[str, Any]:
    """What is kept of somebody who is in an accepted input, in the order of ``_VALUES``."""
    about = (person.status, person.data, person.origin, person.source)
    day = person.data.get("begins_on")
    begins_on = date.fromisoformat(day) if day else None
    return dict(zip(_VALUES, (*about, True, now, None, 0, input_id, begins_on), strict=True))


_KEYS = ("first_key", "last_key", "end_key")


def _keys(values: Mapping[str, Any]) -> NameKeys:
    """Where the lists find somebody by name, in the order of ``_KEYS``."""
    return keys_of(values["data"].get("fields", {}))


def _update(conn: Connection, account: str, rows: Sequence[dict[str, Any]]) -> None:
    """These are in an accepted input again. Few are called otherwise: an index is only written for those."""
    here = employee.c.account == account
    named = select(employee.c.employee_id, *(employee.c[name] for name in _KEYS))
    before = {
        row[0]: tuple(row[1:])
        for row in rows_among(conn, named.where(here), employee.c.employee_id, [row["of"] for row in rows])
    }
    renamed = [(row, keys) for row in rows if (keys := _keys(row)) != before[row["of"]]]
    one = update(employee).where(here, employee.c.employee_id == bindparam("of"))
    conn.execute(one, list(rows))
    if renamed:
        conn.execute(one, [{"of": row["of"], **dict(zip(_KEYS, keys, strict=True))} for row, keys in renamed])


def _miss(conn: Connection, account: str, absent: Sequence[str], now: datetime) -> None:
    """These are absent from one more input."""
    here = employee.c.account == account
    settled.disturb_people(conn, account, absent)
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
        employee_id=person.employee_id,
        status=person.status.value,
        data=_data(person),
        origin=person.origin,
        source=person.source,
    )


def newer(conn: Connection, account: str, input_ids: Collection[int]) -> frozenset[str]:
    """The employees of whom a later input than these was taken."""
    last = max(input_ids, default=0)
    here = (employee.c.account == account) & (employee.c.last_input_id > last)
    return frozenset(conn.execute(select(employee.c.employee_id).where(here)).scalars())


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
        "begins_on": None if person.begins_on is None else person.begins_on.isoformat(),
    }


def known(
    conn: Connection, account: str, *, guards: bool, among: Collection[str] | None = None
) -> dict[str, Mapping[str, str]]:
    """Every employee whom an accepted input ever named, with the ``guards`` they had if those are asked for.

    ``among`` None: everybody; else those of them, and whoever is absent.
    """
    values = employee.c.data["guards"] if guards else null()
    query = select(employee.c.employee_id, values.label("guards"))
    rows = [row for some in _among(conn, account, among) for row in conn.execute(query.where(some)).all()]
    return {employee_id: guarded or {} for employee_id, guarded in rows}


def present(conn: Connection, account: str, employee_ids: Collection[str]) -> set[str]:
    """Those of these employees whom the last accepted input named."""
    query = select(employee.c.employee_id).where(employee.c.account == account, employee.c.present.is_(True))
    return {found for (found,) in rows_among(conn, query, employee.c.employee_id, employee_ids)}


def absent_with_access(conn: Connection, account: str) -> set[str]:
    """Those who are absent, and whose Litmos user is active."""
    query = (
        select(employee.c.employee_id)
        .join(link, (link.c.account == account) & (link.c.employee_id == employee.c.employee_id))
        .join(litmos_user, (litmos_user.c.account == account) & (litmos_user.c.id == link.c.user_id))
        .where(
            employee.c.account == account,
            employee.c.absent_since.is_not(None),
            litmos_user.c.active.is_(True),
        )
    )
    return set(conn.execute(query).scalars())


def _among(conn: Connection, account: str, ids: Collection[str] | None) -> Iterator[ColumnElement[bool]]:
    """Conditions that together hold for everybody, or for these employees and whoever is absent."""
    here = employee.c.account == account
    if ids is None:
        yield here
        return
    yield here & employee.c.absent_since.is_not(None)
    wanted = sorted(ids)
    for start in range(0, len(wanted), SIZE):
        yield here & is_among(conn, employee.c.employee_id, wanted[start : start + SIZE])


def last_in(conn: Connection, account: str) -> dict[str, str]:
    """Employee id -> the source in which they were last."""
    rows = conn.execute(
        select(employee.c.employee_id, employee.c.source).where(employee.c.account == account)
    )
    return {row.employee_id: row.source for row in rows}


def missed(
    conn: Connection,
    account: str,
    sources: Collection[str],
    *,
    named: Collection[str],
    witnesses: Collection[str],
    out_of_scope: bool = True,
) -> dict[str, Missed]:
    """Who is absent, from how many distinct accepted inputs of their source, the present one included, and since when.

    ``sources`` are those that HR has now: who was last in another one is not absent, for nobody reads it any more. ``named``
    are all whom the present inputs name, rejected ones too: they are not absent. ``out_of_scope`` False: nor are
    those who were out of scope when HR last named them.
    """
    in_scope = employee.c.data["in_scope"]
    rows = conn.execute(
        select(
            employee.c.employee_id,
            employee.c.absent_count,
            employee.c.absent_since,
            employee.c.source,
            in_scope.label("in_scope"),
        ).where(
            employee.c.account == account,
            employee.c.source.in_(sorted(sources)),
            employee.c.absent_since.is_not(None),
        )
    ).all()
    return {
        row.employee_id: Missed(
            inputs=row.absent_count + int(row.source in witnesses), since=row.absent_since, source=row.source
        )
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
    conn: Connection, account: str, employee_ids: Collection[str], *, active: bool = False
) -> dict[str, set[tuple[str, ...]]]:
    """The display names, from the root down, of the teams of these employees as HR last had them; ``active``: of those of
    them who were active and in scope.
    """
    query = select(employee.c.employee_id, employee.c.data).where(
        employee.c.account == account, employee.c.present.is_(True)
    )
    if active:
        query = query.where(employee.c.status == Status.ACTIVE.value)
    return {
        row.employee_id: {tuple(names) for names in row.data["teams"]}
        for row in rows_among(conn, query, employee.c.employee_id, employee_ids)
        if row.data["in_scope"] or not active
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
    rejections: Sequence[Rejection],
    *,
    run_id: int,
    now: datetime,
) -> None:
    """The quarantine is who is rejected now; those who became valid leave it."""
    mine = quarantine.c.account == account
    first = {
        row.key: row.first_seen_at
        for row in conn.execute(select(quarantine.c.key, quarantine.c.first_seen_at).where(mine))
    }
    conn.execute(delete(quarantine).where(mine))
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for rejection in rejections:
        key = rejection.employee_id or rejection.origin
        place = (rejection.source, key)
        reasons = [{"code": reason.code, "message": reason.message} for reason in rejection.reasons]
        if place in rows:
            rows[place]["reasons"] += reasons
            rows[place]["origin"] += f", {rejection.origin}"
            rows[place]["begins_on"] = rows[place]["begins_on"] or rejection.begins_on
            continue
        rows[place] = {
            "account": account,
            "source": rejection.source,
            "key": key,
            "employee_id": rejection.employee_id,
            "origin": rejection.origin,
            "reasons": reasons,
            "first_seen_at": first.get(key, now),
            "last_seen_at": now,
            "run_id": run_id,
            "begins_on": rejection.begins_on,
            "code": reasons[0]["code"] if reasons else "",
        }
    if rows:
        conn.execute(insert(quarantine), list(rows.values()))


def quarantined(conn: Connection, account: str, employee_id: str | None = None) -> list[RowMapping]:
    """The quarantine, or one employee's part of it."""
    query = select(quarantine).where(quarantine.c.account == account).order_by(quarantine.c.key)
    if employee_id is not None:
        query = query.where(quarantine.c.employee_id == employee_id)
    return list(conn.execute(query).mappings())


def count_quarantined(conn: Connection, account: str) -> int:
    """How many rows of HR are in quarantine."""
    query = select(func.count()).select_from(quarantine).where(quarantine.c.account == account)
    return int(conn.execute(query).scalar_one())


def of(conn: Connection, account: str, employee_ids: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """These employees as HR last had them, by id."""
    query = select(employee).where(employee.c.account == account)
    rows = rows_among(conn, query, employee.c.employee_id, employee_ids)
    return {row.employee_id: row._mapping for row in rows}  # noqa: SLF001 - SQLAlchemy's name for a public thing


def codes(
    conn: Connection, account: str, employee_ids: Collection[str], ignored: Collection[str] = ()
) -> dict[str, tuple[str, ...]]:
    """Why rows of these employees are in quarantine, but for those of some sources: codes by employee id."""
    query = select(quarantine).where(
        quarantine.c.account == account, quarantine.c.source.not_in(list(ignored))
    )
    found: dict[str, tuple[str, ...]] = {}
    for row in rows_among(conn, query, quarantine.c.employee_id, employee_ids):
        told = (*found.get(row.employee_id, ()), *(reason["code"] for reason in row.reasons))
        found[row.employee_id] = tuple(dict.fromkeys(told))
    return found
