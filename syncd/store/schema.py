"""The schema: every table of syncd. ``account`` is the key of a Litmos account, ``source`` that of an HR source.

Migrations make these tables; a test asserts that both agree.
"""

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

from syncd.store import (
    archived_tables,
    audit_tables,
    awaited_tables,
    event_tables,
    import_tables,
    message_tables,
    mirror_tables,
    purged_tables,
    result_tables,
    settled_tables,
    training_tables,
)
from syncd.store.columns import Json, key_column, metadata, text_column, time_column
from syncd.store.queue_tables import (
    IS_DISCARDED,
    IS_DUE,
    IS_LIVE,
    IS_UNSETTLED,
    LIVE,
    UNSENT,
    attempt,
    exchange,
    job,
    job_dep,
    queue_pause,
    rate_slot,
    rate_window,
    rows_where,
)

__all__ = [
    "IS_DISCARDED",
    "IS_DUE",
    "IS_FAILED",
    "IS_HELD",
    "IS_LIVE",
    "IS_UNSETTLED",
    "LIVE",
    "UNSENT",
    "archived_tables",
    "attempt",
    "audit_tables",
    "awaited_tables",
    "event_tables",
    "exchange",
    "import_tables",
    "job",
    "job_dep",
    "message_tables",
    "metadata",
    "mirror_tables",
    "purged_tables",
    "queue_pause",
    "rate_slot",
    "rate_window",
    "result_tables",
    "settled_tables",
    "training_tables",
]


lease = Table(
    "lease",
    metadata,
    key_column("name"),
    text_column("holder"),
    Column("epoch", Integer, nullable=False),
    time_column("expires_at", required=True),
    text_column("about"),
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
team_tie = Table(
    "team_tie",
    metadata,
    key_column("account"),
    key_column("space"),
    key_column("code"),
    text_column("team_id"),
    time_column("made_at", required=True),
)


def _names_index(name: str, *keys: str, **rows: Any) -> Index:
    """It has the id, too: who is found by name is listed by id, and looked at only if they are on the page."""
    operators = dict.fromkeys(keys, "text_pattern_ops")
    return Index(f"ix_employee_{name}", "account", *keys, "employee_id", postgresql_ops=operators, **rows)


employee = Table(
    "employee",
    metadata,
    key_column("account"),
    key_column("employee_id"),
    text_column("source"),
    text_column("status"),
    Column("data", Json, nullable=False),
    text_column("origin"),
    Column("present", Boolean, nullable=False),
    time_column("first_seen_at", required=True),
    time_column("last_seen_at", required=True),
    time_column("absent_since"),
    Column("absent_count", Integer, nullable=False, server_default="0"),
    Column("last_input_id", Integer),
    Column("begins_on", Date),
    text_column("first_key"),
    text_column("last_key"),
    text_column("end_key"),
    Index(None, "account", "absent_since"),
    Index("ix_employee_present", "account", "present"),
    Index(
        "ix_employee_prefix",
        "account",
        "employee_id",
        postgresql_ops={"employee_id": "text_pattern_ops"},
    ),
    Index(None, "account", "begins_on", "employee_id"),
    _names_index("first", "first_key", "last_key"),
    _names_index("last", "last_key", "first_key"),
    _names_index("end", "end_key", "first_key", **rows_where("end_key <> ''")),
)
HAS_END = employee.c.end_key != literal_column("''")
"""People with a last name of several words: said with a constant, as in the index for them."""
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
    Column("begins_on", Date),
    text_column("code"),
    Index(None, "account", "begins_on", "key"),
    Index(None, "account", "key", "source"),
    Index(None, "account", "code", "key", "source"),
    Index(None, "account", "employee_id"),
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
    Index(None, "run_id"),
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
    text_column("config_digest"),
    text_column("error"),
    text_column("owner"),
    text_column("decided_by"),
    time_column("decided_at"),
    text_column("decision_reason"),
    time_column("expires_at"),
    UniqueConstraint("account", "schedule", "slot"),
    Index(None, "account", "state"),
    Index(None, "account", "id"),
    Index(None, "account", "flow", "id"),
    Index(None, "account", "trigger", "id"),
    Index(None, "account", "created_at", "id"),
)
configuration = Table(
    "configuration",
    metadata,
    key_column("account"),
    key_column("digest"),
    Column("settings", Json, nullable=False),
    time_column("first_seen_at", required=True),
)
"""What a configuration said of what Plans depend on, by its digest: path -> value, secrets as dots."""
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
    text_column("team_id"),
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
    Index("ix_change_run", "run_id", "kind", "action", "state", "id"),
    Index("ix_change_what", "kind", "action", "state", "id"),
    Index("ix_change_rule", "rule", "id", "run_id", "kind", "action", "state"),
    Index("ix_change_held", "run_id", "id", **rows_where("state = 'held'")),
    Index("ix_change_failed", "run_id", "id", **rows_where("state = 'failed'")),
    Index("ix_change_code", "code", "id", **rows_where("code <> ''")),
)
IS_FAILED = change.c.state == literal_column("'failed'")
"""Changes that failed, as in the index for them."""
IS_HELD = change.c.state == literal_column("'held'")
"""Changes that wait for a person: said with a constant, as in the index for them."""
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
    key_column("result_id"),
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
