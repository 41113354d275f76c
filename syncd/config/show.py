"""Show: the effective settings, defaults too, with their places; secrets are dots and say where they come from."""

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from syncd.config.config import Shown
from syncd.config.document import Document, Loc, dotted
from syncd.config.kinds import duration
from syncd.config.root import Root
from syncd.config.secrets import DOTS, Lookups, Resolved, Secret

_AS_WRITTEN = ("scope", "employee", "users", "teams", "learning_paths", "courses", "examples")


def show(root: Root, document: Document, lookups: Lookups) -> tuple[Shown, ...]:
    """Every setting in the order of the schema; the mapping as it is written."""
    found: list[Shown] = []
    for name, info in type(root).model_fields.items():
        if name in _AS_WRITTEN:
            if name in document.data:
                found.extend(_written(document.data[name], (name,), document, lookups))
        else:
            found.extend(_effective(getattr(root, name), (info.alias or name,), document, lookups))
    return tuple(found)


def _effective(value: Any, loc: Loc, document: Document, lookups: Lookups) -> Iterator[Shown]:
    if isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            yield from _effective(getattr(value, name), (*loc, info.alias or name), document, lookups)
    elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
        for index, item in enumerate(value):
            yield from _effective(item, (*loc, index), document, lookups)
    elif isinstance(value, dict) and _of_parts(value) and not isinstance(_at(document.data, loc), dict):
        for name, item in value.items():
            yield from _effective(item, (*loc, name), document, lookups)
    elif isinstance(value, Secret):
        yield Shown(key=dotted(loc), value=str(value), where=_where(loc, document))
    else:
        written = _at(document.data, loc)
        as_written = isinstance(written, Resolved) or _has_parts(value, written)
        number = isinstance(value, float) and "percent" in str(loc[-1])
        text = f"{value:g}" if number else _text(written, lookups) if as_written else _plain(value, written)
        yield Shown(key=dotted(loc), value=text, where=_where(loc, document))


def _has_parts(value: Any, written: Any) -> bool:
    """Whether it is names with parts, such as the columns of a sink, each of which may be written in a short form."""
    return isinstance(value, dict) and _of_parts(value) and isinstance(written, dict)


def _of_parts(value: dict[Any, Any]) -> bool:
    return bool(value) and all(isinstance(item, BaseModel) for item in value.values())


def _written(value: Any, loc: Loc, document: Document, lookups: Lookups) -> Iterator[Shown]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _written(item, (*loc, key), document, lookups)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            yield from _written(item, (*loc, index), document, lookups)
    else:
        yield Shown(key=dotted(loc), value=_text(value, lookups), where=_where(loc, document))


def _text(value: Any, lookups: Lookups) -> str:
    if isinstance(value, Resolved):
        origins = ", ".join(lookups.origin(reference) for reference in value.template.references)
        text = DOTS if lookups.files(value.template) else str(value)
        return f"{text} (from {origins})"
    if isinstance(value, list):
        return ", ".join(_text(item, lookups) for item in value)
    if isinstance(value, dict):
        inner = ((item, _text(item, lookups), key) for key, item in value.items())
        return ", ".join(
            f"{key}: {{{text}}}" if isinstance(item, dict) else f"{key}: {text}" for item, text, key in inner
        )
    return "null" if value is None else str(value)


def _plain(value: Any, written: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case float() if isinstance(written, str):
            return written
        case float():
            return duration(value)
        case tuple():
            return ", ".join(map(str, value))
        case dict():
            return ", ".join(f"{key}: {item}" for key, item in value.items())
        case Path():
            return str(value)
        case _:
            return str(value)


def _at(data: Any, loc: Loc) -> Any:
    for part in loc:
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data


def _where(loc: Loc, document: Document) -> str:
    return document.where(loc) if loc in document.values else "default"
