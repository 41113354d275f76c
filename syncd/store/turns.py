"""Turns: a lock that is given in the order in which it was asked for."""

import threading
from collections import deque


class Turns:
    """One holder at a time; who asked first is next. Thread-safe.

    ``threading.Lock`` lets the thread that has just released it take it again, before those that wait are awake: with
    four senders the slowest hundredth of all claims waited 85 ms, though a write takes less than one.
    """

    def __init__(self) -> None:
        """Nobody holds it."""
        self._lock = threading.Lock()
        self._held = False
        self._queue: deque[threading.Lock] = deque()

    @property
    def waiting(self) -> int:
        """How many threads wait."""
        with self._lock:
            return len(self._queue)

    def acquire(self, timeout: float) -> bool:
        """Wait for one's turn, at most ``timeout`` seconds; whether it came."""
        with self._lock:
            if not self._held:
                self._held = True
                return True
            called = threading.Lock()
            called.acquire()
            self._queue.append(called)
        try:
            came = called.acquire(timeout=timeout)
        except BaseException:
            if not self._leave(called):
                self.release()
            raise
        return came or not self._leave(called)

    def release(self) -> None:
        """Give it to who waits longest."""
        with self._lock:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._held = False

    def _leave(self, called: threading.Lock) -> bool:
        """Wait no longer; False when it has been handed over meanwhile."""
        with self._lock:
            if called not in self._queue:
                return False
            self._queue.remove(called)
            return True
