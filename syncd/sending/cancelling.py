"""Cancelling: a person ends a Run. What was not sent is not sent; what is on its way ends, and is settled."""

from syncd.app import App
from syncd.errors import Declined
from syncd.log import get_logger
from syncd.sending.endings import ending
from syncd.store import audit, changes, jobs, runs

log = get_logger(__name__)


def cancel(app: App, run_id: int, *, actor: str) -> int:
    """End a Run that has not ended; returns how many Jobs were not sent because of it.

    A Job that is being sent goes on to its end. One whose outcome is unknown is settled by reading, and is not sent again
    where that proves that nothing was applied. Jobs of other Runs that waited for one of this go on. Raises Declined if
    there is no such Run, or it has ended.
    """
    with ending(app.database, app.account) as conn:
        now = app.database.now(conn)
        run = runs.get(conn, run_id)
        if run is None or run["account"] != app.account:
            raise Declined(f"there is no run {run_id}; syncd runs lists them")
        if not runs.cancel(conn, run_id, actor=actor, now=now):
            raise Declined(f"run {run_id} is {run['state']} already; nothing was cancelled")
        waiting = [change.key for change in changes.load(conn, run_id, states=["held"])]
        changes.set_state(conn, run_id, waiting, "cancelled", message="the run was cancelled", now=now)
        number = jobs.cancel_run(conn, run_id, now)
        about = {"jobs": number}
        audit.record(
            conn, app.account, actor=actor, action="cancel", object_=f"run {run_id}", detail=about, now=now
        )
    log.info("run_cancelled", run_id=run_id, actor=actor, jobs=number)
    return number
