"""Coverage: how many employees meet Litmos users, by each match key alone and by all of them as a push would decide."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from syncd.core.cases import Resolution
from syncd.core.match import comparable, match
from syncd.core.model import Employee, Status, User

FEW = 5
"""So many examples are kept of each list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCoverage:
    """One match key alone, whatever the others would say.

    ``employees`` and ``users`` have a value for it; ``ambiguous`` employees share theirs with another employee, or several
    users have it. The examples are employee ids and usernames.
    """

    key: str
    employees: int
    matched: int
    ambiguous: int
    unmatched: int
    users: int
    users_unmatched: int
    unmatched_examples: tuple[str, ...] = ()
    users_unmatched_examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What ``match`` makes of everybody: ``linked`` before, ``found`` by which key, ``refused`` by which code.

    ``creates`` are active employees in scope whom no user matches; ``gone`` are the others whom none matches, for whom
    nothing is to be done; ``strangers`` are active users whom no employee matches, protected ones left out. Of each a few
    examples.
    """

    linked: int
    found: Mapping[str, int]
    refused: Mapping[str, int]
    creates: int
    gone: int
    strangers: int
    keys: tuple[KeyCoverage, ...]
    refused_examples: tuple[str, ...] = ()
    creates_examples: tuple[str, ...] = ()
    strangers_examples: tuple[str, ...] = ()

    @property
    def matched(self) -> int:
        """Employees who have a user, by whatever means."""
        return self.linked + sum(self.found.values())


def coverage(
    employees: Sequence[Employee],
    users: Sequence[User],
    links: Mapping[str, str],
    *,
    keys: Sequence[str],
    link_field: str,
    resolutions: Mapping[str, Resolution] | None = None,
    is_protected: Callable[[User], bool] = lambda _user: False,
) -> Coverage:
    """Count who would be tied to whom. The arguments are those of ``match``; nobody expects protected users in HR."""
    matching = match(employees, users, links, keys=keys, link_field=link_field, resolutions=resolutions)
    refused = {rejection.employee_id: rejection.reasons[0].code for rejection in matching.rejections}
    placed = matching.links.keys() | refused.keys() | matching.ignored
    alone = [e for e in employees if e.employee_id not in placed]
    creates = [e.employee_id for e in alone if e.status is Status.ACTIVE and e.in_scope and not e.muted]
    taken = set(matching.links.values())
    strangers = [u.username for u in users if u.active and u.id not in taken and not is_protected(u)]
    found = Counter(link.made_by for link in matching.new)
    named = {employee.employee_id for employee in employees}
    new = {link.employee_id for link in matching.new}
    return Coverage(
        linked=sum(employee_id in named and employee_id not in new for employee_id in matching.links),
        found={key: found[key] for key in (*keys, "person") if key in keys or found[key]},
        refused=dict(sorted(Counter(refused.values()).items())),
        creates=len(creates),
        gone=len(alone) - len(creates),
        strangers=len(strangers),
        keys=tuple(_by_key(key, employees, users) for key in keys),
        refused_examples=_few(refused),
        creates_examples=_few(creates),
        strangers_examples=_few(strangers),
    )


def _by_key(key: str, employees: Iterable[Employee], users: Iterable[User]) -> KeyCoverage:
    people: dict[str, list[str]] = defaultdict(list)
    for employee in employees:
        if value := comparable(employee.fields.get(key, "")):
            people[value].append(employee.employee_id)
    accounts: dict[str, list[str]] = defaultdict(list)
    for user in users:
        if value := comparable(user.fields.get(key, "")):
            accounts[value].append(user.username)
    matched = ambiguous = 0
    unmatched: list[str] = []
    for value, employee_ids in people.items():
        if value not in accounts:
            unmatched += employee_ids
        elif len(employee_ids) == 1 and len(accounts[value]) == 1:
            matched += 1
        else:
            ambiguous += len(employee_ids)
    nobodys = [name for value, names in accounts.items() if value not in people for name in names]
    return KeyCoverage(
        key=key,
        employees=sum(map(len, people.values())),
        matched=matched,
        ambiguous=ambiguous,
        unmatched=len(unmatched),
        users=sum(map(len, accounts.values())),
        users_unmatched=len(nobodys),
        unmatched_examples=_few(unmatched),
        users_unmatched_examples=_few(nobodys),
    )


def _few(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names)[:FEW])
