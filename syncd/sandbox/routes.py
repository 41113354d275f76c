"""Routes: all calls that the sandbox answers, and the finding of the one for a request."""

import re

from syncd.sandbox import (
    routes_awards,
    routes_bulk,
    routes_items,
    routes_org,
    routes_results,
    routes_sessions,
    routes_teams,
    routes_users,
)
from syncd.sandbox.call import Route

ROUTES: tuple[Route, ...] = (
    *routes_users.ROUTES,
    *routes_teams.ROUTES,
    *routes_items.ROUTES,
    *routes_bulk.ROUTES,
    *routes_results.ROUTES,
    *routes_org.ROUTES,
    *routes_sessions.ROUTES,
    *routes_awards.ROUTES,
)
"""Every method and path that the sandbox answers."""


def _literal_first(route: Route) -> int:
    return route.path.count("{}")


_TABLE: tuple[tuple[re.Pattern[str], Route], ...] = tuple(
    (route.pattern(), route) for route in sorted(ROUTES, key=_literal_first)
)


def find(method: str, path: str) -> tuple[Route, tuple[str, ...]] | bool:
    """The route of a request and the raw parts of its path; else whether another method would be answered there."""
    known = False
    for pattern, route in _TABLE:
        match = pattern.fullmatch(path)
        if match and route.method == method:
            return route, match.groups()
        known = known or match is not None
    return known
