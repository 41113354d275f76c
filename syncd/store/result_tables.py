"""The tables of the ledger of results, and of what each sink was given of it. ``account`` is the key of a Litmos account."""

from typing import Any

from sqlalchemy import Boolean, Column, Index, Integer, Table, UniqueConstraint, text

from syncd.store.columns import Json, key_column, metadata, text_column, time_column

_CURRENT: dict[str, Any] = {"sqlite_where": text("is_current = 1"), "postgresql_where": text("is_current")}
"""The options of an Index over what holds today."""
result_version = Table(
    "result_version",
    metadata,
    key_column("account"),
    key_column("result_id"),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("is_current", Boolean, nullable=False),
    text_column("kind"),
    text_column("user_id"),
    text_column("employee_id"),
    text_column("object_id"),
    text_column("status"),
    text_column("event"),
    Column("attempt", Integer, nullable=False),
    Column("reverses", Integer, nullable=False, server_default="0"),
    time_column("compliant_until"),
    Column("data", Json, nullable=False),
    Column("run_id", Integer),
    time_column("made_at", required=True),
    UniqueConstraint("account", "seq"),
    Index(None, "account", "user_id"),
    Index(None, "account", "is_current", "status"),
    Index("ix_result_version_employee", "account", "employee_id", "seq"),
    Index("ix_result_version_what", "account", "kind", "status", "seq", **_CURRENT),
    Index("ix_result_version_object", "account", "object_id", "kind", "status", "seq", **_CURRENT),
)
sink_cursor = Table(
    "sink_cursor",
    metadata,
    key_column("account"),
    key_column("sink"),
    Column("seq", Integer, nullable=False),
)
identity_given = Table(
    "identity_given",
    metadata,
    key_column("account"),
    key_column("sink"),
    key_column("employee_id"),
    text_column("hash"),
)
