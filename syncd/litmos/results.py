"""Results: what people completed, read by date window."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from syncd.core.completion import Completion
from syncd.core.delta import windows
from syncd.litmos import shape
from syncd.litmos.client import Calls, Row
from syncd.litmos.faults import doubtful
from syncd.litmos.wire import instant, query_time


def completions(calls: Calls, since: datetime, to: datetime) -> Iterator[Completion]:
    """Each result that changed between ``since`` and ``to`` once per window, oldest window first.

    Unfinished results come too (``completed`` is False). ``to`` must lie ahead to include today (litmos-api 6.6), and
    whether Litmos means UTC is unsettled, so overlap by a day. Raises LitmosError, after whole windows only.
    """
    for begin, end in windows(since, to):
        found = [*_window(calls, "course", begin, end), *_window(calls, "learning_path", begin, end)]
        yield from {completion.completion_id: completion for completion in found}.values()


_DATES = ("CreatedDate", "CompletedDate", "FinishDate")
_PATHS = {"course": ("org", "results", "details"), "learning_path": ("org", "learningpaths", "results")}


def _window(calls: Calls, kind: str, begin: datetime, end: datetime) -> list[Completion]:
    params = {"since": query_time(begin), "to": query_time(end)}
    rows = calls.rows(_PATHS[kind], params, key=("UserId", "Id"), also=_DATES)
    try:
        return [_completion(kind, row) for row in rows]
    except ValueError as error:
        raise doubtful(f"/{'/'.join(_PATHS[kind])}: {error}") from None


def _completion(kind: str, row: Row) -> Completion:
    """A row of ``/org/results/details`` or ``/org/learningpaths/results``; the latter's rows name no user (litmos-api 4.4)."""
    started = instant(_first(row, "StartedDate", "StartDate"))
    finished = instant(_first(row, "CompletedDate", "FinishDate"))
    assigned = instant(row.get("CreatedDate"))
    completed = shape.truth(row, "Completed", "Complete")
    user_id, object_id = row["UserId"], row["Id"]
    return Completion(
        completion_id=f"{kind}:{user_id}:{object_id}:{_mark(finished if completed else assigned, completed=completed)}",
        kind=kind,
        user_id=user_id,
        username=shape.text(row, "UserName"),
        object_id=object_id,
        object_name=shape.text(row, "Name"),
        completed=completed,
        percent=_percent(shape.percent(row)),
        score=shape.text(row, "Score"),
        assigned_at=assigned,
        started_at=started,
        completed_at=finished if completed else None,
        compliant_until=instant(row.get("CompliantTillDate")),
        updated_at=instant(row.get("UpdatedDate")),
    )


def _mark(moment: datetime | None, *, completed: bool) -> str:
    """What tells two results of one person in one object apart: when it was completed, or else given."""
    if moment is None:
        return "completed" if completed else "undated"
    return moment.strftime("%Y%m%dT%H%M%S")


def _first(row: Row, *names: str) -> Any:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)


def _percent(number: float | None) -> str:
    return "" if number is None else f"{number:.2f}".rstrip("0").rstrip(".")
