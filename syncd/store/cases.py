"""Cases: employees whom matching could not place, as the last plan met them, and what people decided about them."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Table,
    and_,
    delete,
    func,
    insert,
    select,
    union_all,
)

from syncd.core.cases import Case, CaseState, Resolution, Verdict, case_state
from syncd.core.match import BY_PERSON
from syncd.store import links, settled
from syncd.store.schema import identity_case, resolution

CHUNK = 500


def save(conn: Connection, account: str, cases: Iterable[Case], *, run_id: int, now: datetime) -> None:
    """These are the cases now; one that is not among them has closed by itself, or by its resolution."""
    mine = identity_case.c.account == account
    opened = {
        row.employee_id: row.opened_at
        for row in conn.execute(
            select(identity_case.c.employee_id, identity_case.c.opened_at).where(mine)
        ).all()
    }
    conn.execute(delete(identity_case).where(mine))
    rows = [
        {
            "account": account,
            "employee_id": case.employee_id,
            "code": case.reason.code,
            "message": case.reason.message,
            "origin": case.origin,
            "fields": dict(case.fields),
            "candidates": [asdict(candidate) for candidate in case.candidates],
            "question": case.question,
            "opened_at": opened.get(case.employee_id, now),
            "seen_at": now,
            "run_id": run_id,
        }
        for case in cases
    ]
    for start in range(0, len(rows), CHUNK):
        conn.execute(insert(identity_case), rows[start : start + CHUNK])


def resolutions(conn: Connection, account: str) -> dict[str, Resolution]:
    """Every decision that holds: employee_id -> Resolution."""
    rows = conn.execute(select(resolution).where(resolution.c.account == account)).all()
    return {
        row.employee_id: Resolution(
            verdict=Verdict(row.verdict),
            user_id=row.user_id,
            refused=frozenset(row.refused),
            answers=row.answers,
        )
        for row in rows
    }


def listed(conn: Connection, account: str, employee_id: str | None = None) -> list[dict[str, Any]]:
    """Every case and every decision, or one employee's, with its ``state`` (CaseState)."""
    return _about(
        conn, account, lambda table: None if employee_id is None else table.c.employee_id == employee_id
    )


def page(
    conn: Connection, account: str, *, state: str = "", after: str = "", limit: int
) -> list[dict[str, Any]]:
    """The same by employee id, from ``after`` on; those in a state if one is given."""
    parts = [
        select(part.order_by("employee_id").limit(limit).subquery().c.employee_id)
        for name, part in _by_state(account, after).items()
        if state in ("", name.value)
    ]
    if not parts:
        return []
    found = union_all(*parts).subquery()
    ids = conn.execute(select(found).order_by(found.c.employee_id).limit(limit)).scalars().all()
    by_id = {
        one["employee_id"]: one for one in _about(conn, account, lambda table: table.c.employee_id.in_(ids))
    }
    return [by_id[employee_id] for employee_id in ids]


def _by_state(account: str, after: str = "") -> dict[CaseState, Select[Any]]:
    """Who is in each state, with an id above ``after``: in SQL what ``case_state`` says."""
    case, decision = identity_case.c, resolution.c
    decided = and_(decision.account == account, decision.employee_id == case.employee_id)
    followed = select(decision.employee_id).where(decided, decision.decided_at >= case.seen_at).exists()
    met = select(case.employee_id).where(case.account == account, case.employee_id > after)
    is_met = select(case.employee_id).where(case.account == account, case.employee_id == decision.employee_id)
    settled_ = select(decision.employee_id).where(decision.account == account, decision.employee_id > after)
    return {
        CaseState.OPEN: met.where(~followed),
        CaseState.DECIDED: met.where(followed),
        CaseState.RESOLVED: settled_.where(~is_met.exists()),
    }


def _about(
    conn: Connection, account: str, which: Callable[[Table], ColumnElement[bool] | None]
) -> list[dict[str, Any]]:
    """Cases and decisions; ``which`` says of whom, in either table."""

    def of(table: Table) -> dict[str, RowMapping]:
        query = select(table).where(table.c.account == account)
        some = which(table)
        rows = conn.execute(query if some is None else query.where(some)).mappings()
        return {row["employee_id"]: row for row in rows}

    cases, decisions = of(identity_case), of(resolution)
    return [
        _case(person, cases.get(person), decisions.get(person))
        for person in sorted(cases.keys() | decisions.keys())
    ]


def find(conn: Connection, account: str, employee_id: str) -> dict[str, Any] | None:
    """One employee's case, or the decision about them, or None."""
    return next(iter(listed(conn, account, employee_id)), None)


def waiting(conn: Connection, account: str) -> int:
    """How many cases wait for a person."""
    waits = _by_state(account)[CaseState.OPEN].subquery()
    return int(conn.execute(select(func.count()).select_from(waits)).scalar_one())


def _case(employee_id: str, case: RowMapping | None, decision: RowMapping | None) -> dict[str, Any]:
    seen_at = None if case is None else case["seen_at"]
    decided_at = None if decision is None else decision["decided_at"]
    return {
        "employee_id": employee_id,
        "state": case_state(seen_at, decided_at).value,
        "code": "" if case is None else case["code"],
        "message": "" if case is None else case["message"],
        "origin": "" if case is None else case["origin"],
        "fields": {} if case is None else case["fields"],
        "candidates": [] if case is None else case["candidates"],
        "question": "" if case is None else case["question"],
        "opened_at": None if case is None else case["opened_at"],
        "seen_at": seen_at,
        "decision": None
        if decision is None
        else {name: decision[name] for name in ("verdict", "user_id", "refused", "decided_by", "decided_at")},
    }


def resolve(
    conn: Connection, account: str, employee_id: str, decided: Resolution, *, by: str, now: datetime
) -> None:
    """Remember a decision; it takes the place of an earlier one about this employee."""
    undo(conn, account, employee_id)
    _disturb(conn, account, employee_id, decided.user_id)
    conn.execute(
        insert(resolution).values(
            account=account,
            employee_id=employee_id,
            verdict=decided.verdict.value,
            user_id=decided.user_id,
            refused=sorted(decided.refused),
            answers=decided.answers,
            decided_by=by,
            decided_at=now,
        )
    )


def decided_since(conn: Connection, account: str, since: datetime) -> set[str]:
    """The employees about whom a person has decided since then."""
    here = (resolution.c.account == account) & (resolution.c.decided_at >= since)
    return set(conn.execute(select(resolution.c.employee_id).where(here)).scalars())


def undo(conn: Connection, account: str, employee_id: str) -> bool:
    """Forget the decision, and the Link that it made; False if there was none."""
    here = (resolution.c.account == account) & (resolution.c.employee_id == employee_id)
    given = conn.execute(select(resolution.c.user_id).where(here)).scalar() or ""
    _disturb(conn, account, employee_id, given)
    found = conn.execute(delete(resolution).where(here)).rowcount
    links.forget(conn, account, employee_id, BY_PERSON)
    return bool(found)


def _disturb(conn: Connection, account: str, employee_id: str, user_id: str) -> None:
    """The employee, whoever has the user, and those whose manager one of them is, are to be looked at."""
    owners = links.among(conn, account, user_ids=[user_id] if user_id else [])
    settled.disturb_people(conn, account, {employee_id, *owners})
    settled.disturb_users(conn, account, [user_id])
    settled.disturb_reports(conn, account, {employee_id, *owners})


def decided_for(conn: Connection, account: str, user_id: str) -> str:
    """The employee to whom a decision gives this Litmos user, or ""."""
    found = conn.execute(
        select(resolution.c.employee_id).where(
            resolution.c.account == account,
            resolution.c.verdict == Verdict.LINK.value,
            resolution.c.user_id == user_id,
        )
    ).scalar()
    return str(found or "")
