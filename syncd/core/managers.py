"""Managers: whose Litmos user is whose manager, found from what HR's rows name; and what could not be, by cause. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from dataclasses import fields as fields_of

from syncd.core.match import comparable
from syncd.core.model import Employee, FieldValue, Status, User

MANAGER_ID = "ManagerId"
"""The Litmos field: a user's id; Litmos answers 404 for one that it does not have [SPEC]."""
MANAGER = "Manager"
"""Stands for ``ManagerId`` while the manager has no Litmos user yet: the employee id of somebody whom the Plan creates."""
FEW = 5
"""So many examples are named of each cause."""

_Node = tuple[str, str]
"""Somebody in the tree of managers: ("user", Litmos id), or ("new", employee id) of somebody to be created."""

CAUSES = {
    "MANAGER-SELF": "is the employee",
    "MANAGER-UNKNOWN": "is neither in HR's data nor in Litmos",
    "MANAGER-AMBIGUOUS": "may be several people",
    "MANAGER-WITHOUT-USER": "has no Litmos user and is given none (rejected, left, out of scope, or not in this push)",
    "MANAGER-CYCLE": "is below the employee, at last: a circle of managers, left open there",
}
"""Why a manager was not set: a stable code, and what it says about the manager whom HR names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """An employee whose manager is left as Litmos has it: ``code`` is stable, ``named`` what HR's row says."""

    employee_id: str
    origin: str
    code: str
    named: str

    @property
    def message(self) -> str:
        """A sentence about this one employee."""
        return (
            f"the manager whom HR names, {self.named!r}, {CAUSES[self.code]}; ManagerId is left as Litmos has it, and tried "
            "again by every push"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Managers:
    """What became of every employee who is to have a manager, or none.

    ``ids`` are employee_id -> the manager's Litmos id ("" for none); ``later`` employee_id -> the employee id of a manager
    whom this Plan creates; ``bosses`` employee_id -> the manager's employee id, wherever HR's rows tell it, circles too.
    """

    ids: Mapping[str, str] = field(default_factory=dict)
    later: Mapping[str, str] = field(default_factory=dict)
    bosses: Mapping[str, str] = field(default_factory=dict)
    unresolved: tuple[Unresolved, ...] = ()

    def applied(self, employees: Iterable[Employee]) -> list[Employee]:
        """The employees with their managers among their fields; those unresolved as they were."""
        return [self._with_manager(employee) for employee in employees]

    def _with_manager(self, employee: Employee) -> Employee:
        if employee.employee_id in self.ids:
            found = {MANAGER_ID: self.ids[employee.employee_id]}
        elif employee.employee_id in self.later:
            found = {MANAGER: self.later[employee.employee_id]}
        else:
            return employee
        return _with_fields(employee, {**employee.fields, **found})

    def problems(self) -> tuple[str, ...]:
        """One sentence for each cause, with the number of employees and a few of them."""
        by_code: dict[str, list[Unresolved]] = defaultdict(list)
        for one in self.unresolved:
            by_code[one.code].append(one)
        return tuple(_sentence(code, by_code[code]) for code in CAUSES if code in by_code)


def _with_fields(employee: Employee, fields: Mapping[str, FieldValue]) -> Employee:
    """What ``replace`` makes, in a third of the time: nearly everybody has a manager."""
    made = object.__new__(Employee)
    for name in _PARTS:
        object.__setattr__(made, name, getattr(employee, name))
    object.__setattr__(made, "fields", fields)
    return made


_PARTS = tuple(one.name for one in fields_of(Employee))


def _sentence(code: str, found: Sequence[Unresolved]) -> str:
    some = ", ".join(f"{one.employee_id} ({one.origin}: {one.named!r})" for one in found[:FEW])
    more = f" and {len(found) - FEW} more" if len(found) > FEW else ""
    of = "1 employee" if len(found) == 1 else f"{len(found)} employees"
    return f"{code}: the manager whom HR names {CAUSES[code]}: {of}, {some}{more}; left as Litmos has it"


def resolve_managers(
    employees: Iterable[Employee],
    users: Sequence[User],
    links: Mapping[str, str],
    *,
    by: str = "",
    is_protected: Callable[[User], bool] = lambda _user: False,
) -> Managers:
    """Find everybody's manager. ``by`` is the Litmos field whose value HR's rows name, "" for the employee id.

    Only active people in scope who are not protected have their manager set. What a row names is looked for among the
    employees first, then (``by`` a field) among the users of Litmos:

    ======================================  =======================================
    HR's row names                          outcome
    ======================================  =======================================
    nothing                                 none
    the employee                            left as it is, MANAGER-SELF
    nobody                                  left as it is, MANAGER-UNKNOWN
    several people                          left as it is, MANAGER-AMBIGUOUS
    somebody with a Litmos user             set
    somebody whom this Plan creates         set once they are created
    anybody else                            left as it is, MANAGER-WITHOUT-USER
    somebody below them, at last            left as it is, MANAGER-CYCLE
    ======================================  =======================================

    A circle is opened at the one with the smallest employee id among those whose manager would change, and they keep the
    manager whom Litmos has, so that no circle is ever closed by what is sent. ``links`` are those whose user exists.
    """
    people = {employee.employee_id: employee for employee in employees}
    finder = _Finder(people, users, links, by)
    existing = {user.id: user for user in users}
    wishes: dict[_Node, tuple[Employee, _Node | None]] = {}
    bosses: dict[str, str] = {}
    unresolved: list[Unresolved] = []
    for employee_id, employee in sorted(people.items()):
        user = existing.get(links.get(employee_id, ""))
        if not _is_synced(employee) or (user is not None and is_protected(user)):
            continue
        found = finder.find(employee)
        if isinstance(found, str):
            unresolved.append(_unresolved(employee, found))
        elif found is not None:
            wishes[finder.node(employee_id)] = (employee, found[1])
            if found[0]:
                bosses[employee_id] = found[0]
    circular = _opened(wishes, _known_managers(users))
    unresolved += (_unresolved(employee, "MANAGER-CYCLE") for employee in circular)
    stay = {employee.employee_id for employee in circular}
    settled = {e.employee_id: node for e, node in wishes.values() if e.employee_id not in stay}
    return Managers(
        ids={
            who: "" if node is None else node[1]
            for who, node in settled.items()
            if node is None or node[0] == "user"
        },
        later={who: node[1] for who, node in settled.items() if node is not None and node[0] == "new"},
        bosses=bosses,
        unresolved=tuple(sorted(unresolved, key=lambda one: one.employee_id)),
    )


def _is_synced(employee: Employee) -> bool:
    return employee.status is Status.ACTIVE and employee.in_scope


def _is_created(employee: Employee) -> bool:
    """Whether the Plan makes a user of somebody who has none; not while they are on leave."""
    return _is_synced(employee) and not employee.muted


def _unresolved(employee: Employee, code: str) -> Unresolved:
    named = employee.manager or ""
    return Unresolved(employee_id=employee.employee_id, origin=employee.origin, code=code, named=named)


def _known_managers(users: Iterable[User]) -> dict[_Node, _Node]:
    found = ((user.id, str(user.fields.get(MANAGER_ID, ""))) for user in users)
    return {("user", user_id): ("user", manager) for user_id, manager in found if manager}


class _Finder:
    """Looks up whom a row names as a manager."""

    def __init__(
        self, people: Mapping[str, Employee], users: Iterable[User], links: Mapping[str, str], by: str
    ) -> None:
        self._people, self._links, self._by = people, links, by
        self._employees: dict[str, list[str]] = defaultdict(list)
        self._users: dict[str, list[str]] = defaultdict(list)
        self._owners = {user_id: employee_id for employee_id, user_id in links.items()}
        if not by:
            return
        for employee in people.values():
            self._employees[comparable(employee.fields.get(by, ""))].append(employee.employee_id)
        for user in users:
            self._users[comparable(user.fields.get(by, ""))].append(user.id)

    def node(self, employee_id: str) -> _Node:
        """Where this employee stands in the tree."""
        user_id = self._links.get(employee_id)
        return ("user", user_id) if user_id else ("new", employee_id)

    def find(self, employee: Employee) -> tuple[str, _Node | None] | str | None:
        """The manager's employee id ("" if not known) and node (None: no manager), or the code of why not.

        None if nothing is said about a manager at all.
        """
        named = employee.manager
        if not named:
            return None if named is None else ("", None)
        candidates = self._candidates(named)
        if not candidates:
            return "MANAGER-UNKNOWN"
        if len(candidates) > 1:
            return "MANAGER-AMBIGUOUS"
        (boss, node) = candidates[0]
        if boss == employee.employee_id:
            return "MANAGER-SELF"
        if node[0] == "new" and not (boss in self._people and _is_created(self._people[boss])):
            return "MANAGER-WITHOUT-USER"
        return boss, node

    def _candidates(self, named: str) -> list[tuple[str, _Node]]:
        if not self._by:
            known = named in self._people or named in self._links
            return [(named, self.node(named))] if known else []
        value = comparable(named)
        by_hr = [(found, self.node(found)) for found in self._employees.get(value, ())]
        return by_hr or [
            (self._owners.get(found, ""), ("user", found)) for found in self._users.get(value, ())
        ]


def _opened(
    wishes: Mapping[_Node, tuple[Employee, _Node | None]], known: Mapping[_Node, _Node]
) -> list[Employee]:
    """Who keeps their manager so that no wish closes a circle; everybody else's wish can be granted.

    Nobody's manager is sent who is so already: such an edge stays, whatever is decided.
    """
    edges: dict[_Node, _Node] = dict(known)
    moving: set[_Node] = set()
    for node, (_, wanted) in wishes.items():
        if edges.get(node) == wanted:
            continue
        moving.add(node)
        if wanted is None:
            edges.pop(node, None)
        else:
            edges[node] = wanted
    kept: list[Employee] = []
    while True:
        firsts = [first for circle in _circles(edges) if (first := _first(circle & moving, wishes))]
        if not firsts:
            break
        for node in firsts:
            moving.discard(node)
            kept.append(wishes[node][0])
            edges.pop(node)
            if node in known:
                edges[node] = known[node]
    for circle in _circles(edges):  # Litmos has it already, and HR says the same
        first = _first(circle & wishes.keys(), wishes)
        if first and wishes[first][0] not in kept:
            kept.append(wishes[first][0])
    return kept


def _first(nodes: AbstractSet[_Node], wishes: Mapping[_Node, tuple[Employee, _Node | None]]) -> _Node | None:
    """The one with the smallest employee id, or None of none."""
    return min(nodes, key=lambda node: wishes[node][0].employee_id, default=None)


def _circles(edges: Mapping[_Node, _Node]) -> Iterator[AbstractSet[_Node]]:
    """The circles of a graph in which everybody has at most one manager."""
    done: set[_Node] = set()
    for start in list(edges):
        path: dict[_Node, None] = {}
        at: _Node | None = start
        while at is not None and at not in done and at not in path:
            path[at] = None
            at = edges.get(at)
        if at is not None and at in path:
            names = list(path)
            yield set(names[names.index(at) :])
        done.update(path)
