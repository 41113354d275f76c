"""Paths: the calls of Litmos as they are counted, whatever ids are in them."""

from collections.abc import Sequence

WORDS = frozenset(
    {
        *("ILT", "achievements", "activities", "admins", "assignments", "attendance", "attended", "badges"),
        *("bulkimports", "courses", "details", "future", "gamificationdetails", "gamificationsummary"),
        *("instructors", "leaders", "learningpaths", "logins", "modules", "org", "paginated", "past"),
        *("register", "registration", "reset", "results", "rollcall", "sessiondays", "sessions", "teams"),
        *("usererrors", "users"),
    }
)
"""The parts of paths that are no ids."""


def template(path: Sequence[str]) -> str:
    """``/teams/{}/users`` for ``("teams", "qRs12", "users")``: one of few, so that requests can be counted by it."""
    return "".join(f"/{part if part in WORDS else '{}'}" for part in path)
