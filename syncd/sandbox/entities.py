"""Entities: what a Litmos account is made of. Plain mutable records; the rules are in the modules that change them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True, kw_only=True)
class User:
    """A user: ``profile`` holds the members in Litmos' order (syncd.sandbox.profile)."""

    id: str
    number: int
    profile: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    last_login_at: datetime | None = None
    visible_from: float = 0.0

    @property
    def active(self) -> bool:
        """Whether the user can log in."""
        return self.profile["Active"] is True

    @property
    def name(self) -> str:
        """UserName."""
        return str(self.profile["UserName"])


@dataclass(slots=True, kw_only=True)
class Team:
    """A team; ``parent_id`` is "" for roots."""

    id: str
    number: int
    name: str
    description: str
    parent_id: str
    created_at: datetime
    updated_at: datetime
    active: bool = True

    @property
    def code(self) -> str:
        """TeamCodeForBulkImport: ``<OriginalId>-<NameNoSpaces>`` (litmos-api 5)."""
        return f"{self.number}-{''.join(self.name.split())}"


@dataclass(slots=True, kw_only=True)
class Membership:
    """A user in a team; kept with ``active=False`` after removal, for the deltas."""

    team_id: str
    user_id: str
    created_at: datetime
    updated_at: datetime
    active: bool = True
    leader: bool = False
    admin: bool = False


@dataclass(slots=True, kw_only=True)
class Course:
    """A course with one module; who completes it is compliant for ``valid_days``, or for ever (None).

    An attempt with a score below ``passmark`` fails. Who completes it earns ``points``, and the ``badge`` if it has a title.
    """

    id: str
    number: int
    name: str
    code: str
    module_id: str
    module_number: int
    created_at: datetime
    updated_at: datetime
    active: bool = True
    valid_days: float | None = None
    passmark: int = 0
    points: int = 0
    badge: str = ""

    @property
    def import_code(self) -> str:
        """CourseCodeForBulkImport."""
        return f"{self.number}-{''.join(self.name.split())}"


@dataclass(slots=True, kw_only=True)
class LearningPath:
    """A learning path: courses in order."""

    id: str
    number: int
    name: str
    description: str
    created_at: datetime
    updated_at: datetime
    course_ids: list[str] = field(default_factory=list)
    active: bool = True


@dataclass(slots=True, kw_only=True)
class TeamItem:
    """A course or learning path given to a team; kept with ``active=False`` after removal."""

    team_id: str
    item_id: str
    created_at: datetime
    updated_at: datetime
    active: bool = True
    library: bool = False


@dataclass(slots=True, kw_only=True)
class Enrolment:
    """A course or learning path that reaches a user, directly (``direct``) or otherwise, and the progress made.

    ``compliant_until`` is how long a completion counts (None: for ever); ``before_reset`` what the last reset emptied.
    ``attempted_at`` is when the last attempt ended, ``attempt`` its number, or the next one's after a reset.
    """

    user_id: str
    item_id: str
    created_at: datetime
    updated_at: datetime
    result_id: str
    result_number: int
    active: bool = True
    direct: bool = False
    percentage: float = 0.0
    score: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    progress_at: datetime | None = None
    compliant_until: datetime | None = None
    attempted_at: datetime | None = None
    attempt: int = 1
    before_reset: "Enrolment | None" = None

    @property
    def complete(self) -> bool:
        """Whether the user has finished it."""
        return self.finished_at is not None


@dataclass(slots=True, kw_only=True)
class Achievement:
    """What a user earned by finishing a course or path (``kind``: "Course" or "Learning Path")."""

    id: str
    number: int
    user_id: str
    item_id: str
    kind: str
    title: str
    score: str
    earned_at: datetime
    created_at: datetime
    compliant_until: datetime | None = None
    certificate_id: str = ""


@dataclass(slots=True, kw_only=True)
class Award:
    """Points, and a badge if it has a title, that a user earned with an item; they stay when the result is reset (assumed)."""

    id: str
    user_id: str
    item_id: str
    title: str
    points: int
    badge: str
    earned_at: datetime


@dataclass(slots=True, kw_only=True)
class SessionDay:
    """One day of a session."""

    id: str
    starts_at: datetime
    ends_at: datetime


@dataclass(slots=True, kw_only=True)
class Registration:
    """A user who is registered to a session; ``attended`` are the ids of the days on which they were there."""

    user_id: str
    registered_at: datetime
    completed: bool = False
    score: str = ""
    attended: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class Session:
    """An event of the module of a course: instructor-led training; ``slots`` 0: as many as come."""

    id: str
    number: int
    course_id: str
    name: str
    instructor_id: str
    days: list[SessionDay]
    created_at: datetime
    updated_at: datetime
    location: str = ""
    time_zone: str = "UTC"
    slots: int = 0
    registrations: dict[str, Registration] = field(default_factory=dict)

    @property
    def starts_at(self) -> datetime:
        """When its first day begins."""
        return min(day.starts_at for day in self.days)

    @property
    def ends_at(self) -> datetime:
        """When its last day ends."""
        return max(day.ends_at for day in self.days)


@dataclass(slots=True, kw_only=True)
class BulkImport:
    """A bulk import; ``rows`` are applied when ``due`` (monotonic seconds) has come."""

    id: str
    number: int
    rows: list[dict[str, Any]]
    imported_at: datetime
    due: float
    send_emails: bool
    skip_first_login: bool
    done: bool = False
    created: int = 0
    updated: int = 0
    invalid_email: int = 0
    errors: list[tuple[str, str]] = field(default_factory=list)
