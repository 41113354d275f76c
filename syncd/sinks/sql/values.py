"""Values: the texts of a row as a table's columns want them. A text that does not fit is refused, never bent."""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy import types

Convert = Callable[[str], object]
"""Makes a value of a text that is not blank; ValueError says, without the text, why it cannot."""

_WHOLE = re.compile(r"-?\d{1,40}(\.0+)?")
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def converter(kind: types.TypeEngine[Any]) -> Convert | None:
    """How texts become values of a column of this type; None for a type that syncd does not write."""
    match kind:
        case types.Enum() if kind.enums:
            return _one_of(tuple(kind.enums))
        case types.String():
            return _text(kind.length)
        case types.Boolean():
            return _boolean
        case types.Integer() if getattr(kind, "scale", 0) == 0:  # Oracle's NUMBER(9, 2) says that it is one
            return _integer(_bits(kind))
        case types.Float():
            return _float
        case types.Numeric():
            return _decimal
        case types.DateTime():
            return _with_zone if kind.timezone else _without_zone
        case types.Date():
            return _date
        case types.Uuid():
            return _uuid(as_uuid=kind.as_uuid)
    return None


def _text(length: int | None) -> Convert:
    def convert(text: str) -> str:
        if length is not None and len(text) > length:
            raise ValueError(f"has {len(text)} characters, and the column takes {length}")
        if "\0" in text:
            raise ValueError("holds a NUL character")
        return text

    return convert


def _one_of(words: tuple[str, ...]) -> Convert:
    def convert(text: str) -> str:
        if text not in words:
            raise ValueError(f"is none of {', '.join(words)}")
        return text

    return convert


def _boolean(text: str) -> bool:
    try:
        return _WORDS[text.lower()]
    except KeyError:
        raise ValueError("is neither true nor false") from None


def _bits(kind: types.Integer) -> int:
    """How large a number may be; 0 where the database alone knows, which refuses what is too large."""
    if isinstance(kind, types.SmallInteger):
        return 16
    return 64 if isinstance(kind, types.BigInteger) else 0


def _integer(bits: int) -> Convert:
    def convert(text: str) -> int:
        if text in {"true", "false"}:
            return int(text == "true")
        if not _WHOLE.fullmatch(text):
            raise ValueError("is no whole number")
        number = int(text.partition(".")[0])
        if bits and not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
            raise ValueError(f"is a number of more than {bits} bits")
        return number

    return convert


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("is no number") from None
    if not number.is_finite():
        raise ValueError("is no number")
    return number


def _float(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError("is no number") from None
    if not math.isfinite(number):
        raise ValueError("is no number")
    return number


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            "is no time that a database takes; leave `date:` out, or write %Y-%m-%d %H:%M:%S"
        ) from None


def _with_zone(text: str) -> datetime:
    moment = _moment(text)
    if moment.tzinfo is None:
        raise ValueError("has no zone, and the column wants one; leave `date:` out, or write %z at its end")
    return moment.astimezone(UTC)


def _without_zone(text: str) -> datetime:
    """In UTC where it has a zone; as it is where a `date:` of the column took it off."""
    moment = _moment(text)
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _date(text: str) -> date:
    """The day in UTC, unless a `date:` of the column made it one of another zone."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        return _without_zone(text).date()
    except ValueError:
        raise ValueError("is no day that a database takes; leave `date:` out, or write %Y-%m-%d") from None


def _uuid(*, as_uuid: bool) -> Convert:
    def convert(text: str) -> UUID | str:
        try:
            found = UUID(text)
        except ValueError:
            raise ValueError("is no UUID") from None
        return found if as_uuid else str(found)

    return convert
