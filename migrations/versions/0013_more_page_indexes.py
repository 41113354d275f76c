"""Indexes for the pages of results and of starters (ADR 0038).

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

RESULTS = (
    ("ix_result_version_what", ["account", "kind", "status", "seq"]),
    ("ix_result_version_object", ["account", "object_id", "kind", "status", "seq"]),
)
"""Name and columns; of what holds today."""


def upgrade() -> None:
    """Go to this revision."""
    for name, columns in RESULTS:
        op.create_index(
            name,
            "result_version",
            columns,
            sqlite_where=sa.text("is_current = 1"),
            postgresql_where=sa.text("is_current"),
        )
    op.create_index("ix_result_version_employee", "result_version", ["account", "employee_id", "seq"])
    op.create_index(op.f("ix_run_account_created_at_id"), "run", ["account", "created_at", "id"])
    op.create_index(op.f("ix_quarantine_account_employee_id"), "quarantine", ["account", "employee_id"])


def downgrade() -> None:
    """Go back from this revision."""
    op.drop_index(op.f("ix_quarantine_account_employee_id"), table_name="quarantine")
    op.drop_index(op.f("ix_run_account_created_at_id"), table_name="run")
    op.drop_index("ix_result_version_employee", table_name="result_version")
    for name, _columns in RESULTS:
        op.drop_index(name, table_name="result_version")
