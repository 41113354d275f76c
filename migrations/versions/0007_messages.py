"""What people were told; whom syncd was told to forget, and the key of pseudonyms.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        *(_text(name) for name in ("account", "channel", "key")),
        sa.Column("number", sa.Integer(), nullable=False),
        *(_text(name) for name in ("kind", "occasion", "mark")),
        sa.Column("size", sa.Integer(), nullable=False),
        _text("subject"),
        sa.Column("body", JSON, nullable=False),
        _text("state"),
        _time("made_at"),
        _time("due_at"),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        _text("owner"),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        _text("error"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint(
            "account", "channel", "key", "number", name=op.f("uq_message_account_channel_key_number")
        ),
    )
    op.create_index(
        op.f("ix_message_account_channel_state_id"), "message", ["account", "channel", "state", "id"]
    )
    op.create_table(
        "pseudonym_key",
        sa.Column("account", sa.Text(), nullable=False),
        _text("key"),
        _time("made_at"),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_pseudonym_key")),
    )
    op.create_table(
        "purged",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("pseudonym", sa.Text(), nullable=False),
        _time("purged_at"),
        sa.PrimaryKeyConstraint("account", "pseudonym", name=op.f("pk_purged")),
    )


def downgrade() -> None:
    """Go back from this revision."""
    for table in ("purged", "pseudonym_key", "message"):
        op.drop_table(table)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)
