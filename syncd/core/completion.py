"""Completion: what somebody learnt, as Litmos reports it and HR is told."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A training result as Litmos reports it.

    ``kind`` is ``course`` or ``learning_path``; ``percent`` 0-100 as text ("" unknown); times are UTC or None.
    ``completion_id`` is stable: the same result read twice has the same id.
    """

    completion_id: str
    kind: str
    user_id: str
    username: str
    object_id: str
    object_name: str
    completed: bool
    percent: str
    score: str
    assigned_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    compliant_until: datetime | None
    updated_at: datetime | None
