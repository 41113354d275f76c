"""Relations: who manages whom, which unit of the organisation is which team, and what that makes of what people are given."""

from collections import abc
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from syncd.app import App
from syncd.core.desired import Desired
from syncd.core.diff import Difference
from syncd.core.managers import Managers, resolve_managers
from syncd.core.mapping import Mapping
from syncd.core.match import Matching
from syncd.core.model import Action, Employee, Skip, State, TeamKey, User, team_key, team_text
from syncd.core.roles import Grant, appoint, in_doubt
from syncd.core.team_names import clashes, moved_texts
from syncd.core.tree import Forest, plant
from syncd.intake import Intake
from syncd.store import grants, mirror, people, ties


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


def given_before(
    conn: Connection, app: App, related: Relations, desired: Desired, current: State
) -> frozenset[tuple[str, str]]:
    """What rules gave when HR's data were last taken, as (employee_id, team text), of the memberships in strict teams that no
    rule gives any more: whose they are has moved, whoever made them a member.
    """
    if not app.settings.mapping.lifecycle.overlap:
        return frozenset()
    ending = {
        person: keys
        for person, employee in desired.employees.items()
        if (
            keys := (current.memberships.get(person, frozenset()) & desired.strict_teams)
            - {wish.key for wish in employee.teams}
        )
    }
    had = people.teams_of(conn, app.account, ending)
    texts = {(person, team_text(team_key(names))) for person, teams in had.items() for names in teams}
    return frozenset((person, related.moved.get(text, text)) for person, text in texts)


def undecided(
    conn: Connection,
    app: App,
    related: Relations,
    matching: Matching,
    current: State,
    untouched: abc.Set[str],
) -> dict[str, frozenset[TeamKey]]:
    """Employee id -> the teams of which nobody knows whether they belong there, or lead them: their unit has no team, or
    somebody whom they may manage there is rejected, has a Case, or (``untouched`` has "") may be in a row without an id.
    """
    found = related.forest.undecided_teams()
    roles = app.settings.mapping.managers_roles
    unknown = untouched - matching.ignored
    if "" in unknown:
        unknown |= matching.links.keys() - {employee.employee_id for employee in related.employees}
    if not roles or not unknown:
        return found
    had = people.teams_of(conn, app.account, unknown)
    texts = {team_text(team_key(names)) for teams in had.values() for names in teams}
    held = {team_text(key) for who in unknown for key in current.memberships.get(who, ())}
    teams = {related.moved.get(text, text) for text in texts} | held
    for who, keys in in_doubt(current, teams, roles).items():
        found[who] = found.get(who, frozenset()) | keys
    return found


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
