"""Exchanged: what an Attempt sent and what Litmos answered, as somebody may see it; the same on pages and in commands."""

from collections.abc import Mapping
from typing import Any

from syncd.core.exchange import curl, seen


def exchanged(stored: Mapping[str, Any], *, values: bool, base_url: str, source: str) -> dict[str, Any]:
    """A kept request and its answer: with ``values`` also as the command that does the same; else their shape alone.

    ``base_url`` and ``source`` are where requests go, and what they say that they come from (``litmos``).
    """
    if not values:
        return {**seen(stored, values=False), "curl": ""}
    again = {**stored, "query": {**stored["query"], "source": source, "format": "json"}}
    return {**seen(stored, values=True), "curl": curl(again, base_url)}
