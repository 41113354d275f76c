"""History: what happened to one person, from Changes, Runs, Jobs, grants and drift, as values of the core."""

from collections.abc import Mapping

from sqlalchemy import Connection, RowMapping, select

from syncd.core.facts import Drifted, Granted, Happened, Known
from syncd.store import changes, drift
from syncd.store.schema import change, employee, grants, job, run

MOST = 50
"""So many Changes, grants and differences are looked back at."""


def happened(conn: Connection, account: str, employee_id: str) -> tuple[Happened, ...]:
    """The Changes of a person that were to be sent, newest first; those of mere plans are left out."""
    rows = conn.execute(
        select(
            change,
            run.c.state.label("run_state"),
            run.c.actor,
            run.c.created_at,
            run.c.decided_by,
            run.c.decision_reason,
            job.c.state.label("job_state"),
            job.c.kind.label("request"),
            job.c.attempts,
            job.c.http_status,
        )
        .join(run, run.c.id == change.c.run_id)
        .outerjoin(job, job.c.id == change.c.job_id)
        .where(run.c.account == account, change.c.employee_id == employee_id)
        .where((change.c.state != "planned") | job.c.id.is_not(None))
        .order_by(change.c.id.desc())
        .limit(MOST)
    ).mappings()
    return tuple(
        Happened(
            change=changes.to_change(row),
            run_id=row["run_id"],
            run_state=row["run_state"],
            actor=_who(row),
            at=row["finished_at"] or row["created_at"],
            state=row["state"],
            code=row["code"],
            message=row["message"],
            job_id=row["job_id"],
            job_state=row["job_state"] or "",
            request=row["request"] or "",
            attempts=row["attempts"] or 0,
            status=None if row["job_state"] == "completed" else row["http_status"],
        )
        for row in rows
    )


def _who(row: RowMapping) -> str:
    """Who asked for the Run, and what was decided about this Change, and by whom as far as the Run's last decision tells."""
    asked, by, reason = str(row["actor"]), row["decided_by"], row["decision_reason"] or ""
    if row["approved"]:
        return f"{asked}, approved by {by}" if by and reason.startswith("approved") else f"{asked}, approved"
    if row["state"] == "cancelled" and by:
        return f"{asked}, {'cancelled' if reason == 'cancelled' else 'rejected'} by {by}"
    return asked


def granted(conn: Connection, account: str, user_id: str) -> tuple[Granted, ...]:
    """What syncd gave a user."""
    rows = conn.execute(
        select(grants)
        .where(grants.c.account == account, grants.c.user_id == user_id, grants.c.kind != "team_assignment")
        .limit(MOST * 20)
    )
    return tuple(
        Granted(
            object_id=row.object_id,
            kind=row.kind,
            run_id=row.run_id,
            at=row.granted_at,
            rule=row.rule,
            actor=row.actor,
        )
        for row in rows
    )


def drifted(
    conn: Connection, account: str, user_id: str, team_texts: Mapping[str, str]
) -> tuple[Drifted, ...]:
    """What somebody else changed of a user, newest first; ``team_texts`` are team id -> team text."""
    return tuple(
        Drifted(
            object_id=team_texts.get(row["object_id"], row["object_id"]),
            field=row["field"],
            before=row["before"],
            after=row["after"],
            run_id=row["run_id"],
            at=row["seen_at"],
        )
        for row in drift.listed(conn, account, user_id=user_id, limit=MOST)
    )


def known(conn: Connection, account: str, employee_id: str) -> Known | None:
    """A person as the last accepted input had them, or None."""
    row = conn.execute(
        select(employee).where(
            employee.c.account == account,
            employee.c.employee_id == employee_id,
        )
    ).first()
    if row is None:
        return None
    return Known(
        origin=row.origin,
        source=row.source,
        present=row.present,
        last_seen_at=row.last_seen_at,
        absent_since=row.absent_since,
        absent_count=row.absent_count,
    )
