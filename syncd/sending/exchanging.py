"""Exchanging: what was sent and answered for one Job, gathered while it is worked on, for its Attempt."""

from dataclasses import dataclass, field, replace
from typing import Any

from syncd.core.exchange import Exchange, kept

FIRST = 20
"""So many exchanges of an Attempt are kept: one that reads all users makes thousands."""


@dataclass(slots=True)
class Gathered:
    """A Recorder for one Attempt. ``waited`` is how long its sender waited for the slot with which it took the Job.

    ``status`` is that of the last answer (None: there was none); ``made`` stays empty unless it ``keeps`` what it hears.
    """

    sensitive: frozenset[str] = frozenset()
    waited: float = 0.0
    keeps: bool = True
    status: int | None = None
    made: list[dict[str, Any]] = field(default_factory=list)

    def heard(self, exchange: Exchange) -> None:
        """Note its status, and keep it, masked."""
        self.status = self.status if exchange.status is None else exchange.status
        if not self.keeps or len(self.made) >= FIRST:
            return
        waited, self.waited = self.waited + exchange.waited, 0.0
        self.made.append(kept(replace(exchange, waited=waited), self.sensitive))
