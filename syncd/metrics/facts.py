"""Facts: what the database says at the moment of a scrape, read at most once in a few seconds."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from syncd import __version__
from syncd.config.settings import ScheduleSettings
from syncd.core.states import FLOWS
from syncd.errors import StoreError
from syncd.insight.overview import last_inputs
from syncd.schedule import judged
from syncd.store import cases, gauges, going, jobs, messages, people, runs, tallies, window
from syncd.store.database import Database

FRESH = 10.0
"""Seconds for which what was read is told again."""


@dataclass(slots=True, kw_only=True, eq=False)
class StoreFacts(Collector):
    """Gauges over the database of one account; ``clock`` in seconds says how old what was read is.

    If the database does not answer, ``syncd_store_up`` is 0 and the other facts are left out.
    """

    database: Database
    account: str
    sources: Sequence[str]
    schedules: ScheduleSettings
    alive: Callable[[], bool] = lambda: True
    clock: Callable[[], float] = time.monotonic
    _read_at: float | None = field(default=None, init=False)
    _known: list[Metric] = field(default_factory=list, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def collect(self) -> Iterable[Metric]:
        """What a scrape shows."""
        yield _labelled("syncd_build_info", "Which syncd this is.", "version", {__version__: 1})
        yield _one("syncd_alive", "1 while the threads of the daemon are at work.", float(self.alive()))
        with self._lock:
            now = self.clock()
            if self._read_at is None or now - self._read_at >= FRESH:
                self._known, self._read_at = list(self._read()), now
            known = list(self._known)
        yield from known

    def describe(self) -> Iterable[Metric]:
        """Nothing: the database is not asked before the first scrape."""
        return ()

    def _read(self) -> Iterator[Metric]:
        try:
            found = [*self._engine(), *self._flows()]
        except StoreError:
            yield _one("syncd_store_up", "1 if the database answers.", 0)
            return
        yield _one("syncd_store_up", "1 if the database answers.", 1)
        yield from found

    def _engine(self) -> Iterator[Metric]:
        account = self.account
        with self.database.read() as conn:
            now = self.database.now(conn)
            live = jobs.live_counts(conn, account)
            oldest = gauges.oldest_due(conn, account)
            unknown = gauges.uncertain_changes(conn, account)
            taken, slots, _frozen = window.usage(conn, account, now)
            freezes = window.freezes(conn, account).number
            pauses = {one.job_class: 1.0 for one in jobs.pauses(conn, account)}
            held = gauges.holding(conn, account)
            expiring = gauges.first_expiry(conn, account)
            rows = {
                str(one["source"]): float(one["rows"]) for one in last_inputs(conn, account, self.sources)
            }
            quarantined, waiting = people.count_quarantined(conn, account), cases.waiting(conn, account)
        states = {
            state: float(live.get(state, 0)) for state in ("blocked", "available", "running", "uncertain")
        }
        yield _labelled("syncd_queue_depth", "Jobs that have not ended.", "state", states)
        yield _one("syncd_queue_oldest_age_seconds", "Age of the oldest job that is due.", _age(oldest, now))
        yield _one("syncd_uncertain_jobs", "Jobs whose outcome is unknown.", states["uncertain"])
        yield _one("syncd_uncertain_changes", "Changes that these jobs carry.", unknown)
        yield _one("syncd_api_budget", "Requests that one window allows.", slots)
        yield _one("syncd_api_budget_remaining", "Requests that are free now.", slots - taken)
        frozen = CounterMetricFamily("syncd_window_freezes", "How often everybody waited for one window.")
        frozen.add_metric((), freezes)
        yield frozen
        yield _one("syncd_key_refused", "1 while Litmos refuses the key.", pauses.pop("", 0.0))
        yield _labelled("syncd_paused", "1 for each class that a person paused.", "class", pauses)
        yield _one("syncd_held_runs", "Runs that wait for a person.", len(held))
        since = min(held, default=None)
        yield _one("syncd_held_oldest_age_seconds", "Age of the oldest of them.", _age(since, now))
        ends = {} if expiring is None else {account: expiring.timestamp()}
        told = "When the first of them expires undecided, in seconds since 1970."
        yield _labelled("syncd_held_expiry_timestamp_seconds", told, "account", ends)
        yield _one("syncd_quarantined", "Rows of HR that are rejected.", quarantined)
        yield _one("syncd_cases", "Cases that wait for a decision.", waiting)
        yield _labelled("syncd_source_rows", "Rows of the last accepted input.", "source", rows)

    def _flows(self) -> Iterator[Metric]:
        succeeded: dict[str, float] = {}
        following: dict[str, float] = {}
        late: dict[str, float] = {}
        failed: dict[str, float] = {}
        with self.database.read() as conn:
            now = self.database.now(conn)
            at_work, known = going.going(conn, self.account), messages.known_schedules(conn, self.account)
            for flow in FLOWS:
                last, newest = runs.last(conn, self.account, flow), runs.newest(conn, self.account, flow)
                if last is not None and last["finished_at"] is not None:
                    succeeded[flow] = last["finished_at"].timestamp()
                ended = tallies.last_ended(conn, self.account, flow)
                failed[flow] = float(ended is not None and ended["state"] == "failed")
                by = judged(flow, self.schedules, newest, at_work.get(flow), known, now)
                if by.next_at is not None:
                    following[flow] = by.next_at.astimezone(UTC).timestamp()
                late[flow] = float(bool(by.late))
        ages = {flow: _age(at_work[flow].since if flow in at_work else None, now) for flow in FLOWS}
        yield _labelled("syncd_last_run_failed", "1 if the last run that ended failed.", "flow", failed)
        yield _labelled("syncd_run_age_seconds", "For how long a run of the flow is at work.", "flow", ages)
        told = "When a run of the flow succeeded last, in seconds since 1970."
        yield _labelled("syncd_last_success_timestamp_seconds", told, "flow", succeeded)
        told = "When the flow is due next, in seconds since 1970."
        yield _labelled("syncd_next_run_timestamp_seconds", told, "flow", following)
        told = "1 if the flow was due more than 15 minutes ago and has not begun, or its run goes on for too long."
        yield _labelled("syncd_flow_late", told, "flow", late)


def _one(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=value)


def _labelled(name: str, told: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family


def _age(moment: datetime | None, now: datetime) -> float:
    return 0.0 if moment is None else max(0.0, (now - moment).total_seconds())
