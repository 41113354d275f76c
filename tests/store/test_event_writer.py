"""The event writer: stores what is told, waits for nobody, and counts what it could not keep."""

import io
import logging
from datetime import timedelta

import pytest
import structlog

from syncd.errors import StoreError
from syncd.log import bound, configure, get_logger
from syncd.store import events
from syncd.store.database import Database
from syncd.store.event_writer import EventWriter, stored_events
from syncd.store.events import Sought
from tests.store.makers import now_of

log = get_logger(__name__)


@pytest.fixture(autouse=True)
def stream():
    """The log is configured as a command's, which writes nothing to the stream."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    configure(level="critical", form="json", stream=out)
    yield out
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def found(database, sought: Sought = Sought()):  # noqa: B008 - it cannot be changed
    with database.read() as conn:
        return [dict(row) for row in reversed(events.listed(conn, "main", sought, limit=100_000))]


class Unusable(Database):
    """A database that fails so many times before it takes anything."""

    def __init__(self, database: Database, failures: int) -> None:
        super().__init__(database.engine, database.path)
        self.failures = failures

    def write(self):
        if self.failures > 0:
            self.failures -= 1
            raise StoreError("the disk is full")
        return super().write()


def told(name: str = "paused", **facts):
    return {"event": name, "level": "info", "timestamp": "2026-11-28T01:02:03Z", **facts}


def test_what_is_told_is_stored_with_what_is_bound_whatever_the_level_of_the_stream(database, stream):
    with stored_events(database, "main"):
        with bound(run_id=7, job_id=3):
            log.info("paused", actor="cli:x", classes=["all"])
        log.debug("slot_taken", waited=1.0)
        log.warning("window_frozen", reason="ana@example.com said so", seconds=60.0)
        try:
            raise ValueError("secret")  # noqa: TRY301 - it is the exception that is told
        except ValueError:
            log.exception("sender_crashed")
    log.info("resumed", actor="cli:x", classes=[])
    first, second, third = found(database)
    assert (first["event"], first["run_id"], first["job_id"]) == ("paused", 7, 3)
    assert first["facts"] == {"actor": "cli:x", "classes": ["all"]}
    assert "ana@" not in str(second)
    assert third["facts"] == {"exception": "ValueError"}
    assert now_of(database) - third["at"] < timedelta(minutes=1)
    assert stream.getvalue() == ""


def test_a_database_that_fails_for_a_while_loses_nothing(database):
    writer = EventWriter(Unusable(database, 2), "main", every=0.01)
    writer.start()
    for number in range(1200):
        writer(told(number=number))
    for _ in range(500):
        if len(found(database)) == 1200:
            break
        writer._thread.join(0.02)
    writer.close()
    assert [row["facts"]["number"] for row in found(database)] == list(range(1200))
    assert writer.dropped == 0


def test_a_full_queue_drops_counts_and_tells(database):
    writer = EventWriter(database, "main", most=10, every=0.01)
    for number in range(15):
        writer(told(number=number))
    with stored_events(database, "main"):
        writer.start()
        writer.close()
    rows = found(database)
    assert writer.dropped == 5
    assert len([row for row in rows if row["event"] == "paused"]) == 10
    assert [row["facts"] for row in rows if row["event"] == "events_dropped"] == [{"number": 5}]


def test_the_end_of_a_process_does_not_wait_for_a_database_that_is_gone(database):
    writer = EventWriter(Unusable(database, 10**9), "main", every=0.01)
    writer.start()
    writer(told())
    writer.close(timeout=20)
    assert not writer._thread.is_alive()
    assert writer.dropped == 1


def test_old_events_are_removed_and_new_ones_stay(database):
    now = now_of(database)
    old = [told(number=n) | {"timestamp": (now - timedelta(days=31)).isoformat()} for n in range(1500)]
    new = [told() | {"timestamp": (now - timedelta(days=29)).isoformat()}]
    with database.write() as conn:
        events.add(conn, [events.row_of(one, "main", "x") for one in (*old, *new)])
        events.add(conn, [events.row_of(old[0], "other", "x")])
    keep = timedelta(days=30).total_seconds()
    assert events.prune(database, "main", None) == 0
    assert events.prune(database, "main", keep, dry_run=True) == 1500
    assert events.prune(database, "main", keep) == 1500
    assert len(found(database)) == 1
    with database.read() as conn:
        assert len(events.listed(conn, "other", Sought(), limit=10)) == 1


@pytest.mark.parametrize(
    ("sought", "expected"),
    [
        (Sought(), [0, 1, 2, 3]),
        (Sought(run_id=2), [1]),
        (Sought(level="warning"), [2, 3]),
        (Sought(level="error"), [3]),
        (Sought(code="X-1"), [2]),
        (Sought(employee_id="00042"), [0]),
        (Sought(event="resumed", level="error"), [3]),
    ],
)
def test_each_filter_finds_what_it_names(database, sought, expected):
    rows = [
        told(employee_id="00042"),
        told(run_id=2),
        told(code="X-1") | {"level": "warning"},
        told("resumed") | {"level": "error"},
    ]
    with database.write() as conn:
        events.add(conn, [events.row_of(one, "main", "x") for one in rows])
    everything = [row["id"] for row in found(database)]
    assert [everything.index(row["id"]) for row in found(database, sought)] == expected
