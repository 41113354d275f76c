"""Schema: the JSON Schema that editors complete and check the configuration with."""

from typing import Any

from syncd.config.kinds import DURATION_PATTERN, duration
from syncd.config.root import Root

_REFERENCE = {"type": "string", "pattern": r"\$\{"}
"""A value of any type may be a reference instead."""


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a configuration file."""
    schema = _with_references(Root.model_json_schema(by_alias=True))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "syncd.yaml",
    }


def _with_references(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema in which numbers, booleans, choices and patterned texts may be references, too."""
    made = {key: _inside(key, value) for key, value in schema.items() if key != "title"}
    if isinstance(made.get("default"), dict):
        del made["default"]  # the defaults of what is in it say the same
    if "oneOf" in made and "discriminator" not in made:
        made["anyOf"] = made.pop("oneOf")  # a map in a file is a map of texts, too, to a schema
    if made.get("pattern") == DURATION_PATTERN and isinstance(made.get("default"), float):
        made["default"] = duration(made["default"])
    if _is_narrow(made):
        notes: dict[str, Any] = {key: made.pop(key) for key in ("description", "default") if key in made}
        return {"anyOf": [made, _REFERENCE], **notes}
    return made


def _inside(key: str, value: Any) -> Any:
    """The value of a schema's keyword: schemas, or something else that stays."""
    if key in {"properties", "$defs"}:
        return {name: _with_references(schema) for name, schema in value.items()}
    if key in {"anyOf", "oneOf", "allOf"}:
        return [_with_references(schema) for schema in value]
    if key in {"items", "additionalProperties"} and isinstance(value, dict):
        return _with_references(value)
    return value


def _is_narrow(schema: dict[str, Any]) -> bool:
    """Whether the text of a reference would not be allowed."""
    kind = schema.get("type")
    return (isinstance(kind, str) and kind in {"integer", "number", "boolean"}) or any(
        isinstance(schema.get(key), str | list) for key in ("pattern", "enum")
    )
