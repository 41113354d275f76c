"""The tracer: what becomes of events in any order, and what does not."""

from typing import Any

import pytest

from syncd.telemetry.spans import MOST_JOBS, MOST_PLANS, MOST_REQUESTS, Ids, Span, Tracer

KEY = "k" * 64
SECOND = 1_000_000_000
SENTENCE = "HR says that Ana Novak left"


class Teller:
    """Tells events as a log does, a second apart, of run 7."""

    def __init__(self, key: str = KEY, account: str = "main") -> None:
        self.tracer = Tracer(Ids(key, account), ("api.example.com", 443))
        self.second = 0

    def tell(self, event: str, *, thread: int = 1, **facts: Any) -> list[Span]:
        self.second += 1
        stamp = f"2026-11-28T09:{self.second // 60:02}:{self.second % 60:02}.000000Z"
        known = {"event": event, "level": "info", "timestamp": stamp, "run_id": 7, "flow": "push", **facts}
        return self.tracer.take(known, thread)

    def request(self, **facts: Any) -> list[Span]:
        known: dict[str, Any] = {"method": "GET", "endpoint": "/users", "status": 200, "seconds": 0.5}
        return self.tell("request_ended", **known | facts)

    def attempt(self, **facts: Any) -> list[Span]:
        known: dict[str, Any] = {
            "job_id": 3, "kind": "create_user", "outcome": "completed", "code": "", "http_status": 201, "requests": 1,
            "seconds": 1.5, "waited": 0.25, "done": {"create user": 1}, "failed": {}, "note": SENTENCE,
        }  # fmt: skip
        return self.tell("attempt_ended", **known | facts)

    def ended(self, **facts: Any) -> list[Span]:
        known: dict[str, Any] = {
            "state": "succeeded",
            "seconds": 3.0,
            "requests": 2,
            "changes": {"done": 1},
            "job_id": None,
        }
        return self.tell("run_ended", **known | facts)

    def planned(self) -> list[Span]:
        facts: dict[str, Any] = {
            "state": "running",
            "changes": 4,
            "rejected": 1,
            "unchanged": 2,
            "holds": ["A", "B"],
        }
        return self.tell("plan_made", **facts)


@pytest.fixture
def teller():
    return Teller()


def test_ids_are_of_the_database_the_account_and_the_run(teller):
    (run,) = teller.ended()
    assert (len(run.trace_id), len(run.span_id)) == (16, 8)
    (again,) = Teller().ended()
    assert (again.trace_id, again.span_id) == (run.trace_id, run.span_id)
    others = [Teller(key="other"), Teller(account="other")]
    different = [other.ended()[0].trace_id for other in others] + [teller.ended(run_id=8)[0].trace_id]
    assert len({run.trace_id, *different}) == 4


def test_an_attempt_has_its_requests_and_the_run_has_the_attempt(teller):
    assert teller.request(job_id=3) == []
    assert teller.request(job_id=4) == []
    first, attempt = teller.attempt()
    assert first.parent_id == attempt.span_id
    assert attempt.parent_id == teller.ended()[0].span_id
    assert attempt.ends - attempt.begins == 1.5 * SECOND
    assert attempt.attributes["syncd.limit.waited"] == 0.25
    (again,) = teller.attempt()
    assert again.span_id != attempt.span_id, "the next try of the same job"


def test_a_wait_is_of_the_next_request_of_the_same_thread(teller):
    teller.tell("slot_taken", waited=2.0, thread=1)
    teller.tell("slot_taken", waited=0.5, thread=2)
    teller.tell("slot_taken", waited=1.0, thread=1)
    (second,) = teller.request(thread=2)
    (first,) = teller.request(thread=1)
    (third,) = teller.request(thread=1)
    waits = [one.attributes["syncd.limit.waited"] for one in (first, second, third)]
    assert waits == [1.0, 0.5, 0.0], "a slot that was put back unused does not count"


def test_a_plan_has_what_was_read_for_it(teller):
    teller.tell("run_started")
    (request,) = teller.request()
    teller.tell("refresh_read", requests=5, drift=0, gone=0, delta=True)
    (plan,) = teller.planned()
    assert request.parent_id == plan.span_id
    assert plan.ends - plan.begins == 3 * SECOND
    assert plan.attributes["syncd.plan.holds"] == "A, B"
    assert [(note.name, note.attributes["syncd.delta"]) for note in plan.notes] == [("refresh_read", True)]
    (later,) = teller.request()
    (run,) = teller.ended()
    assert later.parent_id == run.span_id


def test_a_run_begins_before_its_parts_however_long_it_waited_for_a_person(teller):
    """``seconds`` leaves that waiting out, and is counted back from when the end was told."""
    teller.tell("run_started")
    (plan,) = teller.planned()
    (run,) = teller.ended(seconds=0.001)
    assert run.begins <= plan.begins < plan.ends <= run.ends
    (again,) = teller.ended(seconds=0.001)
    assert again.begins == run.begins, "a run that was reopened"


def test_a_plan_that_was_never_made_ends_with_its_run(teller):
    teller.tell("run_started")
    plan, run = teller.ended(state="failed")
    assert (plan.name, plan.failed, run.failed) == ("plan", True, True)
    assert teller.planned() == [], "and is told once"
    assert [one.name for one in teller.ended()] == ["push"], "a run that was reopened ends again"


def test_a_reversal_is_planned_too(teller):
    teller.tell("run_started")
    (plan,) = teller.tell("revert_planned", target=6, state="running", changes=2)
    assert plan.attributes["syncd.plan.changes"] == 2


@pytest.mark.parametrize(
    ("status", "failed", "error"), [(200, False, None), (404, True, "404"), (0, True, "no_answer")]
)
def test_an_answer_that_is_none_or_an_error_is_one(teller, status, failed, error):
    (request,) = teller.request(status=status)
    assert request.failed is failed
    assert request.attributes.get("error.type") == error
    assert request.attributes.get("http.response.status_code") == (status or None)


@pytest.mark.parametrize("outcome", ["retry", "uncertain", "discarded", "pending", "completed"])
def test_what_was_not_done_is_an_error(teller, outcome):
    code = "LITMOS-503" if outcome == "retry" else ""
    (attempt,) = teller.attempt(outcome=outcome, code=code, http_status=None)
    assert attempt.failed is (outcome in {"retry", "uncertain", "discarded"})
    assert attempt.attributes.get("error.type") == ((code or outcome) if attempt.failed else None)


def test_sentences_stay_here(teller):
    told = [*teller.attempt(), *teller.ended(error=SENTENCE)]
    assert SENTENCE not in repr(told)


def test_what_is_of_no_run_makes_nothing(teller):
    assert teller.request(run_id=None) == []
    assert teller.request(run_id=None, thread=9) == []


def test_what_is_kept_is_bounded(teller):
    teller.second = -3000  # many, within the same second each
    out = [span for _ in range(MOST_REQUESTS + 1) for span in _at_once(teller, 3)]
    assert [one.parent_id for one in out] == [Teller().ended()[0].span_id]
    moved = [span for job in range(10, 10 + MOST_JOBS) for span in _at_once(teller, job)]
    assert len(moved) == MOST_REQUESTS, "those of the oldest job, under the run"
    for run_id in range(100, 101 + MOST_PLANS):
        teller.second = 0
        teller.tell("run_started", run_id=run_id)
    assert teller.tell("run_started", run_id=999) == []
    assert [one.name for one in teller.ended(run_id=999)] == ["push"]


def _at_once(teller: Teller, job_id: int) -> list[Span]:
    teller.second = 0
    return teller.request(job_id=job_id)
