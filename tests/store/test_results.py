"""Results: a ledger of versions, and an outbox that redelivers the same batch until it is taken."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from syncd.core.completion import Completion
from syncd.core.results import Event, Status, Version, decide
from syncd.store import links, outbox, results
from syncd.store.database import Database
from tests.store.makers import ACCOUNT, new_run

T1 = datetime(2026, 11, 1, 12, tzinfo=UTC)


def completion(number: int = 1, **changed) -> Completion:
    whole = Completion(
        result_id=f"course:u1:c{number}",
        kind="course",
        user_id="u1",
        username="u1@example.com",
        object_id=f"c{number}",
        object_name="Safety",
        completed=True,
        percent="100",
        completed_at=T1,
        updated_at=T1,
    )
    return replace(whole, **changed)


def later(hours: int, **changed) -> Completion:
    return completion(updated_at=T1 + timedelta(hours=hours), **changed)


RESET = {"completed": False, "completed_at": None, "percent": "0"}
AGAIN = {"completed_at": T1 + timedelta(hours=9)}


@pytest.fixture
def ledger(database):
    return Ledger(database)


class Ledger:
    """The ledger and the outbox of a sink called csv, as a pull works on them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.link("u1", "E1")

    def link(self, user_id: str, employee_id: str) -> None:
        with self.database.write() as conn:
            links.save(conn, ACCOUNT, employee_id, user_id, "create", T1)

    def save(self, *found: Completion) -> list[Version]:
        with self.database.write() as conn:
            now = self.database.now(conn)
            return [
                *results.revise(
                    conn, ACCOUNT, None, found, now, lambda known, said: decide(known, said, now)
                ),
                *results.settle(conn, ACCOUNT, None, now),
            ]

    def open(self, batch_id: str, sink: str = "csv", **more) -> int:
        run_id = new_run(self.database, flow="pull")
        with self.database.write() as conn:
            return outbox.open_batches(conn, ACCOUNT, sink, batch_id, run_id, self.database.now(conn), **more)

    def rows(self, batch_id: str, *, everything: bool = False) -> list[tuple[str, Event, int]]:
        with self.database.read() as conn:
            found = outbox.rows(conn, ACCOUNT, "csv", batch_id, everything=everything)
        return [(one.said.object_id, one.event, one.attempt) for one in found]

    def pending(self) -> list[str]:
        with self.database.read() as conn:
            return outbox.pending(conn, ACCOUNT, "csv")

    def take(self) -> None:
        with self.database.write() as conn:
            for batch_id in outbox.pending(conn, ACCOUNT, "csv"):
                outbox.mark_delivered(conn, ACCOUNT, batch_id, self.database.now(conn))

    def where(self) -> dict[str, int]:
        with self.database.read() as conn:
            counts = outbox.reconciled(conn, ACCOUNT, "csv", [Status.COMPLETED, Status.EXPIRED])
        assert counts.pop("results") == sum(counts.values())
        return {name: number for name, number in counts.items() if number}


def test_a_result_read_twice_is_new_once_and_a_changed_one_is_a_version(ledger):
    first, second = ledger.save(completion(1), completion(2))
    assert (first.seq, second.seq, first.employee_id) == (1, 2, "E1")
    assert ledger.save(completion(1), completion(2)) == []
    (third,) = ledger.save(later(1, score="90"))
    assert (third.seq, third.version, third.event) == (3, 2, Event.CORRECTED)
    with ledger.database.read() as conn:
        (stored,) = results.listed(conn, ACCOUNT, results.Filters(since=2))
        assert stored == third
        (total,) = results.totals(conn, ACCOUNT)
        assert (total["results"], total["versions"], total["unlinked"]) == (2, 3, 0)
        everything = results.Filters(history=True, employee_id="E1", kind="course", status="completed")
        assert [one.seq for one in results.listed(conn, ACCOUNT, everything)] == [1, 2, 3]


def test_what_one_sink_was_given_it_is_not_given_again_and_another_sink_is(ledger):
    ledger.save(completion(1))
    assert (ledger.open("b1"), ledger.open("b2"), ledger.open("b3", sink="sql")) == (1, 0, 1)
    ledger.save(later(1, score="90"))
    assert ledger.open("b4") == 1
    assert ledger.rows("b1") == [("c1", Event.REPORTED, 1)]


def test_only_results_that_count_and_are_somebodys_are_delivered(ledger):
    ledger.save(completion(1, **RESET), completion(2, user_id="u9", result_id="course:u9:c2"))
    assert ledger.open("b1") == 0
    assert ledger.where() == {"not_wanted": 1, "unlinked": 1}
    ledger.link("u9", "E9")
    assert [one.event for one in ledger.save()] == [Event.LINKED]
    assert ledger.open("b2") == 1
    assert ledger.rows("b2") == [("c2", Event.LINKED, 1)]


def test_a_changed_employee_id_is_told(ledger):
    ledger.save(completion(1))
    ledger.open("b1")
    with ledger.database.write() as conn:
        links.forget(conn, ACCOUNT, "E1")
    ledger.link("u1", "E2")
    ledger.save()
    assert ledger.open("b2") == 1


def test_a_batch_is_pending_until_the_sink_has_it(ledger):
    ledger.save(completion(1), completion(2))
    ledger.open("b1")
    assert (ledger.pending(), ledger.where()) == (["b1"], {"waiting": 2})
    with ledger.database.read() as conn:
        assert outbox.totals(conn, ACCOUNT, ["csv"]) == {
            "results": 2,
            "delivered": 0,
            "waiting": 2,
            "removed": {},
        }
    ledger.take()
    assert (ledger.pending(), ledger.where()) == ([], {"delivered": 2})
    with ledger.database.read() as conn:
        assert outbox.totals(conn, ACCOUNT, ["csv"]) == {
            "results": 2,
            "delivered": 2,
            "waiting": 0,
            "removed": {},
        }


def test_everything_a_sink_was_ever_given_is_there_for_a_full_file_but_what_was_withdrawn(ledger):
    ledger.save(completion(1))
    ledger.open("b1")
    ledger.save(completion(2))
    ledger.open("b2")
    assert [row[0] for row in ledger.rows("b2", everything=True)] == ["c1", "c2"]
    assert [row[0] for row in ledger.rows("b2")] == ["c2"]
    ledger.save(later(1, **RESET))
    assert ledger.open("b3") == 1
    assert [row[0] for row in ledger.rows("b3", everything=True)] == ["c2"]
    ledger.take()
    assert ledger.where() == {"delivered": 1, "withdrawn": 1}


def test_a_reset_and_a_retake_between_two_deliveries_are_two_batches(ledger):
    ledger.save(completion(1))
    ledger.open("b1")
    ledger.save(later(1, **RESET))
    ledger.save(later(9, **AGAIN))
    assert ledger.open("b2") == 2
    assert ledger.pending() == ["b1", "b2", "b2-2"]
    assert ledger.rows("b2") == [("c1", Event.WITHDRAWN, 1)]
    assert ledger.rows("b2-2") == [("c1", Event.RETAKEN, 2)]
    assert ledger.open("b3") == 0


def test_what_is_given_again_is_what_holds_today(ledger):
    ledger.save(completion(1), completion(2))
    ledger.open("b1")
    ledger.take()
    ledger.save(later(1, score="90"))
    ledger.open("b2")
    with ledger.database.write() as conn:
        assert outbox.redeliver(conn, ACCOUNT, "csv", 0) == 3
    assert ledger.pending() == []
    assert ledger.open("b3") == 2
    assert ledger.rows("b3") == [("c1", Event.CORRECTED, 1), ("c2", Event.REPORTED, 1)]


def test_a_completion_that_has_lapsed_is_told_once(ledger):
    until = T1 + timedelta(days=1)
    first, *rest = ledger.save(completion(1, compliant_until=None), completion(2, compliant_until=until))
    assert (first.status, [one.status for one in rest]) == (Status.COMPLETED, [Status.EXPIRED])
    with ledger.database.write() as conn:
        versions = [replace(first, version=2, said=replace(first.said, compliant_until=until))]
        results.add(conn, ACCOUNT, None, versions, T1)
    assert [(one.version, one.event) for one in ledger.save()] == [(3, Event.EXPIRED)]
    assert ledger.save() == []


def test_a_watermark_moves(database):
    with database.write() as conn:
        now = database.now(conn)
        assert results.watermark(conn, ACCOUNT, "results") is None
        results.set_watermark(conn, ACCOUNT, "results", now)
        results.set_watermark(conn, ACCOUNT, "results", now)
        assert results.watermark(conn, ACCOUNT, "results") == now
        assert results.watermark(conn, "other", "results") is None
