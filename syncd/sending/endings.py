"""Endings: whatever ends a Run, what became of it is told in one line, once that is committed."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from syncd.errors import StoreError
from syncd.log import bound, get_logger
from syncd.store import outcomes
from syncd.store.database import Database

log = get_logger(__name__)


@contextmanager
def ending(database: Database, account: str) -> Iterator[Connection]:
    """One transaction that writes, as ``database.write``, and that may end Runs: these are told of. Raises StoreError."""
    with database.write() as conn:
        before = outcomes.alive(conn, account)
        yield conn
        ended = sorted(before - outcomes.alive(conn, account))
    for run_id in ended:
        with bound(job_id=None):  # it is not about the Job whose end was the last
            _tell(database, run_id)


def _tell(database: Database, run_id: int) -> None:
    try:
        with database.read() as conn:
            found = outcomes.outcome(conn, run_id)
    except StoreError as error:
        log.error("store_unusable", error=str(error))
        return
    if found.state == "failed":
        log.error("run_failed", run_id=run_id, flow=found.flow, error=found.error)
    log.info(
        "run_ended",
        run_id=run_id,
        flow=found.flow,
        state=found.state,
        seconds=found.seconds,
        requests=found.requests,
        changes=dict(found.changes),
    )
