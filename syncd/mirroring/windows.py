"""Windows: a refresh by what Litmos says has changed, and what must be read directly since that is not certain."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from syncd.app import App
from syncd.core.delta import Delta, RollingCheck, to_read_again
from syncd.core.interest import Interest
from syncd.core.model import ItemKey, TeamShelf
from syncd.core.operation import Learner, RoleList, TeamFact
from syncd.core.profile import normalise
from syncd.core.team_names import team_names
from syncd.mirroring import officers, shelves, watching
from syncd.mirroring.confirming import confirmed
from syncd.mirroring.watching import Counting, Update
from syncd.store import folding, lease, mirror, reflection, roles
from syncd.store.lease import Held
from syncd.store.vanished import Missing

PAGE = 1000
"""Users that one request reads."""


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
class DeltaRefresh:
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
            found = watching.end(conn, app, self.run_id, found, self.began_at)
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

    def _profiles(self, again: _Again, update: Update) -> Sequence[reflection.Profile]:
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
