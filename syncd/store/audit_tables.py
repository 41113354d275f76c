"""The tables of who did what, and of who is known to the pages: the audit, sessions, tries, tokens."""

from sqlalchemy import Column, Index, Integer, Table, text

from syncd.store.columns import Json, key_column, metadata, text_column, time_column

audit = Table(
    "audit",
    metadata,
    key_column("account"),
    Column("number", Integer, primary_key=True, autoincrement=False),
    time_column("at", required=True),
    text_column("actor"),
    text_column("action"),
    text_column("object"),
    text_column("employee_id"),
    Column("detail", Json, nullable=False),
    text_column("previous"),
    text_column("hash"),
    Index(None, "account", "actor", "number"),
    Index(
        "ix_audit_employee",
        "account",
        "employee_id",
        "number",
        sqlite_where=text("employee_id <> ''"),
        postgresql_where=text("employee_id <> ''"),
    ),
    Index(None, "account", "action", "number"),
)
"""Append-only: triggers refuse any other write, and each row's hash covers the one before it."""
web_session = Table(
    "web_session",
    metadata,
    key_column("id_hash"),
    text_column("name"),
    text_column("role"),
    text_column("proof"),
    time_column("created_at", required=True),
    time_column("seen_at", required=True),
)
web_try = Table(
    "web_try",
    metadata,
    key_column("id"),
    text_column("key_hash"),
    time_column("tried_at", required=True),
    Index(None, "key_hash", "tried_at"),
    Index(None, "tried_at"),
)
"""Tries to sign in, by what was tried; and what is good for once, with its hash as the ``id``, so that it cannot be there twice."""
web_token = Table(
    "web_token",
    metadata,
    key_column("name"),
    text_column("token_hash"),
    text_column("role"),
    text_column("made_by"),
    time_column("made_at", required=True),
    time_column("expires_at", required=True),
    Index(None, "token_hash", unique=True),
)
