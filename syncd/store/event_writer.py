"""The event writer: puts what happened into the database, from a thread of its own, and never in anybody's way.

Whoever logs puts an event into a bounded queue and goes on. The thread stores what has gathered in one transaction. While
the database is unusable it waits and tries again; what the queue cannot hold is dropped, counted, and told afterwards.
"""

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any

from syncd.errors import StoreError
from syncd.log import get_logger, listen
from syncd.store import events
from syncd.store.database import Database

log = get_logger(__name__)

MOST = 10_000
"""So many events wait at most."""
BATCH = 500
"""So many are stored in one transaction at most."""
EVERY = 0.5
"""Seconds for which events gather."""
LONGEST_WAIT = 30.0
"""Seconds between two tries while the database is unusable, at most."""
LAST_WAIT = 5.0
"""Seconds for what is left when the process ends."""


class EventWriter:
    """Stores events of one process. Call it with an event as the log tells it; it never raises and never waits."""

    def __init__(self, database: Database, account: str, *, most: int = MOST, every: float = EVERY) -> None:
        """Prepare; nothing is stored before ``start``."""
        self._database = database
        self._account = account
        self._most = most
        self._every = every
        self._process = f"{socket.gethostname()}:{os.getpid()}"
        self._waiting: SimpleQueue[Mapping[str, Any]] = SimpleQueue()
        self._gathered = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._told = 0
        self.dropped = 0
        """How many were dropped since the process began."""

    def __call__(self, told: Mapping[str, Any]) -> None:
        """Take one event, of level info or above."""
        if told.get("level") == "debug":
            return
        if self._waiting.qsize() >= self._most:
            self.dropped += 1
            return
        self._waiting.put(dict(told))
        self._gathered.set()

    def start(self) -> None:
        """Begin to store."""
        self._thread.start()

    def close(self, timeout: float = LAST_WAIT) -> None:
        """Store what is left, for as long as ``timeout`` seconds, and end."""
        self._closing.set()
        self._gathered.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._gathered.wait()
            self._closing.wait(self._every)
            self._gathered.clear()
            self._store_all()
        self._store_all()

    def _store_all(self) -> None:
        while batch := self._next():
            self._store(batch)
            self._tell_dropped()

    def _next(self) -> list[Mapping[str, Any]]:
        batch: list[Mapping[str, Any]] = []
        with suppress(Empty):
            while len(batch) < BATCH:
                batch.append(self._waiting.get_nowait())
        return batch

    def _store(self, batch: list[Mapping[str, Any]]) -> None:
        wait = self._every
        while True:
            try:
                rows = [events.row_of(told, self._account, self._process) for told in batch]
                with self._database.write() as conn:
                    events.add(conn, rows)
            except StoreError as error:
                if wait == self._every:
                    log.warning("events_not_stored", number=len(batch), error=str(error))
                if self._closing.wait(wait):
                    self.dropped += len(batch)
                    return
                wait = min(LONGEST_WAIT, 2 * wait)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with them must not end the thread
                self.dropped += len(batch)
                log.warning("events_not_stored", number=len(batch), error=type(error).__name__)
                return
            else:
                return

    def _tell_dropped(self) -> None:
        number, self._told = self.dropped - self._told, self.dropped
        if number:
            log.warning("events_dropped", number=number)


@contextmanager
def stored_events(database: Database, account: str) -> Iterator[EventWriter]:
    """While the block runs, what this process tells is stored; at its end what is left of it."""
    writer = EventWriter(database, account)
    writer.start()
    unlisten = listen(writer)
    try:
        yield writer
    finally:
        unlisten()
        writer.close()
