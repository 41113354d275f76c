"""The tables of what is settled: people with whom nothing was left to do, and on what that rests."""

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, Table

from syncd.store.columns import Json, key_column, metadata, text_column, time_column

settled = Table(
    "settled",
    metadata,
    key_column("account"),
    key_column("employee_id"),
    text_column("source"),
    Column("at_rest", Boolean, nullable=False),
    Column("row_hash", LargeBinary(16), nullable=False),
    Column("filled", BigInteger, nullable=False),
    time_column("due_at"),
    text_column("user_id"),
    text_column("id_key"),
    text_column("manager"),
    Index("ix_settled_at_rest", "account", "source", "at_rest", "due_at", "row_hash", "filled"),
    Index(None, "account", "row_hash"),
    Index(None, "account", "user_id"),
    Index(None, "account", "id_key"),
    Index(None, "account", "manager"),
)
settled_under = Table(
    "settled_under",
    metadata,
    key_column("account"),
    key_column("source"),
    text_column("digest"),
    Column("facts", Json, nullable=False),
)
