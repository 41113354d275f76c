"""Import tables: the bulk imports that Litmos took, and whom each import's Job names."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table

from syncd.store.columns import key_column, metadata, text_column, time_column

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
