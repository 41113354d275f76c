"""What was sent and answered in each attempt, and what each configuration said that a plan was made with; whom an entry of the audit is about.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "exchange",
        sa.Column("attempt_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _json("made"),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_exchange_attempt_id_attempt"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_exchange")),
    )
    op.create_index(op.f("ix_exchange_at"), "exchange", ["at"])
    op.create_table(
        "configuration",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        _json("settings"),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", "digest", name=op.f("pk_configuration")),
    )
    of_somebody = sa.text("employee_id <> ''")
    op.create_index(
        "ix_audit_employee",
        "audit",
        ["account", "employee_id", "number"],
        sqlite_where=of_somebody,
        postgresql_where=of_somebody,
    )


def downgrade() -> None:
    """Go back from this revision."""
    op.drop_index("ix_audit_employee", table_name="audit")
    op.drop_table("configuration")
    op.drop_table("exchange")


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False)
