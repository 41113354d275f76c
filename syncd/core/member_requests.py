"""Member requests: the Requests that put people into teams, by team or by person, in the fewest calls. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from syncd.core.cover import fewest_calls
from syncd.core.model import Action, Change, ObjectKind, TeamKey, team_key, team_text
from syncd.core.request import MEMBERS_PER_CALL, TEAMS_PER_CALL, Request, RequestKind, Stage
from syncd.core.team_renames import TeamRenames
from syncd.core.team_requests import team_request

T = TypeVar("T")


def member_adds(
    changes: Iterable[Change],
    created_users: Mapping[str, str],
    created_teams: Collection[TeamKey],
    renames: TeamRenames,
) -> Iterator[Request]:
    """Each new membership in exactly one call (``core.cover``).

    ``created_users`` is employee_id -> the key of the Request that creates them, ``created_teams`` are those of this Plan.
    In the calls of one team, who is created here comes first: they wait for nobody else's.
    """
    adds = {
        (change.employee_id, team_key(change.team)): change
        for change in changes
        if change.action is Action.ADD and change.kind is ObjectKind.MEMBERSHIP
    }
    cover = fewest_calls(adds, most_users=MEMBERS_PER_CALL, most_teams=TEAMS_PER_CALL)
    calls = _Calls(adds=adds, created_users=created_users, created_teams=created_teams, renames=renames)
    for team, people in cover.by_team.items():
        yield from calls.by_team(team, people)
    for person, teams in cover.by_user.items():
        yield from calls.by_person(person, teams)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Calls:
    """What a call must know of the Changes that it carries, and of those that come before it."""

    adds: Mapping[tuple[str, TeamKey], Change]
    created_users: Mapping[str, str]
    created_teams: Collection[TeamKey]
    renames: TeamRenames

    def by_team(self, team: TeamKey, people: Iterable[str]) -> Iterator[Request]:
        """The calls that put these people into one team."""
        made = self.created_users
        starters_first = sorted(people, key=lambda person: person not in made)
        for number, chunk in enumerate(_chunks(starters_first, MEMBERS_PER_CALL)):
            parts = [self.adds[person, team] for person in chunk]
            makers = [made[person] for person in chunk if person in made]
            yield Request(
                key=f"add-members:{team_text(team)}:{number}",
                kind=RequestKind.ADD_MEMBERS,
                stage=Stage.STARTERS_TEAMS if makers else Stage.MEMBERS,
                target=f"members-added:{team_text(team)}:{number}",
                payload={
                    "team": list(parts[0].team),
                    "team_id": parts[0].team_id,
                    "people": [
                        {
                            "employee_id": part.employee_id,
                            "user_id": part.user_id,
                            "change": part.key,
                            "rule": part.rule,
                        }
                        for part in parts
                    ],
                },
                after=_unique([*self._before(parts[0]), *makers]),
                changes=tuple(part.key for part in parts),
            )

    def by_person(self, person: str, teams: Iterable[TeamKey]) -> Iterator[Request]:
        """The calls that put one person into these teams."""
        makers = [self.created_users[person]] if person in self.created_users else []
        for number, chunk in enumerate(_chunks(list(teams), TEAMS_PER_CALL)):
            parts = [self.adds[person, team] for team in chunk]
            yield Request(
                key=f"join-teams:{person}:{number}",
                kind=RequestKind.JOIN_TEAMS,
                stage=Stage.STARTERS_TEAMS if makers else Stage.MEMBERS,
                target=f"teams-joined:{person}:{number}",
                payload={
                    "employee_id": person,
                    "user_id": parts[0].user_id,
                    "teams": [
                        {
                            "team": list(part.team),
                            "team_id": part.team_id,
                            "change": part.key,
                            "rule": part.rule,
                        }
                        for part in parts
                    ],
                },
                after=_unique([*(key for part in parts for key in self._before(part)), *makers]),
                changes=tuple(part.key for part in parts),
            )

    def _before(self, change: Change) -> Sequence[str]:
        """The Requests that make the team, or give it the name by which the ledger is to know it."""
        made = [team_request(change.team)] if team_key(change.team) in self.created_teams else []
        return [*made, *self.renames.before_use(change.team)]


def _chunks(some: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    return (some[start : start + most] for start in range(0, len(some), most))


def _unique(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(keys))
