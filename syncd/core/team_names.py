"""Team names: how teams are called from the root down, what a rename makes of that, and names that Litmos would refuse. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from syncd.core.model import Action, Change, ObjectKind, team_key, team_label, team_text
from syncd.core.operation import TeamFact


def team_names(teams: Iterable[TeamFact]) -> dict[str, tuple[str, ...]]:
    """Team id -> display names from the root down; in a circle of parents each team stands for itself."""
    by_id = {team.id: team for team in teams}
    names: dict[str, tuple[str, ...]] = {}
    for team in by_id.values():
        chain, seen, at = [team.name], {team.id}, team.parent_id
        while at in by_id and at not in seen:
            seen.add(at)
            chain.append(by_id[at].name)
            at = by_id[at].parent_id
        names[team.id] = tuple(reversed(chain))
    return names


def moved_texts(before: Iterable[TeamFact], after: Iterable[TeamFact]) -> dict[str, str]:
    """Team text -> team text of every team that is called otherwise afterwards: it is what grants know teams by."""
    new = team_names(after)
    pairs = ((chain, new[team_id]) for team_id, chain in team_names(before).items() if team_id in new)
    return {
        team_text(team_key(old)): team_text(team_key(now))
        for old, now in pairs
        if team_key(old) != team_key(now)
    }


def clashes(changes: Iterable[Change], teams: Iterable[TeamFact]) -> Iterator[str]:
    """A sentence for each team to be made that has the name of another one: Litmos refuses a second team of a name [SPEC].

    ``teams`` are those of Litmos as the Plan renames them. Whether it looks at the whole account or at one parent only is not known.
    """
    places: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for chain in team_names(teams).values():
        places[chain[-1].casefold()].append(chain)
    for change in changes:
        if change.kind is not ObjectKind.TEAM or change.action is not Action.CREATE:
            continue
        there = places[change.team[-1].casefold()]
        if there:
            yield (
                f'TEAM-NAME-TAKEN: team "{team_label(change.team)}" has the name of "{team_label(there[0])}", and Litmos may '
                'refuse a second one; make names unique, such as "{division}: {department}"'
            )
        there.append(change.team)
