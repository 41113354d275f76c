"""What happened: a table of events for ``syncd logs``; and views for people's own reports, described in docs/sql-views.md.

A later migration that changes a column which a view reads drops the views first (VIEWS) and makes them anew.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_event_account_id", ["account", "id"], ""),
    ("ix_event_account_at", ["account", "at"], ""),
    ("ix_event_account_event_id", ["account", "event", "id"], ""),
    ("ix_event_run_id", ["run_id", "id"], "run_id IS NOT NULL"),
    ("ix_event_job_id", ["job_id", "id"], "job_id IS NOT NULL"),
    ("ix_event_employee_id", ["employee_id", "id"], "employee_id <> ''"),
    ("ix_event_code", ["code", "id"], "code <> ''"),
    ("ix_event_trouble", ["account", "id"], "level <> 'info'"),
)
"""Name, columns, which rows ("": all)."""

SECONDS = {
    "sqlite": "(julianday({end}) - julianday({begin})) * 86400.0",
    "postgresql": "CAST(EXTRACT(EPOCH FROM {end} - {begin}) AS double precision)",
}
MEMBER = {"sqlite": "json_extract({column}, '$.{name}')", "postgresql": "{column} ->> '{name}'"}

RUNS = """
CREATE VIEW syncd_runs AS
SELECT r.id AS run_id, r.account, r.flow,
    CASE WHEN r.state = 'succeeded' AND {planned_only} IS NOT NULL THEN 'planned' ELSE r.state END AS state,
    r.trigger, r.actor, r.created_at, r.started_at, r.finished_at, {seconds} AS seconds,
    r.plan_digest, r.config_digest, r.error, r.decided_by, r.decided_at, r.decision_reason, r.expires_at,
    (SELECT SUM(i.rows) FROM input i WHERE i.run_id = r.id) AS source_rows
FROM run r
"""
CHANGES = """
CREATE VIEW syncd_changes AS
SELECT c.id AS change_id, c.run_id, r.account, r.flow, c.action, c.kind, c.state, c.code,
    c.employee_id, c.user_id, c.team_id, c.item AS item_id, c.reason, c.rule, c.origin, c.approved, c.irreversible,
    c.job_id, r.created_at AS run_created_at, c.finished_at
FROM change c JOIN run r ON r.id = c.run_id
"""
ATTEMPTS = """
CREATE VIEW syncd_attempts AS
SELECT a.id AS attempt_id, a.job_id, j.run_id, j.account, j.kind, j.class, a.number, a.outcome, a.code, a.http_status,
    a.requests, a.started_at, a.sent_at, a.finished_at, {seconds} AS seconds, j.state AS job_state
FROM attempt a JOIN job j ON j.id = a.job_id
"""
RESULTS = """
CREATE VIEW syncd_results AS
SELECT v.account, v.result_id, v.version, v.seq, v.is_current, v.kind, v.employee_id, v.user_id, v.object_id,
    {object_name} AS object_name, v.status, v.event, v.attempt, v.reverses,
    {completed_at} AS completed_at, v.compliant_until, v.run_id, v.made_at
FROM result_version v
"""
VIEWS = ("syncd_results", "syncd_attempts", "syncd_changes", "syncd_runs")
"""Made in the opposite order."""


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), nullable=False),
        _text("account"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _text("level"),
        _text("event"),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("job_id", sa.Integer(), nullable=True),
        _text("employee_id"),
        _text("code"),
        sa.Column("facts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        _text("process"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    for name, columns, condition in INDEXES:
        where = sa.text(condition) if condition else None
        op.create_index(name, "event", columns, sqlite_where=where, postgresql_where=where)
    _make_views(op.get_bind().dialect.name)


def downgrade() -> None:
    """Go back from this revision."""
    for view in VIEWS:
        op.execute(f"DROP VIEW {view}")
    op.drop_table("event")


def _make_views(dialect: str) -> None:
    """The four views, in the words of this database."""
    seconds, member = SECONDS[dialect], MEMBER[dialect]
    took = seconds.format(begin="{0}.started_at", end="{0}.finished_at")
    planned_only = member.format(column="r.summary", name="planned_only")
    op.execute(RUNS.format(planned_only=planned_only, seconds=took.format("r")))
    op.execute(CHANGES)
    op.execute(ATTEMPTS.format(seconds=took.format("a")))
    named = {name: member.format(column="v.data", name=name) for name in ("object_name", "completed_at")}
    op.execute(RESULTS.format(**named))


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)
