"""Roles: what somebody may do on the pages; each may do what the ones before it may."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

How = Literal["none", "password", "proxy", "oidc", "token"]


class Role(StrEnum):
    """The roles, from the least to the most.

    ========  ==================================================================================
    role      may
    ========  ==================================================================================
    viewer    see everything but people's values and the audit
    operator  see people's values too; retry, pause, resume, cancel, sync one employee
    approver  approve and reject what is held; decide cases
    admin     see the audit
    ========  ==================================================================================
    """

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Whether somebody of this role may do what needs the other."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who asks: their name, their role, and how that is known."""

    name: str
    role: Role
    how: How

    @property
    def actor(self) -> str:
        """As the sync log and the audit name them."""
        return f"token:{self.name}" if self.how == "token" else f"web:{self.name}"

    @property
    def sees_values(self) -> bool:
        """Whether they may see people's values: names, addresses, titles."""
        return self.role.covers(Role.OPERATOR)
