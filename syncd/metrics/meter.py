"""The meter: counts what this process tells of itself, so that the log and the metrics cannot disagree."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

RUN_SECONDS = (1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 16 * 3600)
REQUEST_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25)
SIGN_INS = ("sign_in_refused", "sign_in_failed")
"""Events by which an alert tells that somebody tries to get in."""


class Meter:
    """Counters and histograms over the events of this process: a listener of the log (``syncd.log.listen``).

    They begin at 0 with the process, as Prometheus expects; what commands did beside it is not in them.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the instruments."""
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it ships no types for this one
        self._runs = Counter(
            "syncd_runs", "Runs that ended, by flow and state.", ("flow", "state"), registry=registry
        )
        self._run_seconds = Histogram(
            "syncd_run_duration_seconds",
            "From the start of a run to its end, without the time for which it waited for a person.",
            ("flow",),
            buckets=RUN_SECONDS,
            registry=registry,
        )
        self._attempts = Counter(
            "syncd_attempts", "Tries of jobs, by kind and outcome.", ("kind", "outcome"), registry=registry
        )
        self._changes = Counter(
            "syncd_changes",
            "Changes that were done or failed, by what they do, and to what.",
            ("flow", "action", "kind", "outcome"),
            registry=registry,
        )
        self._requests = Counter(
            "syncd_api_requests",
            "Requests to Litmos, by call and class of the answer's status (none: no answer).",
            ("method", "endpoint", "status_class"),
            registry=registry,
        )
        self._request_seconds = Histogram(
            "syncd_api_request_duration_seconds",
            "From the slot of a request to its answer.",
            ("method",),
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self._waited = Counter(
            "syncd_rate_limit_wait_seconds", "Seconds for which senders waited for a slot.", registry=registry
        )
        count = partial(Counter, registry=registry)
        self._delivered = count("syncd_results_delivered", "Rows that sinks have taken.", ("sink",))
        self._sink_failures = count("syncd_sink_failures", "Deliveries that a sink did not take.", ("sink",))
        self._dropped = count("syncd_events_dropped", "Events that are not in the database.")
        self._spans = count("syncd_spans_dropped", "Spans that the collector has not got.")
        self._problems = Counter(
            "syncd_problem_events", "Warnings and errors, by event.", ("event", "level"), registry=registry
        )
        self._counting = self._counters()

    def _counters(self) -> Mapping[str, Callable[[Mapping[str, Any]], None]]:
        """What is counted of which event."""
        return {
            "run_ended": self._run_ended,
            "attempt_ended": self._attempt_ended,
            "request_ended": self._request_ended,
            "slot_taken": lambda told: self._waited.inc(told["waited"]),
            "sink_delivered": lambda told: self._delivered.labels(told["sink"]).inc(told["rows"]),
            "sink_failed": lambda told: self._sink_failures.labels(told["sink"]).inc(),
            "events_dropped": lambda told: self._dropped.inc(told["number"]),
            "spans_dropped": lambda told: self._spans.inc(told["number"]),
        }

    def begin(self) -> None:
        """Show at 0 what an alert asks for: what first appears as 1 has risen from nothing, which Prometheus does not count."""
        for name in SIGN_INS:
            self._problems.labels(name, "warning")

    def __call__(self, told: Mapping[str, Any]) -> None:
        """Count one event, as the log tells it."""
        name = told["event"]
        if told["level"] in {"warning", "error"}:
            self._problems.labels(name, told["level"]).inc()
        count = self._counting.get(name)
        if count is not None:
            count(told)

    def _run_ended(self, told: Mapping[str, Any]) -> None:
        self._runs.labels(told["flow"], told["state"]).inc()
        self._run_seconds.labels(told["flow"]).observe(told["seconds"])

    def _attempt_ended(self, told: Mapping[str, Any]) -> None:
        self._attempts.labels(told["kind"], told["outcome"]).inc()
        for outcome in ("done", "failed"):
            for change, number in told[outcome].items():
                action, kind = change.split(" ")
                self._changes.labels("push", action, kind, outcome).inc(number)  # no other flow has Changes

    def _request_ended(self, told: Mapping[str, Any]) -> None:
        status = int(told["status"])
        named = f"{status // 100}xx" if status else "none"
        self._requests.labels(told["method"], told["endpoint"], named).inc()
        self._request_seconds.labels(told["method"]).observe(told["seconds"])
