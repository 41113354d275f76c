"""Refreshing: how the mirror is brought up to date, in full or by what changed since; or left exactly as it was."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from syncd import officers, shelves
from syncd.app import App
from syncd.core.delta import Delta, RollingCheck, spans, to_read_again
from syncd.core.interest import Interest
from syncd.core.managed import Managed
from syncd.core.model import ItemKey, TeamShelf, team_key
from syncd.core.operation import Learner, RoleList, Snapshot, TeamFact
from syncd.core.profile import normalise
from syncd.core.team_names import team_names
from syncd.errors import RefreshError
from syncd.store import drift, folding, grants, imports, jobs, lease, mirror, reflection, roles, vanished
from syncd.store.drift import Drift
from syncd.store.lease import Held
from syncd.store.vanished import Missing

Update = Callable[[str, int, int | None], None]
"""Progress: what is being done, how many are done, how many in all (None: not known)."""
FEW_GONE = 20
"""So many users, teams, learning paths and courses may vanish from Litmos' lists between two refreshes; more fail it."""
PAGE = 1000
"""Users that one request reads."""


@dataclass(slots=True)
class Counting:
    """A Watch that counts the requests of a refresh."""

    requests: int = 0

    def before_send(self, *, write: bool) -> None:
        """One more."""
        self.requests += 1


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
        return _Delta(app, run_id, began_at, interest, watch).take(told, mine, within=within, update=update)
    return _full(app, run_id, began_at, interest, mine, watch, update=update, accept_missing=accept_missing)


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
        found = _end(conn, app, run_id, found, began_at)
    return {
        "users": len(snapshot.profiles),
        "teams": len(snapshot.teams),
        **{f"{kind}s": sum(item.key.kind is kind for item in snapshot.items) for kind in snapshot.kinds},
        "drift": len(found),
        "gone": len(gone),
        "requests": watch.requests,
    }


def _end(conn: Connection, app: App, run_id: int, found: list[Drift], now: datetime) -> list[Drift]:
    jobs.resume(conn, app.account)
    return drift.save(conn, app.account, run_id, found, now, ours=imports.wanted(conn, app.account))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Again:
    """What must be read directly after a delta: ids of users, of teams, items, and lists of leaders and admins; and how many
    of the lists for their age.
    """

    users: tuple[str, ...]
    teams: tuple[str, ...]
    items: tuple[ItemKey, ...]
    roles: frozenset[RoleList] = field(default_factory=frozenset)
    managed: frozenset[str] = field(default_factory=frozenset)
    mapped: frozenset[ItemKey] = field(default_factory=frozenset)
    ruled: frozenset[RoleList] = field(default_factory=frozenset)
    shelves: frozenset[TeamShelf] = field(default_factory=frozenset)
    checked: int = 0
    population: int = 0


@dataclass(frozen=True, slots=True)
class _Delta:
    """One delta refresh."""

    app: App
    run_id: int
    began_at: datetime
    interest: Interest
    watch: Counting

    def take(self, told: Delta, mine: Held, *, within: timedelta, update: Update) -> dict[str, int]:
        """Read again what the delta cannot tell for certain, and move the mirror."""
        app, watch = self.app, self.watch
        told, gone = self._settle_teams(told)
        with app.database.read() as conn:
            again = self._again(conn, told, gone, within)
        profiles = self._profiles(again, update)
        members: dict[str, frozenset[str]] = {}
        for number, team_id in enumerate(again.teams, start=1):
            members[team_id] = app.target.members(team_id, watch=watch)
            update("members", number, len(again.teams))
        learners: dict[ItemKey, tuple[Learner, ...]] = {}
        for number, item in enumerate(again.items, start=1):
            learners[item] = app.target.learners(item, watch=watch)
            update("learners", number, len(again.items))
        lists = confirmed(app, members, learners, watch)
        heads = officers.confirmed(app, officers.read(app, again.roles, watch), watch)
        has = {shelf: app.target.team_items(*shelf, watch=watch) for shelf in sorted(again.shelves)}
        with app.database.write() as conn:
            lease.fence(conn, mine)
            found = folding.apply_delta(conn, app.account, told, began_at=self.began_at, confirmed_gone=gone)
            found += reflection.put_users(
                conn, app.account, profiles, began_at=self.began_at, read_at=self.began_at
            )
            found += reflection.apply_lists(
                conn, app.account, lists.members, lists.learners, heads, began_at=self.began_at
            )
            folding.keep_up_to_date(
                conn, app.account, teams=again.managed, items=again.mapped, roles=again.ruled
            )
            for shelf, items in has.items():
                reflection.apply_team_items(conn, app.account, *shelf, items, self.began_at)
            found = _end(conn, app, self.run_id, found, self.began_at)
        return {
            "changed_users": len(told.profiles),
            "lists_read_again": len(members) + len(learners) + len(heads) + len(has),
            "lists_checked_for_their_age": again.checked,
            "drift": len(found),
            "gone": len(gone),
            "requests": watch.requests,
        }

    def _settle_teams(self, told: Delta) -> tuple[Delta, Missing]:
        """Teams that are new or said to be gone, as a direct read shows them: a row of a window is not proof of either."""
        with self.app.database.read() as conn:
            known = {team.id for team in mirror.team_facts(conn, self.app.account)}
        settled, gone = [], set()
        for row in told.teams:
            if row.id in known and not row.gone:
                settled.append(row)
            if (row.id in known) is not row.gone:
                continue
            fact = self.app.target.read_team(row.id, watch=self.watch)
            if fact is not None:
                whole = {"name": fact.name, "parent_id": fact.parent_id, "code": fact.code}
                settled.append(replace(row, known=whole, gone=False))
            elif row.id in known:
                gone.add(row.id)
        return replace(told, teams=tuple(settled)), Missing(teams=frozenset(gone))

    def _again(self, conn: Connection, told: Delta, gone: Missing, within: timedelta) -> _Again:
        account = self.app.account
        teams = {team.id: team for team in mirror.team_facts(conn, account) if team.id not in gone.teams}
        for row in told.teams:
            before = teams.get(row.id, TeamFact(id=row.id, name="", parent_id=""))
            teams[row.id] = replace(before, **row.known)
        items = {item.key: item for item in (*mirror.items(conn, account), *told.items)}
        managed = self.interest.team_ids(team_names(teams.values()))
        ruled = officers.ruled_lists(teams.values(), self.interest.managed, self.interest.granted_roles)
        mapped = self.interest.items(items.values())
        watched = self.interest.shelves(team_names(teams.values()))
        known = mirror.user_ids(conn, account)
        last = mirror.readings(conn, account).last or self.began_at
        again_teams, again_items = self._disagreeing(conn, told, managed, mapped, since=last)
        read = mirror.lists_read(conn, account)
        again_teams |= {team_id for team_id in managed if read.teams.get(team_id) is None}
        again_items |= {item for item in mapped if read.items.get(item) is None}
        again_roles = self._roles_disagreeing(conn, told, ruled) | (ruled - read.roles.keys())
        again_shelves = shelves.disagreeing(conn, account, told, watched)
        ages: dict[str | ItemKey | RoleList | TeamShelf, datetime] = {
            **{team_id: at for team_id, at in read.teams.items() if team_id in managed and at},
            **{item: at for item, at in read.items.items() if item in mapped and at},
            **{one: at for one, at in read.roles.items() if one in ruled},
        }
        ages |= dict(shelves.ages(conn, account, watched).items())
        due = set(RollingCheck(within=within, elapsed=self.began_at - last).due(ages, self.began_at))
        again_teams |= managed.intersection(due)
        again_items |= mapped.intersection(due)
        again_roles |= ruled.intersection(due)
        again_shelves |= watched.intersection(due)
        return _Again(
            users=tuple(row["Id"] for row in told.profiles if row["Id"] not in known),
            teams=tuple(sorted(again_teams)),
            items=tuple(sorted(again_items)),
            roles=frozenset(again_roles),
            shelves=frozenset(again_shelves),
            managed=frozenset(managed),
            mapped=frozenset(mapped),
            ruled=frozenset(ruled),
            checked=len(due),
            population=len(known),
        )

    def _roles_disagreeing(self, conn: Connection, told: Delta, ruled: set[RoleList]) -> set[RoleList]:
        """The lists of leaders and admins of which the windows tell otherwise than the mirror."""
        account = self.app.account
        hidden = _hidden(reflection.inactive_users(conn, account), told)
        return officers.disagreeing(
            told.members, frozenset(roles.of_all(conn, account)), ruled, hidden=hidden
        )

    def _disagreeing(
        self, conn: Connection, told: Delta, managed: set[str], mapped: set[ItemKey], *, since: datetime
    ) -> tuple[set[str], set[ItemKey]]:
        """The teams and the items whose people the windows tell otherwise than the mirror."""
        account = self.app.account
        hidden = _hidden(reflection.inactive_users(conn, account), told)
        members = [row for row in told.members if row.list_id in managed]
        learners = [row for row in told.learners if row.list_id in mapped]
        teams = to_read_again(
            members,
            mirror.members_of(conn, account, {row.list_id for row in members}),
            added=mirror.members_of(conn, account, managed, since=since),
            hidden=hidden,
        )
        items = to_read_again(
            learners,
            mirror.users_of(conn, account, {row.list_id for row in learners}),
            added=mirror.users_of(conn, account, mapped, since=since),
            hidden=hidden,
        )
        return teams, items

    def _profiles(self, again: _Again, update: Update) -> tuple[reflection.Profile, ...]:
        """Full records of the new users: one by one, or all by page where that takes fewer requests."""
        if len(again.users) > self._pages(again):
            return self.app.target.profiles(progress=update, watch=self.watch)
        found = (self.app.target.read_user(user_id, watch=self.watch) for user_id in again.users)
        return tuple(profile for profile in found if profile is not None)

    @staticmethod
    def _pages(again: _Again) -> int:
        return (again.population + len(again.users)) // PAGE + 1


def _hidden(inactive: set[str], told: Delta) -> set[str]:
    """Who is inactive once the delta is taken in: lists of people do not show them."""
    for row in told.profiles:
        if "Active" in row:
            (inactive.discard if normalise("Active", row["Active"]) else inactive.add)(row["Id"])
    return inactive


@dataclass(frozen=True, slots=True)
class Lists:
    """Who is on some lists: team id -> ids of its active users, learning path or course -> its users."""

    members: Mapping[str, frozenset[str]]
    learners: Mapping[ItemKey, tuple[Learner, ...]]


def confirmed(
    app: App,
    members: Mapping[str, frozenset[str]],
    learners: Mapping[ItemKey, tuple[Learner, ...]],
    watch: Counting,
) -> Lists:
    """The lists, those on which somebody is missing read once more: who is on either reading has not left.

    An answer that lies is most often one answer. It takes a second request for each list that somebody left.
    """
    with app.database.read() as conn:
        hidden = reflection.inactive_users(conn, app.account)
        known = mirror.members_of(conn, app.account, members)
        given = mirror.users_of(conn, app.account, learners)
    here = {(team_id, user_id) for team_id, found in members.items() for user_id in found}
    had = {(item, person.user_id) for item, found in learners.items() for person in found}
    fewer = {pair[0] for pair in known - here if pair[1] not in hidden}
    taken = {pair[0] for pair in given - had if pair[1] not in hidden}
    again = {team_id: app.target.members(team_id, watch=watch) for team_id in sorted(fewer)}
    more = {item: app.target.learners(item, watch=watch) for item in sorted(taken)}
    return Lists(
        {team_id: found | again.get(team_id, frozenset()) for team_id, found in members.items()},
        {
            item: tuple({one.user_id: one for one in (*found, *more.get(item, ()))}.values())
            for item, found in learners.items()
        },
    )


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
