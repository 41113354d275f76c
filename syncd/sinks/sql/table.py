"""Table: the one that a sink writes, as the database describes it. What cannot work is found before the first row, all at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, inspect
from sqlalchemy.exc import NoSuchTableError

from syncd.errors import SinkError
from syncd.sinks.settings import SqlSinkSettings
from syncd.sinks.sql.values import Convert, converter


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """One column that is filled: as the settings name it, as the database does, and how a text becomes its value."""

    name: str
    column: Column[Any]
    convert: Convert

    def value(self, text: str) -> object:
        """The value of a text; a blank is NULL, or an empty text where the column takes no NULL. ValueError says why not."""
        if text:
            return self.convert(text)
        if self.column.nullable:
            return None
        if self.column.type.python_type is str:
            return ""
        raise ValueError("is blank, and the column takes no NULL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A table with the columns that are filled, and those among them by which a row is found again."""

    table: Table
    filled: tuple[Filled, ...]
    key: tuple[Column[Any], ...]


def find_target(connection: Connection, settings: SqlSinkSettings) -> Target:
    """The table of these settings. Raises SinkError with everything that is wrong with it."""
    schema, _, name = settings.table.rpartition(".")
    try:
        table = Table(name, MetaData(), schema=schema or None, autoload_with=connection, resolve_fks=False)
    except NoSuchTableError:
        user = connection.engine.url.username
        raise SinkError(
            f"{settings.name}: there is no table {settings.table}, or {user or 'this user'} may not see it. Make it, grant "
            "SELECT, INSERT and UPDATE on it, or correct `table:`; then: syncd doctor"
        ) from None
    columns = {column: _find(table, column) for column in settings.columns}
    faults = [f"has no column {name}" for name, column in columns.items() if column is None]
    known = {name: column for name, column in columns.items() if column is not None}
    filled = []
    for name, column in known.items():
        convert = converter(column.type)
        if convert is None:
            faults.append(f"column {name} is of the type {column.type!r}, which syncd does not write")
        else:
            filled.append(Filled(name=name, column=column, convert=convert))
    faults += _unfilled(table, known.values())
    key = tuple(known[name] for name in settings.key if name in known)
    if len(key) == len(settings.key):
        faults += _key_faults(connection, table, key, known.values())
    if faults:
        has = ", ".join(column.name for column in table.columns)
        raise SinkError(
            f"{settings.name}: the table {settings.table} {'; it '.join(faults)}. It has the columns {has}. "
            "Nothing was written. Alter the table or the sink; then: syncd doctor"
        )
    return Target(table=table, filled=tuple(filled), key=key)


def _find(table: Table, name: str) -> Column[Any] | None:
    """The column of exactly this name, else the one that differs in capitals only."""
    if name in table.columns:
        return table.columns[name]
    alike = [column for column in table.columns if column.name.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else None


def _unfilled(table: Table, filled: Iterable[Column[Any]]) -> list[str]:
    """Columns without which no row can be inserted."""
    there = {column.name for column in filled}
    return [
        f"has a column {column.name} that takes no NULL, has no default, and is not filled"
        for column in table.columns
        if column.name not in there
        and not column.nullable
        and column.server_default is None
        and column.computed is None
        and column.identity is None
        and not _counts_itself(table, column)
    ]


def _counts_itself(table: Table, column: Column[Any]) -> bool:
    """Whether the database numbers its rows (AUTO_INCREMENT, or SQLite's rowid)."""
    return column is table.autoincrement_column


def _key_faults(
    connection: Connection, table: Table, key: Sequence[Column[Any]], filled: Iterable[Column[Any]]
) -> list[str]:
    """Why rows cannot be found again by ``key``."""
    names = {column.name for column in key}
    uniques = _uniques(connection, table)
    if names not in uniques:
        described = ", ".join(column.name for column in key)
        return [f"has no primary key or unique index over exactly {described}, by which rows are found again"]
    if connection.dialect.name not in {"mysql", "mariadb"}:
        return []
    there = {column.name for column in filled}
    return [
        f"has another unique index, over {', '.join(sorted(other))}: there, this database would overwrite the row of a "
        "different key"
        for other in uniques
        if other <= there and not other >= names
    ]


def _uniques(connection: Connection, table: Table) -> list[set[str]]:
    """The sets of columns that are unique together."""
    inspector = inspect(connection)
    where: Mapping[str, Any] = {"table_name": table.name, "schema": table.schema}
    found = [set(inspector.get_pk_constraint(**where)["constrained_columns"])]
    found += [
        set(each["column_names"])
        for each in inspector.get_unique_constraints(**where)
        if not each.get("duplicates_index")  # MySQL: listed with the indexes, which tell more
    ]
    found += [
        {name for name in each["column_names"] if name is not None}
        for each in inspector.get_indexes(**where)
        if each["unique"] and not _is_partial(each)
    ]
    return [columns for columns in found if columns]


def _is_partial(index: Mapping[str, Any]) -> bool:
    """Whether an index leaves rows out, or is over expressions or (MySQL) the beginnings of texts only."""
    options = index.get("dialect_options", {})
    return (
        None in index["column_names"]
        or any(key.endswith(("_where", "_length")) and value for key, value in options.items())
        or bool(index.get("expressions"))
    )
