"""When people begin, for the page of starters.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision.

    When somebody begins was not stored so far: that nobody is at rest makes the next push look at everybody, and store it.
    """
    for table, key in (("employee", "employee_id"), ("quarantine", "key")):
        op.add_column(table, sa.Column("begins_on", sa.Date(), nullable=True))
        op.create_index(op.f(f"ix_{table}_account_begins_on_{key}"), table, ["account", "begins_on", key])
    op.execute("DELETE FROM settled_under")


def downgrade() -> None:
    """Go back to the revision before."""
    for table, key in (("quarantine", "key"), ("employee", "employee_id")):
        op.drop_index(op.f(f"ix_{table}_account_begins_on_{key}"), table)
        op.drop_column(table, "begins_on")
