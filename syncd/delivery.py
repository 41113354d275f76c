"""Delivery: training results from Litmos to the sinks. At least once, under a batch id that is committed first."""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from syncd.app import App
from syncd.errors import SinkError
from syncd.log import get_logger
from syncd.sinks import Sink, completion_row
from syncd.store import links, results

log = get_logger(__name__)

WATERMARK = "results"
FUTURE = timedelta(days=1)
"""Litmos' windows end before ``to``, and its clock and zone are not ours: ask into the future [litmos-api 6.6]."""


def collect(
    app: App, now: datetime, *, update: Callable[[int], None] = lambda _n: None
) -> tuple[int, datetime]:
    """Read results since the watermark, less the overlap, into the ledger.

    Returns how many are new or changed, and the watermark that holds once they are delivered. Raises LitmosError.
    """
    settings = app.settings
    with app.database.read() as conn:
        mark = results.watermark(conn, app.account, WATERMARK)
    since = (
        mark - timedelta(seconds=settings.overlap) if mark else now - timedelta(seconds=settings.first_from)
    )
    found = []
    for completion in app.target.completions(since, now + FUTURE):
        if completion.kind in settings.results:
            found.append(completion)
            update(len(found))
    with app.database.write() as conn:
        employees = {user_id: employee_id for employee_id, user_id in links.load(conn, app.account).items()}
        fresh = results.save(conn, app.account, found, employees, now)
    return fresh, now


def deliver(app: App, run_id: int, mark: datetime, sinks: Mapping[str, Sink]) -> dict[str, int]:
    """Give every sink what it has not had; returns rows delivered by sink. One sink's failure blocks no other.

    Batches that an earlier run left pending go first, under their own ids. The watermark moves when all sinks have
    everything. Raises SinkError at the end if any failed.
    """
    delivered: dict[str, int] = {}
    failures: list[str] = []
    for name, sink in sinks.items():
        try:
            delivered[name] = _deliver_to(app, run_id, name, sink)
        except SinkError as error:
            failures.append(f"{name}: {error}")
            log.error("sink_failed", run_id=run_id, sink=name, error=str(error))
    if failures:
        raise SinkError(
            "; ".join(failures) + "; the results stay in the outbox: syncd pull delivers them again"
        )
    with app.database.write() as conn:
        results.set_watermark(conn, app.account, WATERMARK, mark)
    return delivered


def _deliver_to(app: App, run_id: int, name: str, sink: Sink) -> int:
    with app.database.write() as conn:
        results.open_batch(
            conn, app.account, name, f"b{run_id}-{uuid.uuid4().hex[:8]}", run_id, app.database.now(conn)
        )
        pending = results.pending(conn, app.account, name)
    rows = 0
    for batch_id in pending:
        with app.database.read() as conn:
            completions = results.rows(conn, app.account, name, batch_id, everything=sink.wants_everything)
        sink.deliver(batch_id, [completion_row(completion, employee) for completion, employee in completions])
        with app.database.write() as conn:
            rows += results.mark_delivered(conn, app.account, batch_id, app.database.now(conn))
    return rows
