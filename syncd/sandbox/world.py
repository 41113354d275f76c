"""World: everything a Litmos account holds, its indexes, its lock and its clocks. No HTTP, no rules."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from syncd.sandbox.entities import (
    Achievement,
    Award,
    BulkImport,
    Course,
    Enrolment,
    LearningPath,
    Membership,
    Session,
    Team,
    TeamItem,
    User,
)
from syncd.sandbox.ids import IdMint
from syncd.sandbox.modes import Modes
from syncd.sandbox.profile import JOB_ROLES
from syncd.sandbox.refusal import Refusal


def utc_now() -> datetime:
    """The time of day, aware, in UTC."""
    return datetime.now(UTC)


class Shelf:
    """Who has what: rows of TeamItem and Enrolment for one kind of item ("path" or "course"), indexed both ways."""

    def __init__(self) -> None:
        self.of_team: dict[str, dict[str, TeamItem]] = {}
        self.of_user: dict[str, dict[str, Enrolment]] = {}
        self.users_of: dict[str, dict[str, Enrolment]] = {}

    def put(self, enrolment: Enrolment) -> None:
        """Adds a row to both indexes."""
        self.of_user.setdefault(enrolment.user_id, {})[enrolment.item_id] = enrolment
        self.users_of.setdefault(enrolment.item_id, {})[enrolment.user_id] = enrolment

    def enrolment(self, user_id: str, item_id: str) -> Enrolment | None:
        """The row of a user and an item, active or not."""
        return self.of_user.get(user_id, {}).get(item_id)

    def enrolments(self) -> Iterator[Enrolment]:
        """All rows, by user."""
        for rows in self.of_user.values():
            yield from rows.values()

    def team_items(self) -> Iterator[TeamItem]:
        """All rows given to teams."""
        for rows in self.of_team.values():
            yield from rows.values()

    def forget_user(self, user_id: str) -> None:
        """Removes all rows of a user who is deleted."""
        for item_id in self.of_user.pop(user_id, {}):
            self.users_of[item_id].pop(user_id, None)


class World:
    """An account. Whoever reads or changes it holds ``lock``.

    ``now`` gives aware UTC times for what Litmos shows, ``clock`` monotonic seconds for delays.
    """

    def __init__(
        self,
        *,
        modes: Modes | None = None,
        mint: IdMint | None = None,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
        bulk_delay: float = 2.0,
    ) -> None:
        self.lock = threading.RLock()
        self.modes = modes or Modes()
        self.mint = mint or IdMint()
        self.now = now
        self.clock = clock
        self.bulk_delay = bulk_delay
        self.mails: list[tuple[str, str]] = []
        self.clear()

    def clear(self) -> None:
        """Empties the account; modes, clocks and the numbers already used stay."""
        self.users: dict[str, User] = {}
        self.names: dict[str, str] = {}
        self.teams: dict[str, Team] = {}
        self.members: dict[str, dict[str, Membership]] = {}
        self.teams_of: dict[str, dict[str, Membership]] = {}
        self.paths: dict[str, LearningPath] = {}
        self.courses: dict[str, Course] = {}
        self.shelves: dict[str, Shelf] = {"path": Shelf(), "course": Shelf()}
        self.achievements: list[Achievement] = []
        self.awards: list[Award] = []
        self.sessions: dict[str, Session] = {}
        self.imports: dict[str, BulkImport] = {}
        self.job_roles: frozenset[str] = JOB_ROLES
        self.activities: list[dict[str, object]] = []
        self.mails.clear()

    def user(self, user_id: str) -> User:
        """The user, or Refusal 404 [SPEC]; usernames are not taken here."""
        user = self.users.get(user_id)
        if user is None or not self.seen(user):
            raise Refusal(404, f"User - {user_id} was not found")
        return user

    def user_by_name(self, name: str) -> User | None:
        """The user of a username; case does not matter (assumed)."""
        user_id = self.names.get(name.casefold())
        return None if user_id is None else self.users[user_id]

    def seen(self, user: User) -> bool:
        """Whether the user is past the visibility delay."""
        return user.visible_from <= 0.0 or user.visible_from <= self.clock()

    def team(self, team_id: str) -> Team:
        """The team, or Refusal 404 [SPEC]."""
        team = self.teams.get(team_id)
        if team is None or not team.active:
            raise Refusal(404, "No team with this id exists in your organization.")
        return team

    def path(self, path_id: str) -> LearningPath:
        """The learning path, or Refusal 404 [SPEC]."""
        if path_id not in self.paths:
            raise Refusal(404, "The learning path does not exist.")
        return self.paths[path_id]

    def course(self, course_id: str) -> Course:
        """The course, or Refusal 404 [SPEC]."""
        if course_id not in self.courses:
            raise Refusal(404, f"The course {course_id} does not exist.")
        return self.courses[course_id]

    def module(self, course_id: str, module_id: str) -> Course:
        """The course whose module it is, or Refusal 404 [SPEC]."""
        course = self.courses.get(course_id)
        if course is None or course.module_id != module_id:
            raise Refusal(404, "The module in the xml/json request does not exist.")
        return course

    def session(self, course_id: str, module_id: str, session_id: str) -> Session:
        """The session of a module, or Refusal 404 [SPEC]."""
        self.module(course_id, module_id)
        session = self.sessions.get(session_id)
        if session is None or session.course_id != course_id:
            raise Refusal(404, "No session with this id exists in your organization.")
        return session

    def live_teams(self) -> list[Team]:
        """The teams that are not deleted, oldest first."""
        return [team for team in self.teams.values() if team.active]

    def current_members(self, team_id: str) -> list[Membership]:
        """The memberships of a team that hold now."""
        return [row for row in self.members.get(team_id, {}).values() if row.active]

    def current_teams(self, user_id: str) -> list[Membership]:
        """The memberships of a user that hold now."""
        return [row for row in self.teams_of.get(user_id, {}).values() if row.active]

    def membership(self, team_id: str, user_id: str) -> Membership | None:
        """The membership, if it holds now."""
        row = self.members.get(team_id, {}).get(user_id)
        return row if row is not None and row.active else None

    def put_membership(self, row: Membership) -> None:
        """Adds a row to both indexes."""
        self.members.setdefault(row.team_id, {})[row.user_id] = row
        self.teams_of.setdefault(row.user_id, {})[row.team_id] = row

    def descendants(self, team_id: str, *, deep: bool = True) -> list[Team]:
        """The sub-teams of a team; with ``deep`` those below them too."""
        found: list[Team] = []
        parents = {team_id}
        while parents:
            children = [team for team in self.live_teams() if team.parent_id in parents]
            found += children
            parents = {team.id for team in children} if deep else set()
        return found
