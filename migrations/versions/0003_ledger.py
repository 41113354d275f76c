"""A ledger of results: every version of a result, what each sink was given, and who it knows.

Revision ID: 0003
Revises: 0002
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
SIZE = 5000


def upgrade() -> None:
    """Go to this revision: what was known of each completion becomes a version of its result."""
    _tables()
    conn = op.get_bind()
    renamed: dict[tuple[str, str, int], tuple[str, int]] = {}
    rows = conn.execute(
        sa.text(
            "SELECT account, completion_id, kind, user_id, employee_id, data, version, changed_at FROM completion "
            "ORDER BY account"
        ).columns(data=JSON, changed_at=sa.DateTime(timezone=True))
    )
    _insert(conn, _versions(rows, renamed))
    _rename_given(conn, renamed)
    op.drop_table("completion")
    conn.execute(
        sa.text(
            "INSERT INTO sink_cursor (account, sink, seq) SELECT given.account, given.sink, 0 FROM "
            "(SELECT DISTINCT account, sink FROM batch) AS given"
        )
    )


def downgrade() -> None:
    """Go back from this revision: the current version of each result is what is known of it."""
    op.create_table(
        "completion",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("completion_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("user_id", sa.Text(), server_default="", nullable=False),
        sa.Column("employee_id", sa.Text(), server_default="", nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("hash", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", "completion_id", name=op.f("pk_completion")),
    )
    op.execute(
        "INSERT INTO completion (account, completion_id, kind, user_id, employee_id, data, version, first_seen_at, "
        "changed_at) SELECT account, result_id, kind, user_id, employee_id, data, version, made_at, made_at "
        "FROM result_version WHERE is_current AND kind IN ('course', 'learning_path')"
    )
    conn = op.get_bind()
    _remake_data(conn)
    op.alter_column("batch_row", "result_id", new_column_name="completion_id")
    for table in ("identity_given", "sink_cursor", "result_version"):
        op.drop_table(table)


def _tables() -> None:
    op.create_table(
        "result_version",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("result_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("user_id", sa.Text(), server_default="", nullable=False),
        sa.Column("employee_id", sa.Text(), server_default="", nullable=False),
        sa.Column("object_id", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="", nullable=False),
        sa.Column("event", sa.Text(), server_default="", nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("reverses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("compliant_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("data", JSON, nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", "result_id", "version", name=op.f("pk_result_version")),
        sa.UniqueConstraint("account", "seq", name=op.f("uq_result_version_account_seq")),
    )
    op.create_index(op.f("ix_result_version_account_user_id"), "result_version", ["account", "user_id"])
    op.create_index(
        op.f("ix_result_version_account_is_current_status"),
        "result_version",
        ["account", "is_current", "status"],
    )
    op.create_table(
        "sink_cursor",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("sink", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account", "sink", name=op.f("pk_sink_cursor")),
    )
    op.create_table(
        "identity_given",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("sink", sa.Text(), nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("account", "sink", "employee_id", name=op.f("pk_identity_given")),
    )


def _versions(
    rows: Iterable[Any], renamed: dict[tuple[str, str, int], tuple[str, int]]
) -> Iterator[dict[str, Any]]:
    """A version of each completion; those of one person and object are tries of one result, in the order of their dates.

    ``renamed`` is filled: (account, completion_id, version) -> (result_id, version).
    """
    results: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in rows:
        results[row.account, f"{row.kind}:{row.user_id}:{row.data['object_id']}"].append(row)
    seqs: dict[str, int] = defaultdict(int)
    for (account, result_id), tries in results.items():
        tries.sort(
            key=lambda row: (bool(row.data["completed"]), row.data.get("completed_at") or "", row.version)
        )
        attempt = 0
        for number, row in enumerate(tries, start=1):
            completed = bool(row.data["completed"])
            event = "retaken" if completed and attempt else "reported"
            attempt += completed
            seqs[account] += 1
            renamed[account, row.completion_id, row.version] = (result_id, number)
            yield {
                "account": account,
                "result_id": result_id,
                "version": number,
                "seq": seqs[account],
                "is_current": number == len(tries),
                "kind": row.kind,
                "user_id": row.user_id,
                "employee_id": row.employee_id,
                "object_id": row.data["object_id"],
                "status": _status(row.data),
                "event": event,
                "attempt": max(attempt, 1),
                "reverses": 0,
                "compliant_until": _moment(row.data.get("compliant_until")),
                "data": _said(row.data, result_id),
                "made_at": row.changed_at,
            }


def _status(data: Mapping[str, Any]) -> str:
    if data["completed"]:
        return "completed"
    begun = data.get("started_at") or data.get("percent") not in {"", "0", None}
    return "in_progress" if begun else "assigned"


def _said(data: Mapping[str, Any], result_id: str) -> dict[str, Any]:
    kept = {name: value for name, value in data.items() if name != "completion_id"}
    return {**kept, "result_id": result_id}


def _moment(text: str | None) -> Any:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _insert(conn: sa.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    table = sa.table(
        "result_version",
        *(
            sa.column(name)
            for name in (
                *("account", "result_id", "version", "seq", "kind", "user_id", "employee_id", "object_id"),
                *("status", "event", "attempt", "reverses"),
            )
        ),
        sa.column("is_current", sa.Boolean()),
        sa.column("compliant_until", sa.DateTime(timezone=True)),
        sa.column("data", JSON),
        sa.column("made_at", sa.DateTime(timezone=True)),
    )
    some: list[dict[str, Any]] = []
    for row in rows:
        some.append(dict(row))
        if len(some) == SIZE:
            conn.execute(sa.insert(table), some)
            some = []
    if some:
        conn.execute(sa.insert(table), some)


def _rename_given(conn: sa.Connection, renamed: Mapping[tuple[str, str, int], tuple[str, int]]) -> None:
    """What sinks were given follows its completion; of one that had another version by then, nothing more is known."""
    given = conn.execute(
        sa.text("SELECT account, sink, completion_id, version, batch_id FROM batch_row")
    ).all()
    conn.execute(sa.text("DELETE FROM batch_row"))
    op.alter_column("batch_row", "completion_id", new_column_name="result_id")
    rows = {}
    for row in given:
        found = renamed.get((row.account, row.completion_id, row.version))
        if found is not None:
            rows[row.account, row.sink, *found] = row.batch_id
    table = sa.table(
        "batch_row", *(sa.column(name) for name in ("account", "sink", "result_id", "version", "batch_id"))
    )
    names = ("account", "sink", "result_id", "version")
    some = [{**dict(zip(names, key, strict=True)), "batch_id": batch_id} for key, batch_id in rows.items()]
    for start in range(0, len(some), SIZE):
        conn.execute(sa.insert(table), some[start : start + SIZE])


def _remake_data(conn: sa.Connection) -> None:
    """The data of each completion as revision 0002 had it."""
    names = (
        *("kind", "user_id", "username", "object_id", "object_name", "completed", "percent", "score"),
        *("assigned_at", "started_at", "completed_at", "compliant_until", "updated_at"),
    )
    rows = conn.execute(
        sa.text("SELECT account, completion_id, data FROM completion").columns(data=JSON)
    ).all()
    table = sa.table("completion", sa.column("account"), sa.column("completion_id"), sa.column("data", JSON))
    for row in rows:
        data = {**{name: row.data.get(name) for name in names}, "completion_id": row.completion_id}
        conn.execute(
            sa.update(table)
            .where(table.c.account == row.account, table.c.completion_id == row.completion_id)
            .values(data=data)
        )
