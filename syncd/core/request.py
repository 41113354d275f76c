"""Request: one API call that carries Changes, as a value, and the numbers that say how much goes into one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

PAGE = 1000
"""Rows per page of a Litmos list."""
MEMBERS_PER_CALL = 500
"""Users per ``POST /teams/{id}/users``: Litmos documents no maximum; this one keeps a failure small."""
TEAMS_PER_CALL = 25
"""Teams per ``POST /users/{id}/teams`` [DOC]."""
ITEMS_PER_CALL = 25
"""Learning paths or courses per ``POST /users/{id}/...``: no maximum is documented; like the one for teams."""
JUST_READ_SECONDS = 300
"""How long a record counts as just read."""
SAFE_SHARE = 0.8
"""The share of that time into which a batch is fitted: other work takes its part of the window, too."""
ASIDE = "#aside"
"""What the target of a user ends in while they step aside: the first of two writes of one user in one Plan."""


class Stage(IntEnum):
    """In which order Requests are sent when nothing else decides: leavers, then starters, then the rest."""

    LEAVERS = 0
    TEAMS = 1
    CREATES = 2
    STARTERS_TEAMS = 3
    STARTERS_ITEMS = 4
    UPDATES = 5
    MEMBERS = 6
    ITEMS = 7
    REMOVALS = 8


class RequestKind(StrEnum):
    """What a Request does; each kind has one Operation."""

    READ_USERS = "read_users"
    CREATE_USER = "create_user"
    PUT_USER = "put_user"
    CREATE_TEAM = "create_team"
    RENAME_TEAM = "rename_team"
    ADD_MEMBERS = "add_members"
    JOIN_TEAMS = "join_teams"
    REMOVE_MEMBER = "remove_member"
    LEAVE_TEAMS = "leave_teams"
    ASSIGN_ITEMS = "assign_items"
    UNASSIGN_ITEM = "unassign_item"
    RESET_COURSE = "reset_course"
    RECORD_RESULT = "record_result"
    GIVE_TEAM = "give_team"
    TAKE_FROM_TEAM = "take_from_team"
    SET_ROLE = "set_role"
    IMPORT_USERS = "import_users"


class JobClass(StrEnum):
    """What a Job is for: what may be paused by itself."""

    LEAVERS = "leavers"
    USERS = "users"
    TEAMS = "teams"
    LEARNING = "learning"


_OF_TEAMS = frozenset(
    {
        RequestKind.CREATE_TEAM,
        RequestKind.RENAME_TEAM,
        RequestKind.ADD_MEMBERS,
        RequestKind.JOIN_TEAMS,
        RequestKind.REMOVE_MEMBER,
        RequestKind.LEAVE_TEAMS,
        RequestKind.SET_ROLE,
    }
)
_OF_LEARNING = frozenset(
    {
        RequestKind.ASSIGN_ITEMS,
        RequestKind.UNASSIGN_ITEM,
        RequestKind.GIVE_TEAM,
        RequestKind.TAKE_FROM_TEAM,
        RequestKind.RESET_COURSE,
        RequestKind.RECORD_RESULT,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One API call (or a read and the write that depends on it) that carries one or many Changes.

    ``key`` is unique in the Plan; ``target`` names the Litmos object that is written, so that no two live Jobs write
    it at once; ``payload`` is JSON and names people by employee_id and Litmos id ("" if the user is created in this
    Plan) and teams by their names; ``after`` are keys of Requests that must have ended first; ``changes`` the keys of
    the Changes it carries; ``covers`` the targets of the users that an import writes; ``low`` and ``high`` bound the
    HTTP requests it takes, ``waits`` (at least, at most) the seconds for which it has nothing to do but wait.
    """

    key: str
    kind: RequestKind
    stage: Stage
    target: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    low: int = 1
    high: int = 1
    waits: tuple[float, float] = (0.0, 0.0)

    @property
    def job_class(self) -> JobClass:
        """What it is for."""
        if self.stage == Stage.LEAVERS:
            return JobClass.LEAVERS
        if self.kind in _OF_TEAMS:
            return JobClass.TEAMS
        return JobClass.LEARNING if self.kind in _OF_LEARNING else JobClass.USERS

    @property
    def names(self) -> frozenset[str]:
        """Whom it is about, if it writes users."""
        return names_of(self.kind, self.payload)


def names_of(kind: str, payload: Mapping[str, Any]) -> frozenset[str]:
    """Whom a Request that writes users is about: each employee, Litmos user and UserName that it creates, changes or takes.

    While an import is unsettled, nothing else that shares a name with it may be sent.
    """
    if kind == RequestKind.IMPORT_USERS:
        return frozenset(
            name
            for row in payload["rows"]
            for name in _names(row["employee_id"], row["user_id"], row["username"])
        )
    if kind in {RequestKind.CREATE_USER, RequestKind.PUT_USER}:
        username = str(payload.get("fields", {}).get("UserName", ""))
        return frozenset(_names(payload["employee_id"], payload.get("user_id", ""), username))
    return frozenset()


def _names(employee_id: str, user_id: str, username: str) -> Iterable[str]:
    yield f"employee:{employee_id}"
    if user_id:
        yield f"user:{user_id}"
    if username:
        yield f"name:{username.strip().casefold()}"


def person_target(employee_id: str, user_id: str) -> str:
    """The target of a Request that writes this user, or creates them if they have no id yet."""
    return f"user:{user_id}" if user_id else f"new-user:{employee_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Importing:
    """What must be known to import.

    ``usernames`` are those of the users that an import may update, by Litmos id; ``singly`` the employees for whom one
    has failed lately: a ``POST`` or ``PUT`` of their own says what is wrong with them. ``taken`` are all UserNames in
    Litmos, casefolded: who is to be given one of them waits for its owner, and goes singly.
    """

    usernames: Mapping[str, str] = field(default_factory=dict)
    singly: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What the compiler must know of the engine: users in Litmos, and requests a minute; None imports nothing."""

    users: int
    per_minute: float
    importing: Importing | None = None
