"""Batches: very many rows into one table, as fast as the driver takes them."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert

SIZE = 5_000
"""So many rows are in memory at once."""


def insert_many(conn: Connection, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert ``rows``, each the values of the columns ``names`` in this order; what the table fills in by itself is left out.

    What SQLAlchemy makes of a value for the database is made of it here, too, but its statement is handed to the driver with
    many rows as they are: taking each row for a mapping takes several times as long as storing it.
    """
    dialect = conn.dialect
    compiled = insert(table).values({name: bindparam(name) for name in names}).compile(dialect=dialect)
    processors = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names]
    order = compiled.positiontup
    places = None if order is None else [names.index(name) for name in order]
    lines = iter(rows)
    while some := [_processed(row, processors) for row in islice(lines, SIZE)]:
        given: Any
        if places is None:
            given = [dict(zip(names, row, strict=True)) for row in some]
        else:
            given = [tuple(row[place] for place in places) for row in some]
        conn.exec_driver_sql(str(compiled), given)


def _processed(row: Sequence[Any], processors: Sequence[Callable[[Any], Any] | None]) -> list[Any]:
    return [value if make is None else make(value) for value, make in zip(row, processors, strict=True)]
