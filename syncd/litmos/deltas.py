"""Deltas: what changed in Litmos within date windows (``/org/*``), complete or an error, never a part."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from syncd.core.delta import Delta, Key, Progress, TeamRow, Touched
from syncd.core.model import ItemKey, ItemKind, Role, TeamShelf
from syncd.core.operation import Learner
from syncd.litmos import shape
from syncd.litmos.client import Calls, Row
from syncd.litmos.faults import doubtful
from syncd.litmos.reading import Progress as Report
from syncd.litmos.reading import item_fact
from syncd.litmos.wire import instant, query_time

Span = tuple[datetime, datetime]
_ITEMS: Mapping[ItemKind, tuple[str, ...]] = {
    ItemKind.LEARNING_PATH: ("org", "learningpaths"),
    ItemKind.COURSE: ("org", "courses"),
}
_LEARNERS: Mapping[ItemKind, tuple[tuple[str, ...], str, str]] = {
    ItemKind.LEARNING_PATH: (("org", "learningpaths", "users"), "LearningPathId", "Id"),
    ItemKind.COURSE: (("org", "users", "courses"), "Id", "UserId"),
}
"""Where it is told who has what, and under which members the item and the user are named (litmos-api 4.4, 4.5)."""
_SHELVES: Mapping[ItemKind, tuple[str, ...]] = {
    ItemKind.LEARNING_PATH: ("org", "teams", "learningpaths"),
    ItemKind.COURSE: ("org", "teams", "courses"),
}
_RESULTS: Mapping[ItemKind, tuple[str, ...]] = {
    ItemKind.LEARNING_PATH: ("org", "learningpaths", "results"),
    ItemKind.COURSE: ("org", "results", "details"),
}
_ROLES = {"IsTeamLeader": Role.LEADER, "IsTeamAdmin": Role.ADMIN}
_TEAM = {"Name": "name", "ParentTeamId": "parent_id", "TeamCodeForBulkImport": "code"}


def delta(
    calls: Calls,
    spans: Sequence[Span],
    *,
    kinds: Collection[ItemKind],
    shelf_kinds: Collection[ItemKind] = (),
    progress: Report,
) -> Delta:
    """Everything that was touched within the windows, oldest first. Raises LitmosError.

    Three requests a window and page, three for each of ``kinds``, and one for each of ``shelf_kinds``.

    Rows that come in several windows are all kept, in the order of the windows: the later one counts.
    """
    profiles = users(calls, spans)
    progress("changed users", len(profiles), None)
    teams = _rows(calls, ("org", "teams"), spans, ("Id",))
    members = _rows(calls, ("org", "teams", "users"), spans, ("TeamId", "Id"))
    progress("changed memberships", len(members), None)
    told = [_told(calls, kind, spans) for kind in sorted(kinds)]
    progress("changed assignments", sum(len(one.learners) for one in told), None)
    return Delta(
        profiles=profiles,
        teams=tuple(_team(row) for row in {row["Id"]: row for row in teams}.values()),
        members=tuple(_touched(row, row["TeamId"], row["Id"]) for row in members),
        items=tuple(item for one in told for item in one.items),
        learners=tuple(row for one in told for row in one.learners),
        shelves=tuple(row for kind in sorted(shelf_kinds) for row in _shelves(calls, kind, spans)),
        progress=tuple(row for one in told for row in one.progress),
    )


def users(calls: Calls, spans: Sequence[Span]) -> tuple[Row, ...]:
    """The users who were made or changed within the windows, each as last told. Raises LitmosError."""
    rows = _rows(calls, ("org", "users", "details"), spans, ("Id",))
    return tuple(_profile(row) for row in {row["Id"]: row for row in rows}.values())


def _shelves(calls: Calls, kind: ItemKind, spans: Sequence[Span]) -> list[Touched[TeamShelf]]:
    """What the windows tell of the items of teams."""
    rows = _rows(calls, _SHELVES[kind], spans, ("TeamId", "Id"))
    return [_touched(row, TeamShelf(row["TeamId"], kind), row["Id"]) for row in rows]


def _told(calls: Calls, kind: ItemKind, spans: Sequence[Span]) -> Delta:
    """What the windows tell of the items of one kind, who has them, and how far people are."""
    found = _rows(calls, _ITEMS[kind], spans, ("Id",))
    path, item, user = _LEARNERS[kind]
    learners = _rows(calls, path, spans, (item, user))
    results = _rows(calls, _RESULTS[kind], spans, ("Id", "UserId"))
    return Delta(
        items=tuple(item_fact(row, kind) for row in {row["Id"]: row for row in found}.values()),
        learners=tuple(_touched(row, ItemKey(kind, row[item]), row[user]) for row in learners),
        progress=tuple(_progress(row, kind) for row in results),
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


def _touched(row: Row, list_id: Key, user_id: str) -> Touched[Key]:
    try:
        at = instant(row.get("UpdatedDate") or row.get("CreatedDate"))
    except ValueError as error:
        raise doubtful(f"/org: {error}") from None
    active = shape.truth(row, "Active") if "Active" in row else True
    roles = {role: shape.truth(row, name) for name, role in _ROLES.items() if row.get(name) is not None}
    return Touched(list_id=list_id, user_id=user_id, active=active, at=at, roles=roles)


def _progress(row: Row, kind: ItemKind) -> Progress:
    done = shape.truth(row, "Completed", "Complete")
    learner = Learner(
        user_id=row["UserId"],
        completed=done,
        percent=shape.percent(row) or 0.0,
        compliant_until=shape.moment(row, "CompliantTillDate"),
        completed_at=shape.moment(row, "CompletedDate", "FinishDate"),
    )
    return Progress(item=ItemKey(kind, row["Id"]), learner=learner)
