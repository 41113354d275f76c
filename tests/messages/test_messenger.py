"""The messenger over both databases: told once, by one replica, in order; and no channel in the way of another."""

from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import update

from syncd.core.messages import MessageKind
from syncd.errors import LitmosError, SourceError
from syncd.messages.channels import Undelivered
from syncd.messages.gathering import Watched
from syncd.messages.messenger import DeadMan, Messenger, Subscription
from syncd.store import jobs, messages, reasons, runs
from syncd.store.going import AGAIN
from syncd.store.schema import run
from tests.sources.https_server import HttpServer, Said
from tests.store.makers import ACCOUNT, new_run

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Box:
    """A channel that keeps what it is sent, or fails with what is in ``faults``."""

    timeout = 1.0

    def __init__(self):
        self.subjects, self.faults = [], []

    def send(self, letter):
        if self.faults:
            raise self.faults.pop(0)
        self.subjects.append(letter.message.subject)


@pytest.fixture
def boxes():
    return {"a": Box(), "b": Box()}


def messenger(database, boxes, *, kinds=frozenset(MessageKind) - {MessageKind.DIGEST}, **more):
    watched = more.pop(
        "watched",
        Watched(schedules={}, latest=lambda *_: None, grace=30 * MINUTE, digest=time(7), zone="UTC"),
    )
    told = {n: Subscription(channel=box, kinds=kinds, repeat=timedelta(days=1)) for n, box in boxes.items()}
    return Messenger(
        database=database, account=ACCOUNT, owner="me", watched=watched, subscriptions=told, **more
    )


def refuse(database):
    with database.write() as conn:
        jobs.pause(conn, ACCOUNT, code="LITMOS-401", reason="the key is refused", now=NOW)


def test_two_replicas_tell_it_once_and_say_when_it_is_over(database, boxes):
    one, other = messenger(database, boxes), messenger(database, boxes)
    refuse(database)
    assert (one.look(NOW), other.look(NOW), one.look(NOW + MINUTE)) == (2, 0, 0)
    assert (one.send_all("a", NOW), other.send_all("a", NOW)) == (1, 0)
    assert one.look(NOW + timedelta(days=1)) == 2, "told again after a day"
    with database.write() as conn:
        jobs.resume(conn, ACCOUNT)
    later = NOW + timedelta(days=1, minutes=1)
    assert (one.look(later), one.look(later)) == (2, 0)
    one.send_all("a", later)
    subject = "Litmos refuses the key: nothing is sent"
    assert boxes["a"].subjects == [subject, f"Still: {subject}", f"Over: {subject}"]
    assert boxes["b"].subjects == []


def test_a_channel_that_fails_is_tried_again_later_and_is_in_nobodys_way(database, boxes):
    made = messenger(database, boxes)
    refuse(database)
    made.look(NOW)
    boxes["a"].faults = [Undelivered("it is down: x@example.com"), Undelivered("it is down")]
    assert (made.send_all("a", NOW), made.send_all("b", NOW)) == (0, 1)
    assert made.send_all("a", NOW + timedelta(seconds=29)) == 0
    assert len(boxes["a"].faults) == 1, "not tried before its time"
    assert made.send_all("a", NOW + timedelta(seconds=31)) == 0
    with database.read() as conn:
        state = messages.state_of(conn, ACCOUNT)["channels"]
    assert (state["a"]["waiting"], state["a"]["error"], state["b"]["sent"]) == (1, "it is down", 1)
    assert made.send_all("a", NOW + timedelta(seconds=92)) == 1


def test_what_no_try_brings_there_is_given_up_and_the_next_one_goes(database, boxes):
    made = messenger(database, boxes)
    refuse(database)
    made.look(NOW)
    boxes["a"].faults = [Undelivered("it is down")]
    assert made.send_all("a", NOW + timedelta(hours=25)) == 1, "given up"
    with database.read() as conn:
        (row,) = messages.listed(conn, ACCOUNT, channel="a")
    assert (row["state"], row["error"], boxes["a"].subjects) == ("given_up", "it is down", [])


def test_a_sender_that_died_is_followed_by_another(database, boxes):
    made = messenger(database, {"a": boxes["a"]})
    refuse(database)
    made.look(NOW)
    with database.write() as conn:
        assert messages.take(conn, ACCOUNT, "a", owner="dead", now=NOW, within=MINUTE) is not None
    assert made.send_all("a", NOW + MINUTE / 2) == 0
    assert made.send_all("a", NOW + MINUTE) == 1


def test_held_failed_and_late_are_told_without_a_word_of_an_error(database, boxes):
    held, failed = new_run(database), new_run(database, flow="refresh")
    with database.write() as conn:
        runs.hold(conn, held, [], expires_at=NOW + timedelta(hours=72))
        runs.finish(conn, failed, "failed", error="CANARY Ana Novak", now=NOW)
    due = NOW - timedelta(hours=1)
    watched = Watched(
        schedules={"pull": "0 * * * *"},
        latest=lambda *_: due,
        grace=30 * MINUTE,
        digest=None,
        zone="UTC",
    )
    made = messenger(database, {"a": boxes["a"]}, watched=watched)
    made.look(due - MINUTE)
    made.look(NOW)
    made.send_all("a", NOW)
    assert boxes["a"].subjects == [
        f"Run {held} is held",
        f"The refresh failed: run {failed}",
        "The pull is late",
    ]
    with database.write() as conn:
        runs.decide(conn, held, "cancelled", actor="cli:x", reason="", now=NOW)
        rows = messages.listed(conn, ACCOUNT)
    assert "CANARY" not in str([dict(row) for row in rows])
    made.look(NOW)
    with database.read() as conn:
        newest = messages.listed(conn, ACCOUNT)[0]
    assert newest["body"]["lines"] == ["The run is cancelled now."]


def test_a_run_that_goes_on_and_on_is_told_whatever_the_schedule_and_when_it_ends(database, boxes):
    run_id = new_run(database)
    with database.write() as conn:
        conn.execute(update(run).where(run.c.id == run_id).values(state="running", started_at=NOW))
    made = messenger(database, {"a": boxes["a"]})
    assert made.look(NOW + timedelta(hours=2)) == 0
    assert made.look(NOW + timedelta(hours=2, minutes=1)) == 1
    with database.write() as conn:
        runs.note(conn, run_id, {"minutes": [60.0, 90.0]})
    assert made.look(NOW + timedelta(hours=3)) == 1, "its plan said that it takes so long"
    with database.write() as conn:
        runs.note(conn, run_id, {"minutes": None})
        runs.decide(conn, run_id, "running", actor="cli:x", reason="", now=NOW)
    assert made.look(NOW + timedelta(hours=3)) == 1
    with database.write() as conn:
        runs.finish(conn, run_id, "succeeded", now=NOW + timedelta(hours=5))
    made.look(NOW + timedelta(hours=5))
    made.send_all("a", NOW + timedelta(hours=5))
    assert (
        boxes["a"].subjects
        == [
            f"The push is running, late: run {run_id}",
            f"Over: The push is running, late: run {run_id}",
        ]
        * 2
    )


def test_what_was_tried_again_is_at_work_since_then(database, boxes):
    run_id = new_run(database)
    with database.write() as conn:
        conn.execute(update(run).where(run.c.id == run_id).values(state="running", started_at=NOW))
        runs.note(conn, run_id, {AGAIN: (NOW + timedelta(days=7)).isoformat()})
    made = messenger(database, {"a": boxes["a"]})
    assert made.look(NOW + timedelta(days=7, hours=2)) == 0
    assert made.look(NOW + timedelta(days=7, hours=3)) == 1


def test_a_failed_run_without_changes_is_told_with_the_code_of_why(database, boxes):
    made = messenger(database, {"a": boxes["a"]})
    known = []
    for error in (SourceError("Ana"), LitmosError("Ana", code="LITMOS-500"), ValueError("Ana"), None):
        run_id = new_run(database)
        with database.write() as conn:
            runs.finish(conn, run_id, "failed", error="Ana", now=NOW)
            if error is not None:
                reasons.note(conn, run_id, error)
        assert made.look(NOW) == 1, "another reason is news"
        with database.read() as conn:
            known.append(messages.listed(conn, ACCOUNT)[0]["body"]["lines"][0].partition(":")[0])
    assert known == ["RUN-SOURCE", "LITMOS-500", "RUN-CRASHED", "RUN-DIED"]


def test_a_digest_is_told_once_a_day(database, boxes):
    made = messenger(database, {"a": boxes["a"]}, kinds=frozenset({MessageKind.DIGEST}))
    assert (made.look(NOW), made.look(NOW + MINUTE), made.look(NOW + timedelta(days=1))) == (1, 0, 1)
    made.send_all("a", NOW + timedelta(days=1))
    assert boxes["a"].subjects == ["Digest of 2026-11-28", "Digest of 2026-11-29"]


def test_the_outside_watcher_is_asked_after_each_scheduled_push_that_succeeded(database):
    server = HttpServer(lambda _: Said())
    made = messenger(database, {}, dead_man=DeadMan(url=lambda: f"{server.link}/ping"))
    assert made.ping(NOW) is False
    with database.write() as conn:
        run_id = runs.create(conn, ACCOUNT, "push", trigger="schedule", actor="schedule", now=NOW)
        assert run_id is not None
        runs.start(conn, run_id, owner="me", now=NOW)
        runs.finish(conn, run_id, "succeeded", now=NOW)
    assert (made.ping(NOW + MINUTE), made.ping(NOW + 2 * MINUTE)) == (True, False)
    server.stop()
    assert [(asked.method, asked.path) for asked in server.asked] == [("GET", "/ping")]


def test_or_so_often_while_all_is_well(database):
    server = HttpServer(lambda _: Said(status=500 if len(server.asked) == 1 else 200))
    made = messenger(database, {}, dead_man=DeadMan(url=lambda: server.link, every=5 * MINUTE))
    assert [made.ping(NOW), made.ping(NOW), made.ping(NOW + MINUTE), made.ping(NOW + 5 * MINUTE)] == [
        False, True, False, True,
    ]  # fmt: skip
    refuse(database)
    assert made.ping(NOW + 60 * MINUTE) is False
    server.stop()


def test_old_messages_go_but_for_what_lasts(database, boxes):
    made = messenger(database, {"a": boxes["a"]})
    refuse(database)
    made.look(NOW)
    made.send_all("a", NOW)
    made.look(NOW + timedelta(days=1))
    made.send_all("a", NOW + timedelta(days=1))
    with database.write() as conn:
        assert messages.prune(conn, ACCOUNT, NOW + timedelta(days=30)) == 1
        assert len(messages.told(conn, ACCOUNT, "a")) == 1
