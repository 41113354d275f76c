"""Values of a database as text, exactly: what cannot be text without a choice is refused, with the cast to write."""

import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from uuid import UUID

from syncd.sources.base import MAX_CELL


def as_text(value: object) -> str:
    """The one text of a value; ValueError says what else to ask for.

    None is "". Booleans are ``true`` and ``false``. Dates and times are ISO 8601, those with a zone in UTC
    (``2026-03-01T08:00:00+00:00``). Decimals and floats are plain, with all their digits and no exponent.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return _checked(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | UUID):
        return str(value)
    if isinstance(value, float):
        return _plain(value, Decimal(repr(value)))
    if isinstance(value, Decimal):
        return _plain(value, value)
    if isinstance(value, datetime):
        return (value if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        raise ValueError("it is binary; select its text, or leave the column out")  # noqa: TRY004 - about HR's data
    raise ValueError(f"it is a {type(value).__name__}; cast it in the query, for example CAST(... AS text)")


def _plain(value: float | Decimal, exact: Decimal) -> str:
    if not math.isfinite(value):
        raise ValueError(f"it is {value}, which is no number; cast it to text in the query")
    return format(exact, "f")


def _checked(text: str) -> str:
    if "\0" in text:
        raise ValueError("it holds a NUL character")
    if len(text) > MAX_CELL:
        raise ValueError("it is a text of more than 1 MiB")
    return text
