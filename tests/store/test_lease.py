"""Leases and owners: one planner at a time, taken over from the certainly dead only."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from syncd.errors import Busy
from syncd.store import lease
from syncd.store.database import Database
from syncd.store.owner import describe, is_dead, this_process

NAME = "planner:main"


def acquire(database: Database, owner: str, *, later: timedelta = timedelta()) -> int:
    with database.write() as conn:
        return lease.acquire(conn, NAME, owner, seconds=30, about="push", now=database.now(conn) + later)


def dead_process() -> str:
    """The identity of a process that was killed."""
    code = "from syncd.store.owner import this_process; print(this_process(), flush=True); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    owner = process.stdout.readline().strip()
    assert not is_dead(owner)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    return owner


def test_the_second_is_told_who_holds_it(database):
    first = this_process()
    assert acquire(database, first) == 1
    with pytest.raises(Busy, match=rf"pid {os.getpid()} on .*push"):
        acquire(database, "host|boot|ns|1|2|other")


def test_an_expired_lease_is_taken_over_and_its_old_holder_is_fenced(database):
    acquire(database, "old|b|n|1|2|x")
    epoch = acquire(database, "new|b|n|1|2|y", later=timedelta(seconds=31))
    assert epoch == 2
    with database.write() as conn:
        now = database.now(conn)
        assert not lease.renew(conn, NAME, "old|b|n|1|2|x", 1, seconds=30, now=now)
        lease.release(conn, NAME, "old|b|n|1|2|x", 1)
        assert lease.renew(conn, NAME, "new|b|n|1|2|y", 2, seconds=30, now=now)


def test_a_lease_from_before_the_clock_was_set_back_is_taken_over(database):
    """No lease of so many seconds ends later than in twice that time."""
    first = acquire(database, "zombie", later=timedelta(hours=2))
    assert acquire(database, "heir") == first + 1


def test_a_dead_process_holds_nothing(database):
    acquire(database, dead_process())
    assert acquire(database, this_process()) == 2


def test_a_released_lease_is_free_with_a_new_epoch(database):
    epoch = acquire(database, "a|b|n|1|2|x")
    with database.write() as conn:
        lease.release(conn, NAME, "a|b|n|1|2|x", epoch)
    assert acquire(database, "c|b|n|1|2|y") == 2


def test_one_of_many_that_ask_at_once_gets_it_and_the_others_are_told(database):
    outcomes: list[str] = []
    together = threading.Barrier(4)

    def ask(number: int) -> None:
        together.wait(20)
        try:
            acquire(database, f"host{number}|b|n|1|2|x")
            outcomes.append("held")
        except BaseException as error:  # noqa: BLE001 - anything but Busy is what this test is about
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["Busy", "Busy", "Busy", "held"]


def test_held_gives_it_back_even_after_a_fault(database):
    owner = this_process()
    with (  # noqa: PT012 - what happens inside is the subject
        pytest.raises(RuntimeError),
        lease.held(database, NAME, owner, seconds=30, about="push"),
    ):
        with pytest.raises(Busy):
            acquire(database, "other|b|n|1|2|x")
        raise RuntimeError
    assert acquire(database, "other|b|n|1|2|x") == 2


def test_this_process_is_alive_and_a_killed_one_is_dead():
    assert not is_dead(this_process())
    assert is_dead(dead_process())


@pytest.mark.parametrize("part", [0, 1, 2])
def test_of_another_host_boot_or_namespace_nothing_is_certain(part):
    parts = dead_process().split("|")
    parts[part] = "elsewhere"
    assert not is_dead("|".join(parts))


@pytest.mark.parametrize("owner", ["", "worker-1", "a|b|c"])
def test_of_an_owner_that_says_nothing_nothing_is_certain(owner):
    assert not is_dead(owner)
    assert describe(owner) == owner


def test_the_pid_of_a_dead_process_that_another_one_has_now_does_not_keep_it_alive():
    parts = this_process().split("|")
    parts[4] = str(int(parts[4]) - 1)
    assert is_dead("|".join(parts))
