"""Pseudonyms: by what a person is called where their id must not be; and where a text speaks of somebody. Pure."""

import hmac
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

LENGTH = 12
SHORTEST = 4
"""An id of fewer characters is looked for only as a whole value, or after the word for what it is: 7 is in every text."""
_EMPLOYEE = re.compile(r"(?<![\w-])(employee (?:id )?)(?!id\b|is\b)([^\s,;:()?\"']+)")
_NAMES = frozenset({"employee", "employee_id", "employees", "employee_ids"})


def pseudonym(key: str, employee_id: str) -> str:
    """The same for the same person each time: ``p-`` and 12 hexadecimal digits of an HMAC-SHA256 under the ``key``."""
    return f"p-{hmac.digest(key.encode(), employee_id.encode(), 'sha256').hex()[:LENGTH]}"


def called_otherwise(name: str, value: Any, call: Callable[[str], str]) -> Any:
    """A value of a log event with employee ids replaced: fields that hold one, and "employee 00042" in texts."""
    if name in _NAMES and isinstance(value, str):
        return call(value)
    if isinstance(value, str):
        return _EMPLOYEE.sub(lambda found: found[1] + call(found[2]), value)
    if isinstance(value, dict):
        return {key: called_otherwise(str(key), item, call) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [called_otherwise(name, item, call) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class Needles:
    """What a person may be known by: ids, addresses, and names, each of which two words make."""

    ids: tuple[str, ...]
    texts: tuple[str, ...] = ()
    names: tuple[tuple[str, str], ...] = ()

    def pattern(self) -> "re.Pattern[str]":
        """Finds ids and texts as words, in any case."""
        parts = [
            (
                rf"(?<![\w-]){re.escape(one)}(?![\w-])"
                if len(one) >= SHORTEST
                else rf"(?:(?<=employee )|(?<=user:)){re.escape(one)}(?![\w-])"
            )
            for one in sorted(dict.fromkeys((*self.ids, *self.texts)), key=len, reverse=True)
            if one
        ]
        return re.compile("|".join(parts) or r"(?!)", re.IGNORECASE)

    def found_in(self, value: Any, pattern: "re.Pattern[str]") -> bool:
        """Whether a text, or anything in a value of JSON, is or mentions one of them."""
        whole = set(self.ids)
        words: set[str] = set()
        for text in _texts(value):
            if text in whole or pattern.search(text):
                return True
            if self.names:
                words |= {word.casefold() for word in re.findall(r"[\w'-]+", text)}
        return any(first.casefold() in words and last.casefold() in words for first, last in self.names)

    def scrubbed(self, value: Any, pattern: "re.Pattern[str]", instead: str) -> Any:
        """The value with each mention replaced; where a name is in it, whole texts with a part of the name go."""
        if isinstance(value, str):
            if value in self.ids:
                return instead
            text = pattern.sub(instead, value)
            for first, last in self.names:
                both = (
                    rf"\b(?:{re.escape(first)}\W+{re.escape(last)}|{re.escape(last)}\W+{re.escape(first)})\b"
                )
                text = re.sub(both, instead, text, flags=re.IGNORECASE)
            return text
        if isinstance(value, dict):
            return {
                self.scrubbed(key, pattern, instead): self.scrubbed(item, pattern, instead)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.scrubbed(item, pattern, instead) for item in value]
        return value


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
