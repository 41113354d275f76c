"""Along with a Plan: what only its Changes make worth a request, read before the Plan is made for good.

Along with a team: the learning paths and courses that joining it gives and leaving it takes. The mirror learns of them
only when a Plan adds to or removes from that team, for requests for each team are too dear for a refresh of everything
(litmos-api 7).

Along with a reactivation: the teams, learning paths and mapped courses that the person still has. Litmos hides inactive people in its
lists, and whether it keeps their memberships is unsettled (litmos-api 9).

Along with a leaver, where leavers lose all teams: the teams that they are in.

Before any Plan: whether a bulk import that had its time has ended since.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

from syncd.app import App
from syncd.core.lifecycle import LEAVE_RULE
from syncd.core.model import Action, Change, ItemKey, ItemKind, ObjectKind, team_key
from syncd.core.team_names import team_names
from syncd.errors import Permanent
from syncd.litmos.faults import NOT_FOUND
from syncd.store import aside, imports, lease, mirror, reflection, returning
from syncd.store.lease import Held

AGE = timedelta(hours=1)
"""How old an answer may be that a Plan relies on."""
MOST_RETURNING = 200
"""So many people who come back are read singly, at two requests or three each, those first for whom something is put aside;
what more of them lost, the next refresh sees."""
MOST_LEAVING = 200
"""Of so many people who leave all teams are read; of more of them those are left that the mirror knows."""
STAYING = frozenset({LEAVE_RULE, "employee.absent", "scope.leaving"})
"""The rules of deactivations of people who have not left, to HR."""


def late_imports_ended(app: App) -> bool:
    """Ask Litmos once about each import that had its time and was not ended; True if one has ended since.

    One request each. Raises LitmosError.
    """
    with app.database.write() as conn:
        late = imports.late(conn, app.account, app.database.now(conn))
    ended = [
        job_id for job_id, import_id in late.items() if import_id and app.target.import_is_over(import_id)
    ]
    with app.database.write() as conn:
        for job_id in ended:
            imports.forget(conn, job_id)
    return bool(ended)


def read_returning(
    app: App, changes: Sequence[Change], mine: Held, *, update: Callable[[str, int, int | None], None]
) -> bool:
    """Read what the people whom a Plan reactivates have; True if anything was read.

    Two requests a person, three if rules name courses. Raises LitmosError, and Busy if ``mine`` was lost.
    """
    kinds = sorted({ItemKind.LEARNING_PATH} | app.settings.mapping.item_kinds)
    with app.database.read() as conn:
        waiting = aside.waiting(conn, app.account)
    back = {change.user_id for change in changes if change.action is Action.REACTIVATE}
    found = [*sorted(back & waiting), *sorted(back - waiting)]
    for number, user_id in enumerate(found[:MOST_RETURNING], start=1):
        with app.database.read() as conn:
            began_at = app.database.now(conn)
        try:
            teams = app.target.user_teams(user_id)
            items = {kind: app.target.user_items(user_id, kind) for kind in kinds}
        except Permanent as refusal:
            if refusal.code != NOT_FOUND:
                raise
            continue  # deleted meanwhile: the Job that reactivates says so, and fails alone
        with app.database.write() as conn:
            lease.fence(conn, mine)
            returning.apply_holdings(conn, app.account, user_id, teams, items, began_at)
        update("people who come back", number, len(found))
    return bool(found)


def read_leaving(
    app: App, changes: Sequence[Change], mine: Held, *, update: Callable[[str, int, int | None], None]
) -> bool:
    """Read the teams of those whom a Plan deactivates since they have left, where leavers lose all teams; True if anything was
    read.

    One request a person: so the Plan names, counts and can give back the teams that no rule knows, too. Raises
    LitmosError, and Busy if ``mine`` was lost.
    """
    if not app.settings.mapping.lifecycle.empties_leavers:
        return False
    found = sorted(
        change.user_id
        for change in changes
        if change.action is Action.DEACTIVATE and change.rule not in STAYING
    )[:MOST_LEAVING]
    for number, user_id in enumerate(found, start=1):
        with app.database.read() as conn:
            began_at = app.database.now(conn)
        try:
            teams = app.target.user_teams(user_id)
        except Permanent as refusal:
            if refusal.code != NOT_FOUND:
                raise
            continue
        with app.database.write() as conn:
            lease.fence(conn, mine)
            returning.apply_holdings(conn, app.account, user_id, teams, {}, began_at, everywhere=True)
        update("teams of people who leave", number, len(found))
    return bool(found)


def read_along(
    app: App, changes: Sequence[Change], mine: Held, *, update: Callable[[str, int, int | None], None]
) -> bool:
    """Read what the touched teams give, and how far people are with what they would lose; True if anything was read.

    One request a team for its learning paths; one for its courses if somebody leaves it, or rules name courses; and one
    per thousand users of each item that goes with a team somebody leaves. What was read within ``AGE`` is not read again.
    Raises LitmosError, and Busy if ``mine`` was lost.
    """
    joined = _teams(changes, Action.ADD)
    left = _teams(changes, Action.REMOVE)
    touched = {ItemKind.LEARNING_PATH: joined | left, ItemKind.COURSE: left}
    if ItemKind.COURSE in app.settings.mapping.item_kinds:
        touched[ItemKind.COURSE] |= joined
    with app.database.read() as conn:
        now = app.database.now(conn)
        names = team_names(mirror.team_facts(conn, app.account))
        ids = {team_key(chain): team_id for team_id, chain in names.items()}
        old = {kind: mirror.teams_whose_items_are_old(conn, app.account, kind, now - AGE) for kind in touched}
    teams = sorted(
        (ids[key], kind) for kind, keys in touched.items() for key in keys if ids.get(key) in old[kind]
    )
    for number, (team_id, kind) in enumerate(teams, start=1):
        _read_team(app, team_id, kind, mine)
        update("what teams give", number, len(teams))
    with app.database.read() as conn:
        given = mirror.team_items(conn, app.account).items
        old_items = mirror.items_whose_learners_are_old(conn, app.account, now - AGE)
    items = sorted({item for key in left for item in given.get(key, ())} & old_items)
    for number, item in enumerate(items, start=1):
        _read_learners(app, item, mine)
        update("users of what teams give", number, len(items))
    return bool(teams or items)


def _teams(changes: Sequence[Change], action: Action) -> set[tuple[str, ...]]:
    return {
        team_key(change.team)
        for change in changes
        if change.kind is ObjectKind.MEMBERSHIP and change.action is action
    }


def _read_team(app: App, team_id: str, kind: ItemKind, mine: Held) -> None:
    with app.database.read() as conn:
        began_at = app.database.now(conn)
    given = app.target.team_items(team_id, kind)
    with app.database.write() as conn:
        lease.fence(conn, mine)
        reflection.apply_team_items(conn, app.account, team_id, kind, given, began_at)


def _read_learners(app: App, item: ItemKey, mine: Held) -> None:
    with app.database.read() as conn:
        began_at = app.database.now(conn)
    people = app.target.learners(item)
    with app.database.write() as conn:
        lease.fence(conn, mine)
        reflection.apply_lists(conn, app.account, {}, {item: people}, began_at=began_at)
