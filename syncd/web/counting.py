"""Counting: numbers of very many rows, which take a while, so that they are not counted anew for every look."""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

T = TypeVar("T")
KEPT = 100
"""So many times as long as counting took the numbers are shown again: counting is a hundredth of the work at most."""
QUICK = 0.05
"""What took fewer seconds is counted anew each time."""
MOST = 64
"""So many counts are remembered."""


@dataclass(slots=True)
class Counts:
    """Numbers as they were counted last, and when; of what is few that is always just now. ``clock`` is in seconds."""

    clock: Callable[[], float] = time.monotonic
    _known: dict[Hashable, tuple[float, Any, datetime]] = field(default_factory=dict, init=False)

    def of(self, what: Hashable, now: datetime, count: Callable[[], T]) -> tuple[T, datetime]:
        """What ``count`` finds, or found a while ago for the same ``what``, and when. Thread-safe: two that ask at once both count."""
        began = self.clock()
        known = self._known.get(what)
        if known is not None and began < known[0]:
            return known[1], known[2]
        found = count()
        took = self.clock() - began
        self._known.pop(what, None)
        if took >= QUICK:
            self._known[what] = (began + took + KEPT * took, found, now)
            for oldest in list(self._known)[:-MOST]:
                self._known.pop(oldest, None)
        return found, now
