"""Among: the rows with one of very many values, asked for with one statement for all of them, and not one for a few hundred."""

import json
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Connection, Select, Text, any_, bindparam, func, select

SIZE = 10_000
"""So many values go into one statement, and their rows are in memory at once."""


def rows_among(
    conn: Connection, query: Select[Any], column: ColumnElement[str], values: Collection[str]
) -> Iterator[Any]:
    """The rows of a query in which a column has one of these values."""
    wanted = sorted(set(values))
    for start in range(0, len(wanted), SIZE):
        here = is_among(conn, column, wanted[start : start + SIZE])
        yield from conn.execute(query.where(here)).all()


def is_among(conn: Connection, column: ColumnElement[str], values: list[str]) -> ColumnElement[bool]:
    """Whether a column has one of these values, which are one parameter of the statement: its text is always the same, and is
    neither made nor understood anew.
    """
    if conn.dialect.name == "sqlite":
        each = func.json_each(bindparam(None, json.dumps(values), Text)).table_valued("value")
        return column.in_(select(each.c.value))
    return column == any_(bindparam(None, values, ARRAY(Text)))
