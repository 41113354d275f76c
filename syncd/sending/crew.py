"""The crew: the senders of one process, and waiting for a Run to end."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from syncd.app import App
from syncd.errors import StoreError, Unauthorized
from syncd.log import get_logger
from syncd.sending.endings import ending
from syncd.sending.worker import Worker
from syncd.store import jobs, lease, queue, runs
from syncd.store.owner import is_dead
from syncd.store.rescue import rescue as rescue_jobs
from syncd.store.schema import LIVE

log = get_logger(__name__)

Update = Callable[[str, int, int | None], None]
"""Progress: what, how many done, how many in all."""

RESCUE_EVERY = 5.0
"""Seconds between two looks for Jobs whose worker died."""
NEVER_BEGUN = timedelta(minutes=10)
"""After so long a Run that a person asked for, and whose process takes it up at once, is not taken up any more."""


@dataclass(slots=True)
class Crew:
    """A handful of Workers in threads: enough of them that slow answers do not lower the rate."""

    app: App
    stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list, init=False)

    def start(self) -> None:
        """Start the workers, and one thread that keeps their Jobs alive, and rescues what dead workers left."""
        for number in range(self.app.settings.senders):
            worker = Worker(
                database=self.app.database,
                target=self.app.target,
                gate=self.app.hand,
                settings=self.app.work,
                owner=self.app.owner,
                stop=self.stop,
                jitter=self.app.jitter,
            )
            self._threads.append(threading.Thread(target=worker.run, name=f"sender-{number}", daemon=True))
        self._threads.append(threading.Thread(target=self._rescue_often, name="rescue", daemon=True))
        for thread in self._threads:
            thread.start()

    def end(self) -> bool:
        """Let requests in flight finish and be recorded; True if all workers ended in time."""
        self.stop.set()
        self.app.gate.interrupt()
        deadline = time.monotonic() + self.app.settings.endpoint.timeout + 5
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if not self.app.stop.is_set():  # else the planner would go on
            self.app.gate.again()
        return not any(thread.is_alive() for thread in self._threads)

    def _rescue_often(self) -> None:
        app, lease_seconds = self.app, self.app.work.lease
        while not self.stop.wait(min(RESCUE_EVERY, lease_seconds / 3)):
            try:
                with app.database.write() as conn:
                    queue.keep_alive(conn, app.account, app.owner, lease_seconds, app.database.now(conn))
                rescue(app)
            except StoreError as error:  # the senders wait for it, too
                log.error("store_unusable", error=str(error))


def rescue(app: App) -> None:
    """Jobs and Runs whose process died: unsent Jobs go back, others become uncertain, Runs without a Plan fail."""
    with ending(app.database, app.account) as conn:
        now = app.database.now(conn)
        found = rescue_jobs(conn, app.account, now)

        def is_lost(owner: str, flow: str) -> bool:
            name = runs.lease_name(app.account, flow)
            return is_dead(owner) or not lease.is_held(conn, name, owner, now)

        runs.abandon_dead(conn, app.account, is_lost, now)
        for run in runs.listed(conn, app.account, state="queued"):
            if run["trigger"] not in runs.FOR_THE_DAEMON and now - run["created_at"] > NEVER_BEGUN:
                runs.finish(conn, run["id"], "failed", error="the process died before it began", now=now)
    if found:
        log.warning("jobs_rescued", number=found)


def resume_if_key_works(app: App) -> bool:
    """If the queue is paused because the key was refused, ask Litmos; True if it goes on now. Raises LitmosError."""
    with app.database.read() as conn:
        if jobs.paused(conn, app.account) is None:
            return False
    app.target.read_team("none")
    with app.database.write() as conn:
        jobs.resume(conn, app.account)
    log.info("queue_resumed")
    return True


def drain(app: App, run_id: int, *, update: Update = lambda _what, _done, _total: None) -> str:
    """Send with a crew of one's own until the Run has ended, and nothing is unsettled, or ``app.stop`` is set.

    Returns the Run's state; what a person has paused is left in the queue. What an earlier process left uncertain is settled
    first or on the way, and sent again if it was not there.

    Raises Unauthorized if Litmos refuses the key: the queue is kept, and paused.
    """
    rescue(app)
    try:
        resume_if_key_works(app)
    except Unauthorized as error:
        raise _refused(str(error), error.code) from None
    crew = Crew(app)
    crew.start()
    left: set[int] = set()
    try:
        while True:
            with app.database.read() as conn:
                counts = jobs.counts(conn, app.account, run_id)
                unsettled = jobs.is_unsettled(conn, app.account)
                left = jobs.going_on(
                    conn, app.account, left | jobs.unsettled_of_others(conn, app.account, run_id)
                )
                pause = jobs.paused(conn, app.account)
                goes_on = jobs.goes_on(conn, app.account, run_id)
                run = runs.get(conn, run_id)
            state = str(run["state"]) if run is not None else "cancelled"
            done = sum(number for found, number in counts.items() if found not in LIVE)
            update("requests", done, sum(counts.values()))
            ended = state not in runs.UNFINISHED or not goes_on
            if (ended and not unsettled and not left) or app.stop.is_set():
                return state
            if pause is not None:
                raise _refused(pause.reason, pause.code)
            app.stop.wait(0.1)
    finally:
        crew.end()


def _refused(reason: str, code: str) -> Unauthorized:
    return Unauthorized(f"{reason}; nothing is lost: put the right key in place, then: syncd push", code=code)
