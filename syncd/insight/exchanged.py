"""Exchanged: what an Attempt sent and what Litmos answered, as somebody may see it; the same on pages and in commands."""

from collections.abc import Mapping
from typing import Any

from syncd.config import Config
from syncd.core.exchange import curl, seen


def exchanged(stored: Mapping[str, Any], config: Config, *, values: bool) -> dict[str, Any]:
    """A kept request and its answer: with ``values`` also as the command that does the same; else their shape alone."""
    if not values:
        return {**seen(stored, values=False), "curl": ""}
    litmos = config.litmos
    again = {**stored, "query": {**stored["query"], "source": litmos.source, "format": "json"}}
    return {**seen(stored, values=True), "curl": curl(again, litmos.base_url)}
