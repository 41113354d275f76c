"""Request: one API call (or a read and the write that depends on it) that carries one or many Changes. A value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


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
