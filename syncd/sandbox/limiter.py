"""Limiter: no more than so many requests in any rolling window (litmos-api 3)."""

import threading
from collections import deque


class RollingWindow:
    """Accepts at most ``limit`` requests within any ``window`` seconds."""

    def __init__(self, limit: int, window: float) -> None:
        self.limit = limit
        self.window = window
        self._counted: deque[float] = deque()
        self._lock = threading.Lock()

    def admit(self, at: float, *, count_rejected: bool = False) -> bool:
        """Whether a request that arrives at monotonic second ``at`` is accepted.

        Rejected ones take no place in the window, unless ``count_rejected``: then a client that goes on never gets in.
        """
        with self._lock:
            while self._counted and self._counted[0] <= at - self.window:
                self._counted.popleft()
            accepted = len(self._counted) < self.limit
            if accepted or count_rejected:
                self._counted.append(at)
            return accepted

    def clear(self) -> None:
        """Forgets all requests."""
        with self._lock:
            self._counted.clear()


def most_within(times: list[float], window: float) -> int:
    """The greatest number of these ascending times that lie within one rolling window."""
    most = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - window:
            first += 1
        most = max(most, last - first + 1)
    return most
