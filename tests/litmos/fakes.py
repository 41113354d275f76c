"""A rolling window and a Watch that do what the test says and remember what happened."""

import math
import threading
from dataclasses import dataclass, field

from syncd.core.operation import Slot
from syncd.litmos.client import LitmosClient
from syncd.litmos.endpoint import Endpoint
from syncd.litmos.sending import boot_time
from syncd.litmos.transport import Transport

KEY = "CANARY-00000000-1111-2222-3333-444444444444"


@dataclass
class FakeGate:
    """Always has a slot; ``released`` holds (sent, answered) per request."""

    send_by: float = math.inf
    released: list[tuple[bool, bool]] = field(default_factory=list)
    frozen: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _count: int = 0

    def acquire(self) -> Slot:
        with self._lock:
            self._count += 1
            return Slot(number=self._count, token=str(self._count), send_by=self.send_by)

    def release(self, slot: Slot, *, sent: bool, answered: bool) -> None:
        with self._lock:
            self.released.append((sent, answered))

    def freeze(self, reason: str) -> None:
        self.frozen.append(reason)


@dataclass
class FakeWatch:
    """Remembers what was announced; raises ``refusal`` if there is one."""

    announced: list[bool] = field(default_factory=list)
    refusal: Exception | None = None

    def before_send(self, *, write: bool) -> None:
        self.announced.append(write)
        if self.refusal is not None:
            raise self.refusal


def endpoint(url: str, **settings) -> Endpoint:
    """An Endpoint with the canary key."""
    return Endpoint(base_url=url, **{"api_key": lambda: KEY, "source": "syncd-test", **settings})


OPEN: list[Transport | LitmosClient] = []
"""Whatever was opened in this test; ``conftest`` closes it."""


def transport(url: str, gate: FakeGate | None = None, *, clock=boot_time, **settings) -> Transport:
    """A Transport to the test server."""
    made = Transport(endpoint(url, **settings), gate or FakeGate(), clock=clock)
    OPEN.append(made)
    return made


def client(url: str, gate: FakeGate | None = None, **settings) -> LitmosClient:
    """A client of the test server."""
    made = LitmosClient(endpoint(url, **settings), gate or FakeGate())
    OPEN.append(made)
    return made
