"""Who did what: the audit, which is only ever added to; sessions and tokens of the pages; what their lists are filtered by.

Revision ID: 0006
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

REFUSAL = "the audit is only ever added to"


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "audit",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(_text(name) for name in ("actor", "action", "object", "employee_id")),
        sa.Column("detail", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        *(_text(name) for name in ("previous", "hash")),
        sa.PrimaryKeyConstraint("account", "number", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_account_actor_number"), "audit", ["account", "actor", "number"])
    _only_added_to()
    op.create_table(
        "web_session",
        sa.Column("id_hash", sa.Text(), nullable=False),
        _text("name"),
        _text("proof"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_web_session")),
    )
    op.create_table(
        "web_token",
        sa.Column("name", sa.Text(), nullable=False),
        *(_text(name) for name in ("token_hash", "role", "made_by")),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_web_token")),
    )
    op.create_index(op.f("ix_web_token_token_hash"), "web_token", ["token_hash"], unique=True)
    for name, columns, condition in INDEXES:
        where = sa.text(condition)
        op.create_index(name, "change", columns, sqlite_where=where, postgresql_where=where)


INDEXES = (
    ("ix_change_failed", ["id"], "state = 'failed'"),
    ("ix_change_code", ["code", "id"], "code <> ''"),
)
"""For the lists of changes: name, columns, which rows."""


def downgrade() -> None:
    """Go back from this revision."""
    for name, _columns, _condition in INDEXES:
        op.drop_index(name, table_name="change")
    for table in ("web_token", "web_session", "audit"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_is_only_added_to()")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _only_added_to() -> None:
    """The database itself refuses to change or to delete an entry."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION audit_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_is_only_added_to BEFORE UPDATE OR DELETE ON audit "
            "FOR EACH ROW EXECUTE FUNCTION audit_is_only_added_to()"
        )
        return
    for verb in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER audit_no_{verb} BEFORE {verb.upper()} ON audit "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )
