"""Recording: the Operations of Jobs that are about training which HR knows of, and what is remembered once one was done."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from syncd.core.model import ItemKey
from syncd.core.operation import Effects
from syncd.core.recording import NOTE, SCORE, Recorded, RecordKey
from syncd.core.training import RecordKind
from syncd.core.training_operations import RecordModule, RecordSession
from syncd.store import links, training
from syncd.store.queue import Job


def operation_of(payload: Mapping[str, Any], user_id: str, now: datetime) -> RecordModule | RecordSession:
    """What records the row of a payload; ``now`` is the database's time."""
    row, course_id = payload["row"], ItemKey.parse(payload["item"]).id
    score = int(row["score"]) if row["score"] else None
    if row["record"] == RecordKind.SESSION:
        return RecordSession(
            user_id=user_id,
            course_id=course_id,
            module_id=payload["module"],
            session_id=row["object"],
            score=score,
        )
    return RecordModule(
        user_id=user_id,
        course_id=course_id,
        module_id=row["object"],
        at=datetime.fromisoformat(row["date"]),
        sought_at=now,
        score=score or 0,
        note=row["note"],
        attempt=int(row["attempt"]),
        corrects=payload["corrects"],
    )


def note_recorded(conn: Connection, account: str, job: Job, effects: Effects, now: datetime) -> None:
    """Remember the row of a Job that was done, so that it is not sent again; nothing of a Job that is about none."""
    row = job.payload.get("row")
    if row is None:
        return
    employee_id = job.payload["employee_id"]
    key = RecordKey(employee_id, row["record"], row["object"], row["date"], row["attempt"])
    user_id = job.payload["user_id"] or links.find(conn, account, employee_id)
    said = {SCORE: row["score"], NOTE: row["note"]}
    done = Recorded(user_id=user_id, said=said)
    training.note(conn, account, key, done, run_id=job.run_id, note=effects.note, now=now)
