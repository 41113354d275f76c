"""The schema: every table of syncd. ``account`` is the key of a Litmos account, ``source`` that of an HR source.

Migrations make these tables; a test asserts that both agree.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from syncd.store import mirror_tables
from syncd.store.columns import Json, key_column, metadata, text_column, time_column

__all__ = ["metadata", "mirror_tables"]


rate_window = Table(
    "rate_window",
    metadata,
    key_column("account"),
    Column("seconds", Float, nullable=False),
    time_column("frozen_until"),
    text_column("frozen_reason"),
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
lease = Table(
    "lease",
    metadata,
    key_column("name"),
    text_column("holder"),
    Column("epoch", Integer, nullable=False),
    time_column("expires_at", required=True),
    text_column("about"),
)
queue_pause = Table(
    "queue_pause",
    metadata,
    key_column("account"),
    text_column("code"),
    text_column("reason"),
    time_column("since", required=True),
)

link = Table(
    "link",
    metadata,
    key_column("account"),
    key_column("employee_id"),
    text_column("user_id"),
    text_column("made_by"),
    time_column("made_at", required=True),
    UniqueConstraint("account", "user_id"),
)
identity_case = Table(
    "identity_case",
    metadata,
    key_column("account"),
    key_column("employee_id"),
    text_column("code"),
    text_column("message"),
    text_column("origin"),
    Column("fields", Json, nullable=False),
    Column("candidates", Json, nullable=False),
    text_column("question"),
    time_column("opened_at", required=True),
    time_column("seen_at", required=True),
    Column("run_id", Integer),
)
resolution = Table(
    "resolution",
    metadata,
    key_column("account"),
    key_column("employee_id"),
    text_column("verdict"),
    text_column("user_id"),
    Column("refused", Json, nullable=False),
    text_column("answers"),
    text_column("decided_by"),
    time_column("decided_at", required=True),
)
grants = Table(
    "grants",
    metadata,
    key_column("account"),
    key_column("kind"),
    key_column("user_id"),
    key_column("object_id"),
    text_column("origin", server_default="syncd"),
    text_column("rule"),
    text_column("actor"),
    Column("run_id", Integer),
    time_column("granted_at", required=True),
)
employee = Table(
    "employee",
    metadata,
    key_column("account"),
    key_column("source"),
    key_column("employee_id"),
    text_column("status"),
    Column("data", Json, nullable=False),
    text_column("origin"),
    Column("present", Boolean, nullable=False),
    time_column("first_seen_at", required=True),
    time_column("last_seen_at", required=True),
    time_column("absent_since"),
    Column("absent_count", Integer, nullable=False, server_default="0"),
    Column("last_input_id", Integer),
)
put_aside = Table(
    "put_aside",
    metadata,
    key_column("account"),
    key_column("kind"),
    key_column("object_id"),
    key_column("user_id"),
    time_column("taken_at", required=True),
)
unwanted = Table(
    "unwanted",
    metadata,
    key_column("account"),
    key_column("key"),
    text_column("employee_id"),
    time_column("since", required=True),
)
quarantine = Table(
    "quarantine",
    metadata,
    key_column("account"),
    key_column("source"),
    key_column("key"),
    text_column("employee_id"),
    text_column("origin"),
    Column("reasons", Json, nullable=False),
    time_column("first_seen_at", required=True),
    time_column("last_seen_at", required=True),
    Column("run_id", Integer),
)
input_ = Table(
    "input",
    metadata,
    Column("id", Integer, primary_key=True),
    text_column("account"),
    text_column("source"),
    text_column("name"),
    text_column("sha256"),
    Column("size_bytes", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    time_column("modified_at"),
    time_column("read_at", required=True),
    Column("run_id", Integer),
    Column("accepted", Boolean, nullable=False),
    Column("fingerprint", Json, nullable=False),
    Index(None, "account", "source", "accepted", "id"),
)
run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    text_column("account"),
    text_column("flow"),
    text_column("state"),
    text_column("trigger"),
    text_column("actor"),
    Column("schedule", Text),
    Column("slot", Text),
    time_column("created_at", required=True),
    time_column("started_at"),
    time_column("finished_at"),
    text_column("plan_digest"),
    Column("summary", Json, nullable=False),
    Column("holds", Json, nullable=False),
    Column("input_id", Integer),
    text_column("config_digest"),
    text_column("error"),
    text_column("owner"),
    text_column("decided_by"),
    time_column("decided_at"),
    text_column("decision_reason"),
    time_column("expires_at"),
    UniqueConstraint("account", "schedule", "slot"),
    Index(None, "account", "state"),
)
change = Table(
    "change",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("run.id", ondelete="CASCADE"), nullable=False),
    Column("seq", Integer, nullable=False),
    text_column("key"),
    text_column("action"),
    text_column("kind"),
    text_column("employee_id"),
    text_column("user_id"),
    Column("team", Json, nullable=False),
    text_column("item"),
    Column("before", Json, nullable=False),
    Column("after", Json, nullable=False),
    Column("gives", Json, nullable=False),
    Column("takes", Json, nullable=False),
    Column("invite", Boolean, nullable=False),
    Column("irreversible", Boolean, nullable=False),
    text_column("reason"),
    text_column("rule"),
    text_column("origin"),
    text_column("state"),
    text_column("code"),
    text_column("message"),
    Column("job_id", Integer),
    time_column("finished_at"),
    Column("approved", Boolean, nullable=False),
    UniqueConstraint("run_id", "key"),
    Index(None, "employee_id", "id"),
    Index(None, "finished_at"),
)
LIVE = frozenset({"blocked", "available", "running", "uncertain"})
"""The states of a Job that has not ended."""
UNSENT = frozenset({"blocked", "available"})
"""Those of them in which nothing of a Job is being sent (it was never sent if ``sent_at`` is not set either)."""
LIVE_JOBS = "state IN ('blocked', 'available', 'running', 'uncertain')"
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
bulk_import = Table(
    "bulk_import",
    metadata,
    Column(
        "job_id", Integer, ForeignKey("job.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    text_column("import_id"),
    time_column("submitted_at", required=True),
    Column("late", Boolean, nullable=False),
)
import_name = Table(
    "import_name",
    metadata,
    Column(
        "job_id", Integer, ForeignKey("job.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    key_column("name"),
    Index(None, "name"),
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
approval = Table(
    "approval",
    metadata,
    key_column("account"),
    key_column("change_hash"),
    Column("run_id", Integer, nullable=False),
    text_column("actor"),
    time_column("approved_at", required=True),
    time_column("expires_at", required=True),
)
completion = Table(
    "completion",
    metadata,
    key_column("account"),
    key_column("completion_id"),
    text_column("kind"),
    text_column("user_id"),
    text_column("employee_id"),
    Column("data", Json, nullable=False),
    text_column("hash"),
    Column("version", Integer, nullable=False, server_default="1"),
    time_column("first_seen_at", required=True),
    time_column("changed_at", required=True),
)
batch = Table(
    "batch",
    metadata,
    key_column("account"),
    key_column("id"),
    text_column("sink"),
    text_column("state"),
    Column("rows", Integer, nullable=False),
    Column("run_id", Integer),
    time_column("created_at", required=True),
    time_column("delivered_at"),
    Index(None, "account", "sink", "state"),
)
batch_row = Table(
    "batch_row",
    metadata,
    key_column("account"),
    key_column("sink"),
    key_column("completion_id"),
    Column("version", Integer, primary_key=True, autoincrement=False),
    text_column("batch_id"),
    Index(None, "account", "batch_id"),
)
watermark = Table(
    "watermark", metadata, key_column("account"), key_column("name"), time_column("value", required=True)
)
probe = Table(
    "probe",
    metadata,
    Column("id", Integer, primary_key=True),
    text_column("account"),
    text_column("user_id"),
    text_column("username"),
    Column("original", Json, nullable=False),
    text_column("state"),
    text_column("actor"),
    Column("requests", Integer, nullable=False, server_default="0"),
    time_column("begun_at", required=True),
    time_column("finished_at"),
    Index(None, "account", "state"),
)
contract_answer = Table(
    "contract_answer",
    metadata,
    key_column("account"),
    key_column("question"),
    text_column("value"),
    time_column("settled_at", required=True),
)
