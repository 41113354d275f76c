"""Going: the Runs that are at work, since when, and for how long that was to be expected."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, select

from syncd.core.lateness import Going
from syncd.store import runs
from syncd.store.schema import job, run

AGAIN = "again_at"
"""The key in the summary of a Run of which discarded Jobs are tried again: when that began."""
LOOKED_AT = 20
"""By so many Runs of a Flow that succeeded last it is judged how long one takes."""


def going(conn: Connection, account: str) -> dict[str, Going]:
    """By Flow the Run that has been at work for longest. It reads a few rows, by an index; more only while there is one."""
    found: dict[str, Going] = {}
    for row in conn.execute(select(run).where(run.c.account == account, run.c.state == "running")).mappings():
        known, since = found.get(row["flow"]), _since(row)
        if known is None or since < known.since:
            expected = max(_usual(conn, account, row["flow"]), _planned(row))
            found[row["flow"]] = Going(run_id=row["id"], since=since, expected=expected)
    return found


def note_again(conn: Connection, job_ids: Sequence[int], now: datetime) -> None:
    """The Runs of these Jobs are at work since now, however old they are."""
    for run_id in conn.execute(select(job.c.run_id).where(job.c.id.in_(job_ids)).distinct()).scalars():
        runs.note(conn, run_id, {AGAIN: now.isoformat()})


def _since(row: RowMapping) -> datetime:
    """It began, was approved later, or what had failed of it was tried again still later."""
    moments: list[datetime] = [row["started_at"] or row["created_at"]]
    if row["decided_at"] is not None:
        moments.append(row["decided_at"])
    if AGAIN in row["summary"]:
        moments.append(datetime.fromisoformat(row["summary"][AGAIN]))
    return max(moments)


def _planned(row: RowMapping) -> float:
    """Seconds that its Plan may take at most."""
    minutes = row["summary"].get("minutes")
    return 60.0 * minutes[1] if minutes else 0.0


def _usual(conn: Connection, account: str, flow: str) -> float:
    """Seconds that the longest of the last Runs took that succeeded; one that waited for a person is none of them."""
    took = [
        row["finished_at"] - row["started_at"]
        for row in runs.listed(
            conn, account, flow=flow, state="succeeded", planned_only=False, limit=LOOKED_AT
        )
        if row["started_at"] is not None and row["finished_at"] is not None and row["decided_at"] is None
        if AGAIN not in row["summary"]
    ]
    return max(took, default=timedelta()).total_seconds()
