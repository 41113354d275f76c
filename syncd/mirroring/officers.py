"""Officers: the lists of leaders and admins that a refresh reads, where a rule decides who they are."""

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet

from syncd.app import App
from syncd.core.delta import Touched, to_read_again
from syncd.core.managed import Managed
from syncd.core.model import Role, team_key, team_text
from syncd.core.operation import RoleList, TeamFact, Watch
from syncd.core.team_names import team_names
from syncd.store import reflection
from syncd.store import roles as store


def ruled_lists(
    teams: Iterable[TeamFact], wanted: Managed, granted: Collection[tuple[str, Role]]
) -> set[RoleList]:
    """The lists about which a rule decides, or on which (as team text) syncd put somebody."""
    keys = {team_id: team_key(names) for team_id, names in team_names(teams).items()}
    by_text = {(text, role) for text, role in granted}
    return {
        (team_id, role)
        for team_id, key in keys.items()
        for role in store.COLUMNS
        if (key, role) in wanted.roles
        or (team_id, role) in wanted.role_ids
        or (team_text(key), role) in by_text
    }


def disagreeing(
    rows: Iterable[Touched[str]],
    held: AbstractSet[tuple[str, str, Role]],
    ruled: Collection[RoleList],
    *,
    hidden: Collection[str],
) -> set[RoleList]:
    """The lists of which the rows of a date window tell otherwise than the mirror, whose ``held`` are (team id, user id, role)."""
    told = list(rows)
    found: set[RoleList] = set()
    for role in store.COLUMNS:
        about = [row for one in told if (row := one.as_role(role)) and (row.list_id, role) in ruled]
        pairs = {(team_id, user_id) for team_id, user_id, its in held if its is role}
        found |= {(team_id, role) for team_id in to_read_again(about, pairs, hidden=hidden)}
    return found


def read(app: App, lists: Iterable[RoleList], watch: Watch) -> dict[RoleList, frozenset[str]]:
    """Read these lists, a request for each thousand people."""
    return {one: app.target.people_with_role(*one, watch=watch) for one in sorted(lists)}


def confirmed(
    app: App, lists: Mapping[RoleList, frozenset[str]], watch: Watch
) -> dict[RoleList, frozenset[str]]:
    """The lists, those on which somebody is missing read once more: who is on either reading still has the role."""
    with app.database.read() as conn:
        hidden = reflection.inactive_users(conn, app.account)
        held = store.of_all(conn, app.account)
    fewer = {
        (team_id, role)
        for team_id, user_id, role in held
        if user_id not in lists.get((team_id, role), {user_id}) and user_id not in hidden
    }
    again = read(app, fewer, watch)
    return {one: found | again.get(one, frozenset()) for one, found in lists.items()}
