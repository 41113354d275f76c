"""The tables of the engine: Jobs, what they wait for, their Attempts, what is paused, and the rolling window."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Float, ForeignKey, Index, Integer, Table, literal_column, text

from syncd.store.columns import Json, key_column, metadata, text_column, time_column

rate_window = Table(
    "rate_window",
    metadata,
    key_column("account"),
    Column("seconds", Float, nullable=False),
    time_column("frozen_until"),
    text_column("frozen_reason"),
    time_column("frozen_at"),
    Column("freezes", Integer, nullable=False, server_default="0"),
    time_column("urgent_until"),
)
rate_slot = Table(
    "rate_slot",
    metadata,
    key_column("account"),
    Column("slot_no", Integer, primary_key=True, autoincrement=False),
    time_column("free_at", required=True),
    text_column("holder"),
    Index(None, "account", "free_at"),
)
queue_pause = Table(
    "queue_pause",
    metadata,
    key_column("account"),
    key_column("class"),
    text_column("code"),
    text_column("reason"),
    time_column("since", required=True),
)

LIVE = frozenset({"blocked", "available", "running", "uncertain"})
"""The states of a Job that has not ended."""
UNSENT = frozenset({"blocked", "available"})
"""Those of them in which nothing of a Job is being sent (it was never sent if ``sent_at`` is not set either)."""
_LIVE = ("blocked", "available", "running", "uncertain")
_DUE = ("available", "uncertain")
_UNSETTLED = ("running", "uncertain")
_DISCARDED = ("discarded",)


def _where(states: Sequence[str]) -> dict[str, Any]:
    """The options of an Index for Jobs in these states only."""
    quoted = ", ".join(f"'{state}'" for state in states)
    return rows_where(f"state IN ({quoted})")


def rows_where(condition: str) -> dict[str, Any]:
    """The options of an Index over some rows only, by a condition in SQL."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


job = Table(
    "job",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("run.id", ondelete="CASCADE"), nullable=False),
    text_column("account"),
    text_column("kind"),
    text_column("key"),
    text_column("target"),
    Column("payload", Json, nullable=False),
    Column("changes", Json, nullable=False),
    Column("stage", Integer, nullable=False),
    text_column("class"),
    Column("rank", Integer, nullable=False, server_default="0"),
    text_column("state"),
    Column("waits", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("settle_reads", Integer, nullable=False, server_default="0"),
    Column("max_attempts", Integer, nullable=False),
    time_column("available_at", required=True),
    text_column("owner"),
    Column("epoch", Integer, nullable=False, server_default="0"),
    time_column("lease_until"),
    time_column("claimed_at"),
    time_column("sent_at"),
    text_column("last_code"),
    text_column("last_error"),
    Column("http_status", Integer),
    time_column("created_at", required=True),
    time_column("finished_at"),
    Index(
        "uq_job_live_target",
        "account",
        "target",
        unique=True,
        **_where(_LIVE),
    ),
    Index("ix_job_due", "account", "rank", "id", "class", **_where(_DUE)),
    Index(
        "ix_job_unsettled",
        "account",
        "id",
        **_where(_UNSETTLED),
    ),
    Index("ix_job_discarded", "account", "id", **_where(_DISCARDED)),
    Index(None, "run_id", "state"),
)


def _among(states: Sequence[str]) -> ColumnElement[bool]:
    """In one of these states: said with constants, so that the indexes for them are used on both databases."""
    return job.c.state.in_([literal_column(f"'{state}'") for state in states])


IS_LIVE = _among(_LIVE)
"""Jobs that have not ended."""
IS_DUE = _among(_DUE)
"""Jobs that may be claimed at their time."""
IS_UNSETTLED = _among(_UNSETTLED)
"""Jobs that are being sent, or whose outcome is unknown."""
IS_DISCARDED = _among(_DISCARDED)
"""Jobs that were given up."""

job_dep = Table(
    "job_dep",
    metadata,
    Column("parent_id", Integer, ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("child_id", Integer, ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "child_id"),
)
attempt = Table(
    "attempt",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job_id", Integer, ForeignKey("job.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    text_column("owner"),
    time_column("started_at"),
    time_column("sent_at"),
    time_column("finished_at", required=True),
    text_column("outcome"),
    text_column("code"),
    text_column("detail"),
    Column("http_status", Integer),
    Column("requests", Integer, nullable=False, server_default="0"),
    Index(None, "job_id"),
)
exchange = Table(
    "exchange",
    metadata,
    Column(
        "attempt_id",
        Integer,
        ForeignKey("attempt.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    time_column("at", required=True),
    Column("made", Json, nullable=False),
    Index(None, "at"),
)
"""What was sent and answered in an Attempt, masked; kept for a shorter time than the Attempt."""
