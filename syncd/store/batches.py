"""Batches: very many rows into one table, as fast as the driver takes them."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert
from sqlalchemy.exc import DBAPIError

SIZE = 5_000
"""So many rows are in memory at once."""


def insert_many(conn: Connection, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert ``rows``, each the values of the columns ``names`` in this order; what the table fills in by itself is left out.

    What SQLAlchemy makes of a value for the database is made of it here, too, but its statement is handed to the driver with
    many rows as they are: taking each row for a mapping takes several times as long as storing it. PostgreSQL is given them
    by COPY, for a statement for each row costs it more than the row.
    """
    dialect = conn.dialect
    processors = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names]
    lines = (_processed(row, processors) for row in rows)
    if dialect.name == "postgresql":
        _copy(conn, table, names, lines)
        return
    compiled = insert(table).values({name: bindparam(name) for name in names}).compile(dialect=dialect)
    places = [names.index(name) for name in compiled.positiontup or ()]
    while some := [tuple(row[place] for place in places) for row in islice(lines, SIZE)]:
        conn.exec_driver_sql(str(compiled), some)


def _copy(conn: Connection, table: Table, names: Sequence[str], lines: Iterable[Sequence[Any]]) -> None:
    """COPY is the driver's alone: its errors are raised as SQLAlchemy raises those of a statement."""
    quoted = conn.dialect.identifier_preparer.quote
    statement = f"COPY {quoted(table.name)} ({', '.join(map(quoted, names))}) FROM STDIN"
    faults: Any = conn.dialect.dbapi
    cursor: Any = conn.connection.cursor()
    waiting = iter(lines)
    while some := list(islice(waiting, SIZE)):
        try:
            with cursor.copy(statement) as copy:
                for row in some:
                    copy.write_row(row)
        except faults.Error as error:
            raise DBAPIError.instance(
                statement, None, error, faults.Error, hide_parameters=True, dialect=conn.dialect
            ) from None
    cursor.close()


def _processed(row: Sequence[Any], processors: Sequence[Callable[[Any], Any] | None]) -> list[Any]:
    return [value if make is None else make(value) for value, make in zip(row, processors, strict=True)]
