"""Alternatives: what the same Changes would have cost in other ways, so that a Plan can say why it is as it is. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from syncd.core.compile import compile_requests
from syncd.core.cover import calls, fewest_calls
from syncd.core.import_requests import dearest_ways
from syncd.core.model import LEAVERS, LEAVERS_BY_HAND, Action, Change, ObjectKind, team_key
from syncd.core.request import MEMBERS_PER_CALL, PAGE, TEAMS_PER_CALL, Pace, Request, RequestKind

USER_WRITES = frozenset(
    {RequestKind.READ_USERS, RequestKind.CREATE_USER, RequestKind.PUT_USER, RequestKind.IMPORT_USERS}
)
CODES_PER_ROW = 5
"""Team codes in a row of an import [SPEC]."""
GIVING = frozenset({RequestKind.ASSIGN_ITEMS, RequestKind.GIVE_TEAM})


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How some Changes of a Plan are carried: in ``low`` to ``high`` HTTP requests, and in how many by each other way."""

    about: str
    changes: int
    low: int
    high: int
    others: Mapping[str, int]

    @property
    def text(self) -> str:
        """``memberships: 12 requests for 300 (by team 30, by person 15, one by one 300)``."""
        cost = str(self.low) if self.low == self.high else f"{self.low} to {self.high}"
        noun = "request" if self.high == 1 else "requests"
        others = ", ".join(f"{way} {number}" for way, number in self.others.items())
        return f"{self.about}: {cost} {noun} for {self.changes} ({others})"


def choices(changes: Sequence[Change], requests: Sequence[Request], pace: Pace) -> tuple[Choice, ...]:
    """For each kind of Changes that could be carried in another way, and where that would cost otherwise."""
    found = (
        _users(changes, requests, pace),
        _memberships(changes, requests),
        _items(changes, requests),
        _departures(changes, requests),
    )
    return tuple(
        choice
        for choice in found
        if choice is not None and set(choice.others.values()) - {choice.low, choice.high}
    )


def _users(changes: Sequence[Change], requests: Sequence[Request], pace: Pace) -> Choice | None:
    """Users by import, against users one by one."""
    if not any(request.kind is RequestKind.IMPORT_USERS for request in requests):
        return None
    users = [change for change in changes if change.kind is ObjectKind.USER]
    singly = compile_requests(users, replace(pace, importing=None))
    one_by_one = sum(request.low for request in singly if request.kind in USER_WRITES)
    others = {"one by one": one_by_one, **dearest_ways(users, pace)}
    return _choice("users", users, requests, USER_WRITES, others)


def _memberships(changes: Sequence[Change], requests: Sequence[Request]) -> Choice | None:
    """Memberships as they are, against all by team, all by person, and one by one."""
    adds = _of(changes, ObjectKind.MEMBERSHIP)
    by_team = Counter(team_key(change.team) for change in adds)
    by_person = Counter(change.employee_id for change in adds)
    others = {
        "by team": sum(calls(number, MEMBERS_PER_CALL) for number in by_team.values()),
        "by person": sum(calls(number, TEAMS_PER_CALL) for number in by_person.values()),
        "one by one": len(adds),
    }
    if (codes := _by_codes(adds, requests)) is not None:
        others["by team codes in imports"] = codes
    kinds = frozenset({RequestKind.ADD_MEMBERS, RequestKind.JOIN_TEAMS})
    return _choice("memberships", adds, requests, kinds, others)


def _by_codes(adds: Sequence[Change], requests: Sequence[Request]) -> int | None:
    """The least if imports carried the codes of teams that are there, up to five a row: the windows that prove them, a
    request for each thousand, and the rest as it goes now. They carry none (docs/decisions/0024); None: there is no import.
    """
    imported = {
        row["employee_id"]
        for request in requests
        if request.kind is RequestKind.IMPORT_USERS
        for row in request.payload["rows"]
    }
    carried: dict[str, list[Change]] = {}
    for change in adds:
        if change.employee_id in imported and change.team_id:
            carried.setdefault(change.employee_id, []).append(change)
    gone = {change.key for some in carried.values() for change in some[:CODES_PER_ROW]}
    if not gone:
        return None
    rest = [(change.employee_id, team_key(change.team)) for change in adds if change.key not in gone]
    cover = fewest_calls(rest, most_users=MEMBERS_PER_CALL, most_teams=TEAMS_PER_CALL)
    singly = sum(calls(len(people), MEMBERS_PER_CALL) for people in cover.by_team.values())
    singly += sum(calls(len(teams), TEAMS_PER_CALL) for teams in cover.by_user.values())
    return len(gone) // PAGE + 1 + singly


def _items(changes: Sequence[Change], requests: Sequence[Request]) -> Choice | None:
    """Learning paths and courses in as few calls as there are people or teams who get some, against one by one."""
    gifts = [*_of(changes, ObjectKind.ASSIGNMENT), *_of(changes, ObjectKind.TEAM_ASSIGNMENT)]
    return _choice("learning paths and courses", gifts, requests, GIVING, {"one by one": len(gifts)})


def _departures(changes: Sequence[Change], requests: Sequence[Request]) -> Choice | None:
    """All teams of whoever has left, against one by one."""
    going = [change for change in changes if change.rule in {LEAVERS, LEAVERS_BY_HAND}]
    kinds = frozenset({RequestKind.LEAVE_TEAMS})
    return _choice("teams of leavers", going, requests, kinds, {"one by one": len(going)})


def _of(changes: Sequence[Change], kind: ObjectKind) -> list[Change]:
    return [change for change in changes if change.kind is kind and change.action is Action.ADD]


def _choice(
    about: str,
    changes: Sequence[Change],
    requests: Sequence[Request],
    kinds: frozenset[RequestKind],
    others: Mapping[str, int],
) -> Choice | None:
    if not changes:
        return None
    mine = [request for request in requests if request.kind in kinds]
    return Choice(
        about=about,
        changes=len(changes),
        low=sum(request.low for request in mine),
        high=sum(request.high for request in mine),
        others=others,
    )
