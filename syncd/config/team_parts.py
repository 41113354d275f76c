"""Team parts: the shape of rules about teams in the file, as written. ``teams`` makes core rules of them."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from syncd.config.kinds import Character, FilePath, Flag, Part, Text, When, as_list


class NamePart(Part):
    """How a team's name is made. A text is short for {template: text}."""

    template: Text | None = None
    """A text with columns in braces: "{department}"."""
    expr: Text | None = None
    """A CEL expression over the row."""


def _short_template(value: Any) -> Any:
    """``name: "{department}"`` is short for ``name: {template: "{department}"}``."""
    return {"template": value} if isinstance(value, str) else value


NameItem = Annotated[NamePart, BeforeValidator(_short_template, json_schema_input_type=NamePart | Text)]
"""A name of a team, or its template."""


class RolePart(Part):
    """Who leads, or administers, a team."""

    when: When | None = None
    """Those of the team's people for whom it holds; with managers, those of the managers."""
    managers: Flag = False
    """true: whoever manages somebody in the team, as users.manager says; they become a member, too."""


class NodeFilePart(Part):
    """A CSV file with a row for each unit of the organisation."""

    path: FilePath
    """The file."""
    delimiter: Annotated[Character, Field(min_length=1, max_length=1)] = ","
    """What separates cells: one character, or tab."""
    encoding: Text = "utf-8"
    """How the file is encoded; never guessed."""
    code: Text
    """The column of the file with the unit's code, which stays when its name changes."""
    name: Annotated[Text, Field(min_length=1)]
    """The team's name; the file's columns in braces."""
    parent: Text | None = None
    """The column of the file with the code of the unit above; blank for none."""


class TreePart(Part):
    """The teams of an organisation tree: by codes, by a path, or one for each manager."""

    code: Text | None = None
    """The column with the code of somebody's unit. A unit keeps its team, and that its people, when its name changes."""
    name: NameItem | None = None
    """The team's name; columns in braces. Of a tree of managers they are the manager's: "Team of {first_name} {last_name}"."""
    parent: Text | None = None
    """The column with the code of the unit above; blank for none."""
    file: NodeFilePart | None = None
    """A file that describes the units, instead of name and parent."""
    path: Text | None = None
    """The column with the names of all teams from the top down, in one text. Such teams are known by their names."""
    separator: Annotated[Text, Field(min_length=1)] = "/"
    """What stands between the names of a path."""
    managers: Flag = False
    """true: a team for everybody who manages somebody, with the people whom they manage; side by side."""
    moved: Literal["report", "rebuild"] = "report"
    """What becomes of a unit whose unit above changed: Litmos cannot move a team. report, or rebuild it as a new team."""
    space: Annotated[Text, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$")] = "org"
    """A short name of ours for these codes; keep it, the tie of each code to its team hangs on it."""


class TeamPart(Part):
    """A team, and who is in it; or a tree of them."""

    name: NameItem | None = None
    """The team's name; columns in braces: "{department}", or {expr: ...}. A blank name gives nothing."""
    tree: TreePart | None = None
    """Instead of a name: the teams of an organisation tree."""
    parent: Annotated[tuple[NameItem, ...], BeforeValidator(as_list)] = ()
    """The team above it, or a list of names from the root down."""
    when: When | None = None
    """Who is in it; everybody by default."""
    leaders: RolePart | None = None
    """Who of them leads it; without it leaders are not touched."""
    admins: RolePart | None = None
    """Who of them administers it; without it admins are not touched."""
    remove: Literal["own", "strict"] = "own"
    """own: only memberships that syncd gave are taken away; strict: the rule is the whole truth."""
