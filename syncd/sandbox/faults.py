"""Faults: what goes wrong on purpose, for chosen requests."""

import re
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

KINDS = frozenset(
    "status html malformed truncated empty first_page short_page slow drop_before drop_after hold_after".split()
)
"""What a fault does.

``status``: answer with ``status``, ``reason``, ``headers`` and ``body``, without applying; ``html``: the same, with an
HTML page; ``malformed`` and ``truncated``: apply, then spoil the body; ``empty``: apply, then answer with nothing;
``first_page``: a list begins at 0 whatever ``start`` says; ``short_page``: half of ``limit``; ``slow``: wait
``seconds``, then apply and answer; ``drop_before`` and ``drop_after``: reset the connection without or after applying;
``hold_after``: apply, then wait until released or ``seconds`` have passed, then answer.
"""


@dataclass(slots=True, kw_only=True)
class Fault:
    """A rule: which requests (``method``, ``path`` as a regex searched in the path below /v1.svc), which of them
    (skip ``nth - 1`` matches, then ``count`` times; 0 is for ever), and what happens.
    """

    kind: str
    method: str = ""
    path: str = ""
    nth: int = 1
    count: int = 1
    status: int = 503
    reason: str = ""
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    matched: int = 0
    fired: int = 0

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """A fault from JSON; ValueError for unknown kinds and members and for a path that is no regex."""
        try:
            fault = cls(**row)
            re.compile(fault.path)
        except (TypeError, re.error) as error:
            raise ValueError(f"not a fault: {error}") from None
        if fault.kind not in KINDS:
            raise ValueError(f"no such kind of fault: {fault.kind}")
        return fault

    def takes(self, method: str, path: str) -> bool:
        """Whether this request is one to spoil; counts it."""
        if self.method.upper() not in {"", method} or not re.search(self.path, path):
            return False
        if self.count and self.fired >= self.count:
            return False
        self.matched += 1
        if self.matched < self.nth:
            return False
        self.fired += 1
        return True


class FaultPlan:
    """The faults in force, in order: the first that takes a request has it."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._release = threading.Event()
        self.holding = 0

    def set(self, rows: list[Mapping[str, Any]]) -> None:
        """Replaces all faults."""
        faults = [Fault.of(row) for row in rows]
        with self._lock:
            self._faults = faults

    def add(self, row: Mapping[str, Any]) -> None:
        """Adds one fault behind the others."""
        fault = Fault.of(row)
        with self._lock:
            self._faults.append(fault)

    def rows(self) -> list[dict[str, Any]]:
        """The faults with their counts, as JSON data."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this request, if any."""
        with self._lock:
            return next((fault for fault in self._faults if fault.takes(method, path)), None)

    def hold(self, seconds: float) -> None:
        """Waits until released, or ``seconds``."""
        with self._lock:
            self.holding += 1
            event = self._release
        event.wait(seconds)
        with self._lock:
            self.holding -= 1

    def release(self) -> None:
        """Lets all held and slow requests go on."""
        with self._lock:
            event, self._release = self._release, threading.Event()
        event.set()
