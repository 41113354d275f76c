"""Tables of what the input of a held Run says, until a person has decided (``store.awaited``)."""

from sqlalchemy import Column, ForeignKey, Integer, Table

from syncd.store.columns import Json, key_column, metadata, text_column, time_column

awaited_input = Table(
    "awaited_input",
    metadata,
    Column(
        "run_id", Integer, ForeignKey("run.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    Column("facts", Json, nullable=False),
    time_column("read_at", required=True),
)
awaited_person = Table(
    "awaited_person",
    metadata,
    Column(
        "run_id", Integer, ForeignKey("run.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    key_column("employee_id"),
    text_column("status"),
    Column("data", Json, nullable=False),
    text_column("origin"),
    text_column("source"),
)
