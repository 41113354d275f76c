"""Timeline: what is kept of one employee besides their Changes: results, the Link, the case, drift, and what people did."""

from typing import Any

from sqlalchemy import Connection, select

from syncd.store import audit, cases, drift, links
from syncd.store.result_tables import result_version

MOST = 50
"""So many of each are looked back at."""


def events(conn: Connection, account: str, employee_id: str, *, deeds: bool) -> list[dict[str, Any]]:
    """Newest first: ``at``, ``kind`` (result, link, case, drift, deed), ``what`` without anybody's values, and ``detail`` with
    them. ``deeds``: with what people did, by the audit.
    """
    found = [*_results(conn, account, employee_id), *_identity(conn, account, employee_id)]
    found += _drift(conn, account, employee_id)
    if deeds:
        found += _deeds(conn, account, employee_id)
    return sorted(found, key=lambda one: one["at"], reverse=True)[: 2 * MOST]


def _event(at: Any, kind: str, what: str, detail: str = "", run_id: int | None = None) -> dict[str, Any]:
    return {"at": at, "kind": kind, "what": what, "detail": detail, "run_id": run_id}


def _results(conn: Connection, account: str, employee_id: str) -> list[dict[str, Any]]:
    query = (
        select(*(result_version.c[name] for name in ("made_at", "kind", "status", "event", "data", "run_id")))
        .where(result_version.c.account == account, result_version.c.employee_id == employee_id)
        .order_by(result_version.c.seq.desc())
        .limit(MOST)
    )
    return [
        _event(
            row.made_at,
            "result",
            f"{row.kind.replace('_', ' ')} {row.status.replace('_', ' ')} ({row.event})",
            row.data["object_name"],
            row.run_id,
        )
        for row in conn.execute(query)
    ]


def _identity(conn: Connection, account: str, employee_id: str) -> list[dict[str, Any]]:
    found = []
    made = links.how(conn, account, employee_id)
    if made is not None:
        user_id = links.find(conn, account, employee_id)
        found.append(_event(made[1], "link", f"linked with Litmos user {user_id} by {made[0]}"))
    case = cases.find(conn, account, employee_id)
    if case is not None and case["opened_at"] is not None:
        found.append(_event(case["opened_at"], "case", f"{case['code']}: matching could not place them"))
    if case is not None and case["decision"] is not None:
        decision = case["decision"]
        whom = f" {decision['user_id']}" if decision["user_id"] else ""
        said = f"decided by {decision['decided_by']}: {decision['verdict']}{whom}"
        found.append(_event(decision["decided_at"], "case", said))
    return found


def _drift(conn: Connection, account: str, employee_id: str) -> list[dict[str, Any]]:
    user_id = links.find(conn, account, employee_id)
    rows = drift.listed(conn, account, user_id=user_id, limit=MOST) if user_id else []
    return [
        _event(
            row["seen_at"],
            "drift",
            f"somebody else changed {row['kind']} {row['field']}".rstrip(),
            f"{row['before']} -> {row['after']}",
            row["run_id"],
        )
        for row in rows
    ]


def _deeds(conn: Connection, account: str, employee_id: str) -> list[dict[str, Any]]:
    rows = audit.listed(conn, account, employee_id=employee_id, limit=MOST)
    return [
        _event(row["at"], "deed", f"{row['actor']}: {row['action']} {row['object']}".rstrip()) for row in rows
    ]
