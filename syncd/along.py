"""Along with a Plan: what only its Changes make worth a request, read before the Plan is made for good.

Along with a team: the learning paths that joining it gives and leaving it takes. The mirror learns of them only when a
Plan adds to or removes from that team, for a request a team is too dear for a refresh of everything (litmos-api 7).

Along with a reactivation: the teams and learning paths that the person still has. Litmos hides inactive people in its
lists, and whether it keeps their memberships is unsettled (litmos-api 9).
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

from syncd.app import App
from syncd.core.model import Action, Change, ObjectKind, team_key
from syncd.core.team_names import team_names
from syncd.errors import Permanent
from syncd.litmos.faults import NOT_FOUND
from syncd.store import lease, mirror, reflection
from syncd.store.lease import Held

AGE = timedelta(hours=1)
"""How old an answer may be that a Plan relies on."""
MOST_RETURNING = 200
"""So many people who come back are read singly, at two requests each; what more of them lost, the next refresh sees."""


def read_returning(
    app: App, changes: Sequence[Change], mine: Held, *, update: Callable[[str, int, int | None], None]
) -> bool:
    """Read what the people whom a Plan reactivates have; True if anything was read.

    Two requests a person. Raises LitmosError, and Busy if ``mine`` was lost.
    """
    found = sorted(change.user_id for change in changes if change.action is Action.REACTIVATE)
    for number, user_id in enumerate(found[:MOST_RETURNING], start=1):
        with app.database.read() as conn:
            began_at = app.database.now(conn)
        try:
            teams, paths = app.target.user_teams(user_id), app.target.user_paths(user_id)
        except Permanent as refusal:
            if refusal.code != NOT_FOUND:
                raise
            continue  # deleted meanwhile: the Job that reactivates says so, and fails alone
        with app.database.write() as conn:
            lease.fence(conn, mine)
            reflection.apply_holdings(conn, app.account, user_id, teams, paths, began_at)
        update("people who come back", number, len(found))
    return bool(found)


def read_along(
    app: App, changes: Sequence[Change], mine: Held, *, update: Callable[[str, int, int | None], None]
) -> bool:
    """Read what the touched teams give, and how far people are with what they would lose; True if anything was read.

    One request a team, and one per thousand users of each learning path that goes with a team somebody leaves; what
    was read within ``AGE`` is not read again. Raises LitmosError, and Busy if ``mine`` was lost.
    """
    joined = _teams(changes, Action.ADD)
    left = _teams(changes, Action.REMOVE)
    with app.database.read() as conn:
        now = app.database.now(conn)
        names = team_names(mirror.team_facts(conn, app.account))
        ids = {team_key(chain): team_id for team_id, chain in names.items()}
        old = mirror.teams_whose_paths_are_old(conn, app.account, now - AGE)
    teams = sorted(ids[key] for key in joined | left if key in ids and ids[key] in old)
    for number, team_id in enumerate(teams, start=1):
        _read_team(app, team_id, mine)
        update("learning paths of teams", number, len(teams))
    with app.database.read() as conn:
        given = mirror.team_paths(conn, app.account)
        old_paths = mirror.paths_whose_users_are_old(conn, app.account, now - AGE)
    paths = sorted({path_id for key in left for path_id in given.get(key, ())} & old_paths)
    for number, path_id in enumerate(paths, start=1):
        _read_path(app, path_id, mine)
        update("users of learning paths", number, len(paths))
    return bool(teams or paths)


def _teams(changes: Sequence[Change], action: Action) -> set[tuple[str, ...]]:
    return {
        team_key(change.team)
        for change in changes
        if change.kind is ObjectKind.MEMBERSHIP and change.action is action
    }


def _read_team(app: App, team_id: str, mine: Held) -> None:
    with app.database.read() as conn:
        began_at = app.database.now(conn)
    paths = app.target.team_paths(team_id)
    with app.database.write() as conn:
        lease.fence(conn, mine)
        reflection.apply_team_paths(conn, app.account, team_id, paths, began_at)


def _read_path(app: App, path_id: str, mine: Held) -> None:
    with app.database.read() as conn:
        began_at = app.database.now(conn)
    people = app.target.path_users(path_id)
    with app.database.write() as conn:
        lease.fence(conn, mine)
        reflection.apply_lists(conn, app.account, {}, {path_id: people}, began_at=began_at)
