"""The schema: every table of syncd. ``account`` is the key of a Litmos account, ``source`` that of an HR source.

Migrations make these tables; a test asserts that both agree. Times are UTC; JSON is text on SQLite, JSONB on PostgreSQL.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC datetime; SQLite drops the zone, so it is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Refuse naive times; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive time")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON().with_variant(JSONB(), "postgresql")


def _text(name: str, **options: Any) -> Column[Any]:
    return Column(name, Text, nullable=False, **({"server_default": ""} | options))


def _key(name: str) -> Column[Any]:
    return Column(name, Text, primary_key=True)


def _time(name: str, *, required: bool = False) -> Column[Any]:
    return Column(name, UtcTime, nullable=not required)


rate_window = Table(
    "rate_window",
    metadata,
    _key("account"),
    Column("seconds", Float, nullable=False),
    _time("frozen_until"),
    _text("frozen_reason"),
)
rate_slot = Table(
    "rate_slot",
    metadata,
    _key("account"),
    Column("slot_no", Integer, primary_key=True, autoincrement=False),
    _time("free_at", required=True),
    _text("holder"),
    Index(None, "account", "free_at"),
)
lease = Table(
    "lease",
    metadata,
    _key("name"),
    _text("holder"),
    Column("epoch", Integer, nullable=False),
    _time("expires_at", required=True),
    _text("about"),
)
queue_pause = Table(
    "queue_pause", metadata, _key("account"), _text("code"), _text("reason"), _time("since", required=True)
)

litmos_user = Table(
    "litmos_user",
    metadata,
    _key("account"),
    _key("id"),
    _text("username_key"),
    Column("active", Boolean, nullable=False),
    Column("profile", Json, nullable=False),
    _time("read_at"),
    _time("changed_at", required=True),
    Index(None, "account", "username_key"),
)
litmos_team = Table(
    "litmos_team",
    metadata,
    _key("account"),
    _key("id"),
    _text("name"),
    _text("parent_id"),
    _text("code"),
    _time("members_read_at"),
    _time("changed_at", required=True),
)
litmos_membership = Table(
    "litmos_membership",
    metadata,
    _key("account"),
    _key("team_id"),
    _key("user_id"),
    _time("changed_at", required=True),
    Index(None, "account", "user_id"),
)
litmos_path = Table(
    "litmos_path",
    metadata,
    _key("account"),
    _key("id"),
    _text("name"),
    Column("active", Boolean, nullable=False),
    _time("users_read_at"),
    _time("changed_at", required=True),
)
litmos_assignment = Table(
    "litmos_assignment",
    metadata,
    _key("account"),
    _key("path_id"),
    _key("user_id"),
    Column("completed", Boolean, nullable=False),
    Column("percent", Float, nullable=False),
    _time("changed_at", required=True),
    Index(None, "account", "user_id"),
)
litmos_removal = Table(
    "litmos_removal",
    metadata,
    _key("account"),
    _key("kind"),
    _key("list_id"),
    _key("user_id"),
    _time("removed_at", required=True),
)
link = Table(
    "link",
    metadata,
    _key("account"),
    _key("employee_id"),
    _text("user_id"),
    _text("made_by"),
    _time("made_at", required=True),
    UniqueConstraint("account", "user_id"),
)
grants = Table(
    "grants",
    metadata,
    _key("account"),
    _key("kind"),
    _key("user_id"),
    _key("object_id"),
    _text("origin", server_default="syncd"),
    Column("run_id", Integer),
    _time("granted_at", required=True),
)
employee = Table(
    "employee",
    metadata,
    _key("account"),
    _key("source"),
    _key("employee_id"),
    _text("status"),
    Column("data", Json, nullable=False),
    _text("origin"),
    Column("present", Boolean, nullable=False),
    _time("first_seen_at", required=True),
    _time("last_seen_at", required=True),
    _time("absent_since"),
    Column("absent_count", Integer, nullable=False, server_default="0"),
    Column("last_input_id", Integer),
)
quarantine = Table(
    "quarantine",
    metadata,
    _key("account"),
    _key("source"),
    _key("key"),
    _text("employee_id"),
    _text("origin"),
    Column("reasons", Json, nullable=False),
    _time("first_seen_at", required=True),
    _time("last_seen_at", required=True),
    Column("run_id", Integer),
)
input_ = Table(
    "input",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("account"),
    _text("source"),
    _text("name"),
    _text("sha256"),
    Column("size_bytes", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    _time("modified_at"),
    _time("read_at", required=True),
    Column("run_id", Integer),
    Column("accepted", Boolean, nullable=False),
    Index(None, "account", "source", "accepted", "id"),
)
run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("account"),
    _text("flow"),
    _text("state"),
    _text("trigger"),
    _text("actor"),
    Column("schedule", Text),
    Column("slot", Text),
    _time("created_at", required=True),
    _time("started_at"),
    _time("finished_at"),
    _text("plan_digest"),
    Column("summary", Json, nullable=False),
    Column("holds", Json, nullable=False),
    Column("input_id", Integer),
    _text("config_digest"),
    _text("error"),
    _text("owner"),
    _text("decided_by"),
    _time("decided_at"),
    _text("decision_reason"),
    _time("expires_at"),
    UniqueConstraint("account", "schedule", "slot"),
    Index(None, "account", "state"),
)
change = Table(
    "change",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("run.id", ondelete="CASCADE"), nullable=False),
    Column("seq", Integer, nullable=False),
    _text("key"),
    _text("action"),
    _text("kind"),
    _text("employee_id"),
    _text("user_id"),
    Column("team", Json, nullable=False),
    _text("path_id"),
    Column("before", Json, nullable=False),
    Column("after", Json, nullable=False),
    _text("reason"),
    _text("rule"),
    _text("origin"),
    _text("state"),
    _text("code"),
    _text("message"),
    Column("job_id", Integer),
    _time("finished_at"),
    UniqueConstraint("run_id", "key"),
    Index(None, "employee_id", "id"),
)
LIVE_JOBS = "state IN ('blocked', 'available', 'running', 'uncertain')"
job = Table(
    "job",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("run.id", ondelete="CASCADE"), nullable=False),
    _text("account"),
    _text("kind"),
    _text("key"),
    _text("target"),
    Column("payload", Json, nullable=False),
    Column("changes", Json, nullable=False),
    Column("stage", Integer, nullable=False),
    _text("state"),
    Column("waits", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("settle_reads", Integer, nullable=False, server_default="0"),
    Column("max_attempts", Integer, nullable=False),
    _time("available_at", required=True),
    _text("owner"),
    Column("epoch", Integer, nullable=False, server_default="0"),
    _time("lease_until"),
    _time("claimed_at"),
    _time("sent_at"),
    _text("last_code"),
    _text("last_error"),
    Column("http_status", Integer),
    _time("created_at", required=True),
    _time("finished_at"),
    Index(
        "uq_job_live_target",
        "account",
        "target",
        unique=True,
        sqlite_where=text(LIVE_JOBS),
        postgresql_where=text(LIVE_JOBS),
    ),
    Index("ix_job_due", "account", "state", "stage", "id"),
    Index(None, "run_id", "state"),
)
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
    _text("owner"),
    _time("started_at"),
    _time("sent_at"),
    _time("finished_at", required=True),
    _text("outcome"),
    _text("code"),
    _text("detail"),
    Column("http_status", Integer),
    Column("requests", Integer, nullable=False, server_default="0"),
    Index(None, "job_id"),
)
approval = Table(
    "approval",
    metadata,
    _key("account"),
    _key("change_hash"),
    Column("run_id", Integer, nullable=False),
    _text("actor"),
    _time("approved_at", required=True),
    _time("expires_at", required=True),
)
completion = Table(
    "completion",
    metadata,
    _key("account"),
    _key("completion_id"),
    _text("kind"),
    _text("user_id"),
    _text("employee_id"),
    Column("data", Json, nullable=False),
    _text("hash"),
    Column("version", Integer, nullable=False, server_default="1"),
    _time("first_seen_at", required=True),
    _time("changed_at", required=True),
)
batch = Table(
    "batch",
    metadata,
    _key("account"),
    _key("id"),
    _text("sink"),
    _text("state"),
    Column("rows", Integer, nullable=False),
    Column("run_id", Integer),
    _time("created_at", required=True),
    _time("delivered_at"),
    Index(None, "account", "sink", "state"),
)
batch_row = Table(
    "batch_row",
    metadata,
    _key("account"),
    _key("sink"),
    _key("completion_id"),
    Column("version", Integer, primary_key=True, autoincrement=False),
    _text("batch_id"),
    Index(None, "account", "batch_id"),
)
watermark = Table("watermark", metadata, _key("account"), _key("name"), _time("value", required=True))
