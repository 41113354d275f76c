"""Attempted: what became of one try of a Job, told in one line."""

from collections import Counter
from collections.abc import Mapping

from syncd.log import get_logger
from syncd.store.queue import Job

log = get_logger(__name__)


def tell_attempt(
    job: Job,
    outcome: str,
    *,
    seconds: float,
    waited: float,
    code: str = "",
    error: str = "",
    status: int | None = None,
    requests: int = 0,
    done: Mapping[str, str] | None = None,
    failed: Mapping[str, str] | None = None,
    note: str = "",
) -> None:
    """Tell how a try ended (``outcome`` as its row has it): with what Changes are ``done`` or ``failed`` by it (``changes.end``).

    ``seconds`` are from its claim to its record, ``waited`` those for the limit, before and meanwhile. ``error`` is told of
    a Job that is given up.
    """
    log.info(
        "attempt_ended",
        kind=job.kind,
        outcome=outcome,
        code=code,
        http_status=status,
        requests=requests,
        seconds=round(seconds, 3),
        waited=round(waited, 3),
        done=_counted(done),
        failed=_counted(failed),
        note=note,
    )
    if outcome == "discarded":
        log.error("job_failed", kind=job.kind, code=code, error=error, attempts=job.attempts)


def _counted(ended: Mapping[str, str] | None) -> dict[str, int]:
    """How many of each: ``"create user"`` -> number."""
    return dict(sorted(Counter((ended or {}).values()).items()))
