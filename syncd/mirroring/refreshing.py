"""Refreshing: how the mirror is brought up to date, in full or by what changed since; or left exactly as it was."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from syncd.app import App
from syncd.core.delta import spans
from syncd.core.interest import Interest
from syncd.core.managed import Managed
from syncd.core.model import TeamShelf, team_key
from syncd.core.operation import Snapshot
from syncd.core.team_names import team_names
from syncd.errors import RefreshError
from syncd.log import get_logger
from syncd.mirroring import officers, shelves, watching
from syncd.mirroring.confirming import confirmed
from syncd.mirroring.watching import Counting, Update
from syncd.mirroring.windows import DeltaRefresh
from syncd.store import folding, grants, lease, mirror, reflection, vanished
from syncd.store.lease import Held
from syncd.store.vanished import Missing

log = get_logger(__name__)

FEW_GONE = 20
"""So many users, teams, learning paths and courses may vanish from Litmos' lists between two refreshes; more fail it."""


def read_litmos(
    app: App,
    run_id: int,
    wanted: Managed,
    mine: Held,
    *,
    update: Update,
    delta: bool = False,
    accept_missing: int = FEW_GONE,
) -> dict[str, int]:
    """Move the mirror, in one transaction, or raise and leave it as it was. Returns counts for the Run's summary.

    ``wanted`` is what the rules name; teams in which syncd made a member or a leader are read as well. With ``delta`` only
    what changed is read, where that is enough (``core.delta.spans``). Raises LitmosError, RefreshError, and Busy if the
    planner's lease ``mine`` was lost meanwhile.
    """
    with app.database.read() as conn:
        began_at = app.database.now(conn)
        readings = mirror.readings(conn, app.account)
        interest = _interest(conn, app, wanted)
    within = timedelta(seconds=app.settings.check_within)
    asked = spans(readings, began_at, full_within=within) if delta else ()
    watch = Counting()
    if asked:
        told = app.target.delta(
            asked, kinds=interest.kinds, shelf_kinds=interest.shelf_kinds, progress=update, watch=watch
        )
        reading = DeltaRefresh(app, run_id, began_at, interest, watch)
        counts = reading.take(told, mine, within=within, update=update)
    else:
        counts = _full(
            app, run_id, began_at, interest, mine, watch, update=update, accept_missing=accept_missing
        )
    log.info(
        "refresh_read",
        requests=counts["requests"],
        drift=counts["drift"],
        gone=counts["gone"],
        delta=bool(asked),
    )
    return counts


def _full(
    app: App,
    run_id: int,
    began_at: datetime,
    interest: Interest,
    mine: Held,
    watch: Counting,
    *,
    update: Update,
    accept_missing: int,
) -> dict[str, int]:
    snapshot = app.target.snapshot(
        lambda teams: interest.team_ids(team_names(teams)),
        interest.items,
        lambda teams: officers.ruled_lists(teams, interest.managed, interest.granted_roles),
        lambda teams: interest.shelves(team_names(teams)),
        kinds=interest.kinds,
        began_at=began_at,
        progress=update,
        watch=watch,
    )
    gone = _confirm_gone(app, snapshot, accept_missing, watch)
    lists = confirmed(app, snapshot.members, snapshot.learners, watch)
    snapshot = replace(
        snapshot,
        members=lists.members,
        learners=lists.learners,
        roles=officers.confirmed(app, snapshot.roles, watch),
    )
    with app.database.write() as conn:
        lease.fence(conn, mine)
        found = reflection.apply_snapshot(conn, app.account, snapshot, confirmed_gone=gone)
        folding.keep_up_to_date(
            conn, app.account, teams=snapshot.members, items=snapshot.learners, roles=snapshot.roles
        )
        found = watching.end(conn, app, run_id, found, began_at)
    return {
        "users": len(snapshot.profiles),
        "teams": len(snapshot.teams),
        **{f"{kind}s": sum(item.key.kind is kind for item in snapshot.items) for kind in snapshot.kinds},
        "drift": len(found),
        "gone": len(gone),
        "requests": watch.requests,
    }


def _confirm_gone(app: App, snapshot: Snapshot, accept_missing: int, watch: Counting) -> Missing:
    with app.database.read() as conn:
        missing = vanished.missing(conn, app.account, snapshot)
    if len(missing) > accept_missing:
        raise RefreshError(
            f"{missing} are missing from Litmos' lists, in all more than {accept_missing}: the lists may be incomplete. "
            f"If they really were deleted: syncd refresh --accept-missing {len(missing)}"
        )
    target = app.target
    gone = Missing(
        users=frozenset(found for found in missing.users if target.read_user(found, watch=watch) is None),
        teams=frozenset(found for found in missing.teams if target.read_team(found, watch=watch) is None),
        items=frozenset(found for found in missing.items if target.read_item(found, watch=watch) is None),
    )
    still = len(missing) - len(gone)
    if still:
        raise RefreshError(
            f"{still} of {missing} that are missing from Litmos' lists are in Litmos all the same; try again later"
        )
    return gone


def is_old(app: App, wanted: Managed) -> bool:
    """Whether the mirror is older than it may be, or has never read the people of a list that it must know."""
    with app.database.read() as conn:
        now = app.database.now(conn)
        last = mirror.readings(conn, app.account).last
        read = mirror.lists_read(conn, app.account)
        interest = _interest(conn, app, wanted)
        facts = mirror.team_facts(conn, app.account)
        teams = interest.team_ids(team_names(facts))
        ruled = officers.ruled_lists(facts, interest.managed, interest.granted_roles)
        items = interest.items(mirror.items(conn, app.account))
        watched = interest.shelves(team_names(facts))
        unread = watched - shelves.ages(conn, app.account, watched).keys()
    if last is None or now - last > timedelta(seconds=app.settings.refresh_max_age) or last > now:
        return True
    if unread or not read.roles.keys() >= ruled:
        return True
    return any(read.teams.get(team_id) is None for team_id in teams) or any(
        read.items.get(item) is None for item in items
    )


def _interest(conn: Connection, app: App, wanted: Managed) -> Interest:
    granted = grants.places(conn, app.account)
    return Interest(
        managed=wanted,
        granted_teams=granted.teams,
        granted_roles=granted.roles,
        gifts=frozenset((team_key(rule.team), rule.item.kind) for rule in app.settings.mapping.gift_rules),
        granted_gifts=frozenset(
            TeamShelf(team_id, item.kind) for team_id, item in grants.gifts(conn, app.account)
        ),
        item_names=app.settings.mapping.item_names,
        granted_items=grants.items(conn, app.account),
    )
