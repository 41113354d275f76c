"""Request: one API call that carries Changes, as a value, and the numbers that say how much goes into one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

PAGE = 1000
"""Rows per page of a Litmos list."""
MEMBERS_PER_CALL = 500
"""Users per ``POST /teams/{id}/users``: Litmos documents no maximum; this one keeps a failure small."""
ITEMS_PER_CALL = 25
"""Learning paths or courses per ``POST /users/{id}/...``: no maximum is documented; like the one for teams."""
JUST_READ_SECONDS = 300
"""How long a record counts as just read."""
SAFE_SHARE = 0.8
"""The share of that time into which a batch is fitted: other work takes its part of the window, too."""
ASIDE = "#aside"
"""What the target of a user ends in while they step aside: the first of two writes of one user in one Plan."""


class RequestKind(StrEnum):
    """What a Request does; each kind has one Operation."""

    READ_USERS = "read_users"
    CREATE_USER = "create_user"
    PUT_USER = "put_user"
    CREATE_TEAM = "create_team"
    RENAME_TEAM = "rename_team"
    ADD_MEMBERS = "add_members"
    REMOVE_MEMBER = "remove_member"
    ASSIGN_ITEMS = "assign_items"
    UNASSIGN_ITEM = "unassign_item"
    GIVE_TEAM = "give_team"
    TAKE_FROM_TEAM = "take_from_team"
    SET_ROLE = "set_role"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One API call (or a read and the write that depends on it) that carries one or many Changes.

    ``key`` is unique in the Plan; ``target`` names the Litmos object that is written, so that no two live Jobs write
    it at once; ``payload`` is JSON and names people by employee_id and Litmos id ("" if the user is created in this
    Plan) and teams by their names; ``after`` are keys of Requests that must have ended first; ``changes`` the keys of
    the Changes it carries; ``low`` and ``high`` bound the HTTP requests it takes.
    """

    key: str
    kind: RequestKind
    stage: int
    target: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    low: int = 1
    high: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What the compiler must know of the engine: users in Litmos, and requests a minute."""

    users: int
    per_minute: float
