"""Indexes for what the pages list and count (ADR 0038).

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_change_run", "change", ["run_id", "kind", "action", "state", "id"], None),
    ("ix_change_what", "change", ["kind", "action", "state", "id"], None),
    ("ix_change_rule", "change", ["rule", "id", "run_id", "kind", "action", "state"], None),
    ("ix_change_held", "change", ["run_id", "id"], "state = 'held'"),
    ("ix_run_account_id", "run", ["account", "id"], None),
    ("ix_run_account_flow_id", "run", ["account", "flow", "id"], None),
    ("ix_run_account_trigger_id", "run", ["account", "trigger", "id"], None),
    ("ix_employee_present", "employee", ["account", "present"], None),
    ("ix_audit_account_action_number", "audit", ["account", "action", "number"], None),
)
"""Name, table, columns, which rows."""
FAILED = sa.text("state = 'failed'")
USER_KEYS = ("username_key", "email_key")


def upgrade() -> None:
    """Go to this revision."""
    for name, table, columns, condition in INDEXES:
        where = None if condition is None else sa.text(condition)
        op.create_index(op.f(name), table, columns, sqlite_where=where, postgresql_where=where)
    _failed(["run_id", "id"])
    if op.get_bind().dialect.name == "postgresql":
        _user_keys(ops=True)
    ops = {"employee_id": "text_pattern_ops"}
    op.create_index(op.f("ix_employee_prefix"), "employee", ["account", "employee_id"], postgresql_ops=ops)


def downgrade() -> None:
    """Go back from this revision."""
    if op.get_bind().dialect.name == "postgresql":
        _user_keys(ops=False)
    op.drop_index(op.f("ix_employee_prefix"), table_name="employee")
    _failed(["id"])
    for name, table, _columns, _condition in INDEXES:
        op.drop_index(op.f(name), table_name=table)


def _failed(columns: list[str]) -> None:
    """What failed, of one Run or of all; the newest of all are found by ``ix_change_what``."""
    op.drop_index("ix_change_failed", table_name="change")
    op.create_index("ix_change_failed", "change", columns, sqlite_where=FAILED, postgresql_where=FAILED)


def _user_keys(*, ops: bool) -> None:
    """The same indexes, which then answer what a value begins with, too; SQLite's do so as they are."""
    for column in USER_KEYS:
        name = f"ix_litmos_user_account_{column}"
        op.drop_index(op.f(name), table_name="litmos_user")
        op.create_index(
            op.f(name),
            "litmos_user",
            ["account", column],
            postgresql_ops={column: "text_pattern_ops"} if ops else {},
        )
