"""The tables of the mirror: the last known current State of Litmos. ``account`` is the key of a Litmos account."""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, Table

from syncd.store.columns import Json, key_column, metadata, text_column, time_column

litmos_user = Table(
    "litmos_user",
    metadata,
    key_column("account"),
    key_column("id"),
    text_column("username_key"),
    text_column("email_key"),
    text_column("external_key"),
    Column("active", Boolean, nullable=False),
    Column("profile", Json, nullable=False),
    time_column("read_at"),
    time_column("changed_at", required=True),
    Index(None, "account", "username_key", postgresql_ops={"username_key": "text_pattern_ops"}),
    Index(None, "account", "email_key", postgresql_ops={"email_key": "text_pattern_ops"}),
    Index(None, "account", "external_key"),
)
litmos_team = Table(
    "litmos_team",
    metadata,
    key_column("account"),
    key_column("id"),
    text_column("name"),
    text_column("parent_id"),
    text_column("code"),
    time_column("members_read_at"),
    time_column("leaders_read_at"),
    time_column("admins_read_at"),
    time_column("paths_read_at"),
    time_column("courses_read_at"),
    time_column("changed_at", required=True),
)
litmos_team_item = Table(
    "litmos_team_item",
    metadata,
    key_column("account"),
    key_column("team_id"),
    key_column("kind"),
    key_column("item_id"),
    Column("library", Boolean, nullable=False),
)
litmos_membership = Table(
    "litmos_membership",
    metadata,
    key_column("account"),
    key_column("team_id"),
    key_column("user_id"),
    Column("leader", Boolean, nullable=False),
    Column("admin", Boolean, nullable=False),
    time_column("changed_at", required=True),
    Index(None, "account", "user_id"),
)
litmos_item = Table(
    "litmos_item",
    metadata,
    key_column("account"),
    key_column("kind"),
    key_column("id"),
    text_column("name"),
    text_column("code"),
    Column("active", Boolean, nullable=False),
    time_column("users_read_at"),
    time_column("modules_read_at"),
    time_column("sessions_read_at"),
    time_column("changed_at", required=True),
)
litmos_assignment = Table(
    "litmos_assignment",
    metadata,
    key_column("account"),
    key_column("kind"),
    key_column("item_id"),
    key_column("user_id"),
    Column("completed", Boolean, nullable=False),
    Column("percent", Float, nullable=False),
    time_column("compliant_until"),
    time_column("completed_at"),
    time_column("reset_until"),
    time_column("reset_completed_at"),
    time_column("kept_at"),
    time_column("changed_at", required=True),
    Index(None, "account", "user_id"),
)
litmos_drift = Table(
    "litmos_drift",
    metadata,
    Column("id", Integer, primary_key=True),
    text_column("account"),
    Column("run_id", Integer, ForeignKey("run.id", ondelete="CASCADE"), nullable=False),
    text_column("kind"),
    text_column("user_id"),
    text_column("object_id"),
    text_column("field"),
    Column("before", Json, nullable=False),
    Column("after", Json, nullable=False),
    time_column("seen_at", required=True),
    Index(None, "run_id"),
    Index(None, "account", "user_id", "id"),
)
litmos_removal = Table(
    "litmos_removal",
    metadata,
    key_column("account"),
    key_column("kind"),
    key_column("list_id"),
    key_column("user_id"),
    time_column("removed_at", required=True),
)
