"""Soundness: JSON that can be kept and sent back. Python reads more than a database stores or UTF-8 can say. Pure."""

import json
import math
import re
from typing import Any

MOST_NESTED = 20
"""Levels of arrays and objects; Litmos' answers have four."""
_SUSPECT = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")
"""An escape that may be half a character, or is NUL."""


class UnsoundError(ValueError):
    """It is JSON, and yet cannot be used; the message says why."""


def loaded(body: bytes) -> Any:
    """The JSON of a body in UTF-8.

    Raises ValueError or RecursionError if it is none, and UnsoundError for NaN, infinities, numbers too long to read,
    half characters (a lone surrogate), NUL, and nesting deeper than ``MOST_NESTED``.
    """
    text = body.decode("utf-8-sig")
    value = json.loads(text, parse_constant=_finite, parse_float=_finite)
    _check(value, MOST_NESTED, suspect=_SUSPECT.search(text) is not None)
    return value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise UnsoundError(f"{text[:20]} is no number that can be kept")
    return number


def _check(value: Any, depth: int, *, suspect: bool) -> None:
    """Raise UnsoundError for what is nested too deep, and, if there is reason to look, for texts that are broken."""
    if isinstance(value, dict | list):
        if not depth:
            raise UnsoundError(f"it is nested more than {MOST_NESTED} levels deep")
        if suspect and isinstance(value, dict):
            for key in value:
                _check(key, depth, suspect=suspect)
        for inner in value.values() if isinstance(value, dict) else value:
            if suspect or isinstance(inner, dict | list):
                _check(inner, depth - 1, suspect=suspect)
    elif suspect and isinstance(value, str) and _is_broken(value):
        raise UnsoundError("a text holds half a character, or NUL")


def _is_broken(text: str) -> bool:
    return "\0" in text or (not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text))
