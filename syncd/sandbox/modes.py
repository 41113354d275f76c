"""Modes: what the sandbox does where Litmos' behaviour is unsettled (litmos-api 9) or varies between calls."""

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self

PutMode = Literal["replace", "merge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Modes:
    """One reading of the contract. The defaults are the recorded or documented reading, else the more dangerous one."""

    put_mode: PutMode = "replace"
    """PUT /users/{id}: an absent member becomes null or false ("replace"), or keeps its value ("merge")."""
    escape_slashes: bool = True
    """JSON writes ``/`` as ``\\/`` [REC]."""
    html_entities: bool = False
    """String values come HTML-escaped [CODE]."""
    extra_rows: int = 0
    """Rows by which a page exceeds its ``limit`` [CODE]; below zero pages come short, one row at least (GUESS)."""
    utc_offset_minutes: int = -300
    """Offset shown in ``/Date(ms-0500)/`` [REC]."""
    date_shift: bool = False
    """The milliseconds are wrong by the offset (UTC taken for local time); unsettled."""
    to_hides_today: bool = True
    """/org/*: a ``to`` that is not in the future leaves out today [DOC]."""
    removals_reported: bool = True
    """/org/teams/users and its like show removals as rows with Active=false; unsettled."""
    subteams_deep: bool = True
    """GET /teams/{id}/teams lists all descendants [CODE], not only children."""
    deactivation_keeps_teams: bool = True
    """Deactivation leaves memberships alone [INFER]."""
    strict_xml_order: bool = True
    """An XML element out of order is skipped without an error [INFER]."""
    path_key: Literal["any", "Id", "LearningPathId"] = "any"
    """Key read from the body of POST and DELETE /teams/{id}/learningpaths; KYMA and SPEC disagree."""
    rejects_count: bool = False
    """Requests refused with 503 take a place in the rolling window too; unsettled."""
    invalid_key_status: int = 401
    """Status for a wrong key or no source: 401 [SPEC], 403 in the older text [DOC]."""
    spec_statuses: bool = False
    """Creating users, sub-teams and course assignments is answered 200 [SPEC] instead of 201 [REC]."""
    other_names: bool = False
    """Members take the other of two reported spellings: CompletedDate for DateCompleted (user's paths), ImporStatus
    for ImportStatus [SPEC], Username and Completed for UserName and Complete (results/details) [CODE]."""
    duplicate_paths_refused: bool = False
    """Giving a path to a user who has it is a 409 [CODE, hinted], instead of being ignored."""
    resets_reported: bool = True
    """/org/results/details no longer tells of a completion that was reset; unsettled."""
    resets_shown: bool = False
    """/org/results/details shows a result that was reset as one that is not complete, with a new UpdatedDate; unsettled."""
    sessions_placed: bool = True
    """Lists of sessions tell CourseId and ModuleId; the document says nothing of their members (GUESS)."""
    import_end: str = "Completed"
    """Status of a bulk import that has ended: Completed [DOC]; which other words there are is unknown (GUESS)."""
    visibility_delay: float = 0.0
    """Seconds until a created user appears in lists and by its Id; GUESS, for rehearsing stale reads."""

    def changed(self, values: dict[str, Any]) -> Self:
        """These modes with some values replaced; ValueError names unknown ones."""
        unknown = set(values) - {field.name for field in fields(self)}
        if unknown:
            raise ValueError(f"unknown modes: {', '.join(sorted(unknown))}")
        return replace(self, **values)
