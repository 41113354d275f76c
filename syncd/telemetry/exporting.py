"""Exporting: Spans on their way to a collector, from a thread of its own, and never in anybody's way.

Whoever logs leaves a Span in a bounded queue and goes on. The thread sends what has gathered. While the collector does not
answer it waits and tries again; what the queue cannot hold, and what the process cannot wait for at its end, is dropped,
counted, and told.
"""

import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from syncd import __version__
from syncd.log import get_logger
from syncd.telemetry.collector import Collector, NotSent
from syncd.telemetry.otlp import encoded
from syncd.telemetry.spans import Span, Tracer

log = get_logger(__name__)

MOST = 10_000
"""So many Spans wait at most."""
BATCH = 500
"""So many are sent in one request at most."""
EVERY = 1.0
"""Seconds for which Spans gather."""
LONGEST_WAIT = 30.0
"""Seconds between two tries while the collector does not answer, at most."""
LAST_WAIT = 2.0
"""Seconds for what is left when the process ends."""
SELDOM = 60.0
"""Seconds between two lines of the log about the same trouble, at least."""


class Exporter:
    """Sends the Spans of one process. Call it with an event as the log tells it; it never raises and never waits.

    Its thread begins with the first Span: a command that ends nothing costs nothing. ``clock`` is in seconds.
    """

    def __init__(
        self,
        tracer: Tracer,
        collector: Collector,
        *,
        service: str,
        most: int = MOST,
        every: float = EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is sent."""
        self._tracer = tracer
        self._events = tracer.events
        self._collector = collector
        self._resource = {
            "service.name": service,
            "service.version": __version__,
            "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
        }
        self._most = most
        self._every = every
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: deque[Span] = deque()
        self._sending = 0
        self._gathered = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._given_up = False
        self._told_at: dict[str, float] = {}
        self._told = 0
        self.dropped = 0
        """How many were dropped since the process began."""

    def __call__(self, told: Mapping[str, Any]) -> None:
        """Take one event."""
        if told["event"] not in self._events:
            return
        with self._lock:
            spans = self._tracer.take(told, threading.get_ident())
            room = max(0, self._most - len(self._waiting))
            self._waiting.extend(spans[:room])
            self.dropped += len(spans[room:])
            first = bool(spans) and self._thread is None
            if first:
                self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
        if first and self._thread is not None:
            self._thread.start()
        if spans:
            self._gathered.set()

    def close(self, timeout: float = LAST_WAIT) -> None:
        """Send what is left, for as long as ``timeout`` seconds, and end; not at all if the collector did not answer last."""
        self._closing.set()
        self._gathered.set()
        if self._thread is not None:
            self._thread.join(timeout)
        with self._lock:
            self._given_up = True
            self.dropped += len(self._waiting) + self._sending
            self._waiting.clear()
            self._sending = 0
        self._tell_dropped(last=True)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._gathered.wait()
            self._closing.wait(self._every)
            self._gathered.clear()
            self._send_all()
        self._send_all()

    def _send_all(self) -> None:
        while batch := self._next():
            refused = self._send(batch)
            with self._lock:
                if not self._given_up:  # else they were counted
                    self.dropped += refused
                    self._sending = 0
            self._tell_dropped()

    def _next(self) -> list[Span]:
        with self._lock:
            number = min(BATCH, len(self._waiting))
            self._sending = number
            return [self._waiting.popleft() for _ in range(number)]

    def _send(self, batch: list[Span]) -> int:
        """Send these, however often it takes; how many of them nobody will see."""
        wait = self._every
        try:
            body = encoded(batch, self._resource, version=__version__)
            while True:
                timeout = (
                    min(self._collector.timeout, LAST_WAIT)
                    if self._closing.is_set()
                    else self._collector.timeout
                )
                try:
                    return self._collector.send(body, timeout=timeout)
                except NotSent as error:
                    self._tell_failure(len(batch), str(error))
                    if error.final:
                        return len(batch)
                    if self._closing.wait(min(LONGEST_WAIT, max(wait, error.after))):
                        return len(batch) + self._rest()
                    wait = min(LONGEST_WAIT, 2 * wait)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with them must not end the thread
            self._tell_failure(len(batch), type(error).__name__)
            return len(batch)

    def _rest(self) -> int:
        """The process ends, and the collector did not answer: nobody waits for it."""
        with self._lock:
            number = len(self._waiting)
            self._waiting.clear()
        return number

    def _tell_failure(self, number: int, error: str) -> None:
        if self._may_tell("spans_not_sent"):
            log.warning("spans_not_sent", number=number, error=error)

    def _tell_dropped(self, *, last: bool = False) -> None:
        number = self.dropped - self._told
        if number and (self._may_tell("spans_dropped") or last):
            self._told += number
            log.warning("spans_dropped", number=number)

    def _may_tell(self, event: str) -> bool:
        """Whether it was not told within the last minute; if so, it counts as told now."""
        now, before = self._clock(), self._told_at.get(event)
        if before is not None and now - before < SELDOM:
            return False
        self._told_at[event] = now
        return True
