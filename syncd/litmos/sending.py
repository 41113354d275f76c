"""Sending: one request on its way, its slot, its deadlines, how far it got, and what came back."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from syncd.core.operation import Slot, Watch
from syncd.failpoint import reach

Clock = Callable[[], float]
"""Seconds of a clock that never jumps and runs on while the machine sleeps."""


def boot_time() -> float:
    """Seconds since boot, suspended time included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: header names in lower case, the body whole; ``secret`` is the key that was sent, never to be shown."""

    status: int
    reason: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    secret: str = field(default="", repr=False)


@dataclass(slots=True)
class Timing:
    """How long one request ``waited`` for its slot, and ``took`` from its first byte to the whole answer, in seconds.

    ``took`` is None as long as nothing was sent.
    """

    waited: float = 0.0
    took: float | None = None


class TooLateError(Exception):
    """The slot or the deadline had passed before the first byte: nothing was sent."""


@dataclass(slots=True, kw_only=True)
class Sending:
    """The state of one request.

    ``deadline`` (on ``clock``) ends it whatever happens; ``encrypted`` tells the request from what goes to a proxy before
    it. ``sent`` is True once a byte of it may have left, ``answered`` once the whole head of an answer arrived.
    """

    slot: Slot
    watch: Watch
    write: bool
    encrypted: bool
    deadline: float
    clock: Clock
    sent: bool = False
    sent_at: float = 0.0
    answered: bool = False
    broken: bool = False
    _left: bool = False

    def remaining(self) -> float:
        """Seconds until the deadline; 0 or less when it has passed."""
        return self.deadline - self.clock()

    def before_bytes(self) -> None:
        """Called before each piece of the request leaves; the first time it asks whether it still may.

        Raises TooLateError, or what the Watch raises; then nothing was sent.
        """
        if self.sent:
            return
        self.watch.before_send(write=self.write)
        if self.write:
            reach("marked-sent")
        now = self.clock()
        if now > self.slot.send_by or now >= self.deadline:
            raise TooLateError
        self.sent, self.sent_at = True, now

    def before_answer(self) -> None:
        """Called before the answer is read: the whole request has left, unless a write of it failed."""
        if self.sent and not self._left and not self.broken:
            self._left = True
            if self.write:
                reach("bytes-sent")
