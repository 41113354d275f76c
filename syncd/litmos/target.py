"""Target: one Operation applied to Litmos, or settled by reading after a write whose outcome is unknown."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from syncd.core.completion import Completion
from syncd.core.delta import Delta
from syncd.core.exchange import Recorder
from syncd.core.locating import Module, Session
from syncd.core.model import Item, ItemKey, ItemKind, Role, TeamShelf
from syncd.core.operation import (
    AddMembers,
    AssignItems,
    CreateTeam,
    CreateUser,
    Effects,
    GiveTeam,
    ImportUsers,
    JoinTeams,
    Learner,
    LeaveTeams,
    Operation,
    PutUser,
    ReadUsers,
    RemoveMember,
    RenameTeam,
    ResetCourse,
    RoleList,
    SetRole,
    Snapshot,
    TakeFromTeam,
    TeamFact,
    TeamItem,
    UnassignItem,
    Unwatched,
    Watch,
)
from syncd.core.training_operations import RecordModule, RecordSession
from syncd.litmos import (
    applying,
    deltas,
    imports,
    probing,
    reading,
    recording,
    resetting,
    results,
    sessions,
    settling,
    surveying,
)
from syncd.litmos.client import Calls, LitmosClient
from syncd.litmos.reading import Choice, Progress
from syncd.litmos.wire import unescaped

_APPLYING: Mapping[type[Operation], Callable[[Calls, Any], Effects]] = {
    CreateUser: applying.create_user,
    PutUser: applying.put_user,
    CreateTeam: applying.create_team,
    RenameTeam: applying.rename_team,
    AddMembers: applying.add_members,
    JoinTeams: applying.join_teams,
    RemoveMember: applying.remove_member,
    LeaveTeams: applying.leave_teams,
    AssignItems: applying.assign_items,
    UnassignItem: applying.unassign_item,
    ResetCourse: resetting.reset_course,
    RecordModule: recording.record_module,
    RecordSession: recording.record_session,
    GiveTeam: applying.give_team,
    TakeFromTeam: applying.take_from_team,
    SetRole: applying.set_role,
    ReadUsers: applying.read_users,
    ImportUsers: imports.submit,
}
_SETTLING: Mapping[type[Operation], Callable[[Calls, Any], Effects | None]] = {
    CreateUser: settling.create_user,
    PutUser: settling.put_user,
    CreateTeam: settling.create_team,
    RenameTeam: settling.rename_team,
    AddMembers: settling.add_members,
    JoinTeams: settling.join_teams,
    RemoveMember: settling.remove_member,
    LeaveTeams: settling.leave_teams,
    AssignItems: settling.assign_items,
    UnassignItem: settling.unassign_item,
    ResetCourse: resetting.settle,
    RecordModule: recording.settle_module,
    RecordSession: recording.settle_session,
    GiveTeam: settling.give_team,
    TakeFromTeam: settling.take_from_team,
    SetRole: settling.set_role,
    ReadUsers: applying.read_users,
    ImportUsers: imports.settle,
}


class Target:
    """Litmos, as the worker and the flows use it. Thread-safe. Every method raises LitmosError, Interrupted, and what its
    Watch raises.
    """

    def __init__(self, client: LitmosClient) -> None:
        """Over one client; nothing is sent."""
        self._client = client

    def apply(self, operation: Operation, *, watch: Watch, recorder: Recorder | None = None) -> Effects:
        """Do it, with the fewest requests; says what is now known about Litmos."""
        return _APPLYING[type(operation)](self._client.calls(watch, recorder), operation)

    def settle(
        self, operation: Operation, *, watch: Watch, recorder: Recorder | None = None
    ) -> Effects | None:
        """Read whether it was done: its Effects if what it wanted is there, None if it is not there now.

        A late request may still arrive after that; how often to ask is the worker's to say.
        """
        return _SETTLING[type(operation)](self._client.calls(watch, recorder), operation)

    def snapshot(
        self,
        managed_teams: Callable[[tuple[TeamFact, ...]], Collection[str]],
        mapped_items: Callable[[tuple[Item, ...]], Collection[ItemKey]],
        ruled_roles: Callable[[tuple[TeamFact, ...]], Collection[RoleList]] = lambda _teams: (),
        shelves: Callable[[tuple[TeamFact, ...]], Collection[TeamShelf]] = lambda _teams: (),
        *,
        kinds: Collection[ItemKind] = (ItemKind.LEARNING_PATH,),
        began_at: datetime,
        progress: Progress = lambda _what, _done, _total: None,
        watch: Watch | None = None,
    ) -> Snapshot:
        """Read users, teams, items of these ``kinds``, the members of the managed teams, the leaders and admins of those where
        a rule decides about them, the ``shelves`` of teams that rules give something, and the users of the mapped items.

        With P(n) = n // 1000 + 1 it takes P(users) + P(teams) + P of each kind + the sum of P over each of those lists of
        people. Lists are complete, or the whole snapshot raises.
        """
        choice = Choice(
            teams=managed_teams,
            kinds=frozenset(kinds),
            items=mapped_items,
            roles=ruled_roles,
            shelves=shelves,
        )
        return reading.snapshot(self._calls(watch), choice, began_at=began_at, progress=progress)

    def delta(
        self,
        spans: Sequence[tuple[datetime, datetime]],
        *,
        kinds: Collection[ItemKind] = (ItemKind.LEARNING_PATH,),
        shelf_kinds: Collection[ItemKind] = (),
        progress: Progress = lambda _what, _done, _total: None,
        watch: Watch | None = None,
    ) -> Delta:
        """What was touched in Litmos within these windows of at most 7 days.

        Three requests a window, three for each kind of items, and one for each kind that teams are given, where little
        changed.
        """
        return deltas.delta(
            self._calls(watch), spans, kinds=kinds, shelf_kinds=shelf_kinds, progress=progress
        )

    def profiles(
        self, *, progress: Progress = lambda _what, _done, _total: None, watch: Watch | None = None
    ) -> Sequence[Mapping[str, Any]]:
        """The full records of all users: a request for each thousand."""
        return reading.profiles(self._calls(watch), progress)

    def survey(self, now: Callable[[], datetime], *, courses: bool = False) -> surveying.Survey:
        """Users, teams and learning paths, and ``courses``: P(n) requests each, as far as the key may read them.

        ``now`` is our clock, UTC. Raises nothing but Interrupted: what failed is in the Survey.
        """
        return surveying.survey(self._client, now, courses=courses)

    def import_is_over(self, import_id: str, *, watch: Watch | None = None) -> bool:
        """Whether a late import has ended, or Litmos does not know it any more."""
        return imports.is_over(self._calls(watch), import_id)

    def probing(self, user_id: str, *, watch: Watch | None = None) -> probing.Probing:
        """The requests of a probe on one disposable user."""
        return probing.Probing(self._calls(watch), user_id)

    def read_user(self, user_id: str, *, watch: Watch | None = None) -> Mapping[str, Any] | None:
        """The full record of one user, or None if Litmos does not know the id."""
        return reading.user(self._calls(watch), user_id)

    def find_user(self, username: str, *, watch: Watch | None = None) -> Mapping[str, Any] | None:
        """The full record of the user with exactly this UserName but for case, or None. Two requests, one if none."""
        return reading.user_by_name(self._calls(watch), username)

    def read_team(self, team_id: str, *, watch: Watch | None = None) -> TeamFact | None:
        """One team, or None if Litmos does not know the id."""
        return reading.team(self._calls(watch), team_id)

    def read_item(self, item: ItemKey, *, watch: Watch | None = None) -> Item | None:
        """One learning path or course, or None if Litmos does not know the id."""
        return reading.item(self._calls(watch), item)

    def members(self, team_id: str, *, watch: Watch | None = None) -> frozenset[str]:
        """The ids of the active users of a team."""
        return reading.team_members(self._calls(watch), team_id)

    def people_with_role(self, team_id: str, role: Role, *, watch: Watch | None = None) -> frozenset[str]:
        """The ids of a team's leaders or admins."""
        return reading.people_with_role(self._calls(watch), team_id, role)

    def user_teams(self, user_id: str, *, watch: Watch | None = None) -> frozenset[str]:
        """The ids of the teams of a user, active or not."""
        return reading.teams_of_user(self._calls(watch), user_id)

    def team_items(self, team_id: str, kind: ItemKind, *, watch: Watch | None = None) -> tuple[TeamItem, ...]:
        """The items that a team gives its members or has in its library; none of a team that Litmos does not know."""
        return reading.items_of_team(self._calls(watch), team_id, kind)

    def learners(self, item: ItemKey, *, watch: Watch | None = None) -> tuple[Learner, ...]:
        """The users of a learning path or course, however they came by it."""
        return reading.learners(self._calls(watch), item)

    def modules(self, course_id: str, *, watch: Watch | None = None) -> tuple[Module, ...]:
        """The modules of a course; none of a course that Litmos does not know."""
        return reading.modules(self._calls(watch), course_id)

    def sessions(self, course_id: str, *, watch: Watch | None = None) -> tuple[Session, ...]:
        """The sessions of a course; none of a course that Litmos does not know."""
        return reading.sessions(self._calls(watch), course_id)

    def user_items(self, user_id: str, kind: ItemKind, *, watch: Watch | None = None) -> frozenset[str]:
        """The ids of the items of a user, however they came by them."""
        return reading.items_of_user(self._calls(watch), user_id, kind)

    def completions(
        self,
        since: datetime,
        to: datetime,
        kinds: Collection[str] = results.WINDOWED,
        watch: Watch | None = None,
    ) -> Iterator[Completion]:
        """Results of these kinds that changed between ``since`` and ``to``, oldest window first."""
        return results.completions(self._calls(watch), since, to, kinds)

    def all_course_results(self, *, watch: Watch | None = None) -> list[Completion]:
        """Every result of a course as it is now: a request for each thousand, and slow ones."""
        return results.all_courses(self._calls(watch))

    def attendances(
        self, since: datetime, *, watch: Watch | None = None
    ) -> Iterator[tuple[str, list[Completion]]]:
        """The sessions to come, and those since then, each with all who are on its roll; one or two requests each."""
        return sessions.attendances(self._calls(watch), since)

    def points(self, *, watch: Watch | None = None) -> list[Completion]:
        """The points of everybody who has any: a request for each thousand users."""
        return results.points(reading.profiles(self._calls(watch), lambda _what, _done, _total: None))

    def badges(self, user_id: str, *, watch: Watch | None = None) -> list[Completion]:
        """All badges of one user: one request."""
        return results.badges(self._calls(watch), user_id)

    def login_link(self, user_id: str, *, watch: Watch | None = None) -> str:
        """The link that logs a user in, which is as good as a password; "" for a user whom Litmos does not know. One request."""
        row = self._calls(watch).verbatim(("users", user_id))
        return "" if row is None else unescaped(str(row.get("LoginKey") or ""))

    def _calls(self, watch: Watch | None) -> Calls:
        return self._client.calls(watch or Unwatched())
