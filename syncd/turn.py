"""Turns: one planner and one pull per account at a time, whatever the number of processes."""

from collections.abc import Iterator
from contextlib import contextmanager

from syncd.app import App
from syncd.store import lease, runs
from syncd.store.lease import Held

SECONDS = 180.0
"""After which a planner, or a pull, that does not answer is taken for lost."""


@contextmanager
def planning(app: App) -> Iterator[Held]:
    """The turn of whoever refreshes, plans or adopts. Raises Busy, naming the holder."""
    name = runs.lease_name(app.account, "push")
    with lease.held(app.database, name, app.owner, seconds=SECONDS, about="refresh or push") as mine:
        yield mine


@contextmanager
def pulling(app: App) -> Iterator[None]:
    """The turn of whoever pulls. Raises Busy, naming the holder."""
    name = runs.lease_name(app.account, "pull")
    with lease.held(app.database, name, app.owner, seconds=SECONDS, about="pull"):
        yield
