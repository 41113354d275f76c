"""Employees are found by name: keys for it, with an index each, made for whoever is known (ADR 0041).

Revision ID: 0015
Revises: 0014
"""

import json
import unicodedata
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KEYS = ("first_key", "last_key", "end_key")
INDEXES = (
    ("ix_employee_first", ["first_key", "last_key"], None),
    ("ix_employee_last", ["last_key", "first_key"], None),
    ("ix_employee_end", ["end_key", "first_key"], "end_key <> ''"),
)
"""Name, keys, which rows."""
BATCH = 5000
NEXT = (
    "SELECT account, employee_id, data FROM employee WHERE (account, employee_id) > (:account, :employee_id) "
    "ORDER BY account, employee_id LIMIT :number"
)
UPDATE_ONE = (
    "UPDATE employee SET first_key = :first_key, last_key = :last_key, end_key = :end_key "
    "WHERE account = :of_account AND employee_id = :of_employee"
)
UPDATE_ALL = (
    "UPDATE employee SET first_key = made.first_key, last_key = made.last_key, end_key = made.end_key "
    "FROM unnest(CAST(:of_account AS text[]), CAST(:of_employee AS text[]), CAST(:first_key AS text[]), "
    "CAST(:last_key AS text[]), CAST(:end_key AS text[])) "
    "AS made (account, employee_id, first_key, last_key, end_key) "
    "WHERE employee.account = made.account AND employee.employee_id = made.employee_id"
)


def upgrade() -> None:
    """Go to this revision."""
    for key in KEYS:
        op.add_column("employee", sa.Column(key, sa.Text(), server_default="", nullable=False))
    _fill(op.get_bind())
    for name, keys, condition in INDEXES:
        where = None if condition is None else sa.text(condition)
        op.create_index(
            name,
            "employee",
            ["account", *keys, "employee_id"],
            sqlite_where=where,
            postgresql_where=where,
            postgresql_ops=dict.fromkeys(keys, "text_pattern_ops"),
        )


def downgrade() -> None:
    """Go back from this revision."""
    for name, _keys, _condition in INDEXES:
        op.drop_index(name, table_name="employee")
    for key in KEYS:
        op.drop_column("employee", key)


def _fill(conn: sa.Connection) -> None:
    """Batches by the key of the table, so that a million people are never in memory at once."""
    account = employee_id = ""
    while rows := conn.execute(
        sa.text(NEXT), {"account": account, "employee_id": employee_id, "number": BATCH}
    ).all():
        account, employee_id = rows[-1].account, rows[-1].employee_id
        made = [(row.account, row.employee_id, *keys) for row in rows if any(keys := _keys_of(row.data))]
        if made:
            _write(conn, made)


def _write(conn: sa.Connection, made: Sequence[tuple[str, ...]]) -> None:
    """PostgreSQL is given one statement for all of them: one for each costs it more than the row."""
    names = ("of_account", "of_employee", *KEYS)
    if conn.dialect.name == "sqlite":
        conn.execute(sa.text(UPDATE_ONE), [dict(zip(names, row, strict=True)) for row in made])
    else:
        columns = map(list, zip(*made, strict=True))
        conn.execute(sa.text(UPDATE_ALL), dict(zip(names, columns, strict=True)))


def _keys_of(data: Any) -> tuple[str, str, str]:
    """Whatever was stored: who has no names there has no keys. SQLite's JSON is text."""
    try:
        said = json.loads(data) if isinstance(data, str | bytes) else data
    except ValueError:
        said = None
    fields = said.get("fields") if isinstance(said, dict) else None
    if not isinstance(fields, dict):
        return "", "", ""
    last = _folded(fields.get("LastName"))
    return _folded(fields.get("FirstName")), last, last.rpartition(" ")[2] if " " in last else ""


def _folded(text: object) -> str:
    """As syncd folded names when this revision was made."""
    if text is None:
        return ""
    plain = str(text)
    if not plain.isascii():
        small = unicodedata.normalize("NFKD", plain).replace(" \u0301", "").casefold()
        apart = unicodedata.normalize("NFKD", small)
        plain = "".join(map(_plain, (one for one in apart if not unicodedata.combining(one))))
    return " ".join(plain.lower().translate(SIGNS).split())[:80].rstrip()


def _plain(one: str) -> str:
    if one in LETTERS:
        return LETTERS[one]
    return one if one.isascii() or one.isalnum() or unicodedata.category(one).startswith("M") else " "


LETTERS = {
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "æ": "ae",
    "œ": "oe",
    "ħ": "h",
    "ı": "i",
    "ŧ": "t",
}
LETTERS |= dict.fromkeys("\u2018\u2019\u02bc\u02b9", "")
SIGNS = {code: None if chr(code) in "'`" else " " for code in range(128) if not chr(code).isalnum()}
