"""Cover: into which calls memberships go, by team or by user, so that there are as few as possible. Pure.

Litmos takes many users for one team (``POST /teams/{id}/users``) or up to 25 teams for one user (``POST
/users/{id}/teams``). To put each membership into one of its two calls is to cover the edges of the graph users x teams by
its vertices, and the fewest calls are a minimum vertex cover. Users who join the same teams are one vertex that costs as
many calls as there are users, a team costs a call for each ``most_users`` that join it; the minimum by cost is a minimum
cut, found by Dinic's algorithm. Where nobody joins more than ``most_teams`` teams and no team is joined by more than
``most_users`` users, it is the optimum; beyond that, one that no membership moved to the other side makes cheaper.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from syncd.core.flow import Network
from syncd.core.model import TeamKey

Pair = tuple[str, TeamKey]
"""(employee_id, team)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """Each membership in exactly one of the two: team -> its users, and user -> their teams, all sorted."""

    by_team: Mapping[TeamKey, tuple[str, ...]]
    by_user: Mapping[str, tuple[TeamKey, ...]]


def calls(number: int, most: int) -> int:
    """How many calls that take ``most`` each carry so many."""
    return -(-number // most)


def fewest_calls(pairs: Iterable[Pair], *, most_users: int, most_teams: int) -> Cover:
    """The cover of these memberships with the fewest calls; of two that are equal, the one with more calls by team.

    A call by team is safe to repeat, while one by user is refused as a whole if one membership is there already.
    """
    teams_of: dict[str, set[TeamKey]] = {}
    for user, team in pairs:
        teams_of.setdefault(user, set()).add(team)
    groups: dict[frozenset[TeamKey], list[str]] = {}
    for user in sorted(teams_of):
        groups.setdefault(frozenset(teams_of[user]), []).append(user)
    chosen = _chosen(groups, most_users=most_users, most_teams=most_teams)
    by_team: dict[TeamKey, list[str]] = {}
    by_user: dict[str, list[TeamKey]] = {}
    for group, users in groups.items():
        for team in sorted(group):
            if team in chosen:
                by_team.setdefault(team, []).extend(users)
            else:
                for user in users:
                    by_user.setdefault(user, []).append(team)
    _round_off(by_team, by_user, most_users=most_users, most_teams=most_teams)
    return Cover(
        by_team={team: tuple(sorted(by_team[team])) for team in sorted(by_team)},
        by_user={user: tuple(sorted(by_user[user])) for user in sorted(by_user)},
    )


def _chosen(
    groups: Mapping[frozenset[TeamKey], list[str]], *, most_users: int, most_teams: int
) -> frozenset[TeamKey]:
    """The teams of a minimum vertex cover, as many of them as there may be."""
    sizes: dict[TeamKey, int] = {}
    for group, users in groups.items():
        for team in group:
            sizes[team] = sizes.get(team, 0) + len(users)
    numbers = {team: number for number, team in enumerate(sorted(sizes), start=len(groups) + 1)}
    source, sink = 0, len(groups) + len(sizes) + 1
    network = Network(sink + 1)
    for number, (group, users) in enumerate(groups.items(), start=1):
        network.add(source, number, len(users) * calls(len(group), most_teams))
        for team in sorted(group):
            network.add(number, numbers[team], len(users) * len(group))
    for team, size in sizes.items():
        network.add(numbers[team], sink, calls(size, most_users))
    network.saturate(source, sink)
    open_to_sink = network.reaching(sink)
    return frozenset(team for team, number in numbers.items() if number not in open_to_sink)


def _round_off(
    by_team: dict[TeamKey, list[str]],
    by_user: dict[str, list[TeamKey]],
    *,
    most_users: int,
    most_teams: int,
) -> None:
    """Save the last call for a team, where users with a call of their own, and room in it, can take what it carries."""
    for team in sorted(by_team, key=lambda one: (len(by_team[one]) % most_users, one)):
        users = by_team[team]
        over = len(users) % most_users or most_users
        movable = [user for user in users if len(by_user.get(user, ())) % most_teams]
        if len(movable) < over:
            continue
        moved = set(movable[:over])
        by_team[team] = [user for user in users if user not in moved]
        for user in moved:
            by_user[user].append(team)
        if not by_team[team]:
            del by_team[team]
