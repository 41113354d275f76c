"""Population: how many people, users, Links and results there are. Counting a million of each takes a while, so it is not done for every look."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from syncd.insight.overview import population

KEPT = 100
"""So many times as long as counting took the numbers are shown again: counting is a hundredth of the work at most."""


@dataclass(slots=True)
class Population:
    """The numbers as they were counted last, and when; of a small database that is always just now. ``clock`` is in seconds."""

    clock: Callable[[], float] = time.monotonic
    _until: float = field(default=float("-inf"), init=False)
    _counted: dict[str, Any] = field(default_factory=dict, init=False)

    def of(self, conn: Connection, account: str, now: datetime, sinks: Collection[str]) -> dict[str, Any]:
        """The numbers by name, and ``counted_at``. Thread-safe: two that ask at once both count."""
        began = self.clock()
        if began < self._until:
            return self._counted
        found = {**population(conn, account, sinks), "counted_at": now}
        self._counted, self._until = found, self.clock() + KEPT * (self.clock() - began)
        return found
