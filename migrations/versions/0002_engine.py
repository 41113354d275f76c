"""People of several sources, who is settled, completions that expire, and the queue by class.

Revision ID: 0002
Revises: 0001
"""

import unicodedata
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BATCH = 5000
STAGES = {3: 5, 4: 6, 5: 7, 6: 8}
"""``{stage before: stage now}`` where they differ; back again, what came to lie between goes to the one before."""
STAGES_BACK = {3: 4, 4: 5, 5: 3, 6: 4, 7: 5, 8: 6}
CLASSES = {
    "teams": ("create_team", "rename_team", "add_members", "remove_member", "set_role"),
    "learning": ("assign_items", "unassign_item", "give_team", "take_from_team"),
}
"""The class of a Job by its kind; leavers have one of their own, and all else is of users."""


def upgrade() -> None:
    """Go to this revision."""
    _people_by_id()
    _keys_of_users()
    _pauses_by_class()
    _jobs_by_class()
    for column in ("compliant_until", "completed_at", "reset_until", "reset_completed_at"):
        op.add_column("litmos_assignment", _time(column))
    op.add_column("rate_window", _time("frozen_at"))
    op.add_column("rate_window", sa.Column("freezes", sa.Integer(), server_default="0", nullable=False))
    op.add_column("rate_window", _time("urgent_until"))
    op.drop_column("run", "input_id")
    op.create_index(op.f("ix_input_run_id"), "input", ["run_id"], unique=False)
    _settled()
    _awaited()


def downgrade() -> None:
    """Go back from this revision: what only the later one knows is forgotten, and nothing else."""
    for table in ("awaited_person", "awaited_input", "settled_under", "settled"):
        op.drop_table(table)
    op.drop_index(op.f("ix_input_run_id"), table_name="input")
    op.add_column("run", sa.Column("input_id", sa.Integer(), nullable=True))
    for column in ("urgent_until", "freezes", "frozen_at"):
        op.drop_column("rate_window", column)
    for column in ("reset_completed_at", "reset_until", "completed_at", "compliant_until"):
        op.drop_column("litmos_assignment", column)
    _jobs_by_stage()
    _one_pause()
    for column in ("external_key", "email_key"):
        op.drop_index(op.f(f"ix_litmos_user_account_{column}"), table_name="litmos_user")
        op.drop_column("litmos_user", column)
    op.drop_index(op.f("ix_employee_account_absent_since"), table_name="employee")
    with op.batch_alter_table("employee") as batch_op:
        batch_op.alter_column("source", existing_type=sa.Text(), existing_nullable=False, server_default=None)
        batch_op.drop_constraint(op.f("pk_employee"), type_="primary")
        batch_op.create_primary_key(op.f("pk_employee"), ["account", "source", "employee_id"])


def _people_by_id() -> None:
    """A person is one, whatever source names them: of several, the one whom the latest input named."""
    op.execute(
        """
        DELETE FROM employee WHERE EXISTS (
            SELECT 1 FROM employee AS other
            WHERE other.account = employee.account AND other.employee_id = employee.employee_id
            AND (coalesce(other.last_input_id, 0), other.source)
                > (coalesce(employee.last_input_id, 0), employee.source)
        )
        """
    )
    with op.batch_alter_table("employee") as batch_op:
        batch_op.drop_constraint(op.f("pk_employee"), type_="primary")
        batch_op.create_primary_key(op.f("pk_employee"), ["account", "employee_id"])
        batch_op.alter_column("source", existing_type=sa.Text(), existing_nullable=False, server_default="")
    op.create_index(
        op.f("ix_employee_account_absent_since"), "employee", ["account", "absent_since"], unique=False
    )


def _keys_of_users() -> None:
    """E-mail addresses and employee ids of Litmos, in the form in which they are compared."""
    for column in ("email_key", "external_key"):
        op.add_column("litmos_user", sa.Column(column, sa.Text(), server_default="", nullable=False))
    user = sa.table(
        "litmos_user",
        *(
            sa.column(name, sa.Text())
            for name in ("account", "id", "username_key", "email_key", "external_key")
        ),
        sa.column("profile", sa.JSON().with_variant(postgresql.JSONB(), "postgresql")),
    )
    conn = op.get_bind()
    change = (
        sa.update(user)
        .where(user.c.account == sa.bindparam("of_account"), user.c.id == sa.bindparam("of_id"))
        .values({name: sa.bindparam(f"new_{name}") for name in ("username_key", "email_key", "external_key")})
    )
    for rows in _batches(conn, user):
        conn.execute(
            change,
            [
                {
                    "of_account": row.account,
                    "of_id": row.id,
                    "new_username_key": _comparable(row.profile.get("UserName")),
                    "new_email_key": _comparable(row.profile.get("Email")),
                    "new_external_key": _comparable(row.profile.get("ExternalEmployeeId")),
                }
                for row in rows
            ],
        )
    for column in ("email_key", "external_key"):
        op.create_index(
            op.f(f"ix_litmos_user_account_{column}"), "litmos_user", ["account", column], unique=False
        )


def _batches(conn: sa.Connection, user: sa.TableClause) -> Iterator[list[Any]]:
    """All users, some at a time, by their ids."""
    last = ("", "")
    while True:
        rows = list(
            conn.execute(
                sa.select(user.c.account, user.c.id, user.c.profile)
                .where(sa.tuple_(user.c.account, user.c.id) > last)
                .order_by(user.c.account, user.c.id)
                .limit(BATCH)
            )
        )
        if not rows:
            return
        yield rows
        last = (rows[-1].account, rows[-1].id)


def _comparable(value: object) -> str:
    """As it was when this migration was made: NFC, trimmed, casefolded."""
    return unicodedata.normalize("NFC", str(value or "")).strip().casefold()


def _pauses_by_class() -> None:
    """A pause that there is holds everything, because Litmos refused the key: its class is ""."""
    with op.batch_alter_table("queue_pause") as batch_op:
        batch_op.add_column(sa.Column("class", sa.Text(), server_default="", nullable=False))
        batch_op.drop_constraint(op.f("pk_queue_pause"), type_="primary")
        batch_op.create_primary_key(op.f("pk_queue_pause"), ["account", "class"])
    with op.batch_alter_table("queue_pause") as batch_op:
        batch_op.alter_column("class", existing_type=sa.Text(), existing_nullable=False, server_default=None)


def _one_pause() -> None:
    op.execute("DELETE FROM queue_pause WHERE class <> ''")
    with op.batch_alter_table("queue_pause") as batch_op:
        batch_op.drop_constraint(op.f("pk_queue_pause"), type_="primary")
        batch_op.create_primary_key(op.f("pk_queue_pause"), ["account"])
        batch_op.drop_column("class")


def _jobs_by_class() -> None:
    op.add_column("job", sa.Column("class", sa.Text(), server_default="", nullable=False))
    op.add_column("job", sa.Column("rank", sa.Integer(), server_default="0", nullable=False))
    job = sa.table(
        "job",
        sa.column("kind", sa.Text()),
        sa.column("stage", sa.Integer()),
        sa.column("class", sa.Text()),
        sa.column("rank", sa.Integer()),
    )
    of_kind = [(job.c.kind.in_(kinds), job_class) for job_class, kinds in CLASSES.items()]
    stage = sa.case(*((job.c.stage == before, now) for before, now in STAGES.items()), else_=job.c.stage)
    op.execute(
        job.update().values(
            {
                "class": sa.case((job.c.stage == 0, "leavers"), *of_kind, else_="users"),
                "rank": sa.case((job.c.stage == 0, 0), else_=1 + stage),
                "stage": stage,
            }
        )
    )
    op.drop_index("ix_job_due", table_name="job")
    _partial("ix_job_due", ["account", "rank", "id", "class"], "'available', 'uncertain'")
    _partial("ix_job_discarded", ["account", "id"], "'discarded'")
    _partial("ix_job_unsettled", ["account", "id"], "'running', 'uncertain'")


def _partial(name: str, columns: list[str], states: str) -> None:
    where = sa.text(f"state IN ({states})")
    op.create_index(name, "job", columns, unique=False, sqlite_where=where, postgresql_where=where)


def _jobs_by_stage() -> None:
    for name in ("ix_job_unsettled", "ix_job_discarded", "ix_job_due"):
        op.drop_index(name, table_name="job")
    for column in ("rank", "class"):
        op.drop_column("job", column)
    job = sa.table("job", sa.column("stage", sa.Integer()))
    back = sa.case(*((job.c.stage == now, before) for now, before in STAGES_BACK.items()), else_=job.c.stage)
    op.execute(job.update().values(stage=back))
    op.create_index("ix_job_due", "job", ["account", "state", "stage", "id"], unique=False)


def _settled() -> None:
    op.create_table(
        "settled",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("at_rest", sa.Boolean(), nullable=False),
        sa.Column("row_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("filled", sa.BigInteger(), nullable=False),
        _time("due_at"),
        sa.Column("user_id", sa.Text(), server_default="", nullable=False),
        sa.Column("id_key", sa.Text(), server_default="", nullable=False),
        sa.Column("manager", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("account", "employee_id", name=op.f("pk_settled")),
    )
    op.create_index(
        "ix_settled_at_rest",
        "settled",
        ["account", "source", "at_rest", "due_at", "row_hash", "filled"],
        unique=False,
    )
    for column in ("row_hash", "user_id", "id_key", "manager"):
        op.create_index(op.f(f"ix_settled_account_{column}"), "settled", ["account", column], unique=False)
    op.create_table(
        "settled_under",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        _json("facts"),
        sa.PrimaryKeyConstraint("account", "source", name=op.f("pk_settled_under")),
    )


def _awaited() -> None:
    op.create_table(
        "awaited_input",
        sa.Column("run_id", sa.Integer(), autoincrement=False, nullable=False),
        _json("facts"),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["run.id"], name=op.f("fk_awaited_input_run_id_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_awaited_input")),
    )
    op.create_table(
        "awaited_person",
        sa.Column("run_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="", nullable=False),
        _json("data"),
        sa.Column("origin", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["run.id"], name=op.f("fk_awaited_person_run_id_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "employee_id", name=op.f("pk_awaited_person")),
    )


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _json(name: str) -> sa.Column[object]:
    kind = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
    return sa.Column(name, kind, nullable=False)
