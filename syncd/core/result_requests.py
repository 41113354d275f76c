"""Result requests: how training that HR knows of is carried to Litmos: one Request for each row. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any

from syncd.core.model import Action, Change, ObjectKind
from syncd.core.recording import NOTE, SCORE, key_in
from syncd.core.request import Request, RequestKind, Stage


def result_requests(changes: Sequence[Change]) -> Iterable[Request]:
    """One Request each: a read of how the person stands with the course, and the write, unless that shows that it is so.

    A session takes up to two more: the person is registered first, unless they are, and their result is read again.
    """
    for change in changes:
        if change.kind is not ObjectKind.RESULT or change.action is not Action.RECORD:
            continue
        session = change.after["Record"] == "session"
        yield Request(
            key=change.key,
            kind=RequestKind.RECORD_RESULT,
            stage=Stage.ITEMS,
            target=change.key,
            payload={
                "employee_id": change.employee_id,
                "user_id": change.user_id,
                "item": str(change.item),
                "module": str(change.after["Module"]),
                "corrects": bool(change.before),
                **row_of(change),
            },
            changes=(change.key,),
            low=1,
            high=4 if session else 2,
        )


def row_of(change: Change) -> dict[str, Any]:
    """What a payload says of the row of training that a Change records, or resets by; nothing if it is about none."""
    key = key_in(change)
    if key is None:
        return {}
    said = {"score": str(change.after.get(SCORE, "")), "note": str(change.after.get(NOTE, ""))}
    names = {"record": key.record, "object": key.object_id, "date": key.date, "attempt": key.attempt}
    return {"row": {**names, **said}}
