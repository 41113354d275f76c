"""Faults of shape: what pydantic found, said as a person would, with places and with what was probably meant."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from syncd.config.document import Document, Loc

_MESSAGES = {
    "missing": "is required",
    "string_type": "must be a text",
    "dict_type": "must be a mapping (key: value)",
    "model_type": "must be a mapping (key: value)",
    "model_attributes_type": "must be a mapping (key: value)",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "union_tag_not_found": "needs `type: csv` or `type: sql`",
    "path_type": "must be a path",
    "too_long": "must be one character",
}


def note_shape_faults(error: ValidationError, document: Document, schema: Mapping[str, Any]) -> None:
    """Note every fault that pydantic found."""
    for found in error.errors(include_url=False):
        loc = real_loc(found["loc"], document.data)
        match found["type"]:
            case "extra_forbidden":
                known = sorted(set(_keys_at(schema, schema, loc[:-1])))
                document.fault(loc, f"is no key here{suggestion(str(loc[-1]), known)}", at_key=True)
            case "literal_error" | "enum" | "union_tag_invalid":
                document.fault(loc, _choice(found))
            case "string_type" if found["input"] is None and _is_item(loc):
                document.fault(
                    loc, 'is nothing, not a text: a word that YAML takes for nothing needs quotes ("NULL")'
                )
            case kind:
                document.fault(loc, _MESSAGES.get(kind) or _plain(found["msg"]))


def _is_item(loc: Loc) -> bool:
    return bool(loc) and isinstance(loc[-1], int)


def suggestion(word: str, known: Sequence[str]) -> str:
    """``; did you mean "limits"?``, or the list of what is known."""
    near = get_close_matches(word, known, n=1, cutoff=0.6) or get_close_matches(
        word.lower(), [each for each in known if each.lower() == word.lower()] or known, n=1, cutoff=0.5
    )
    if near:
        return f'; did you mean "{near[0]}"?'
    return f"; known are {', '.join(known)}" if 0 < len(known) <= 25 else ""


def _choice(found: Mapping[str, Any]) -> str:
    context = found.get("ctx", {})
    expected = str(context.get("expected") or context.get("expected_tags") or "")
    words = re.findall(r"'([^']*)'", expected)
    if not words:
        return f"must be {expected}"
    value = context.get("tag") or found["input"]
    near = get_close_matches(str(value), words, n=1)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    return f"must be {' or '.join(words)}{hint}"


def _plain(message: str) -> str:
    text = message.removeprefix("Value error, ")
    text = (
        text.removeprefix("Input should ").removeprefix("String should ").removeprefix("Dictionary should ")
    )
    return re.sub(r"^(be|have|match) ", r"must \1 ", text)


def real_loc(loc: Sequence[str | int], data: Any) -> Loc:
    """The Loc without the names that pydantic puts in for the branches of a union."""
    real: list[str | int] = []
    at = data
    for number, part in enumerate(loc):
        is_key = isinstance(at, dict) and part in at
        is_index = isinstance(at, list) and isinstance(part, int) and part < len(at)
        if is_key or is_index:
            at = at[part]
        elif isinstance(at, dict) and number == len(loc) - 1 and at.get("type", "csv") != part:
            at = None
        else:
            continue
        real.append(part)
    return tuple(real)


def _keys_at(schema: Mapping[str, Any], root: Mapping[str, Any], loc: Loc) -> Iterator[str]:
    """The keys that the schema knows at a Loc."""
    if "$ref" in schema:
        yield from _keys_at(root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root, loc)
        return
    for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _keys_at(branch, root, loc)
    if not loc:
        yield from schema.get("properties", {})
        return
    head, rest = loc[0], loc[1:]
    inner = schema.get("items") if isinstance(head, int) else schema.get("properties", {}).get(head)
    if inner is None and not isinstance(head, int):
        inner = schema.get("additionalProperties")
    if isinstance(inner, dict):
        yield from _keys_at(inner, root, rest)
