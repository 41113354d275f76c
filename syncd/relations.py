"""Relations: who manages whom, which unit of the organisation is which team, and what that makes of what people are given."""

from collections import abc
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from syncd.app import App
from syncd.core.diff import Difference
from syncd.core.managers import Managers, resolve_managers
from syncd.core.mapping import Mapping
from syncd.core.model import Action, Employee, Skip, TeamKey, User
from syncd.core.roles import Grant, appoint
from syncd.core.team_names import clashes, moved_texts
from syncd.core.tree import Forest, plant
from syncd.intake import Intake
from syncd.store import grants, mirror, ties


@dataclass(frozen=True, slots=True, kw_only=True)
class Relations:
    """The valid employees with their managers, the teams of their units, and their roles.

    ``moved`` are team texts -> team texts of teams that the Plan is about to call otherwise; ``strict_teams`` all that are
    ruled by a strict rule, whoever is in them.
    """

    employees: list[Employee]
    managers: Managers
    forest: Forest
    moved: abc.Mapping[str, str]
    strict_teams: frozenset[TeamKey]

    def granted(
        self, conn: Connection, account: str, links: abc.Mapping[str, str]
    ) -> frozenset[tuple[str, str]]:
        """What syncd gave, by the names that teams are about to have."""
        return frozenset((who, self.moved.get(what, what)) for who, what in grants.load(conn, account, links))

    def granted_roles(self, conn: Connection, account: str, links: abc.Mapping[str, str]) -> frozenset[Grant]:
        """The roles that syncd gave, likewise."""
        return frozenset(
            (who, self.moved.get(team, team), role) for who, team, role in grants.roles(conn, account, links)
        )

    def completed(self, found: Difference) -> Difference:
        """The Difference with the renames of teams, and with everybody whose manager could not be set."""
        skips = (
            Skip(employee_id=one.employee_id, code=one.code, message=one.message)
            for one in self.managers.unresolved
        )
        return replace(
            found,
            changes=(*self.forest.renames, *self.forest.tied(found.changes)),
            skips=(*found.skips, *skips),
        )

    def problems(self, difference: Difference) -> tuple[str, ...]:
        """What could not be followed, or may be refused, as sentences."""
        return (
            *self.managers.problems(),
            *self.forest.problems,
            *clashes(difference.changes, self.forest.teams),
        )


def relate(
    conn: Connection,
    app: App,
    intake: Intake,
    employees: abc.Sequence[Employee],
    users: abc.Sequence[User],
    links: abc.Mapping[str, str],
) -> Relations:
    """Gather what the core needs to relate people and teams, and let it decide. ``links`` is employee_id -> user id."""
    mapping = app.settings.mapping
    managers = _managers(mapping, employees, users, links)
    facts = mirror.team_facts(conn, app.account)
    forest, seated = plant(
        managers.applied(employees),
        managers.bosses,
        intake.nodes,
        mapping.trees,
        facts,
        ties.load(conn, app.account),
        may_rename=Action.UPDATE in app.settings.policy.actions,
    )
    strict = {rule.space for rule in mapping.trees if rule.strict}
    return Relations(
        employees=appoint(seated, managers.bosses),
        managers=managers,
        forest=forest,
        moved=moved_texts(facts, forest.teams),
        strict_teams=mapping.strict_teams | forest.keys_of(strict),
    )


def _managers(
    mapping: Mapping,
    employees: abc.Sequence[Employee],
    users: abc.Sequence[User],
    links: abc.Mapping[str, str],
) -> Managers:
    if mapping.manager is None:
        return Managers()
    return resolve_managers(
        employees,
        users,
        links,
        by=mapping.manager.by,
        is_protected=lambda user: bool(mapping.protection.why(user)),
    )
