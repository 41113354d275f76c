"""The table of what happened, for ``syncd logs``: syncd's own events from level info on, without secrets and names."""

from sqlalchemy import Column, Index, Integer, Table

from syncd.store.columns import Json, metadata, text_column, time_column
from syncd.store.queue_tables import rows_where

event = Table(
    "event",
    metadata,
    Column("id", Integer, primary_key=True),
    text_column("account"),
    time_column("at", required=True),
    text_column("level"),
    text_column("event"),
    Column("run_id", Integer),
    Column("job_id", Integer),
    text_column("employee_id"),
    text_column("code"),
    Column("facts", Json, nullable=False),
    text_column("process"),
    Index(None, "account", "id"),
    Index(None, "account", "at"),
    Index(None, "account", "event", "id"),
    Index("ix_event_run_id", "run_id", "id", **rows_where("run_id IS NOT NULL")),
    Index("ix_event_job_id", "job_id", "id", **rows_where("job_id IS NOT NULL")),
    Index("ix_event_employee_id", "employee_id", "id", **rows_where("employee_id <> ''")),
    Index("ix_event_code", "code", "id", **rows_where("code <> ''")),
    Index("ix_event_trouble", "account", "id", **rows_where("level <> 'info'")),
)
"""No foreign keys: what happened stays for as long as ``retention.events`` says, whatever becomes of its Run."""
