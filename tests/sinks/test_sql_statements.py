"""The statements of databases that no test here can reach, as SQLAlchemy compiles them; and what texts become."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Column, Dialect, Integer, MetaData, String, Table, types
from sqlalchemy.dialects import mssql, oracle
from sqlalchemy.dialects.mssql.base import MSDialect
from sqlalchemy.dialects.oracle.base import OracleDialect

from syncd.sinks.sql.table import Filled, Target
from syncd.sinks.sql.upsert import upsert
from syncd.sinks.sql.values import converter


def target(*, key: tuple[str, ...] = ("result_id",)) -> Target:
    table = Table(
        "results",
        MetaData(),
        Column("result_id", String(20)),
        Column("order", Integer),
        Column('a "b":c', String(9)),
        schema="hr",
    )
    filled = []
    for column in table.columns:
        convert = converter(column.type)
        assert convert is not None
        filled.append(Filled(name=column.name, column=column, convert=convert))
    return Target(table=table, filled=tuple(filled), key=tuple(table.columns[name] for name in key))


def compiled(made: Target, dialect: Dialect) -> tuple[str, dict[str, Any]]:
    found: Any = upsert(made, dialect)
    statement = found.compile(dialect=dialect)
    return str(statement), {name: type(bind.type).__name__ for name, bind in statement.binds.items()}


def test_sql_server_merges():
    text, binds = compiled(target(), MSDialect(paramstyle="named"))
    assert text == (
        "MERGE INTO hr.results WITH (HOLDLOCK) AS t "
        'USING (SELECT :p0 AS result_id, :p1 AS [order], :p2 AS [a "b":c]) AS s ON (t.result_id = s.result_id) '
        'WHEN MATCHED THEN UPDATE SET t.[order] = s.[order], t.[a "b":c] = s.[a "b":c] '
        'WHEN NOT MATCHED THEN INSERT (result_id, [order], [a "b":c]) '
        'VALUES (s.result_id, s.[order], s.[a "b":c]);'
    )
    assert binds == {"p0": "String", "p1": "Integer", "p2": "String"}


def test_oracle_merges():
    text, _binds = compiled(target(), OracleDialect())
    assert text == (
        "MERGE INTO hr.results t "
        'USING (SELECT :p0 AS result_id, :p1 AS "order", :p2 AS "a ""b"":c" FROM DUAL) s '
        "ON (t.result_id = s.result_id) "
        'WHEN MATCHED THEN UPDATE SET t."order" = s."order", t."a ""b"":c" = s."a ""b"":c" '
        'WHEN NOT MATCHED THEN INSERT (result_id, "order", "a ""b"":c") '
        'VALUES (s.result_id, s."order", s."a ""b"":c")'
    )


@pytest.mark.parametrize("dialect", [MSDialect(), OracleDialect()])
def test_a_row_that_is_all_key_is_only_inserted(dialect):
    text, _binds = compiled(target(key=("result_id", "order", 'a "b":c')), dialect)
    assert "WHEN MATCHED" not in text
    assert " AND " in text


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (types.Text(), "ä", "ä"),
        (types.Boolean(), "true", True),
        (mssql.BIT(), "no", False),
        (types.Integer(), "true", 1),
        (types.Integer(), "87.0", 87),
        (types.Numeric(), "87.50", Decimal("87.50")),
        (oracle.NUMBER(precision=9, scale=2), "87.5", Decimal("87.5")),
        (oracle.NUMBER(precision=9, scale=0), "true", 1),
        (types.Double(), "87.5", 87.5),
        (types.DateTime(timezone=True), "2026-11-24T01:00:00+02:00", datetime(2026, 11, 23, 23, tzinfo=UTC)),
        (types.DateTime(), "2026-11-24T01:00:00Z", datetime(2026, 11, 24, 1)),  # noqa: DTZ001 - a column without a zone
        (types.DateTime(), "2026-11-24 02:00", datetime(2026, 11, 24, 2)),  # noqa: DTZ001 - as above
        (types.Date(), "2026-11-24", date(2026, 11, 24)),
        (types.Date(), "2026-11-24T23:30:00Z", date(2026, 11, 24)),
    ],
)
def test_texts_become_values_of_the_columns_type(kind, text, value):
    convert = converter(kind)
    assert convert is not None
    assert convert(text) == value
    assert type(convert(text)) is type(value)


@pytest.mark.parametrize(
    ("kind", "text", "why"),
    [
        (types.String(3), "abcd", "has 4 characters, and the column takes 3"),
        (types.Text(), "a\0", "holds a NUL character"),
        (types.Enum("a", "b"), "c", "is none of a, b"),
        (types.Boolean(), "perhaps", "is neither true nor false"),
        (types.Integer(), "87.5", "is no whole number"),
        (types.SmallInteger(), "40000", "more than 16 bits"),
        (types.Numeric(), "NaN", "is no number"),
        (types.Double(), "inf", "is no number"),
        (types.Date(), "24.11.2026", "is no day"),
        (types.DateTime(timezone=True), "2026-11-24 01:00", "has no zone"),
        (types.Uuid(), "x", "is no UUID"),
    ],
)
def test_a_text_that_does_not_fit_is_refused_and_not_quoted(kind, text, why):
    convert = converter(kind)
    assert convert is not None
    with pytest.raises(ValueError, match=why) as caught:
        convert(text)
    assert text not in str(caught.value) or len(text) == 1


@pytest.mark.parametrize(
    "kind", [types.LargeBinary(), types.JSON(), types.ARRAY(types.Text()), types.NullType()]
)
def test_types_that_are_not_written(kind):
    assert converter(kind) is None
