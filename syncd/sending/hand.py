"""Hand: the rolling window, with a slot that a sender takes before it claims a Job."""

import threading
import time

from syncd.core.operation import Gate, Slot


class HandedGate:
    """The rolling window, with one slot that a worker may take beforehand (per thread)."""

    def __init__(self, window: Gate) -> None:
        """Wrap the shared ``window``."""
        self._window = window
        self._hand = threading.local()

    def take(self) -> None:
        """Wait for a slot and keep it in this thread's hand."""
        if getattr(self._hand, "slot", None) is None:
            self._hand.slot = self._wait()

    def put_back(self) -> None:
        """Give an unused slot in hand back at once."""
        slot: Slot | None = getattr(self._hand, "slot", None)
        if slot is not None:
            self._hand.slot = None
            self._window.release(slot, sent=False, answered=False)

    def acquire(self) -> Slot:
        """The slot in hand, or the next free one."""
        slot: Slot | None = getattr(self._hand, "slot", None)
        self._hand.slot = None
        return slot if slot is not None else self._wait()

    def _wait(self) -> Slot:
        began = time.monotonic()
        try:
            return self._window.acquire()
        finally:
            self._hand.waited = getattr(self._hand, "waited", 0.0) + time.monotonic() - began

    def waited(self) -> float:
        """Seconds for which this thread has waited for slots since it was asked last."""
        seconds: float = getattr(self._hand, "waited", 0.0)
        self._hand.waited = 0.0
        return seconds

    def release(self, slot: Slot, *, sent: bool, answered: bool) -> None:
        """Pass on to the window."""
        self._window.release(slot, sent=sent, answered=answered)

    def freeze(self, reason: str) -> None:
        """Pass on to the window."""
        self._window.freeze(reason)
