"""The table of messages: what each channel was told, or is to be told; log and outbox in one."""

from sqlalchemy import Column, Index, Integer, Table, UniqueConstraint

from syncd.store.columns import Json, metadata, text_column, time_column

message = Table(
    "message",
    metadata,
    Column("id", Integer, primary_key=True),
    text_column("account"),
    text_column("channel"),
    text_column("key"),
    Column("number", Integer, nullable=False),
    text_column("kind"),
    text_column("occasion"),
    text_column("mark"),
    Column("size", Integer, nullable=False),
    text_column("subject"),
    Column("body", Json, nullable=False),
    text_column("state"),
    time_column("made_at", required=True),
    time_column("due_at", required=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    text_column("owner"),
    time_column("sent_at"),
    text_column("error"),
    UniqueConstraint("account", "channel", "key", "number"),
    Index(None, "account", "channel", "state", "id"),
)
"""``state``: waiting, sent, given_up. While ``owner`` is set, ``due_at`` is when its process must have sent it: after that
another one may."""
