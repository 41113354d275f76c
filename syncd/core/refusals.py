"""Refusals: what Litmos has refused twice for what it says is not sent again, until it says something else or a person wants it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from syncd.core.diff import Difference
from syncd.core.holding import needing
from syncd.core.model import Change, Skip
from syncd.core.plan import change_hash

STATUSES = frozenset({400, 413, 422})
"""The answers that are about the data alone; 404 and 409 are about what else there is in Litmos, which may be otherwise by now."""
REFUSED = "REFUSED"
REFUSED_WAITS = "REFUSED-WAITS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What Litmos said to one Change, when, and by which Job."""

    code: str
    at: datetime | None
    job_id: int


def without_refused(difference: Difference, refusals: Mapping[str, Refusal]) -> Difference:
    """The same without the Changes that were refused as they are (``refusals`` by ``change_hash``), and what needs them."""
    if not refusals:
        return difference
    refused = {
        c.key: found for c in difference.changes if (found := refusals.get(change_hash(c))) is not None
    }
    if not refused:
        return difference
    waiting = needing(difference.changes, refused.keys())
    skips = tuple(
        _skip(change, refused.get(change.key))
        for change in difference.changes
        if change.key in refused or change.key in waiting
    )
    kept = tuple(c for c in difference.changes if c.key not in refused and c.key not in waiting)
    return Difference(changes=kept, skips=(*difference.skips, *skips))


def told(difference: Difference) -> tuple[str, ...]:
    """A sentence if anything is left out."""
    number = sum(skip.code == REFUSED for skip in difference.skips)
    if not number:
        return ()
    what = (
        "a change that Litmos has refused is"
        if number == 1
        else f"{number} changes that Litmos has refused are"
    )
    return (
        f"{what} not sent again until the data change, or by syncd jobs retry: syncd plan --all says which",
    )


def _skip(change: Change, refusal: Refusal | None) -> Skip:
    if refusal is None:
        message = "it needs something that Litmos has refused, and that is not sent again as it is"
        return Skip(employee_id=change.employee_id, code=REFUSED_WAITS, message=message, key=change.key)
    when = "" if refusal.at is None else f" on {refusal.at:%Y-%m-%d}"
    message = (
        f"Litmos has refused exactly this{when} ({refusal.code}): it is not sent again until the data change; "
        f"to try it as it is: syncd jobs retry {refusal.job_id}"
    )
    return Skip(employee_id=change.employee_id, code=REFUSED, message=message, key=change.key)
