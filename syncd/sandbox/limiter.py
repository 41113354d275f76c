"""Limiter: no more than so many requests in any rolling window (litmos-api 3)."""

import threading
from collections import deque


class RollingWindow:
    """Accepts at most ``limit`` requests within any ``window`` seconds; rejected ones take no place (unsettled)."""

    def __init__(self, limit: int, window: float) -> None:
        self.limit = limit
        self.window = window
        self._accepted: deque[float] = deque()
        self._lock = threading.Lock()

    def admit(self, at: float) -> bool:
        """Whether a request that arrives at monotonic second ``at`` is accepted."""
        with self._lock:
            while self._accepted and self._accepted[0] <= at - self.window:
                self._accepted.popleft()
            if len(self._accepted) >= self.limit:
                return False
            self._accepted.append(at)
            return True

    def clear(self) -> None:
        """Forgets all requests."""
        with self._lock:
            self._accepted.clear()


def most_within(times: list[float], window: float) -> int:
    """The greatest number of these ascending times that lie within one rolling window."""
    most = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - window:
            first += 1
        most = max(most, last - first + 1)
    return most
