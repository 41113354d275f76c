"""Kinds: the types of single values in the configuration: how each is written, and what becomes of it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator, ValidationInfo, WithJsonSchema

from syncd.config.secrets import Lookups, Secret

MOST_DAYS = 366
MOST_YEARS = 20
DURATION_PATTERN = r"^\d+(\.\d+)?\s*(ms|s|m|h|d)$"
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_WHOLE_DAYS = re.compile(r"(\d{1,9})\s*d")
_SQLITE = re.compile(r"(sqlite(?:\+\w+)?:///)(?!/)([^?]+)(.*)", re.DOTALL)


class Part(BaseModel):
    """Base of every mapping in the file: unknown keys are faults, values do not change, docstrings become the schema."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        arbitrary_types_allowed=True,
        allow_inf_nan=False,
    )


def seconds(value: Any) -> Any:
    """``25s``, ``30m``, ``72h``, ``2d`` as seconds; a number without a unit is refused: nobody knows which was meant."""
    if not isinstance(value, str):
        return value
    found = _DURATION.fullmatch(value.strip())
    if found is None:
        raise ValueError("must be a duration with its unit, such as 25s, 30m, 72h or 2d")
    return float(found[1]) * _UNITS[found[2]]


def _days(value: Any, most: int = MOST_DAYS) -> Any:
    """``7d`` as 7: days of a calendar, so hours are refused."""
    if not isinstance(value, str):
        return value
    found = _WHOLE_DAYS.fullmatch(value.strip())
    if found is None:
        raise ValueError("must be whole days, such as 0d or 7d")
    if int(found[1]) > most:
        raise ValueError(f"must be at most {most}d")
    return int(found[1])


def duration(number: float) -> str:
    """Seconds as the configuration writes them: the largest unit that divides them."""
    for unit in ("d", "h", "m", "s"):
        size = _UNITS[unit]
        if number and number % size == 0:
            return f"{number / size:.0f}{unit}"
    return f"{number:g}s"


def _flag(value: Any) -> Any:
    words = {"true": True, "false": False}
    if isinstance(value, str):
        if value.lower() not in words:
            raise ValueError("must be true or false")
        return words[value.lower()]
    return value


def _path(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, str):
        return value
    if not value.strip():
        raise ValueError("must be a path")
    return _lookups(info).folder / value


def secret_of(value: str, info: ValidationInfo, *, url: bool = False) -> Secret:
    """A value as a Secret; ``url``: all but its password and query may be shown."""
    return Secret(value, _lookups(info), url=url)


def _secret(value: Any, info: ValidationInfo) -> Secret:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a text that is not empty")
    return secret_of(value, info)


def _secret_url(value: Any, info: ValidationInfo) -> Secret:
    if not isinstance(value, str) or not (
        "://" in value or "${" in value
    ):  # the latter has its fault already
        raise ValueError("must be a database URL, such as sqlite:///syncd.db or postgresql://user@host/name")
    lookups = _lookups(info)
    return Secret(value, lookups, url=True, finish=lambda text: absolute_sqlite(text, lookups.folder))


def absolute_sqlite(url: str, folder: Path) -> str:
    """The URL with the path of a SQLite file made absolute; any other URL as it is."""
    found = _SQLITE.fullmatch(url)
    if found is None or found[2].startswith((":memory:", "file:")):
        return url
    return f"{found[1]}{(folder / found[2]).absolute()}{found[3]}"


def _lookups(info: ValidationInfo) -> Lookups:
    context: Mapping[str, Any] = info.context or {}
    found = context["lookups"]
    assert isinstance(found, Lookups)
    return found


def _one_character(value: Any) -> Any:
    escapes = {"\\t": "\t", "tab": "\t"}
    return escapes.get(value, value) if isinstance(value, str) else value


def as_list(value: Any) -> Any:
    """One thing is a list of it."""
    return [value] if isinstance(value, str | dict) else value


def _text_keys(value: Any) -> Any:
    """A table whose empty entries are empty texts: ``"": ""`` and ``N/A:`` both clear."""
    if isinstance(value, dict):
        return {key: "" if item is None else item for key, item in value.items()}
    return value


_TEXT_SCHEMA = {"type": ["string", "number", "boolean"]}
_TEXTS_SCHEMA = {"anyOf": [_TEXT_SCHEMA, {"type": "array", "items": _TEXT_SCHEMA}]}

Text = Annotated[str, WithJsonSchema(_TEXT_SCHEMA)]
"""A text, whatever it looks like: 007 and NO need no quotes."""
Seconds = Annotated[
    float, BeforeValidator(seconds), WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN})
]
"""A duration, written with its unit."""
Days = Annotated[int, BeforeValidator(_days), WithJsonSchema({"type": "string", "pattern": r"^\d+\s*d$"})]
"""Whole days, written with their unit."""
LongDays = Annotated[
    int,
    BeforeValidator(lambda value: _days(value, MOST_YEARS * MOST_DAYS)),
    WithJsonSchema({"type": "string", "pattern": r"^\d+\s*d$"}),
]
"""Whole days that may add up to years."""
Flag = Annotated[bool, BeforeValidator(_flag)]
"""true or false, and nothing that resembles them."""
FilePath = Annotated[Path, BeforeValidator(_path), WithJsonSchema({"type": "string"})]
"""A path, relative to the folder of the configuration file."""
SecretText = Annotated[Secret, PlainValidator(_secret), WithJsonSchema({"type": "string"})]
"""A text that is shown nowhere."""
SecretUrl = Annotated[Secret, PlainValidator(_secret_url), WithJsonSchema({"type": "string"})]
"""A database URL, shown without its password; a relative SQLite path starts at the configuration file."""
Texts = Annotated[tuple[str, ...], BeforeValidator(as_list), WithJsonSchema(_TEXTS_SCHEMA)]
"""One text or a list of them."""
Character = Annotated[str, BeforeValidator(_one_character)]
"""One character; ``\\t`` and ``tab`` are the tab."""
Table = Annotated[
    dict[str, str],
    BeforeValidator(_text_keys),
    WithJsonSchema(
        {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}}
    ),
]
"""A map from text to text."""


def _condition(value: Any) -> Any:
    if not isinstance(value, str | dict):
        raise ValueError("must be a CEL expression, or a mapping from columns to what they must be")  # noqa: TRY004
    return value


When = Annotated[
    Any,
    BeforeValidator(_condition),
    WithJsonSchema(
        {
            "type": ["string", "object"],
            "description": "column: text, list of texts, or {in, not, empty, starts_with, ...}; or a CEL expression",
        }
    ),
]
"""A condition; ``conditions.build_condition`` reads it."""
