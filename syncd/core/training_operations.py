"""Operations that write training into Litmos which HR knows of (``core.operation`` has the others)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordModule:
    """Mark a module of a course complete for one user, as of ``at``, unless Litmos shows the course completed then or later.

    ``corrects`` True: it was recorded before, and HR says otherwise now, so it is written whatever Litmos shows. ``sought_at``
    is our time, around which Litmos is asked for results if it is not known whether it was written.
    """

    user_id: str
    course_id: str
    module_id: str
    at: datetime
    sought_at: datetime
    score: int = 0
    note: str = ""
    attempt: int = 1
    corrects: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSession:
    """Call the roll of a session for one user: they attended it, with this score (None: HR says none).

    Who is not registered is registered first.
    """

    user_id: str
    course_id: str
    module_id: str
    session_id: str
    score: int | None = None
