"""What the triggers of 0006 let pass: an entry put in the place of another, and a table emptied at once.

Revision ID: 0014
Revises: 0013
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_added_to()"
        )
        return
    # INSERT OR REPLACE takes the entry away without a DELETE that a trigger would hear of.
    op.execute(
        "CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit "
        "WHEN EXISTS (SELECT 1 FROM audit WHERE account = NEW.account AND number = NEW.number) "
        "BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END"
    )


def downgrade() -> None:
    """Go back from this revision."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_is_not_emptied ON audit")
    else:
        op.execute("DROP TRIGGER audit_no_replace")
