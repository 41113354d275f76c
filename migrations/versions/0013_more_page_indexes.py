"""Indexes for the pages of results, of starters and of what a Run holds (ADR 0038).

Revision ID: 0013
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

RESULTS = (
    ("ix_result_version_employee", ["account", "employee_id", "seq"]),
    ("ix_result_version_what", ["account", "kind", "status", "seq"]),
    ("ix_result_version_object", ["account", "object_id", "kind", "status", "seq"]),
)
"""Name and columns; of what holds today."""
HELD = sa.text("state = 'held'")


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
    op.create_index(op.f("ix_quarantine_account_employee_id"), "quarantine", ["account", "employee_id"])
    _held(["run_id", "code", "action", "kind", "id"])


def downgrade() -> None:
    """Go back from this revision."""
    _held(["run_id", "id"])
    op.drop_index(op.f("ix_quarantine_account_employee_id"), table_name="quarantine")
    for name, _columns in RESULTS:
        op.drop_index(name, table_name="result_version")


def _held(columns: list[str]) -> None:
    """What a Run holds: why is counted over all of it."""
    op.drop_index("ix_change_held", table_name="change")
    op.create_index("ix_change_held", "change", columns, sqlite_where=HELD, postgresql_where=HELD)
