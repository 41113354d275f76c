"""The rolling window: never more than N in any window, whoever dies and whatever is configured meanwhile."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from syncd.core.operation import Interrupted
from syncd.store.database import Database
from syncd.store.schema import rate_slot, rate_window
from syncd.store.window import RollingWindow, WindowSettings, freezes, usage
from tests.store.makers import ACCOUNT, now_of


def window(
    database: Database, requests: int = 5, *, seconds: float = 60.0, start_free: bool = True, **options
) -> RollingWindow:
    """A window over the database; ``options`` are further settings."""
    settings = WindowSettings(
        account=ACCOUNT, requests=requests, seconds=seconds, start_free=start_free, **options
    )
    return RollingWindow(database, settings)


def is_free(gate: RollingWindow) -> bool:
    """Whether a slot could be had at once (it is taken, then)."""
    return gate._try()[0] is not None


def frees(database: Database) -> list[float]:
    """In how many seconds each slot is free, soonest first."""
    now = now_of(database)
    with database.read() as conn:
        found = conn.execute(select(rate_slot.c.free_at)).scalars().all()
    return sorted((free_at - now).total_seconds() for free_at in found)


def taken(database: Database) -> int:
    with database.read() as conn:
        return usage(conn, ACCOUNT, database.now(conn))[0]


def age_all(database: Database, by: timedelta) -> None:
    """Let time pass: every slot is free that much sooner."""
    with database.write() as conn:
        for row in conn.execute(select(rate_slot)).all():
            conn.execute(
                update(rate_slot).where(rate_slot.c.slot_no == row.slot_no).values(free_at=row.free_at - by)
            )


def most_in_any(times: list[float], seconds: float) -> int:
    """The most events in any window of so many seconds: by the definition, not by cleverness."""
    return max(sum(1 for other in times if start <= other < start + seconds) for start in times)


def test_no_window_holds_more_than_n_under_threads_and_jitter(database):
    seconds, limit = 0.4, 5
    gates = [window(database, limit, seconds=seconds) for _ in range(2)]
    arrived: list[float] = []
    dice = random.Random(4711)

    def work(gate: RollingWindow, waits: list[tuple[float, float]]) -> None:
        for out, back in waits:
            slot = gate.acquire()
            time.sleep(out)
            arrived.append(time.monotonic())
            time.sleep(back)
            gate.release(slot, sent=True, answered=True)

    threads = [
        threading.Thread(
            target=work,
            args=(gates[n % 2], [(dice.uniform(0, 0.15), dice.uniform(0, 0.05)) for _ in range(4)]),
        )
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(arrived) == 24
    assert most_in_any(arrived, seconds) <= limit


def test_a_new_database_starts_with_all_slots_taken(database):
    gate = window(database, 3, start_free=False)
    assert not is_free(gate)
    assert taken(database) == 3
    assert all(55 < free <= 60 for free in frees(database))


def test_a_restart_frees_nothing(database):
    gate = window(database, 2)
    for _ in range(2):
        gate.release(gate.acquire(), sent=True, answered=True)
    assert not is_free(window(database, 2))


@pytest.mark.parametrize(
    ("sent", "answered", "low", "high"), [(True, True, 58, 60), (True, False, 63, 65), (False, False, -5, 0)]
)
def test_how_long_a_slot_is_held_depends_on_what_became_of_the_request(database, sent, answered, low, high):
    gate = window(database, 1, timeout=25.0, margin=5.0)
    slot = gate.acquire()
    assert 85 < frees(database)[0] <= 90
    gate.release(slot, sent=sent, answered=answered)
    assert low <= frees(database)[0] <= high


def test_a_slot_that_was_never_used_is_free_at_once(database):
    gate = window(database, 1)
    gate.release(gate.acquire(), sent=False, answered=False)
    assert is_free(gate)


def test_a_release_with_an_old_token_frees_nothing(database):
    gate = window(database, 1)
    old = gate.acquire()
    gate.release(old, sent=False, answered=False)
    gate.acquire()
    window(database, 1).release(old, sent=False, answered=False)
    assert taken(database) == 1


def test_the_first_byte_must_leave_within_the_margin(database):
    now = [1000.0]
    settings = WindowSettings(account=ACCOUNT, requests=1, margin=5.0, start_free=True)
    gate = RollingWindow(database, settings, clock=lambda: now[0])
    assert gate.acquire().send_by == 1005.0


HOLDER = """
import sys, time
from syncd.store.database import open_database
from syncd.store.window import RollingWindow, WindowSettings
gate = RollingWindow(
    open_database(sys.argv[1]),
    WindowSettings(account="main", requests=2, seconds=60.0, start_free=True),
)
gate.acquire()
print("held", flush=True)
time.sleep(600)
"""


def test_the_slot_of_a_killed_process_stays_taken_for_its_longest_time(database, database_url):
    gate = window(database, 2)
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, database_url], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait(20)
        assert holder.stdout is not None
        holder.stdout.close()
    assert is_free(gate)
    assert not is_free(gate)
    assert frees(database)[0] > 80


def test_a_freeze_stops_everyone_for_one_window(database):
    gate, other = window(database, 5), window(database, 5)
    gate.freeze("503")
    assert not is_free(other)
    with database.read() as conn:
        now = database.now(conn)
        frozen = usage(conn, ACCOUNT, now)[2]
    assert frozen is not None
    assert 55 < (frozen - now).total_seconds() <= 60
    with database.write() as conn:
        conn.execute(update(rate_window).values(frozen_until=now - timedelta(seconds=1)))
    assert is_free(other)


def test_whoever_waits_is_interrupted_when_the_process_stops(database):
    gate = window(database, 1)
    gate.acquire()
    ended: list[str] = []

    def wait() -> None:
        try:
            gate.acquire()
        except Interrupted:
            ended.append("interrupted")

    threads = [threading.Thread(target=wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    gate.interrupt()
    for thread in threads:
        thread.join(10)
    assert ended == ["interrupted"] * 3


def test_after_an_interrupt_is_undone_slots_are_given_again(database):
    gate = window(database, 1)
    gate.interrupt()
    with pytest.raises(Interrupted):
        gate.acquire()
    gate.again()
    assert gate.acquire().number == 0


def test_a_step_of_the_wall_clock_frees_no_slot_of_this_process(database):
    """On SQLite the database's clock is the machine's: here it jumps an hour ahead."""
    gate = window(database, 1)
    gate.release(gate.acquire(), sent=True, answered=True)
    age_all(database, timedelta(hours=1))
    assert not is_free(gate)


def test_a_clock_that_was_set_back_blocks_nobody_for_long(database):
    gate = window(database, 2)
    age_all(database, timedelta(hours=-1))
    gate.freeze("503")
    with database.write() as conn:
        ahead = database.now(conn) + timedelta(hours=1)
        conn.execute(update(rate_window).values(frozen_until=ahead))
    assert not is_free(gate)
    assert 80 < max(frees(database)) <= 90
    with database.read() as conn:
        frozen = conn.execute(select(rate_window.c.frozen_until)).scalar_one()
        assert (frozen - database.now(conn)).total_seconds() <= 60


def test_more_slots_start_taken(database):
    window(database, 2)
    window(database, 5)
    assert taken(database) == 3


def test_fewer_slots_keep_those_that_are_free_last(database):
    """Were taken slots dropped and free ones kept, a window could hold the old requests and as many new ones."""
    gate = window(database, 10)
    slots = [gate.acquire() for _ in range(10)]
    for slot in slots[:5]:
        gate.release(slot, sent=False, answered=False)
    for slot in slots[5:]:
        gate.release(slot, sent=True, answered=True)
    smaller = window(database, 5)
    assert len(frees(database)) == 5
    assert not is_free(smaller)


def test_fewer_slots_wait_for_the_requests_of_dropped_ones_in_flight(database):
    gate = window(database, 4)
    slots = [gate.acquire() for _ in range(4)]
    smaller = window(database, 2)
    for slot in slots:
        gate.release(slot, sent=True, answered=True)
    assert not is_free(smaller)
    assert min(frees(database)) > 80


def test_a_longer_window_holds_what_was_sent_under_the_shorter_one(database):
    gate = window(database, 2, seconds=3.0, timeout=25.0, margin=5.0)
    gate.release(gate.acquire(), sent=True, answered=True)
    in_flight = gate.acquire()
    window(database, 2, seconds=60.0, timeout=25.0, margin=5.0)
    answered, flying = frees(database)
    assert 55 < answered <= 60
    assert 85 < flying <= 90
    gate.release(in_flight, sent=True, answered=True)
    assert frees(database)[1] > 55


def test_a_shorter_window_frees_nothing_early(database):
    gate = window(database, 1, seconds=60.0)
    gate.release(gate.acquire(), sent=True, answered=True)
    window(database, 1, seconds=3.0)
    assert frees(database)[0] > 55


def test_replicas_that_start_at_once_on_a_new_database_agree(database):
    failures: list[BaseException] = []
    together = threading.Barrier(4)

    def start() -> None:
        together.wait(20)
        try:
            window(database, 7)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the replica would not have started
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert len(frees(database)) == 7


def test_accounts_have_windows_of_their_own(database):
    window(database, 1).acquire()
    other = RollingWindow(database, WindowSettings(account="other", requests=1, start_free=True))
    assert is_free(other)


def test_usage_counts_slots(database):
    gate = window(database, 3)
    gate.acquire()
    with database.read() as conn:
        now: datetime = database.now(conn)
        assert usage(conn, ACCOUNT, now) == (1, 3, None)


def test_whoever_is_urgent_goes_before_all_others(database):
    """The bulk queue leaves the next slot to a process for whose answer a person waits."""
    bulk, doctor = window(database, 1), window(database, 1)
    doctor.urgent = True
    bulk.release(bulk.acquire(), sent=True, answered=True)
    assert not is_free(doctor)
    bulk._held_until.clear()
    age_all(database, timedelta(seconds=60))
    assert not is_free(bulk)
    slot = doctor._try()[0]
    assert slot is not None
    doctor.release(slot, sent=False, answered=False)
    assert is_free(bulk)


def test_somebody_urgent_who_died_holds_nobody_up_for_long(database):
    bulk, doctor = window(database, 2), window(database, 2)
    doctor.urgent = True
    slots = [bulk.acquire(), bulk.acquire()]
    assert not is_free(doctor)
    bulk.release(slots[0], sent=False, answered=False)
    assert not is_free(bulk)
    with database.write() as conn:
        conn.execute(update(rate_window).values(urgent_until=database.now(conn) - timedelta(seconds=0.001)))
    assert is_free(bulk)


def test_freezes_are_counted(database):
    gate = window(database, 1)
    with database.read() as conn:
        assert freezes(conn, ACCOUNT).number == 0
    gate.freeze("LITMOS-503")
    gate.freeze("LITMOS-503-LIMIT")
    with database.read() as conn:
        found = freezes(conn, ACCOUNT)
    assert (found.number, found.reason) == (2, "LITMOS-503-LIMIT")
    assert found.last_at is not None
