"""Optimum: small random Plans of all kinds of Changes, and by exhaustive search the least that they can cost.

The search knows nothing of the compiler: it tries every set of teams that go by team, every way and size of every import,
and every split of people into batches of PUTs; costs are those of docs/decisions/0024, written down a second time.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from syncd.core.model import Action, Change, ItemKey, ItemKind, ObjectKind
from syncd.core.request import Importing, Pace

PAGE = 1000
AT_ONCE = 25
PUTS = 400
"""Requests into five minutes, less a fifth for others."""
USERS = (0, 30, 900, 4_000, 20_000, 90_000, 400_000, 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    """One Plan: its Changes and its Pace, and the numbers of which its users consist."""

    changes: tuple[Change, ...]
    pace: Pace
    plain: int
    skipping: int
    updates: int
    others: int
    leavers: int
    singly: int
    """New users whom only a POST can make."""


def plans(number: int, seed: int) -> Iterator[Small]:
    """So many of them, always the same."""
    dice = random.Random(seed)  # noqa: S311 - nothing secret
    for _ in range(number):
        yield _plan(dice)


def _some(dice: random.Random, most: int) -> int:
    return dice.choice((0, 0, dice.randint(1, 4), dice.randint(1, most)))


def _plan(dice: random.Random) -> Small:
    numbers = {
        "plain": _some(dice, 70),
        "skipping": _some(dice, 60),
        "updates": _some(dice, 120),
        "others": _some(dice, 12),
        "leavers": _some(dice, 12),
        "singly": _some(dice, 5),
    }
    changes, names = _users(numbers)
    people = [change.employee_id for change in changes] or ["E1"]
    changes += _holdings(dice, people)
    taken = dice.random() < 0.1
    pace = Pace(
        users=dice.choice(USERS),
        per_minute=100,
        importing=None if taken else Importing(usernames=names),
    )
    return Small(changes=tuple(changes), pace=pace, **numbers)


def new_user(number: int, **fields: Any) -> Change:
    """Somebody whom an import can make."""
    address = f"e{number}@example.com"
    said = {"UserName": address, "Email": address, "FirstName": "Ann", "LastName": "Lee", **fields}
    return Change(
        key=f"user:E{number}",
        action=Action.CREATE,
        kind=ObjectKind.USER,
        employee_id=f"E{number}",
        after=said,
    )


def _known(number: int, action: Action, **after: Any) -> Change:
    return Change(
        key=f"{'user' if action is Action.UPDATE else 'active'}:E{number}",
        action=action,
        kind=ObjectKind.USER,
        employee_id=f"E{number}",
        user_id=f"u{number}",
        after=after,
    )


def _users(numbers: Mapping[str, int]) -> tuple[list[Change], dict[str, str]]:
    makers: dict[str, Callable[[int], Change]] = {
        "plain": new_user,
        "skipping": lambda number: new_user(number, SkipFirstLogin=True),
        "updates": lambda number: _known(number, Action.UPDATE, JobTitle="Lead"),
        "others": lambda number: _known(number, Action.REACTIVATE, Active=True),
        "leavers": lambda number: _known(number, Action.DEACTIVATE, Active=False),
        "singly": lambda number: new_user(number, AccessLevel="Team_Leader"),
    }
    changes: list[Change] = []
    for name, many in numbers.items():
        changes += [makers[name](number) for number in range(len(changes), len(changes) + many)]
    names = {
        change.user_id: f"{change.employee_id.lower()}@example.com" for change in changes if change.user_id
    }
    return changes, names


Add = Callable[..., None]


def _holdings(dice: random.Random, people: Sequence[str]) -> list[Change]:
    """Memberships, roles, learning paths and courses, of people and of teams, and teams themselves."""
    teams = [(f"T{number}",) for number in range(dice.randint(1, 6))]
    density = dice.random()
    found: list[Change] = []

    def add(kind: ObjectKind, action: Action, key: str, **more: Any) -> None:
        person = more.get("employee_id", "")
        user_id = f"u{person[1:]}" if person else ""
        found.append(Change(key=key, kind=kind, action=action, user_id=user_id, **more))

    for team in teams:
        _of_team(dice, team, add)
    for person in dice.sample(people, min(len(people), dice.randint(1, 9))):
        for team in teams:
            _of_member(dice, person, team, density, add)
        for item in range(dice.choice((0, 0, 1, 3, 27))):
            key = ItemKey(dice.choice(tuple(ItemKind)), f"I{item}")
            what = dice.choice((Action.ADD, Action.ADD, Action.ADD, Action.REMOVE))
            add(ObjectKind.ASSIGNMENT, what, f"assignment:{person}@{key}", employee_id=person, item=key)
    return found


def _of_team(dice: random.Random, team: tuple[str], add: Add) -> None:
    if dice.random() < 0.3:
        action = dice.choice((Action.CREATE, Action.UPDATE))
        ids = {"team_id": f"t{team[0]}"} if action is Action.UPDATE else {}
        names = {"before": {"Name": f"old {team[0]}"}, "after": {"Name": team[0]}}
        add(ObjectKind.TEAM, action, f"team:{team[0]}", team=team, **names, **ids)
    for item in range(dice.choice((0, 0, 1, 30))):
        key = ItemKey(ItemKind.LEARNING_PATH, f"L{item}")
        what = dice.choice((Action.ADD, Action.ADD, Action.REMOVE))
        add(ObjectKind.TEAM_ASSIGNMENT, what, f"team_assignment:{team[0]}@{key}", team=team, item=key)


def _of_member(dice: random.Random, person: str, team: tuple[str], density: float, add: Add) -> None:
    here: dict[str, Any] = {"employee_id": person, "team": team}
    if dice.random() < density:
        add(ObjectKind.MEMBERSHIP, Action.ADD, f"membership:{person}@{team[0]}", **here)
    elif dice.random() < 0.2:
        add(ObjectKind.MEMBERSHIP, Action.REMOVE, f"membership:{person}@{team[0]}", **here)
    elif dice.random() < 0.2:
        role = {"Leader": dice.random() < 0.5}
        what = Action.ADD if role["Leader"] else Action.REMOVE
        add(ObjectKind.ROLE, what, f"leader:{person}@{team[0]}", after=role, **here)


def least(plan: Small) -> int:
    """The fewest requests: imports and readings at their dearest, and everything else as it goes well."""
    return (
        _of_users(plan)
        + puts(plan.leavers, plan.pace.users)
        + plan.singly
        + _of_memberships(plan.changes)
        + _of_the_rest(plan.changes)
    )


def _of_the_rest(changes: Iterable[Change]) -> int:
    """What can only go in one way: full calls, and one by one."""
    total = 0
    given: Counter[tuple[object, ...]] = Counter()
    for change in changes:
        if change.kind in {ObjectKind.USER, ObjectKind.MEMBERSHIP}:
            total += change.kind is ObjectKind.MEMBERSHIP and change.action is Action.REMOVE
        elif change.kind is ObjectKind.TEAM:
            total += 2 if change.action is Action.UPDATE else 1
        elif change.kind is ObjectKind.ROLE or change.action is Action.REMOVE:
            total += 1
        elif change.item is not None:
            given[change.kind, change.employee_id, change.team, change.item.kind] += 1
    return total + sum(-(-number // AT_ONCE) for number in given.values())


def _of_memberships(changes: Iterable[Change]) -> int:
    """Every set of teams that go by team; whatever is left goes by person."""
    adds = [
        (change.employee_id, change.team)
        for change in changes
        if change.kind is ObjectKind.MEMBERSHIP and change.action is Action.ADD
    ]
    teams = sorted({team for _, team in adds})
    return min(
        sum(chosen) + len({person for person, team in adds if not chosen[teams.index(team)]})
        for chosen in product((False, True), repeat=len(teams))
    )


def puts(people: int, users: int) -> int:
    """The cheapest of all splits of people into batches, each read singly or by page, with the page beyond the last."""
    pages = users // PAGE + 1
    most = max(1, PUTS - pages)
    best = [0]
    for number in range(1, people + 1):
        best.append(
            min(
                best[number - size] + min(2 * size, pages + 1 + size)
                for size in range(1, min(most, number) + 1)
            )
        )
    return best[people]


Way = bool | None
"""By list, near, or (None) not by import."""


@cache
def looks(imports: int) -> int:
    """Looks at one of so many imports: at 5 s, then after a share of the time that it has taken, until ten minutes are over."""
    number, elapsed = 1, 5.0
    while elapsed < 600:
        number += 1
        elapsed += min(30.0 * imports, max(5.0, elapsed * min(1.0, 0.25 * (imports + 1))))
    return number


def _import(new: int, known: int, plan: Small, *, near: bool, imports: int, later: int = 0) -> int:
    made = plan.plain + plan.skipping + plan.singly
    touched = made + plan.updates + plan.others + plan.leavers
    most = (plan.pace.users + made) // PAGE + 1
    polls, errors = looks(imports), 2 * ((new + known) // PAGE + 1)
    if not near:
        first = (plan.pace.users + made - new - later) // PAGE + 1
        return first + 1 + polls + errors + 2 * most
    window = touched // PAGE + 2
    return window + 1 + polls + errors + window + 20 + window + min(most, known + 2 * new)


def _of_users(plan: Small) -> int:
    """Every set of imports (of new users, of those who skip the first login, of updates, or of the first and the last
    together), each by list or near, and of every size; whoever is in none goes singly.

    Of imports sent one after another, what the later ones make is not there before the earlier ones.
    """
    users = plan.pace.users

    @cache
    def singly(known: int) -> int:
        return puts(known + plan.others, users)

    best = plan.plain + plan.skipping + singly(plan.updates)
    if plan.pace.importing is None:
        return best
    ways = (None, False, True)
    for plain, skipping, known, together in product(ways, ways, ways, (False, True)):
        if together and (plain is None or known is not plain):
            continue
        imports = sum(way is not None for way in (plain, skipping, known)) - together
        if not imports:
            continue
        total = _best_of(plan, "skipping", skipping, imports)
        later = plan.skipping if skipping is not None else 0
        if together:
            total += min(
                _import(new, more, plan, near=plain is True, imports=imports, later=later)
                + plan.plain
                - new
                + singly(plan.updates - more)
                for new in range(plan.plain + 1)
                for more in range(plan.updates + 1)
            )
        else:
            total += _best_of(plan, "plain", plain, imports, later)
            total += min(
                (_import(0, more, plan, near=known is True, imports=imports) if known is not None else 0)
                + singly(plan.updates - more)
                for more in (range(plan.updates + 1) if known is not None else (0,))
            )
        listed = plain is True or skipping is True
        best = min(best, total + (users // PAGE + 2 if listed else 0))
    return best


def _best_of(plan: Small, name: str, way: Way, imports: int, later: int = 0) -> int:
    people: int = getattr(plan, name)
    if way is None:
        return people
    return min(
        _import(new, 0, plan, near=way, imports=imports, later=later) + people - new
        for new in range(people + 1)
    )
