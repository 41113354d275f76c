"""Managed: what the rules name, and what is therefore read and touched. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from syncd.core.model import Role, TeamKey, Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Managed:
    """What the rules name, and what is therefore read and touched: teams and roles in teams, by names and by Litmos ids."""

    teams: frozenset[TeamKey]
    roles: frozenset[tuple[TeamKey, Role]] = frozenset()
    team_ids: frozenset[str] = frozenset()
    role_ids: frozenset[tuple[str, Role]] = frozenset()
    courses: frozenset[str] = frozenset()
    """those that rows of training name, by id, code or name, casefolded"""

    @classmethod
    def of(cls, wishes: Iterable[Wish]) -> "Managed":
        """The teams of these Wishes, and the ones above them."""
        named = list(wishes)
        return cls(
            teams=frozenset(w.key[:depth] for w in named for depth in range(1, len(w.key) + 1)),
            roles=frozenset((w.key, role) for w in named for role in w.ruled_roles),
        )

    def with_teams(self, teams: Iterable[TeamKey]) -> "Managed":
        """The same, and these teams."""
        return replace(self, teams=self.teams | frozenset(teams))

    def with_courses(self, courses: Iterable[str]) -> "Managed":
        """The same, and these courses, by id, code or name."""
        return replace(self, courses=self.courses | {text.strip().casefold() for text in courses})

    def with_ids(self, ids: Mapping[str, Iterable[Role]]) -> "Managed":
        """The same, and the teams with these ids, with the roles about which a rule decides there."""
        roles = frozenset((team_id, role) for team_id, ruled in ids.items() for role in ruled)
        return replace(self, team_ids=self.team_ids | ids.keys(), role_ids=self.role_ids | roles)
