"""Upsert: one statement for one row, that inserts it or updates the row of the same key, in each database's own words.

Names come from the table as the database describes it, quoted by SQLAlchemy; values are bound.
"""

from typing import Any

from sqlalchemy import Column, Dialect, Executable, bindparam, text
from sqlalchemy.dialects import mysql, postgresql, sqlite

from syncd.sinks.sql.table import Target


def upsert(target: Target, dialect: Dialect) -> Executable:
    """The statement; its parameters are named by ``parameter``."""
    match dialect.name:
        case "postgresql" | "sqlite":
            return _on_conflict(target, dialect.name)
        case "mysql" | "mariadb":
            return _on_duplicate_key(target)
    return _merge(target, dialect)


def parameter(place: int) -> str:
    """The name of the parameter for the column at this place of ``Target.filled``."""
    return f"p{place}"


def _values(target: Target) -> dict[Column[Any], Any]:
    return {
        each.column: bindparam(parameter(place), type_=each.column.type)
        for place, each in enumerate(target.filled)
    }


def _others(target: Target) -> list[Column[Any]]:
    """The columns that an update changes."""
    return [each.column for each in target.filled if each.column not in set(target.key)]


def _on_conflict(target: Target, dialect: str) -> Executable:
    statement: Any = (postgresql if dialect == "postgresql" else sqlite).insert(target.table)
    statement = statement.values(_values(target))
    others = _others(target)
    if not others:
        return statement.on_conflict_do_nothing(index_elements=target.key)  # type: ignore[no-any-return]
    return statement.on_conflict_do_update(  # type: ignore[no-any-return]
        index_elements=target.key, set_={column: statement.excluded[column.name] for column in others}
    )


def _on_duplicate_key(target: Target) -> Executable:
    statement = mysql.insert(target.table).values(_values(target))
    others = _others(target) or target.key
    return statement.on_duplicate_key_update(
        {column.name: statement.inserted[column.name] for column in others}
    )


def _merge(target: Target, dialect: Dialect) -> Executable:
    """MERGE, of SQL Server and Oracle; HOLDLOCK keeps two mergers from both inserting."""
    oracle = dialect.name == "oracle"
    quote = dialect.identifier_preparer
    name = quote.format_table(target.table)
    columns = [quote.format_column(each.column) for each in target.filled]
    given = ", ".join(f":{parameter(place)} AS {_literal(column)}" for place, column in enumerate(columns))
    same = " AND ".join(f"t.{column} = s.{column}" for column in map(quote.format_column, target.key))
    changed = ", ".join(f"t.{column} = s.{column}" for column in map(quote.format_column, _others(target)))
    into = f"{name} t" if oracle else f"{name} WITH (HOLDLOCK) AS t"
    rows = f"(SELECT {given} FROM DUAL) s" if oracle else f"(SELECT {given}) AS s"  # noqa: S608 - quoted names
    update = f" WHEN MATCHED THEN UPDATE SET {changed}" if changed else ""
    inserted = f"({', '.join(columns)}) VALUES ({', '.join(f's.{column}' for column in columns)})"
    end = "" if oracle else ";"
    statement = (
        f"MERGE INTO {_literal(into)} USING {rows} ON ({_literal(same)})"
        f"{_literal(update)} WHEN NOT MATCHED THEN INSERT {_literal(inserted)}{end}"
    )
    return text(statement).bindparams(
        *(bindparam(parameter(place), type_=each.column.type) for place, each in enumerate(target.filled))
    )


def _literal(part: str) -> str:
    """A piece of SQL in which a colon is no parameter: a name may hold one."""
    return part.replace(":", r"\:")
