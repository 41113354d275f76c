from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syncd.sandbox import Sandbox
from tests.sandbox.caller import Caller

SEED = {
    "courses": [{"Name": "Fire Safety"}, {"Name": "First Aid"}, {"Name": "Selling"}],
    "learning_paths": [
        {"Name": "Onboarding", "Courses": ["Fire Safety", "First Aid"]},
        {"Name": "Sales Basics", "Courses": ["Selling"]},
    ],
}


class Times:
    """Both clocks of a sandbox, moved by the test."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.start = datetime(2026, 3, 4, 12, tzinfo=UTC)

    def clock(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds - 1000.0)

    def forward(self, seconds: float) -> None:
        self.seconds += seconds


Make = Callable[..., Caller]


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def make(times: Times) -> Iterator[Make]:
    """Starts a sandbox with these settings and gives a caller of it; no route may fail unexpectedly."""
    with ExitStack() as stack:

        def start(**settings: Any) -> Caller:
            defaults = {"limit": 10_000, "seed": SEED, "clock": times.clock, "now": times.now}
            sandbox = stack.enter_context(Sandbox(**{**defaults, **settings}))
            caller = Caller(sandbox)
            stack.callback(lambda: _no_errors(sandbox))
            stack.callback(caller.close)
            return caller

        yield start


def _no_errors(sandbox: Sandbox) -> None:
    assert sandbox.errors == []


@pytest.fixture
def call(make: Make) -> Caller:
    """A caller of a sandbox with default settings."""
    return make()
