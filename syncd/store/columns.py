"""Columns: the kinds that the tables of the schema are made of. Times are UTC; JSON is text on SQLite, JSONB on PostgreSQL."""

import json
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json
from sqlalchemy import JSON, Column, DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table of syncd, with names of constraints that migrations can rely on."""


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC datetime; SQLite drops the zone, so it is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Refuse naive times; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive time")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def decoded(text: str | bytes) -> Any:
    """What JSON says: as ``json.loads``, in half of its time but for what only that takes (half a character)."""
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)


Json = JSON().with_variant(JSONB(), "postgresql")


def text_column(name: str, **options: Any) -> Column[Any]:
    """Text that is never null: "" unless ``options`` say otherwise."""
    return Column(name, Text, nullable=False, **({"server_default": ""} | options))


def key_column(name: str) -> Column[Any]:
    """Text that is part of the primary key."""
    return Column(name, Text, primary_key=True)


def time_column(name: str, *, required: bool = False) -> Column[Any]:
    """A UTC time; null unless ``required``."""
    return Column(name, UtcTime, nullable=not required)
