"""Deltas: what changed in Litmos within date windows (``/org/*``), complete or an error, never a part."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from syncd.core.delta import Delta, Progress, TeamRow, Touched
from syncd.core.model import Role
from syncd.core.operation import PathUser
from syncd.litmos import shape
from syncd.litmos.client import Calls, Row
from syncd.litmos.faults import doubtful
from syncd.litmos.reading import Progress as Report
from syncd.litmos.reading import path_fact
from syncd.litmos.wire import instant, query_time

Span = tuple[datetime, datetime]
_ROLES = {"IsTeamLeader": Role.LEADER, "IsTeamAdmin": Role.ADMIN}
_TEAM = {"Name": "name", "ParentTeamId": "parent_id", "TeamCodeForBulkImport": "code"}


def delta(calls: Calls, spans: Sequence[Span], *, progress: Report) -> Delta:
    """Everything that was touched within the windows, oldest first. Six requests a window and page. Raises LitmosError.

    Rows that come in several windows are all kept, in the order of the windows: the later one counts.
    """
    users = _rows(calls, ("org", "users", "details"), spans, ("Id",))
    progress("changed users", len(users), None)
    teams = _rows(calls, ("org", "teams"), spans, ("Id",))
    members = _rows(calls, ("org", "teams", "users"), spans, ("TeamId", "Id"))
    progress("changed memberships", len(members), None)
    paths = _rows(calls, ("org", "learningpaths"), spans, ("Id",))
    assigned = _rows(calls, ("org", "learningpaths", "users"), spans, ("LearningPathId", "Id"))
    results = _rows(calls, ("org", "learningpaths", "results"), spans, ("Id", "UserId"))
    progress("changed assignments", len(assigned), None)
    return Delta(
        profiles=tuple(_profile(row) for row in {row["Id"]: row for row in users}.values()),
        teams=tuple(_team(row) for row in {row["Id"]: row for row in teams}.values()),
        members=tuple(_touched(row, "TeamId") for row in members),
        paths=tuple(path_fact(row) for row in {row["Id"]: row for row in paths}.values()),
        path_users=tuple(_touched(row, "LearningPathId") for row in assigned),
        progress=tuple(_progress(row) for row in results),
    )


def _rows(calls: Calls, path: Sequence[str], spans: Iterable[Span], key: Sequence[str]) -> list[Row]:
    found = []
    for since, to in spans:
        params = {"since": query_time(since), "to": query_time(to)}
        found += calls.rows(path, params, key=key, also=("UpdatedDate",))
    return found


def _profile(row: Row) -> Row:
    if flaw := shape.part_flaw(row):
        raise doubtful(f"/org/users: {flaw}")
    return row


def _team(row: Row) -> TeamRow:
    known = {ours: shape.text(row, theirs) for theirs, ours in _TEAM.items() if row.get(theirs) is not None}
    if known.get("name") == "":
        raise doubtful("/org/teams: a row has no Name")
    return TeamRow(id=row["Id"], known=known, gone="Active" in row and not shape.truth(row, "Active"))


def _touched(row: Row, list_key: str) -> Touched:
    try:
        at = instant(row.get("UpdatedDate") or row.get("CreatedDate"))
    except ValueError as error:
        raise doubtful(f"/org: {error}") from None
    active = shape.truth(row, "Active") if "Active" in row else True
    roles = {role: shape.truth(row, name) for name, role in _ROLES.items() if row.get(name) is not None}
    return Touched(list_id=row[list_key], user_id=row["Id"], active=active, at=at, roles=roles)


def _progress(row: Row) -> Progress:
    done = shape.truth(row, "Completed", "Complete")
    user = PathUser(user_id=row["UserId"], completed=done, percent=shape.percent(row) or 0.0)
    return Progress(path_id=row["Id"], user=user)
