"""Sign-in by OpenID Connect, and tries counted in the database (ADR 0036).

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.add_column("web_session", sa.Column("role", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "web_try",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_try")),
    )
    op.create_index(op.f("ix_web_try_key_hash_tried_at"), "web_try", ["key_hash", "tried_at"])
    op.create_index(op.f("ix_web_try_tried_at"), "web_try", ["tried_at"])


def downgrade() -> None:
    """Go back from this revision."""
    op.drop_table("web_try")
    op.drop_column("web_session", "role")
