"""The tables of training: the modules and sessions of courses that rows of HR name, and what was recorded of those rows."""

from sqlalchemy import Column, Integer, Table

from syncd.store.columns import Json, key_column, metadata, text_column, time_column

litmos_module = Table(
    "litmos_module",
    metadata,
    key_column("account"),
    key_column("course_id"),
    key_column("id"),
    text_column("name"),
    text_column("code"),
)
litmos_session = Table(
    "litmos_session",
    metadata,
    key_column("account"),
    key_column("course_id"),
    key_column("id"),
    text_column("module_id"),
    text_column("name"),
)
recorded = Table(
    "recorded",
    metadata,
    key_column("account"),
    key_column("employee_id"),
    key_column("record"),
    key_column("object_id"),
    key_column("date"),
    key_column("attempt"),
    text_column("user_id"),
    Column("said", Json, nullable=False),
    Column("run_id", Integer),
    text_column("note"),
    time_column("recorded_at", required=True),
)
