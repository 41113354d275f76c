"""The daemon: ``syncd serve``. Schedules insert Runs, one thread reads and plans them, senders drain the queue.

::

    schedule thread   a firing only inserts a queued Run, unique per schedule and slot
    planner thread    takes queued Runs: refresh, push up to its Jobs, pull
    sender threads    claim -> apply -> record
    message threads   what people are to be told; nobody waits for them
    web thread        /healthz, /readyz, the pages

SIGTERM: no new firings, no new claims; requests in flight are finished and recorded; exit 0. A kill -9 is recovered from.
"""

import fcntl
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import Connection

from syncd import sync
from syncd.app import App
from syncd.config import Config
from syncd.config.web_parts import AuthPart
from syncd.core.lateness import known_as
from syncd.core.states import FLOWS
from syncd.errors import Busy, LitmosError, StoreError, SyncdError
from syncd.log import get_logger
from syncd.messages.messenger import Messenger
from syncd.metrics.exposing import Metrics, metrics_of, served
from syncd.metrics.facts import StoreFacts
from syncd.replay.keeping import prune as prune_archive
from syncd.schedule import latest, slot, trigger
from syncd.sending.crew import Crew, rescue, resume_if_key_works
from syncd.sending.endings import ending
from syncd.store import exchanges, messages, retention, runs
from syncd.store.database import Database
from syncd.store.event_writer import stored_events
from syncd.store.retention import Retention
from syncd.web.access import serves_pages
from syncd.web.listening import Listening
from syncd.web.pages import create_web
from syncd.web.site import Site
from syncd.wiring.messages import messenger_of
from syncd.wiring.telemetry import traced

log = get_logger(__name__)

POLL = 0.5
STALL = 60.0
PROBE_EVERY = 60.0
KNOWN_RUNS = 500
"""How many Runs of a Flow are looked through for one that its schedule made."""


@contextmanager
def only_one(database: Database) -> Iterator[None]:
    """On SQLite one daemon per file. Raises Busy, naming the holder. PostgreSQL is made for many."""
    if database.path is None:
        yield
        return
    path = database.path.with_name(database.path.name + ".lock")
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(handle, 200).decode("utf-8", "replace").strip() or "another process"
            raise Busy(
                f"{database.path} is served by {holder}; SQLite is for one syncd serve (PostgreSQL is for many)"
            ) from None
        os.ftruncate(handle, 0)
        started = datetime.now(UTC).isoformat(timespec="seconds")
        os.pwrite(handle, f"pid {os.getpid()} on {socket.gethostname()} since {started}".encode(), 0)
        yield
    finally:
        os.close(handle)


@dataclass(slots=True)
class Daemon:
    """Everything that ``syncd serve`` runs, from ``start`` to ``end``; a ``demo`` shows its pages to anybody."""

    app: App
    config: Config
    demo: bool = False
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    scheduler: BackgroundScheduler = field(init=False)
    crew: Crew = field(init=False)
    _planner: threading.Thread = field(init=False)
    _web: Listening | None = field(default=None, init=False)
    _messenger: Messenger | None = field(default=None, init=False)
    _beat: float = field(default=0.0, init=False)
    _working: bool = field(default=False, init=False)
    port: int = field(default=0, init=False)
    metrics: Metrics = field(init=False)
    _around: ExitStack = field(default_factory=ExitStack, init=False)

    def start(self) -> None:
        """Start all threads; what an earlier process left is rescued first. Raises StoreError, Busy, ConfigError."""
        serves_pages(self.config.web, demo=self.demo)  # before anything is begun
        self._tell_and_count()
        self._messenger = messenger_of(self.config, self.app, self._latest)
        rescue(self.app)
        self.crew = Crew(self.app)
        self._beat = time.monotonic()
        self._planner = threading.Thread(target=self._plan_often, name="planner", daemon=True)
        self._start_schedules()
        self._start_web()
        self.crew.start()
        self._planner.start()
        if self._messenger is not None:
            self._messenger.start()
        log.info(
            "serving",
            port=self.port,
            account=self.app.account,
            database=self.app.database.engine.dialect.name,
        )

    def end(self) -> bool:
        """Stop in good order; True if every thread ended within the grace time."""
        log.info("stopping")
        self.scheduler.shutdown(wait=False)
        self.app.interrupt()
        if self._messenger is not None:
            self._messenger.end()
        ended = self.crew.end()
        self._planner.join(self.app.settings.endpoint.timeout + 5)
        if self._web is not None:
            self._web.end()
        ended = ended and not self._planner.is_alive()
        log.info("stopped", in_time=ended)
        self._around.close()
        return ended

    def _tell_and_count(self) -> None:
        """From now on what this process tells is stored, counted, and sent to a collector if there is one."""
        app, config = self.app, self.config
        facts = StoreFacts(
            database=app.database,
            account=app.account,
            sources=[source.name for source in config.sources],
            schedules=config.schedules,
            alive=self.alive,
        )
        self._around.enter_context(stored_events(app.database, app.account))
        self.metrics = self._around.enter_context(metrics_of(facts))
        self._around.enter_context(traced(config, app.database))
        self._around.enter_context(served(self.metrics, config.metrics))

    def alive(self) -> bool:
        """Whether the planner was seen at work, or waiting, within the last minute, or is at work now."""
        return self._planner.is_alive() and (self._working or time.monotonic() - self._beat < STALL)

    def _start_schedules(self) -> None:
        self._catch_up()
        self.scheduler = BackgroundScheduler(timezone=UTC)
        self.scheduler.add_listener(_told, EVENT_JOB_MISSED | EVENT_JOB_ERROR | EVENT_JOB_MAX_INSTANCES)
        for flow in self._scheduled():
            self.scheduler.add_job(
                self._fire,
                self._trigger(flow),
                args=[flow],
                id=flow,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
            )
        self.scheduler.start()

    def _fire(self, flow: str) -> None:
        """Insert a queued Run for this slot, unless there is one, or one of the same Flow has not ended."""
        fired_at = latest(self._trigger(flow), self.clock())
        if fired_at is not None:
            with self.app.database.write() as conn:
                self._enqueue(conn, flow, fired_at)

    def _catch_up(self) -> None:
        """Insert a Run for the latest slot that passed while nobody served; never for a schedule that never fired.

        From the first time on that a schedule is met here it is known, and a Flow may be late by it.
        """
        for flow in self._scheduled():
            fired_at = latest(self._trigger(flow), self.clock())
            with self.app.database.write() as conn:
                messages.know(
                    conn, self.app.account, known_as(flow, self._written(flow)), self.app.database.now(conn)
                )
                known = runs.listed(conn, self.app.account, flow=flow, limit=KNOWN_RUNS)
                served = any(run["schedule"] == flow for run in known)
                if fired_at is not None and served and known[0]["created_at"] < fired_at:
                    log.warning("slot_missed", flow=flow, fired_at=fired_at.isoformat())
                    self._enqueue(conn, flow, fired_at)

    def _enqueue(self, conn: Connection, flow: str, fired_at: datetime) -> None:
        local = slot(fired_at, self.config.schedules.timezone)
        unfinished = [run for run in _unfinished(conn, self.app.account, flow) if run["slot"] != local]
        if unfinished:
            log.warning("slot_skipped", flow=flow, slot=local, reason="overlap", run_id=unfinished[0]["id"])
            return
        made = runs.create(
            conn,
            self.app.account,
            flow,
            trigger="schedule",
            actor="schedule",
            now=self.app.database.now(conn),
            schedule=flow,
            slot=local,
        )
        if made is not None:
            log.info("run_queued", run_id=made, flow=flow, slot=local)

    def _scheduled(self) -> list[str]:
        return [flow for flow in FLOWS if getattr(self.config.schedules, flow) is not None]

    def _written(self, flow: str) -> str:
        return str(getattr(self.config.schedules, flow))

    def _trigger(self, flow: str) -> CronTrigger:
        return trigger(self._written(flow), self.config.schedules.timezone)

    def _latest(self, flow: str, moment: datetime) -> datetime | None:
        """The newest firing of a Flow at or before a moment."""
        return latest(self._trigger(flow), moment)

    def _plan_often(self) -> None:
        probed = 0.0
        while not self.app.stop.is_set():
            self._beat = time.monotonic()
            try:
                if time.monotonic() - probed > PROBE_EVERY:
                    probed = time.monotonic()
                    self._look_after()
                if not self._plan_next():
                    self.app.stop.wait(POLL)
            except StoreError as error:
                log.error("store_unusable", error=str(error))
                self.app.stop.wait(5.0)

    def _plan_next(self) -> bool:
        """Do the oldest queued Run; False if there is none. Its errors are its own: the daemon goes on."""
        with self.app.database.read() as conn:
            run = runs.next_queued(conn, self.app.account)
        if run is None:
            return False
        self._working = True
        try:
            _run_flow(self.app, run)
        except Busy as error:
            log.warning("run_waits", run_id=run["id"], flow=run["flow"], reason=str(error))
            self.app.stop.wait(POLL)
        except StoreError:
            raise  # everybody waits for the database
        except SyncdError:
            pass  # its run has failed, and that was told
        except Exception:
            log.exception("run_crashed", run_id=run["id"], flow=run["flow"])
        finally:
            self._working = False
        return True

    def _look_after(self) -> None:
        """Expire held Runs; if the key was refused, ask once a minute whether it works again; once a day, prune."""
        with ending(self.app.database, self.app.account) as conn:
            now = self.app.database.now(conn)
            runs.expire_held(conn, self.app.account, now=now)
            too_old = retention.is_due(conn, self.app.account, now)
        if too_old:
            keep = self.config.retention
            limits = Retention(pushes=keep.pushes, others=keep.others, events=keep.events)
            gone = retention.prune(self.app.database, self.app.account, limits)
            gone["exchanges"] = exchanges.prune(self.app.database, self.app.account, keep.exchanges)
            gone |= prune_archive(self.app.database, self.app.account, self.app.archive)
            log.info("pruned", removed=gone)
        try:
            resume_if_key_works(self.app)
        except LitmosError as error:
            log.warning("still_paused", code=error.code, error=str(error))

    def _start_web(self) -> None:
        web = self.config.web
        pages = serves_pages(web, demo=self.demo)
        if not pages:
            log.warning(
                "pages_not_served",
                host=web.host,
                reason="web.pages, with no web.auth elsewhere than on loopback",
            )
        site = Site(app=self.app, config=self.config, alive=self.alive, metrics=self.metrics.text)
        application = create_web(site, hosts=web.names, pages=pages, auth=AuthPart() if self.demo else None)
        self._web = Listening(application, web.host, web.port)
        self._web.start()
        self.port = self._web.port


def _unfinished(conn: Connection, account: str, flow: str) -> list[Any]:
    """Runs of a Flow that are at work, or that this daemon will take up; not what a person's process was to begin."""
    return [
        run
        for state in runs.UNFINISHED
        for run in runs.listed(conn, account, flow=flow, state=state)
        if state == "running" or run["trigger"] == "schedule"
    ]


def _run_flow(app: App, run: Any) -> None:
    run_id = run["id"]
    match run["flow"]:
        case "refresh":
            sync.refresh(app, run_id)
        case "push":
            sync.push(app, run_id, people=run["summary"].get(runs.ONLY, ()))
        case _:
            sync.pull(app, run_id)


def _told(event: JobEvent) -> None:
    log.warning("schedule_event", code=event.code, schedule=getattr(event, "job_id", ""))
