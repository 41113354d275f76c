"""Spans: what the log tells of a Run, as a trace of OpenTelemetry, made after the fact. Reads no clock, sends nothing.

::

    push                     the Run, once it has ended
      plan                   from its start to its Plan
        GET /users/details   a request to Litmos that is of no Job
      create_user            an Attempt
        POST /users          its requests

Ids follow from a key of the database, the account and the Run: whichever process sees a part of a Run puts it into the same
trace. What becomes an attribute is named here, one by one: numbers, codes and names of the configuration, never a sentence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

Told = Mapping[str, Any]
"""An event, as the log tells it."""
Attributes = Mapping[str, str | int | float]

MOST_JOBS = 1000
"""Of so many Jobs at most the requests are kept until the Attempt that they belong to has ended."""
MOST_REQUESTS = 100
"""So many of one Attempt; what is more goes under the Run, as do those of a Job whose Attempt is not told."""
MOST_RUNS = 1000
"""Of so many Runs it is known when they began, as this process tells the time: no part of one comes before the whole."""
MOST_PLANS = 100
"""So many Plans in the making are known at a time."""
NOT_DONE = frozenset({"retry", "uncertain", "discarded"})
"""Outcomes of an Attempt that are errors."""
_NOTED = {"refresh_read": ("requests", "drift", "gone", "delta"), "source_read": ("source", "rows")}
"""What is told within the making of a Plan, with its facts."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that happened within a Span, ``at`` so many nanoseconds since 1970."""

    name: str
    at: int
    attributes: Attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One operation. ``begins`` and ``ends`` are nanoseconds since 1970, ids 16 and 8 bytes; ``b""``: no parent.

    ``client`` is True for a request to Litmos; ``failed`` says whether its status is an error.
    """

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    name: str
    begins: int
    ends: int
    attributes: Attributes
    client: bool = False
    failed: bool = False
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Ids:
    """Ids by what they are of; ``key`` is a secret of the database, of 64 characters at most."""

    key: str
    account: str

    def trace(self, run_id: int) -> bytes:
        """Of a Run's trace."""
        return self._of(16, run_id)

    def span(self, run_id: int, *what: object) -> bytes:
        """Of a Span of it; of the Run's own, if nothing more is said."""
        return self._of(8, run_id, *what)

    def _of(self, size: int, *what: object) -> bytes:
        text = "/".join(map(str, (self.account, *what)))
        return blake2b(text.encode(), key=self.key.encode(), digest_size=size, person=b"syncd-trace").digest()


@dataclass(slots=True)
class _Planning:
    """A Plan in the making: when it began, and what was told of it so far."""

    began: int
    span_id: bytes
    notes: list[Note] = field(default_factory=list)


class Tracer:
    """Turns events into Spans. Not thread-safe: who calls it has a lock. ``server`` are host and port of Litmos."""

    def __init__(self, ids: Ids, server: tuple[str, int]) -> None:
        """Nothing was told yet."""
        self._ids = ids
        self._server = server
        self._waited: dict[int, float] = {}
        self._requests: dict[tuple[int, int], list[Span]] = {}
        self._plans: dict[int, _Planning] = {}
        self._began: dict[int, int] = {}
        self._making: Mapping[str, Callable[[Told, int, int], list[Span]]] = {
            "run_started": self._run_started,
            **dict.fromkeys(_NOTED, self._noted),
            "plan_made": self._plan_made,
            "revert_planned": self._revert_planned,
            "run_ended": self._run_ended,
            "attempt_ended": self._attempt_ended,
            "request_ended": self._request_ended,
        }

    @property
    def events(self) -> frozenset[str]:
        """The names of the events that matter here."""
        return frozenset({"slot_taken", *self._making})

    def take(self, told: Told, thread: int) -> list[Span]:
        """The Spans that an event completes; ``thread`` told it: a wait for a slot is of the same thread's next request."""
        name, run_id = told["event"], told.get("run_id")
        if name == "slot_taken":
            self._waited[thread] = told["waited"]  # that for a slot which was put back unused is forgotten
            return []
        if name == "request_ended":
            told = {**told, "waited": self._waited.pop(thread, 0.0)}
        return self._making[name](told, run_id, _nanoseconds(told["timestamp"])) if run_id else []

    def _run_started(self, told: Told, run_id: int, at: int) -> list[Span]:
        self._began[run_id] = at
        if len(self._began) > MOST_RUNS:
            self._began.pop(next(iter(self._began)))
        if told.get("flow") == "push" and len(self._plans) < MOST_PLANS:
            self._plans[run_id] = _Planning(at, self._ids.span(run_id, "plan", at))
        return []

    def _noted(self, told: Told, run_id: int, at: int) -> list[Span]:
        if run_id in self._plans:
            facts = {f"syncd.{fact}": told[fact] for fact in _NOTED[told["event"]]}
            self._plans[run_id].notes.append(Note(name=told["event"], at=at, attributes=facts))
        return []

    def _plan_made(self, told: Told, run_id: int, at: int) -> list[Span]:
        attributes = {
            "syncd.plan.state": told["state"],
            "syncd.plan.changes": told["changes"],
            "syncd.plan.rejected": told["rejected"],
            "syncd.plan.unchanged": told["unchanged"],
            **({"syncd.plan.holds": ", ".join(told["holds"])} if told["holds"] else {}),
        }
        return self._planned(run_id, at, attributes)

    def _revert_planned(self, told: Told, run_id: int, at: int) -> list[Span]:
        attributes = {"syncd.plan.state": told["state"], "syncd.plan.changes": told["changes"]}
        return self._planned(run_id, at, attributes)

    def _planned(self, run_id: int, at: int, attributes: Attributes, *, failed: bool = False) -> list[Span]:
        planning = self._plans.pop(run_id, None)
        if planning is None:
            return []
        made = self._span(run_id, planning.span_id, "plan", (planning.began, at), attributes)
        return [replace(made, failed=failed, notes=tuple(planning.notes))]

    def _run_ended(self, told: Told, run_id: int, at: int) -> list[Span]:
        attributes: dict[str, str | int | float] = {
            "syncd.account": self._ids.account,
            "syncd.flow": told["flow"],
            "syncd.run.state": told["state"],
            "syncd.run.requests": told["requests"],
            **{f"syncd.changes.{state}": number for state, number in told["changes"].items()},
        }
        began = self._began.get(run_id, at - _duration(told["seconds"]))
        made = self._span(run_id, self._ids.span(run_id), told["flow"], (began, at), attributes)
        failed = told["state"] == "failed"
        return [
            *self._planned(run_id, at, {"syncd.plan.state": told["state"]}, failed=failed),
            replace(made, parent_id=b"", failed=failed),
        ]

    def _attempt_ended(self, told: Told, run_id: int, at: int) -> list[Span]:
        job_id, outcome = told.get("job_id") or 0, told["outcome"]
        failed = outcome in NOT_DONE
        attributes: dict[str, str | int | float] = {
            "syncd.job.id": job_id,
            "syncd.job.kind": told["kind"],
            "syncd.attempt.outcome": outcome,
            "syncd.attempt.requests": told["requests"],
            "syncd.limit.waited": told["waited"],
            **{
                f"syncd.changes.{became}.{change.replace(' ', '_')}": number
                for became in ("done", "failed")
                for change, number in told[became].items()
            },
        }
        if told["http_status"] is not None:
            attributes["http.response.status_code"] = told["http_status"]
        if failed:
            attributes["error.type"] = told["code"] or outcome
        span_id = self._ids.span(run_id, job_id, at)
        began = at - _duration(told["seconds"])
        made = self._span(run_id, span_id, told["kind"], (began, at), attributes)
        requests = self._requests.pop((run_id, job_id), [])
        return [*(replace(one, parent_id=span_id) for one in requests), replace(made, failed=failed)]

    def _request_ended(self, told: Told, run_id: int, at: int) -> list[Span]:
        method, endpoint, status = told["method"], told["endpoint"], told["status"]
        failed = not 0 < status < 400
        attributes: dict[str, str | int | float] = {
            "http.request.method": method,
            "url.template": endpoint,
            "server.address": self._server[0],
            "server.port": self._server[1],
            "syncd.limit.waited": told["waited"],
        }
        if status:
            attributes["http.response.status_code"] = status
        if failed:
            attributes["error.type"] = str(status) if status else "no_answer"
        job_id = told.get("job_id") or 0
        span_id = self._ids.span(run_id, job_id, "request", at, method, endpoint)
        began = at - _duration(told["seconds"])
        made = self._span(run_id, span_id, f"{method} {endpoint}", (began, at), attributes)
        made = replace(made, client=True, failed=failed)
        if job_id:
            return self._kept((run_id, job_id), made)
        planning = self._plans.get(run_id)
        return [made if planning is None else replace(made, parent_id=planning.span_id)]

    def _kept(self, job: tuple[int, int], made: Span) -> list[Span]:
        """Keep it until its Attempt ends; what there is no room for goes out under its Run."""
        kept = self._requests.setdefault(job, [])
        if len(kept) >= MOST_REQUESTS:
            return [made]
        kept.append(made)
        return self._requests.pop(next(iter(self._requests))) if len(self._requests) > MOST_JOBS else []

    def _span(
        self, run_id: int, span_id: bytes, name: str, between: tuple[int, int], attributes: Attributes
    ) -> Span:
        """One of the Run's trace, below the Run's own."""
        return Span(
            trace_id=self._ids.trace(run_id),
            span_id=span_id,
            parent_id=self._ids.span(run_id),
            name=name,
            begins=between[0],
            ends=between[1],
            attributes={"syncd.run.id": run_id, **attributes},
        )


def _nanoseconds(timestamp: str) -> int:
    return (datetime.fromisoformat(timestamp) - _EPOCH) // timedelta(microseconds=1) * 1000


def _duration(seconds: float) -> int:
    return round(seconds * 1_000_000_000)
