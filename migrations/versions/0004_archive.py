"""What is kept of the inputs that Runs have read.

Revision ID: 0004
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "archived_input",
        sa.Column("id", sa.Integer(), nullable=False),
        _text("account"),
        sa.Column("run_id", sa.Integer(), nullable=False),
        _text("source"),
        sa.Column("of_nodes", sa.Boolean(), nullable=False),
        _text("sha256"),
        _text("reading"),
        _text("content"),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        _text("place"),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=True),
        _text("dated"),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        _text("config_digest"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archived_input")),
        sa.UniqueConstraint(
            *("account", "run_id", "source", "of_nodes"),
            name=op.f("uq_archived_input_account_run_id_source_of_nodes"),
        ),
    )
    for columns in (("account", "reading"), ("account", "read_at")):
        name = op.f(f"ix_archived_input_{'_'.join(columns)}")
        op.create_index(name, "archived_input", list(columns), unique=False)


def downgrade() -> None:
    """Go back from this revision: the files that are kept stay where they are."""
    op.drop_table("archived_input")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)
