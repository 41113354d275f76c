"""Tree: an organisation's nodes, each with a code that stays, made into teams that keep their people when they are renamed.

Pure. A tie is the lasting bond between a node and a Litmos team, as a Link is between an employee and a user; the table of
what becomes of a node is in ``grow``.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from syncd.core.model import (
    Action,
    Change,
    Employee,
    Node,
    NodeKey,
    ObjectKind,
    TeamKey,
    team_key,
)
from syncd.core.nodes import distinct
from syncd.core.operation import TeamFact
from syncd.core.rules import Ground, TreeRule
from syncd.core.team_names import team_names

FEW = 5
"""So many rows are named of each cause."""
FORMER = "former"
"""What the name of a team that was rebuilt elsewhere says, with its id: Litmos takes no second team of a name."""
NAME_LENGTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """Where every node is, once the Plan is carried out.

    ``names`` are the teams' names from the root down, of every node that has a team or gets one; ``teams`` those of Litmos
    with their new names; ``ties`` all that hold now, those ``learned`` among them; ``created`` the nodes whose team is made.
    """

    names: Mapping[NodeKey, tuple[str, ...]] = field(default_factory=dict)
    teams: tuple[TeamFact, ...] = ()
    ties: Mapping[NodeKey, str] = field(default_factory=dict)
    learned: Mapping[NodeKey, str] = field(default_factory=dict)
    created: Mapping[TeamKey, NodeKey] = field(default_factory=dict)
    renames: tuple[Change, ...] = ()
    undecided: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """employee_id -> spaces in which they sit where no team is: what they have of that tree stays"""
    problems: tuple[str, ...] = ()

    def seated(self, employees: Iterable[Employee]) -> list[Employee]:
        """The employees with the teams of the nodes in which they sit among their teams; a node without a team gives none."""
        return [self._seated(employee) if employee.seats else employee for employee in employees]

    def _seated(self, employee: Employee) -> Employee:
        wishes = {wish.key: wish for wish in employee.teams}
        for node, seat in employee.seats:
            names = self.names.get(node)
            if names:
                wish = replace(seat, names=names)
                known = wishes.get(wish.key)
                wishes[wish.key] = wish if known is None else known.joined(wish)
        return replace(employee, teams=tuple(wishes.values()))

    def keys_of(self, spaces: Collection[str]) -> frozenset[TeamKey]:
        """The teams of the nodes of these spaces."""
        return frozenset(team_key(names) for node, names in self.names.items() if node[0] in spaces)

    def undecided_teams(self) -> dict[str, frozenset[TeamKey]]:
        """Everybody of whom it is not known where they sit -> the teams of the trees in question, of old nodes too."""
        called = team_names(self.teams)
        of_space: dict[str, set[TeamKey]] = defaultdict(set)
        for (space, _), names in self.names.items():
            of_space[space].add(team_key(names))
        for (space, _), team_id in self.ties.items():
            if team_id in called:
                of_space[space].add(team_key(called[team_id]))
        return {
            who: frozenset(key for space in spaces for key in of_space[space])
            for who, spaces in self.undecided.items()
        }

    def tied(self, changes: Iterable[Change]) -> tuple[Change, ...]:
        """The Changes, those that create a node's team with the node that it is tied to."""
        return tuple(self._tied(change) for change in changes)

    def _tied(self, change: Change) -> Change:
        node = self.created.get(team_key(change.team))
        if node is None or change.kind is not ObjectKind.TEAM or change.action is not Action.CREATE:
            return change
        return replace(change, after={**change.after, "Space": node[0], "Code": node[1]})


def grow(
    nodes: Mapping[NodeKey, Node],
    grounds: Mapping[str, Ground],
    teams: Iterable[TeamFact],
    ties: Mapping[NodeKey, str],
    *,
    may_rename: bool = True,
) -> Forest:
    """Find the team of every node, from the top down. ``grounds`` is space -> Ground, ``teams`` what Litmos has;
    ``may_rename`` False (a Policy that updates nothing) leaves names and places as they are.

    ==============================  ===============================  ========================================================
    the node's team                 its parent                       then
    ==============================  ===============================  ========================================================
    tied, and in Litmos             the same in Litmos               it is that team, renamed if HR's name differs
    tied, and in Litmos             another one in Litmos            NODE-MOVED and the same, or by choice a new team, the old
                                                                     one renamed so that the name is free
    tied, and in Litmos             unknown, or below the node       NODE-UNPLACED, and it stays where it is
    not tied, of that name there    known                            it is that team, and tied to it
    not tied, nowhere               known                            a new team, and tied to it
    not tied                        unknown, or below the node       NODE-UNPLACED; it gives nobody anything
    ==============================  ===============================  ========================================================

    A node that HR does not name any more keeps its tie, for the day when it does again, unless another node needs the team.
    """
    return _Grower(nodes, grounds, tuple(teams), ties, may_rename).forest()


@dataclass(slots=True)
class _Grower:
    nodes: Mapping[NodeKey, Node]
    grounds: Mapping[str, Ground]
    teams: tuple[TeamFact, ...]
    ties: Mapping[NodeKey, str]
    may_rename: bool
    by_id: dict[str, TeamFact] = field(init=False)
    below: dict[tuple[str, str], str] = field(init=False)
    """(parent id, casefolded name) -> team id"""
    taken: set[str] = field(init=False)
    placed: dict[NodeKey, str] = field(default_factory=dict)
    new_names: dict[str, str] = field(default_factory=dict)
    why: dict[str, NodeKey] = field(default_factory=dict)
    created: list[NodeKey] = field(default_factory=list)
    learned: dict[NodeKey, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.by_id = {team.id: team for team in self.teams}
        self.below = {(team.parent_id, team.name.casefold()): team.id for team in reversed(self.teams)}
        self.taken = {self.ties[key] for key in self.nodes if self.ties.get(key) in self.by_id}

    def forest(self) -> Forest:
        for key, lost in self._from_the_top():
            self._place(self.nodes[key], lost=lost)
        teams = tuple(replace(team, name=self.new_names.get(team.id, team.name)) for team in self.teams)
        names = self._names(team_names(teams))
        return Forest(
            names=names,
            teams=teams,
            ties={**self.ties, **self.learned},
            learned=self.learned,
            created={team_key(names[key]): key for key in self.created if key in names},
            renames=tuple(self._renames(team_names(teams))),
            problems=tuple(self.problems),
        )

    def _from_the_top(self) -> Iterator[tuple[NodeKey, str]]:
        """Every node after the one above it, with why its parent cannot be its parent, or ""."""
        children: dict[NodeKey, list[NodeKey]] = defaultdict(list)
        ready: deque[tuple[NodeKey, str]] = deque()
        for key, node in sorted(self.nodes.items()):
            above = (key[0], node.parent)
            if not node.parent:
                ready.append((key, ""))
            elif above in self.nodes and above != key:
                children[above].append(key)
            else:
                ready.append((key, f"its parent {node.parent!r} is no node"))
        left = set(self.nodes)
        while left:
            while ready:
                key, lost = ready.popleft()
                left.discard(key)
                yield key, lost
                ready += ((child, "") for child in children.pop(key, ()) if child in left)
            if left:
                ready.append((min(left & self._circular(left)), "it is below itself, at last"))

    def _circular(self, left: set[NodeKey]) -> set[NodeKey]:
        """Those of the nodes left that are in a circle, not merely below one."""
        at = min(left)
        seen: list[NodeKey] = []
        while at not in seen:
            seen.append(at)
            at = (at[0], self.nodes[at].parent)
        return set(seen[seen.index(at) :])

    def _place(self, node: Node, *, lost: str) -> None:
        team = self.by_id.get(self.ties.get(node.key, ""))
        parent = self._parent_of(node)
        if lost:
            stays = "its team stays where it is" if team else "it gives nobody anything"
            self.problems.append(f"NODE-UNPLACED: node {node.key[1]!r} ({node.origin}): {lost}; {stays}")
        if team is None:
            if not lost:
                self._find_or_create(node, parent)
            return
        if lost or team.parent_id == parent:
            self._keep(node, team)
        elif self.grounds[node.key[0]].rebuild and self.may_rename:
            self.new_names[team.id] = _former(team)
            self.why[team.id] = node.key
            self.created.append(node.key)
        else:
            self.problems.append(
                f"NODE-MOVED: node {node.key[1]!r} ({node.origin}) has another parent than its team {team.id} in Litmos, which "
                "cannot move a team; move it there by hand, or let it be rebuilt: moved: rebuild"
            )
            self._keep(node, team)

    def _keep(self, node: Node, team: TeamFact) -> None:
        self.placed[node.key] = team.id
        if team.name != node.name and self.may_rename:
            self.new_names[team.id] = node.name
            self.why[team.id] = node.key

    def _find_or_create(self, node: Node, parent: str | None) -> None:
        found = None if parent is None else self.below.get((parent, node.name.casefold()))
        if found is None or found in self.taken:
            self.created.append(node.key)
            return
        self.taken.add(found)
        self.learned[node.key] = found
        self._keep(node, self.by_id[found])

    def _parent_of(self, node: Node) -> str | None:
        """The id of the team above a node, "" for the root, None if that team is still to be made."""
        if node.parent:
            return self.placed.get((node.key[0], node.parent))
        at: str | None = ""
        for name in self.grounds[node.key[0]].above:
            at = None if at is None else self.below.get((at, name.casefold()))
        return at

    def _names(self, known: Mapping[str, tuple[str, ...]]) -> dict[NodeKey, tuple[str, ...]]:
        """The names of every node that has a team or gets one; of two that would have the same ones the first has it."""
        names = {key: known[team_id] for key, team_id in self.placed.items()}
        holders = {team_key(chain): key for key, chain in names.items()}
        for key in self.created:
            node = self.nodes[key]
            above = names.get((key[0], node.parent)) if node.parent else self.grounds[key[0]].above
            if above is None:
                self.problems.append(
                    f"NODE-UNPLACED: node {key[1]!r} ({node.origin}): the one above it has no team"
                )
                continue
            chain = (*above, node.name)
            holder = holders.setdefault(team_key(chain), key)
            if holder != key:
                self.problems.append(
                    f"NODE-TWICE: nodes {holder[1]!r} and {key[1]!r} ({node.origin}) have the same name and parent; "
                    "the second gives nobody anything"
                )
                continue
            names[key] = chain
        return names

    def _renames(self, known: Mapping[str, tuple[str, ...]]) -> Iterator[Change]:
        for team_id, name in sorted(self.new_names.items()):
            node = self.nodes[self.why[team_id]]
            team = self.by_id[team_id]
            if team.name == name:
                continue
            yield Change(
                key=f"team-name:{team_id}",
                action=Action.UPDATE,
                kind=ObjectKind.TEAM,
                team=known[team_id],
                team_id=team_id,
                before={"Name": team.name},
                after={"Name": name},
                reason=f"HR names node {node.key[1]} so"
                if name == node.name
                else f"node {node.key[1]} has another parent, and is rebuilt as a new team",
                rule="teams",
                origin=node.origin,
            )


def _former(team: TeamFact) -> str:
    tail = f" ({FORMER} {team.id})"
    return team.name if team.name.endswith(tail) else team.name[: NAME_LENGTH - len(tail)] + tail


def plant(
    employees: Iterable[Employee],
    bosses: Mapping[str, str],
    apart: Iterable[Node],
    rules: Sequence[TreeRule],
    teams: Iterable[TeamFact],
    ties: Mapping[NodeKey, str],
    *,
    may_rename: bool = True,
) -> tuple[Forest, list[Employee]]:
    """The Forest of all trees, and the employees with the teams of the nodes in which they sit.

    ``bosses`` is employee_id -> the manager's employee id, ``apart`` are the nodes that have rows of their own. Whoever sits
    in a node that no row describes stays in the team that it is tied to, if it is.
    """
    if not rules:
        return Forest(teams=tuple(teams)), list(employees)
    by_manager = {rule.space for rule in rules if rule.managers}
    seated, nodes = gathered(employees, bosses, apart, by_manager)
    found, contradicted = distinct(nodes)
    grounds = {rule.space: rule.ground for rule in rules}
    forest = grow(found, grounds, teams, ties, may_rename=may_rename)
    lost: dict[NodeKey, list[str]] = defaultdict(list)
    for employee in seated:
        for node, _ in employee.seats:
            if node not in found:
                lost[node].append(employee.origin)
    called = team_names(forest.teams)
    stay = {node: called[ties[node]] for node in lost if ties.get(node) in called}
    unknown = [_unknown(node, sorted(origins), stays=node in stay) for node, origins in sorted(lost.items())]
    names = {**forest.names, **stay}
    homeless = {e.employee_id: frozenset(node[0] for node, _ in e.seats if node not in names) for e in seated}
    forest = replace(
        forest,
        names=names,
        undecided={who: spaces for who, spaces in homeless.items() if spaces},
        problems=(*contradicted, *forest.problems, *unknown),
    )
    return forest, forest.seated(seated)


def _unknown(node: NodeKey, origins: Sequence[str], *, stays: bool) -> str:
    more = f" and {len(origins) - FEW} more rows" if len(origins) > FEW else ""
    then = "they stay in the team that it was" if stays else "it gives them nothing, and takes nothing"
    return f"NODE-UNKNOWN: no row describes node {node[1]!r} of {', '.join(origins[:FEW])}{more}; {then}"


def gathered(
    employees: Iterable[Employee],
    bosses: Mapping[str, str],
    apart: Iterable[Node],
    by_manager: Collection[str],
) -> tuple[list[Employee], list[Node]]:
    """The employees in the seats of their managers, and every node there is: those of rows of their own (``apart``), and
    those of HR's rows.

    In the spaces ``by_manager`` a node is somebody who manages somebody with a seat; teams of managers stand side by side.
    """
    people = {employee.employee_id: employee for employee in employees}
    managing: set[NodeKey] = set()
    seated = []
    for employee in people.values():
        seats = []
        for (space, code), wish in employee.seats:
            node = (space, code or bosses.get(employee.employee_id, ""))
            if node[1] and (code or node[1] in people):
                seats.append((node, wish))
            if not code:
                managing.add(node)
        seated.append(replace(employee, seats=tuple(seats)) if employee.seats else employee)
    told = (node for employee in people.values() for node in employee.nodes)
    return seated, [*apart, *(node for node in told if node.key[0] not in by_manager or node.key in managing)]


def expected(nodes: Iterable[Node], grounds: Mapping[str, Ground]) -> dict[NodeKey, TeamKey]:
    """Where the teams of these nodes are by what HR says alone."""
    found, _ = distinct(nodes)
    return {key: team_key(names) for key, names in grow(found, grounds, (), {}).names.items()}
