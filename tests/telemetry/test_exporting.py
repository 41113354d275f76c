"""The exporter over real sockets: what is tried again, what is dropped, how often that is told."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from syncd import log
from syncd.metrics import Meter
from syncd.telemetry.collector import Collector, NotSent
from syncd.telemetry.exporting import LAST_WAIT, Exporter
from syncd.telemetry.otlp import encoded
from syncd.telemetry.spans import Ids, Tracer
from tests.sources.https_server import Said
from tests.telemetry.receiver import Receiver, taken
from tests.workbench import eventually

RUN = {
    "event": "run_ended", "level": "info", "timestamp": "2026-11-28T09:00:00Z", "flow": "pull",
    "state": "succeeded", "seconds": 1.0, "requests": 0, "changes": {},
}  # fmt: skip


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def exporter(link: str, **more: Any) -> Exporter:
    tracer = Tracer(Ids("k", "main"), ("127.0.0.1", 443))
    return Exporter(tracer, Collector(endpoint=link, headers={}), service="syncd", every=0.01, **more)


def run(made: Exporter, run_id: int) -> None:
    made({**RUN, "run_id": run_id})


@contextmanager
def listening() -> Iterator[list[dict[str, Any]]]:
    """What is logged meanwhile about spans."""
    log.configure(level="critical")
    told: list[dict[str, Any]] = []
    unlisten = log.listen(lambda event: told.append(dict(event)) if "spans" in event["event"] else None)
    try:
        yield told
    finally:
        unlisten()


def test_what_is_told_to_wait_is_sent_again_the_same():
    answers = [Said(status=503), Said(status=429, headers=(("Retry-After", "0"),)), taken()]
    receiver = Receiver(lambda _: answers.pop(0))
    made = exporter(receiver.link)
    run(made, 1)
    eventually(lambda: not answers)
    made.close()
    receiver.stop()
    assert len({asked.body for asked in receiver.asked}) == 1
    assert made.dropped == 0


def test_what_was_refused_is_not_sent_again():
    receiver = Receiver(lambda _: Said(status=500))
    made = exporter(receiver.link)
    run(made, 1)
    eventually(lambda: made.dropped == 1)
    made.close()
    receiver.stop()
    assert len(receiver.asked) == 1, "OTLP has 500 final"


def test_what_the_collector_leaves_out_is_counted():
    receiver = Receiver(lambda _: taken(refused=1))
    with listening() as told:
        made = exporter(receiver.link)
        run(made, 1)
        made.close()
    receiver.stop()
    assert [(one["event"], one["number"]) for one in told] == [("spans_dropped", 1)]


def test_the_queue_is_bounded_and_what_it_cannot_hold_is_counted():
    free, asked = threading.Event(), threading.Event()

    def answer(_asked):
        asked.set()
        free.wait(60)
        return taken()

    receiver = Receiver(answer)
    with listening() as told:
        meter = CollectorRegistry()
        unlisten = log.listen(Meter(meter))
        made = exporter(receiver.link, most=5)
        run(made, 100)
        assert asked.wait(20)
        for number in range(1, 9):
            run(made, number)
        assert made.dropped == 3
        free.set()
        eventually(lambda: len(receiver.spans) == 6)
        made.close()
        unlisten()
    receiver.stop()
    assert sum(one["number"] for one in told) == 3
    assert meter.get_sample_value("syncd_spans_dropped_total") == 3


def test_trouble_is_told_once_a_minute_and_the_rest_at_the_end():
    receiver = Receiver(lambda _: Said(status=400))
    clock = Clock()
    with listening() as told:
        made = exporter(receiver.link, clock=clock)

        def failed(number: int) -> None:
            run(made, number)
            eventually(lambda: made.dropped == number)

        failed(1)
        eventually(lambda: len(told) == 2)
        failed(2)
        failed(3)
        clock.now += 61
        failed(4)
        eventually(lambda: len(told) == 4)
        failed(5)
        made.close()
    receiver.stop()
    assert [(one["event"], one["number"]) for one in told] == [
        ("spans_not_sent", 1),
        ("spans_dropped", 1),
        ("spans_not_sent", 1),
        ("spans_dropped", 3),
        ("spans_dropped", 1),
    ]


def test_the_end_waits_for_a_silent_collector_no_longer_than_it_says():
    free = threading.Event()

    def answer(_asked):
        free.wait(60)
        return taken()

    receiver = Receiver(answer)
    with listening() as told:
        made = exporter(receiver.link)
        run(made, 1)
        eventually(lambda: receiver.asked)
        run(made, 2)
        began = time.monotonic()
        made.close(timeout=0.2)
        assert time.monotonic() - began < LAST_WAIT
    free.set()
    receiver.stop()
    assert [(one["event"], one["number"]) for one in told] == [("spans_dropped", 2)]


def test_the_end_does_not_try_a_collector_again_that_did_not_answer():
    receiver = Receiver(lambda _: Said(status=503, headers=(("Retry-After", "30"),)))
    made = exporter(receiver.link)
    run(made, 1)
    eventually(lambda: receiver.asked)
    run(made, 2)
    made.close(timeout=20)
    receiver.stop()
    assert len(receiver.asked) == 1
    assert made.dropped == 2


def test_without_spans_there_is_no_thread():
    before = threading.active_count()
    made = exporter("https://127.0.0.1:1")
    made({"event": "serving", "level": "info"})
    assert threading.active_count() == before
    made.close()
    assert made.dropped == 0


def test_a_private_address_needs_consent():
    collector = Collector(endpoint="https://10.255.255.1:4318", headers={})
    with pytest.raises(NotSent, match="allow_private: true") as caught:
        collector.send(encoded((), {}, version="1"), timeout=1)
    assert caught.value.final


@pytest.mark.parametrize("end", ["", "/", "/v1/traces", "/otlp"])
def test_the_address_is_below_the_endpoint(end):
    address = Collector(endpoint=f"https://c.example.com{end}", headers={}).address
    assert address == f"https://c.example.com{'/otlp' if end == '/otlp' else ''}/v1/traces"
