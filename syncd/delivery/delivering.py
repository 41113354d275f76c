"""Delivering: from the ledger to the sinks. At least once, under a batch id that is committed first."""

import uuid
from collections.abc import Mapping
from datetime import datetime

from syncd.app import App
from syncd.delivery.collecting import WATERMARK
from syncd.delivery.identities import give_identities
from syncd.errors import ConfigError, SinkError
from syncd.failpoint import reach
from syncd.log import get_logger
from syncd.sinks import Sink, result_row
from syncd.store import outbox, results

log = get_logger(__name__)


def deliver(app: App, run_id: int, mark: datetime, sinks: Mapping[str, Sink]) -> dict[str, int]:
    """Give every sink what it has not had; returns rows delivered by sink. One sink's failure blocks no other.

    Batches that an earlier run left pending go first, under their own ids. The watermark moves when all sinks have
    everything. Raises SinkError at the end if any failed.
    """
    delivered: dict[str, int] = {}
    failures: list[str] = []
    for name, sink in sinks.items():
        try:
            asks = app.settings.identities.get(name)
            if asks is None:
                delivered[name] = _deliver_to(app, run_id, name, sink)
            else:
                delivered[name] = give_identities(app, run_id, name, sink, login_links=asks)
        except (SinkError, ConfigError) as error:  # a secret of this sink has gone: no other sink needs it
            failures.append(f"{name}: {error}")
            log.error("sink_failed", sink=name, error=str(error))
        else:
            log.info("sink_delivered", sink=name, rows=delivered[name])
    if failures:
        raise SinkError(
            "; ".join(failures) + "; the results stay in the outbox: syncd pull delivers them again"
        )
    with app.database.write() as conn:
        results.set_watermark(conn, app.account, WATERMARK, mark)
    return delivered


def _deliver_to(app: App, run_id: int, name: str, sink: Sink) -> int:
    statuses = app.settings.statuses
    with app.database.write() as conn:
        now = app.database.now(conn)
        batch_id = f"b{run_id}-{uuid.uuid4().hex[:8]}"
        outbox.open_batches(conn, app.account, name, batch_id, run_id, now, statuses)
        pending = outbox.pending(conn, app.account, name)
    rows = 0
    for batch_id in pending:
        with app.database.read() as conn:
            versions = outbox.rows(
                conn, app.account, name, batch_id, everything=sink.wants_everything, statuses=statuses
            )
        reach("batch-opened")
        sink.deliver(batch_id, [result_row(version) for version in versions])
        reach("batch-delivered")
        with app.database.write() as conn:
            rows += outbox.mark_delivered(conn, app.account, batch_id, app.database.now(conn))
    return rows
