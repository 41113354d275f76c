"""Sending from a command: its progress, and what a person is told while it has to wait."""

import time
from collections.abc import Iterator
from typing import Any

from syncd.cli.output import note, plain, progress

LOOK = 1.0
"""Seconds between two looks whether sending was stopped for a while."""


def send(app: Any, run_id: int) -> None:
    """Send a Run's Jobs, here and now, until it ends or holds what is left; say it once if everybody has to wait."""
    from syncd.sending.crew import drain

    waits = _waits(app)
    with progress("push") as update:

        def told(what: str, done: int, total: int | None) -> None:
            update(what, done, total)
            next(waits)

        drain(app, run_id, update=told)


def _waits(app: Any) -> Iterator[None]:
    """Each step looks, if the last look was a while ago, whether all sending waits since the first; that is said once."""
    from syncd.store import window

    said, began, looked = False, app.now(), time.monotonic()
    while True:
        yield
        if not said and time.monotonic() - looked >= LOOK:
            looked = time.monotonic()
            with app.database.read() as conn:
                found = window.freezes(conn, app.account)
            said = found.last_at is not None and found.last_at >= began
            if said:
                note(
                    f"Sending waits, and goes on by itself: {plain(found.reason)}. Ctrl-C ends this command; what is not sent "
                    "stays queued for syncd serve, or syncd push"
                )
