"""The quarantine is counted and listed by code: that of the first reason of each row, with indexes for both (ADR 0038).

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

INDEXES = (["account", "key", "source"], ["account", "code", "key", "source"])
FIRST = {
    "sqlite": "CASE WHEN json_valid(reasons) THEN json_extract(reasons, '$[0].code') END",
    "postgresql": "reasons -> 0 ->> 'code'",
}
"""The code of the first reason, by dialect: whatever was stored."""


def upgrade() -> None:
    """Go to this revision."""
    op.add_column("quarantine", sa.Column("code", sa.Text(), server_default="", nullable=False))
    op.execute(f"UPDATE quarantine SET code = coalesce({FIRST[op.get_bind().dialect.name]}, '')")  # noqa: S608 - of constants
    for columns in INDEXES:
        op.create_index(op.f(f"ix_quarantine_{'_'.join(columns)}"), "quarantine", columns)


def downgrade() -> None:
    """Go back to the revision before."""
    for columns in INDEXES:
        op.drop_index(op.f(f"ix_quarantine_{'_'.join(columns)}"), table_name="quarantine")
    op.drop_column("quarantine", "code")
