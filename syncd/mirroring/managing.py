"""Managing: which teams, and which roles in them, the rules name, and a refresh therefore reads."""

from syncd.app import App
from syncd.core.managed import Managed
from syncd.core.tree import expected
from syncd.intake import Intake
from syncd.store import people, ties, training


def by_intake(app: App, intake: Intake) -> Managed:
    """By what HR says now: the teams that rules name, and those of the nodes of organisation trees, as far as HR alone tells
    where they are, and those that they are tied to.
    """
    mapping = app.settings.mapping
    nodes = [*intake.nodes, *(node for employee in intake.employees for node in employee.nodes)]
    placed = expected(nodes, {rule.space: rule.ground for rule in mapping.trees})
    roles = {rule.space: rule.roles for rule in mapping.trees}
    found = intake.managed
    return _tied(
        app,
        Managed(
            teams=found.teams | {key[:depth] for key in placed.values() for depth in range(1, len(key) + 1)},
            roles=found.roles | {(key, role) for node, key in placed.items() for role in roles[node[0]]},
        ),
    )


def by_memory(app: App) -> Managed:
    """By what HR last said."""
    with app.database.read() as conn:
        found = people.managed(conn, app.account)
        learnt = training.courses_read(conn, app.account) if app.settings.training else set()
    named = (rule.courses for rule in app.settings.training)
    return _tied(app, found).with_courses(learnt.union(*named))


def _tied(app: App, found: Managed) -> Managed:
    """The same, with the teams that are strict whoever is in them, and with those that nodes are tied to."""
    mapping = app.settings.mapping
    roles = {rule.space: rule.roles for rule in mapping.trees}
    with app.database.read() as conn:
        tied = ties.load(conn, app.account)
    return found.with_teams(mapping.strict_teams).with_ids(
        {team_id: roles[space] for (space, _), team_id in tied.items() if space in roles}
    )
