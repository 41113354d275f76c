"""Training that HR knows of: modules and sessions of courses, and what was recorded.

Revision ID: 0005
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.add_column("litmos_item", _text("code"))
    for column in ("modules_read_at", "sessions_read_at"):
        op.add_column("litmos_item", sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "litmos_module",
        *(_key(name) for name in ("account", "course_id", "id")),
        _text("name"),
        _text("code"),
        sa.PrimaryKeyConstraint("account", "course_id", "id", name=op.f("pk_litmos_module")),
    )
    op.create_table(
        "litmos_session",
        *(_key(name) for name in ("account", "course_id", "id")),
        _text("module_id"),
        _text("name"),
        sa.PrimaryKeyConstraint("account", "course_id", "id", name=op.f("pk_litmos_session")),
    )
    key = ("account", "employee_id", "record", "object_id", "date", "attempt")
    op.create_table(
        "recorded",
        *(_key(name) for name in key),
        _text("user_id"),
        sa.Column("said", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        _text("note"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_recorded")),
    )


def downgrade() -> None:
    """Go back from this revision: what was recorded is forgotten, and would be sent again."""
    for table in ("recorded", "litmos_session", "litmos_module"):
        op.drop_table(table)
    for column in ("sessions_read_at", "modules_read_at", "code"):
        op.drop_column("litmos_item", column)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)
