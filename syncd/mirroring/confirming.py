"""Confirming: lists on which somebody is missing are read once more, before anybody is believed to have left."""

from collections.abc import Mapping
from dataclasses import dataclass

from syncd.app import App
from syncd.core.model import ItemKey
from syncd.core.operation import Learner
from syncd.mirroring.watching import Counting
from syncd.store import mirror, reflection


@dataclass(frozen=True, slots=True)
class Lists:
    """Who is on some lists: team id -> ids of its active users, learning path or course -> its users."""

    members: Mapping[str, frozenset[str]]
    learners: Mapping[ItemKey, tuple[Learner, ...]]


def confirmed(
    app: App,
    members: Mapping[str, frozenset[str]],
    learners: Mapping[ItemKey, tuple[Learner, ...]],
    watch: Counting,
) -> Lists:
    """The lists, those on which somebody is missing read once more: who is on either reading has not left.

    An answer that lies is most often one answer. It takes a second request for each list that somebody left.
    """
    with app.database.read() as conn:
        hidden = reflection.inactive_users(conn, app.account)
        known = mirror.members_of(conn, app.account, members)
        given = mirror.users_of(conn, app.account, learners)
    here = {(team_id, user_id) for team_id, found in members.items() for user_id in found}
    had = {(item, person.user_id) for item, found in learners.items() for person in found}
    fewer = {pair[0] for pair in known - here if pair[1] not in hidden}
    taken = {pair[0] for pair in given - had if pair[1] not in hidden}
    again = {team_id: app.target.members(team_id, watch=watch) for team_id in sorted(fewer)}
    more = {item: app.target.learners(item, watch=watch) for item in sorted(taken)}
    return Lists(
        {team_id: found | again.get(team_id, frozenset()) for team_id, found in members.items()},
        {
            item: tuple({one.user_id: one for one in (*found, *more.get(item, ()))}.values())
            for item, found in learners.items()
        },
    )
