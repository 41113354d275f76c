"""Writers of one process come in the order in which they asked."""

import threading
from collections.abc import Callable

import pytest

from syncd.store.turns import Turns

LONG = 30.0


def queued(turns: Turns, count: int) -> None:
    """Wait until that many threads wait."""
    while turns.waiting < count:
        threading.Event().wait(0.001)


def start(turns: Turns, waiting: int, note: Callable[[str], object], name: str) -> threading.Thread:
    """A thread that asks when that many wait already, and notes its name in its turn."""

    def run() -> None:
        if turns.acquire(LONG):
            note(name)
            turns.release()

    thread = threading.Thread(target=run)
    thread.start()
    queued(turns, waiting + 1)
    return thread


def test_who_asked_first_is_next_and_who_has_just_had_it_is_last():
    turns = Turns()
    order: list[str] = []
    assert turns.acquire(LONG)
    threads = [start(turns, no, order.append, f"waiter {no}") for no in range(5)]
    turns.release()
    assert turns.acquire(LONG)
    order.append("holder again")
    turns.release()
    for thread in threads:
        thread.join(LONG)
    assert order == [*(f"waiter {no}" for no in range(5)), "holder again"]
    assert turns.waiting == 0


def test_one_at_a_time():
    turns = Turns()
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(300):
            assert turns.acquire(LONG)
            inside.append(1)
            most.append(len(inside))
            inside.pop()
            turns.release()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert (len(most), max(most)) == (1200, 1)


def test_who_gives_up_is_not_waited_for():
    turns = Turns()
    order: list[str] = []
    assert turns.acquire(LONG)
    assert not turns.acquire(0.01)
    assert turns.waiting == 0
    thread = start(turns, 0, order.append, "next")
    turns.release()
    thread.join(LONG)
    assert order == ["next"]
    assert turns.acquire(0.01)


def test_who_is_interrupted_while_waiting_leaves_the_queue(monkeypatch):
    turns = Turns()
    assert turns.acquire(LONG)

    class Interrupting:
        """A lock in whose waiting Ctrl-C is pressed."""

        def acquire(self, timeout: float | None = None) -> bool:
            if timeout is not None:
                raise KeyboardInterrupt
            return True

    monkeypatch.setattr("syncd.store.turns.threading.Lock", Interrupting)
    with pytest.raises(KeyboardInterrupt):
        turns.acquire(LONG)
    assert turns.waiting == 0
    turns.release()
    assert turns.acquire(0.01)
