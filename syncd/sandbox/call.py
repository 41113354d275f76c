"""Call: one request as the routes see it, and Reply: what they answer with."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from syncd.sandbox.refusal import bad_body
from syncd.sandbox.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What a body holds in XML: the root element, the item element of a list, the members in their order.

    ``dates`` are the members that .NET reads as DateTime.
    """

    root: str
    item: str = ""
    members: tuple[str, ...] = ("Id",)
    dates: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request: ``args`` are the decoded parts of the path, ``decode`` reads the body as the Content-Type says."""

    method: str
    path: str
    query: Mapping[str, str]
    args: tuple[str, ...] = ()
    size: int = 0
    decode: Callable[[Contract], Any] = field(default=lambda _: None)

    def item(self, contract: Contract) -> dict[str, Any]:
        """The body as one object; Refusal 400 otherwise."""
        body = self.decode(contract)
        if not isinstance(body, dict):
            raise bad_body()
        return body

    def items(self, contract: Contract) -> list[dict[str, Any]]:
        """The body as a bare array of objects; empty if there is none; Refusal 400 otherwise."""
        body = self.decode(contract)
        if body is None:
            return []
        if not isinstance(body, list) or not all(isinstance(row, dict) for row in body):
            raise bad_body()
        return body

    def flag(self, name: str) -> bool:
        """A boolean query parameter; absent is false."""
        return self.query.get(name.lower(), "").lower() in {"true", "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer: ``rows`` become a bare array (XML: ``root``/``item``), ``row`` one object, neither an empty body."""

    status: int = 200
    reason: str = ""
    root: str = ""
    item: str = ""
    rows: Sequence[Mapping[str, Any]] | None = None
    row: Mapping[str, Any] | None = None
    html: str = ""


def listed(root: str, item: str, rows: Sequence[Mapping[str, Any]]) -> Reply:
    """200 with a list."""
    return Reply(root=root, item=item, rows=rows)


def single(root: str, row: Mapping[str, Any], status: int = 200) -> Reply:
    """One object."""
    return Reply(status=status, root=root, row=row)


DONE = Reply()
"""200, empty [REC]."""
CREATED = Reply(status=201)
"""201, empty [REC]."""

Handler = Callable[[World, Call], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """A method, a path pattern like ``/users/{}/teams`` and what answers it."""

    method: str
    path: str
    handler: Handler

    def pattern(self) -> re.Pattern[str]:
        """The compiled path."""
        return re.compile(re.escape(self.path).replace(r"\{\}", "([^/]+)"))
