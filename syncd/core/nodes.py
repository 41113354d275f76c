"""Nodes: what rows say about the units of an organisation. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace

from syncd.core.cells import clean_cells
from syncd.core.checks import check_team_name
from syncd.core.conditions import Fields
from syncd.core.model import Node, NodeKey, Record
from syncd.core.rules import Place, TreeRule
from syncd.core.transforms import Refused, normalize
from syncd.core.values import render


def map_node(rule: TreeRule, cells: Fields, origin: str) -> Node | None:
    """The node that a row describes; None if its code or its name is blank. Raises Refused for a name that Litmos refuses."""
    code, name = render(rule.node.code, cells), normalize(render(rule.node.name, cells))
    if not name or not (code or rule.managers):
        return None
    check_team_name(name)
    parent = render(rule.node.parent, cells)
    return Node(key=(rule.space, code), name=name, parent=parent, origin=origin)


def map_nodes(
    rule: TreeRule, records: Iterable[Record], blanks: AbstractSet[str]
) -> tuple[list[Node], list[str]]:
    """The nodes that rows of their own describe, and a sentence for each row that describes none."""
    found, problems = [], []
    for record in records:
        try:
            node = map_node(rule, clean_cells(record.fields, blanks), record.origin)
        except Refused as refused:
            problems.append(f"NODE-REFUSED: {record.origin}: {refused.why}")
            continue
        if node is None:
            problems.append(f"NODE-BLANK: {record.origin}: has no code or no name")
        else:
            found.append(node)
    return found, problems


def own_nodes(
    rules: Iterable[TreeRule], cells: Fields, origin: str, employee_id: str
) -> tuple[tuple[Node, ...], list[tuple[Place, Refused]]]:
    """The nodes that an employee's own row describes, and which rules could not be followed; a manager's code is their id."""
    found, refusals = [], []
    for rule in rules:
        if rule.apart:
            continue
        try:
            node = map_node(rule, cells, origin)
        except Refused as refused:
            refusals.append((rule.place, refused))
            continue
        if node is not None:
            found.append(replace(node, key=(rule.space, employee_id)) if rule.managers else node)
    return tuple(found), refusals


def distinct(nodes: Iterable[Node]) -> tuple[dict[NodeKey, Node], list[str]]:
    """One node for each code, and a sentence for each code about which the rows disagree.

    What most rows say counts, and of as many the first by alphabet, so that the order of rows does not matter.
    """
    rows: dict[NodeKey, list[Node]] = defaultdict(list)
    for node in nodes:
        rows[node.key].append(node)
    found: dict[NodeKey, Node] = {}
    problems = []
    for key, said in sorted(rows.items()):
        votes = Counter((node.name, node.parent) for node in said)
        name, parent = min(votes, key=lambda vote: (-votes[vote], vote))
        first = min(node.origin for node in said if (node.name, node.parent) == (name, parent))
        found[key] = Node(key=key, name=name, parent=parent, origin=first)
        if len(votes) > 1:
            other = min(node.origin for node in said if (node.name, node.parent) != (name, parent))
            problems.append(
                f"NODE-CONTRADICTED: rows differ about the name or the parent of node {key[1]!r} ({first} and {other}); "
                f"what most of them say counts: {name!r} below {parent!r}"
            )
    return found, problems
