"""Behaviours: what the sandbox does, and how sure it is that Litmos does the same."""

from dataclasses import dataclass
from enum import StrEnum


class Evidence(StrEnum):
    """Where a behaviour is known from, the surest first."""

    RECORDED = "recorded"
    DOCUMENTED = "documented"
    SEEN = "seen in a client"
    ASSUMED = "assumed"
    UNSETTLED = "unsettled"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One thing that the sandbox does; ``modes`` play it otherwise (``POST /_sandbox/modes``)."""

    what: str
    evidence: Evidence
    modes: tuple[str, ...] = ()


R, D, S, A, U = Evidence

BEHAVIOURS: tuple[Behaviour, ...] = (
    Behaviour("the key in the apikey header, source in the query, else 401", D, ("invalid_key_status",)),
    Behaviour("503 beyond the limit in any rolling window, without Retry-After", D),
    Behaviour("requests refused with 503 take no place in the window", U, ("rejects_count",)),
    Behaviour("JSON: bare arrays, slashes escaped, null and empty text alike", R, ("escape_slashes",)),
    Behaviour("text in JSON is HTML-escaped", S, ("html_entities",)),
    Behaviour("XML by default; elements out of order are skipped in silence", A, ("strict_xml_order",)),
    Behaviour("100 rows a page by default, 1000 at most", D),
    Behaviour("a page may hold some rows more than its limit", S, ("extra_rows",)),
    Behaviour(
        "POST /users gives 201 and the full record; a name that exists is a 409", R, ("spec_statuses",)
    ),
    Behaviour("PUT /users/{id} empties what is not sent", U, ("put_mode",)),
    Behaviour("a user who was created appears at once", A, ("visibility_delay",)),
    Behaviour("deactivation leaves memberships alone", A, ("deactivation_keeps_teams",)),
    Behaviour("a team's list shows active users only", D),
    Behaviour("GET /teams/{id}/teams lists all descendants", S, ("subteams_deep",)),
    Behaviour("adding unknown users to a team is a 201 that does nothing", D),
    Behaviour("a team's learning paths reach its members, and leave with it", A),
    Behaviour("the body of a team's learning paths names Id, or LearningPathId", U, ("path_key",)),
    Behaviour("giving a learning path twice is no error", S, ("duplicate_paths_refused",)),
    Behaviour("taking away what came by way of a team is a 406", D),
    Behaviour(
        "/org/*: windows of at most 7 days; a to that is not in the future hides today",
        D,
        ("to_hides_today",),
    ),
    Behaviour("/org/*: removals are rows with Active=false", U, ("removals_reported",)),
    Behaviour("a course may count for a time, and shows until when (CompliantTill)", D),
    Behaviour("a reset empties the result of a course, which stays assigned", D),
    Behaviour(
        "/org/results/details forgets a completion that was reset", U, ("resets_reported", "resets_shown")
    ),
    Behaviour("a roll call completes the course of those who are registered, and no others", A),
    Behaviour("only who has the course is registered to a session, and only while there is room", D),
    Behaviour("lists of sessions tell the course and the module", U, ("sessions_placed",)),
    Behaviour("points, badges and achievements stay when a result is reset", A),
    Behaviour("dates as /Date(ms-0500)/, the offset being for show", R, ("utc_offset_minutes",)),
    Behaviour("the milliseconds of a date are right", U, ("date_shift",)),
    Behaviour("members are spelt as in recordings, not as in the OpenAPI document", R, ("other_names",)),
    Behaviour("an ISO date in a JSON body is a 500 with an HTML page", R),
    Behaviour("bulk imports wait, then are Completed; a blank keeps; errors by row", D, ("import_end",)),
    Behaviour("ids are tokens of 12 or 23 characters, case-sensitive", R),
)
"""Every behaviour that matters to a client, in the order of the documentation."""


def told() -> str:
    """All of them as text for a terminal, one a line."""
    lines = [f"{one.evidence.value:<17} {one.what}{_otherwise(one)}" for one in BEHAVIOURS]
    return "\n".join(lines)


def _otherwise(one: Behaviour) -> str:
    return f"  [mode {', '.join(one.modes)}]" if one.modes else ""
