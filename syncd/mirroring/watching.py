"""Watching: the progress and the cost of a refresh, and what ends each one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from syncd.app import App
from syncd.store import drift, imports, jobs
from syncd.store.drift import Drift

Update = Callable[[str, int, int | None], None]
"""Progress: what is being done, how many are done, how many in all (None: not known)."""


@dataclass(slots=True)
class Counting:
    """A Watch that counts the requests of a refresh."""

    requests: int = 0

    def before_send(self, *, write: bool) -> None:
        """One more."""
        self.requests += 1


def end(conn: Connection, app: App, run_id: int, found: list[Drift], now: datetime) -> list[Drift]:
    """Let the senders go on, and record the drift that is not syncd's own doing; returns it."""
    jobs.resume(conn, app.account)
    return drift.save(conn, app.account, run_id, found, now, ours=imports.wanted(conn, app.account))
