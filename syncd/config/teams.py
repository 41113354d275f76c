"""Teams as written: rules of one team, and organisation trees, made into the core's. Faults are noted, all of them."""

from syncd.config.conditions import build_condition
from syncd.config.document import Document, Loc, dotted
from syncd.config.root import Root
from syncd.config.team_parts import NamePart, TeamPart, TreePart
from syncd.config.values import build_column, build_formula, build_template
from syncd.core.checks import TEAM_NAME_LENGTH
from syncd.core.conditions import Condition
from syncd.core.model import Role
from syncd.core.roles import LEVELS
from syncd.core.rules import Ground, NodeRule, Part, Place, RoleRule, TeamRule, Text, TreeRule
from syncd.core.transforms import normalize


def build_teams(root: Root, document: Document) -> tuple[TeamRule, ...]:
    """The rules of teams that are known by their names."""
    managers = root.users.manager is not None
    return tuple(
        _team(part, ("teams", index), document, managers=managers)
        for index, part in enumerate(root.teams)
        if not _grows(part)
    )


def build_trees(root: Root, document: Document) -> tuple[TreeRule, ...]:
    """The rules of trees whose nodes are known by their codes."""
    managers = root.users.manager is not None
    rules = []
    spaces: dict[str, int] = {}
    for index, part in enumerate(root.teams):
        loc: Loc = ("teams", index)
        if (part.name is None) == (part.tree is None):
            document.fault(loc, "needs either name or tree")
        if part.tree is None or not _grows(part):
            continue
        first = spaces.setdefault(part.tree.space, index)
        if first != index:
            document.fault(
                (*loc, "tree"),
                f"has the space of teams[{first}]; give one of them another space:",
                at_key=True,
            )
        rules.append(_tree(part, part.tree, loc, document, managers=managers))
    return tuple(rules)


def _grows(part: TeamPart) -> bool:
    return part.tree is not None and part.tree.path is None


def _tree(part: TeamPart, tree: TreePart, loc: Loc, document: Document, *, managers: bool) -> TreeRule:
    here = (*loc, "tree")
    _check_tree(tree, here, document, managers=managers)
    above = []
    for parts in _above(part, loc, document):
        if not all(isinstance(piece, Text) for piece in parts):
            document.fault((*loc, "parent"), "has a column in it, and one tree has one place")
        above.append(normalize("".join(piece.text for piece in parts if isinstance(piece, Text))))
    seat: tuple[Part, ...] = ()
    if tree.code is not None:
        seat = (build_column(tree.code, (*here, "code"), document),)
    return TreeRule(
        place=place(loc, document),
        space=tree.space,
        node=_node(tree, here, document),
        seat=() if tree.managers else seat,
        apart=tree.file is not None,
        managers=tree.managers,
        ground=Ground(above=tuple(above), rebuild=tree.moved == "rebuild"),
        when=when(part.when, (*loc, "when"), document),
        strict=part.remove == "strict",
        roles=_roles(part, loc, document, managers=managers),
    )


def _check_tree(tree: TreePart, loc: Loc, document: Document, *, managers: bool) -> None:
    if tree.managers:
        if not managers:
            document.fault((*loc, "managers"), "needs users.manager, which says who manages whom")
        if tree.code is not None or tree.parent is not None or tree.file is not None:
            document.fault(loc, "of managers has neither code, parent nor file", at_key=True)
    elif tree.code is None:
        document.fault(loc, "needs the column of a code, of a path, or managers: true", at_key=True)
    if tree.file is None and tree.name is None:
        document.fault(loc, "says not what its teams are called: name", at_key=True)
    if tree.file is not None and (tree.name is not None or tree.parent is not None):
        document.fault(
            (*loc, "file"), "says what the teams are called, and which is above; take away name and parent"
        )


def _node(tree: TreePart, loc: Loc, document: Document) -> NodeRule:
    """How a row of the file, or without one a row of HR's, describes a node."""
    code, name, parent = None if tree.managers else tree.code, tree.name, tree.parent
    if tree.file is not None:
        loc = (*loc, "file")
        code, name, parent = tree.file.code, NamePart(template=tree.file.name), tree.file.parent
    return NodeRule(
        code=() if code is None else (build_column(code, (*loc, "code"), document),),
        name=_name(name, (*loc, "name"), document) if name else (),
        parent=() if parent is None else (build_column(parent, (*loc, "parent"), document),),
    )


def _team(part: TeamPart, loc: Loc, document: Document, *, managers: bool) -> TeamRule:
    tree = part.tree
    path: tuple[Part, ...] = ()
    names = _above(part, loc, document)
    if tree is not None and tree.path is not None:
        path = (build_column(tree.path, (*loc, "tree", "path"), document),)
    elif part.name is not None:
        names.append(_name(part.name, (*loc, "name"), document))
    return TeamRule(
        place=place(loc, document),
        names=tuple(names),
        path=path,
        separator="/" if tree is None else tree.separator,
        when=when(part.when, (*loc, "when"), document),
        strict=part.remove == "strict",
        roles=_roles(part, loc, document, managers=managers),
    )


def _roles(part: TeamPart, loc: Loc, document: Document, *, managers: bool) -> dict[Role, RoleRule]:
    """What is said about leaders and admins; ``managers`` is whether users.manager says who manages whom."""
    found = {}
    for role, said in ((Role.LEADER, part.leaders), (Role.ADMIN, part.admins)):
        here = (*loc, f"{role.value}s")
        if said is None:
            continue
        if said.when is None and not said.managers:
            document.fault(here, "says not who: it needs when:, or managers: true", at_key=True)
        if said.managers and not managers:
            document.fault((*here, "managers"), "needs users.manager, which says who manages whom")
        found[role] = RoleRule(
            place=place(here, document),
            when=when(said.when, (*here, "when"), document),
            managers=said.managers,
        )
    return found


def _above(part: TeamPart, loc: Loc, document: Document) -> list[tuple[Part, ...]]:
    """The names of the teams above."""
    loc = (*loc, "parent")
    return [
        _name(name, (*loc, index) if (*loc, index) in document.values else loc, document)
        for index, name in enumerate(part.parent)
    ]


def _name(part: NamePart, loc: Loc, document: Document) -> tuple[Part, ...]:
    if (part.template is None) == (part.expr is None):
        document.fault(loc, "needs either template or expr")
        return ()
    if part.expr is not None:
        return build_formula(part.expr, (*loc, "expr"), document)
    inner = (*loc, "template")
    here = inner if inner in document.values else loc
    parts = build_template(part.template or "", here, document)
    constant = "".join(piece.text for piece in parts if isinstance(piece, Text))
    if len(constant) > TEAM_NAME_LENGTH:
        document.fault(here, f"has more than {TEAM_NAME_LENGTH} characters, which is what Litmos takes")
    return parts


def check_protected(root: Root, document: Document) -> None:
    """A rule that gives people an access level that is protected could never be followed again."""
    given = {LEVELS[Role.LEADER]: "leaders", LEVELS[Role.ADMIN]: "admins"}
    for index, level in enumerate(root.users.protected.access_levels):
        name = given.get(level, "")
        if name and any(getattr(team, name) is not None for team in root.teams):
            document.fault(
                ("users", "protected", "access_levels", index),
                f"{level} is what the {name} of a team become, and nobody who is protected is touched again",
            )


def place(loc: Loc, document: Document) -> Place:
    """Where a rule is: the place of its key."""
    return Place(where=document.where_key(loc), key=dotted(loc))


def when(data: object, loc: Loc, document: Document) -> Condition | None:
    """The condition, or None if there is none."""
    return None if data is None else build_condition(data, loc, document)
