"""Completion: a training result as Litmos reports it at one moment."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ResultKind(StrEnum):
    """What a result is about, and so where it is read."""

    COURSE = "course"
    MODULE = "module"
    LEARNING_PATH = "learning_path"
    ACHIEVEMENT = "achievement"
    SESSION = "session"
    BADGE = "badge"
    POINTS = "points"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What Litmos says of one result of one person.

    ``result_id`` is its natural key: the kind, the person, and the object (an achievement's own id), so it is the same
    for every attempt and however often it is read. ``percent`` 0-100 and ``score`` are text, "" unknown; times are UTC or
    None. ``active`` is what Litmos' row says of itself; ``failed`` an attempt that ended below the passmark, ``missed`` a
    session that is over without the person. ``attempt`` is Litmos' own number, None where it tells none; ``course_id`` the
    course of a module, session or achievement, as far as Litmos tells it. ``updated_at`` orders what is said (litmos-api 2:
    compared with nothing but other dates of Litmos).
    """

    result_id: str
    kind: str
    user_id: str
    object_id: str
    object_name: str
    completed: bool
    username: str = ""
    active: bool = True
    failed: bool = False
    missed: bool = False
    percent: str = ""
    score: str = ""
    assigned_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    compliant_until: datetime | None = None
    updated_at: datetime | None = None
    attempt: int | None = None
    certificate_id: str = ""
    course_id: str = ""
    instructor_id: str = ""


def result_id(kind: str, user_id: str, object_id: str) -> str:
    """The natural key of a result."""
    return f"{kind}:{user_id}:{object_id}"
