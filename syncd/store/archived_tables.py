"""The table of what is kept of the inputs that Runs have read."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, UniqueConstraint

from syncd.store.columns import metadata, text_column, time_column

archived_input = Table(
    "archived_input",
    metadata,
    Column("id", Integer, primary_key=True),
    text_column("account"),
    Column("run_id", Integer, nullable=False),
    text_column("source"),
    Column("of_nodes", Boolean, nullable=False),
    text_column("sha256"),
    text_column("reading"),
    text_column("content"),
    Column("size_bytes", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    text_column("place"),
    Column("complete", Boolean, nullable=False),
    time_column("modified_at"),
    text_column("dated"),
    time_column("read_at", required=True),
    text_column("config_digest"),
    UniqueConstraint("account", "run_id", "source", "of_nodes"),
    Index(None, "account", "reading"),
    Index(None, "account", "read_at"),
)
"""``source`` is the space where rows are ``of_nodes`` of an organisation; ``reading`` is a hash of what the source made of the
bytes, ``content`` the one under which that is kept; ``dated`` is an ISO date, or "".
"""
