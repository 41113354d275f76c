"""Scrubbing: what leaves the house names nobody. Ids and usernames that syncd knows become pseudonyms, within one bundle."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from syncd.log import redact_text

_TOKEN = re.compile(r"[^\s\"',;:()\[\]{}=<>|/]+")
_HOME = re.compile(r"/(home|Users)/[^/\s]+")
ACTORS = frozenset({"actor", "decided_by", "address"})
"""Names of values that say who did something: never told as they are."""


@dataclass(slots=True)
class Pseudonyms:
    """Gives everybody who is known a name that means nothing elsewhere: ``person-1``.

    ``known`` tells which of some texts are ids or usernames of people.
    """

    known: Callable[[Collection[str]], frozenset[str]]
    _given: dict[str, str] = field(default_factory=dict, init=False)

    def scrub(self, value: Any) -> Any:
        """The same without anybody: in texts whatever is an id or a username, addresses, and who did something."""
        people = self.known({token for text in _texts(value) for token in (text, *_TOKEN.findall(text))})
        return self._scrubbed(value, people)

    def _scrubbed(self, value: Any, people: frozenset[str], name: str = "") -> Any:
        match value:
            case str() if value and (name in ACTORS or value in people):
                return self._of(value)
            case str():
                text = _TOKEN.sub(lambda found: self._of(found[0]) if found[0] in people else found[0], value)
                return _HOME.sub("~", redact_text(text))
            case dict():
                return {
                    self._scrubbed(str(key), people): self._scrubbed(item, people, str(key))
                    for key, item in value.items()
                }
            case list() | tuple():
                return [self._scrubbed(item, people, name) for item in value]
            case _:
                return value

    def _of(self, text: str) -> str:
        return self._given.setdefault(text, f"person-{len(self._given) + 1}")


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for key, item in value.items():
                yield str(key)
                yield from _texts(item)
        case list() | tuple():
            for item in value:
                yield from _texts(item)
