"""The pages over a grown database, served on a port of their own, for the benchmarks that ask them."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from prometheus_client import CollectorRegistry
from sqlalchemy import event

from benchmarks.questions import Question
from syncd.config import load
from syncd.metrics.exposing import Metrics
from syncd.metrics.facts import FRESH, StoreFacts
from syncd.store.database import Database
from syncd.web.listening import Listening
from syncd.web.pages import create_web
from syncd.web.routes import METRICS
from syncd.web.site import Site
from syncd.wiring import wire

SCRAPE = Question(METRICS, METRICS)
"""A scrape that reads the database anew, as one does every ten seconds."""
EVERY = 100
"""Steps of SQLite from one call of a listener to the next."""
CONFIG = """\
version: 1
database: {url}
litmos: {{base_url: "http://127.0.0.1:9", api_key: "${{env:SYNCD_BENCHMARK_KEY}}"}}
source: {{type: csv, name: hr, path: {folder}/hr.csv}}
employee: {{id: employee_id}}
users:
  match: [ExternalEmployeeId, UserName]
  fields: {{ExternalEmployeeId: employee_id, UserName: email, FirstName: first, LastName: last, Email: email}}
"""


class _Watched(Database):
    """A database on which nothing is stopped, so that SQLite's one listener is free for another use."""

    def within(self, seconds: float) -> Database:
        """Itself."""
        del seconds
        return self


def _watched(database: Database, stepped: Callable[[], Any]) -> Database:
    def listens(raw: Any, *_: object) -> None:
        raw.set_progress_handler(stepped, EVERY)

    event.listen(database.engine, "checkout", listens)
    return _Watched(database.engine, database.path)


@contextmanager
def served(url: str, stepped: Callable[[], Any] | None = None) -> Iterator[httpx.Client]:
    """The pages over a database, on a port of their own, and a client that stays connected as a browser does.

    ``stepped`` is called after each ``EVERY`` steps that SQLite takes for them; then nothing is stopped that takes too long.
    """
    with tempfile.TemporaryDirectory(prefix="syncd-benchmark-") as folder:
        path = Path(folder) / "syncd.yaml"
        path.write_text(CONFIG.format(url=url, folder=folder), encoding="utf-8")
        config = load(path, environ={"SYNCD_BENCHMARK_KEY": "none"})
        app = wire(config)
        if stepped is not None:
            app = replace(app, database=_watched(app.database, stepped))
        facts = StoreFacts(
            database=app.database,
            account=config.litmos.account,
            sources=["hr"],
            schedules=config.schedules,
            clock=count(0, FRESH).__next__,
        )
        registry = CollectorRegistry(auto_describe=False)
        registry.register(facts)
        site = Site(app=app, config=config, alive=lambda: True, metrics=Metrics(registry).text)
        listening = Listening(create_web(site, hosts=["127.0.0.1"], pages=True), "127.0.0.1", 0)
        listening.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{listening.port}", timeout=120) as client:
                yield client
        finally:
            listening.end()
            app.close()
