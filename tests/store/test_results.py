"""Results: a ledger that knows what is new, and an outbox that redelivers the same batch until it is taken."""

from dataclasses import replace
from datetime import UTC, datetime

from syncd.core.completion import Completion
from syncd.store import results
from syncd.store.database import Database
from tests.store.makers import ACCOUNT, new_run

EMPLOYEES = {"u1": "E1"}


def completion(number: int = 1, **changed) -> Completion:
    whole = Completion(
        completion_id=f"c{number}",
        kind="course",
        user_id="u1",
        username="u1@example.com",
        object_id="o1",
        object_name="Safety",
        completed=True,
        percent="100",
        score="",
        assigned_at=None,
        started_at=None,
        completed_at=datetime(2026, 11, 1, 12, tzinfo=UTC),
        compliant_until=None,
        updated_at=None,
    )
    return replace(whole, **changed)


def save(database: Database, *found: Completion) -> int:
    with database.write() as conn:
        return results.save(conn, ACCOUNT, found, EMPLOYEES, database.now(conn))


def open_batch(database: Database, batch_id: str, sink: str = "csv") -> int:
    run_id = new_run(database, flow="pull")
    with database.write() as conn:
        return results.open_batch(conn, ACCOUNT, sink, batch_id, run_id, database.now(conn))


def rows(database: Database, batch_id: str, *, everything: bool = False) -> list[tuple[Completion, str]]:
    with database.read() as conn:
        return results.rows(conn, ACCOUNT, "csv", batch_id, everything=everything)


def test_a_result_read_twice_is_new_once_and_a_changed_one_is_new_again(database):
    assert save(database, completion(1), completion(2)) == 2
    assert save(database, completion(1), completion(2)) == 0
    assert save(database, completion(1, score="90")) == 1
    assert save(database, completion(3), completion(3)) == 1


def test_a_batch_comes_back_as_it_was_read_with_its_times(database):
    save(database, completion(1))
    assert open_batch(database, "b1") == 1
    assert rows(database, "b1") == [(completion(1), "E1")]


def test_what_one_sink_was_given_it_is_not_given_again_and_another_sink_is(database):
    save(database, completion(1))
    assert open_batch(database, "b1") == 1
    assert open_batch(database, "b2") == 0
    assert open_batch(database, "b3", sink="sql") == 1
    save(database, completion(1, score="90"))
    assert open_batch(database, "b4") == 1


def test_only_completed_results_of_linked_people_are_delivered(database):
    save(database, completion(1, completed=False), completion(2, user_id="u9"))
    assert open_batch(database, "b1") == 0


def test_results_of_somebody_who_is_linked_later_are_delivered_then(database):
    save(database, completion(1, user_id="u9"))
    assert open_batch(database, "b1") == 0
    with database.write() as conn:
        late = {"u9": "E9"}
        assert results.save(conn, ACCOUNT, [completion(1, user_id="u9")], late, database.now(conn)) == 1
    assert open_batch(database, "b2") == 1


def test_a_batch_is_pending_until_the_sink_has_it(database):
    save(database, completion(1), completion(2))
    open_batch(database, "b1")
    with database.write() as conn:
        assert results.pending(conn, ACCOUNT, "csv") == ["b1"]
        assert results.totals(conn, ACCOUNT) == {"results": 2, "delivered": 0, "waiting": 2}
        assert results.mark_delivered(conn, ACCOUNT, "b1", database.now(conn)) == 2
        assert results.pending(conn, ACCOUNT, "csv") == []
        assert results.totals(conn, ACCOUNT) == {"results": 2, "delivered": 2, "waiting": 0}


def test_everything_a_sink_was_ever_given_is_there_for_a_full_file(database):
    save(database, completion(1))
    open_batch(database, "b1")
    save(database, completion(2))
    open_batch(database, "b2")
    assert [one.completion_id for one, _ in rows(database, "b2", everything=True)] == ["c1", "c2"]
    assert [one.completion_id for one, _ in rows(database, "b2")] == ["c2"]


def test_a_watermark_moves(database):
    with database.write() as conn:
        now = database.now(conn)
        assert results.watermark(conn, ACCOUNT, "results") is None
        results.set_watermark(conn, ACCOUNT, "results", now)
        results.set_watermark(conn, ACCOUNT, "results", now)
        assert results.watermark(conn, ACCOUNT, "results") == now
        assert results.watermark(conn, "other", "results") is None
