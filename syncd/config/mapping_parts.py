"""Mapping parts: the shape of the mapping in the file, as written. ``build`` makes core rules of them."""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from syncd.config.identity_parts import EmploymentsPart, ProtectedPart
from syncd.config.kinds import Character, Days, FilePath, Flag, LongDays, Part, Table, Text, Texts, When
from syncd.config.lifecycle_parts import DatesPart, GiveBack
from syncd.config.settings import AbsentPart


def _short_from(value: Any) -> Any:
    """``FirstName: first_name`` is short for ``FirstName: {from: first_name}``."""
    return {"from": value} if isinstance(value, str) else value


def _else(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"value"} and isinstance(value["value"], str | None):
        return ("value", value["value"] or "")
    if isinstance(value, str) and value in {"reject", "skip", "keep"}:
        return (value, "")
    raise ValueError("must be reject, skip, keep or {value: TEXT}")


_ELSE_SCHEMA = {
    "anyOf": [
        {"enum": ["reject", "skip", "keep"]},
        {
            "type": "object",
            "properties": {"value": {"type": ["string", "number", "boolean"]}},
            "required": ["value"],
            "additionalProperties": False,
        },
    ]
}
Else = Annotated[tuple[str, str], BeforeValidator(_else), WithJsonSchema(_ELSE_SCHEMA)]
"""What a map does with other values, and the value for ``{value: X}``."""


def _pick(value: Any) -> Any:
    """The index from 0, or from the end below 0."""
    words = {"first": 0, "last": -1}
    if isinstance(value, str) and value in words:
        return words[value]
    if isinstance(value, str) and re.fullmatch(r"-?[1-9][0-9]{0,3}", value):
        return int(value) - (int(value) > 0)
    raise ValueError("must be first, last, or a number: 2 is the second piece, -2 the last but one")


_PICK_SCHEMA = {"anyOf": [{"enum": ["first", "last"]}, {"type": "integer"}], "default": "first"}


class DatePart(Part):
    """How a date is read and written."""

    read: Text = Field(default="%Y-%m-%d", alias="in")
    """The format in HR's data, such as %d.%m.%Y; nothing is guessed."""
    write: Text = Field(default="%Y-%m-%d", alias="out")
    """The format that Litmos is given."""


class PiecePart(Part):
    """One piece of a concat: a column or a text."""

    column: Text | None = Field(default=None, alias="from")
    """The HR column."""
    text: Text | None = None
    """A constant text."""


Piece = Annotated[PiecePart, BeforeValidator(_short_from, json_schema_input_type=PiecePart | str)]
"""A piece, or the name of its column."""


class TableFile(Part):
    """A map that is kept in a CSV file beside the configuration: one row an entry, with a header."""

    file: FilePath
    """The file."""
    source: Text = Field(alias="from")
    """The column with HR's words."""
    target: Text = Field(alias="to")
    """The column with what they become."""
    delimiter: Annotated[Character, Field(min_length=1, max_length=1)] = ","
    """What separates cells: one character, or tab."""
    encoding: Text = "utf-8"
    """How the file is encoded."""


def _map_kind(value: Any) -> str:
    """A map with the key file, and nothing else than a TableFile has, is one."""
    keys = set(value) if isinstance(value, dict) else set()
    of_file = {"file", "from", "to", "delimiter", "encoding"}
    return "map in a file" if "file" in keys and len(keys & of_file) > 1 else "map in place"


MapItem = Annotated[
    Annotated[Table, Tag("map in place")] | Annotated[TableFile, Tag("map in a file")],
    Discriminator(_map_kind),
]
"""A table, written here or kept in a file."""


class SplitPart(Part):
    """One piece of a text."""

    by: Annotated[Text, Field(min_length=1)]
    """Where it is cut: "," for example. A space cuts at every run of white space."""
    pick: Annotated[Any, BeforeValidator(_pick), WithJsonSchema(_PICK_SCHEMA)] = 0
    """Which piece: first, last, 2 (the second), -2 (the last but one). One that is not there is blank."""


class ValuePart(Part):
    """How a value is made. Exactly one of from, template, concat, expr and value."""

    column: Text | None = Field(default=None, alias="from")
    """The HR column. Cells are always trimmed."""
    template: Text | None = None
    """A text with columns in braces: "{first_name} {last_name}"."""
    concat: tuple[Piece, ...] | None = None
    """Pieces, joined: {from: column} or {text: "-"}."""
    expr: Text | None = None
    """A CEL expression over the row: 'row.last_name.upper() + ", " + row.first_name'."""
    separator: Text | None = None
    """For concat: what goes between pieces; blank pieces are then left out."""
    constant: Text | None = Field(default=None, alias="value")
    """The same text for everybody."""
    split: SplitPart | None = None
    """One piece of it."""
    transform: Texts = ()
    """Named transforms, in order."""
    date: DatePart | None = None
    """Read as a date in one format and written in another."""
    table: MapItem | None = Field(default=None, alias="map")
    """A table from HR's words to others; compared exactly. Written here, or {file: CSV, from: column, to: column}."""
    otherwise: Else | None = Field(default=None, alias="else")
    """For map: what becomes of other words: reject (the default), skip, keep or {value: TEXT}."""
    default: Text = ""
    """What stands for a blank value."""


class FieldPart(ValuePart):
    """One Litmos profile field. ``Name: column`` is short for ``Name: {from: column}``."""

    required: Flag = False
    """true: short for blank: reject."""
    blank: Literal["clear", "keep", "reject"] = "clear"
    """What a blank value does to what Litmos has: clear it, or keep it; or it rejects the row."""
    cleared: Texts = ()
    """Words in HR's data that clear what Litmos has, whatever blank and default say."""
    optional: Flag = False
    """true: if a column is not in the source, the field is left as Litmos has it; else the source is refused."""
    on: Literal["always", "create", "if_empty"] | None = None
    """create: set when the user is created, never again; if_empty: while Litmos has nothing; always is the default."""
    owner: Literal["hr", "litmos", "report"] = "hr"
    """hr: kept as HR says; litmos: as on: create; report: a difference is only shown."""
    when: When | None = None
    """For whom; others keep what Litmos has."""


FieldItem = Annotated[FieldPart, BeforeValidator(_short_from, json_schema_input_type=FieldPart | str)]
"""A field, or the name of its column."""


class ManagerPart(Part):
    """Who somebody's manager is. ``manager: column`` is short for ``manager: {from: column}``."""

    column: Text = Field(alias="from")
    """The HR column."""
    transform: Texts = ()
    """Named transforms, in order."""
    by: Text = "employee_id"
    """What HR's rows name a manager by: employee_id, or a mapped Litmos field such as Email."""
    none: Texts = ("0",)
    """HR's words, besides a blank, for having no manager."""
    blank: Literal["clear", "keep"] = "clear"
    """What having no manager does to what Litmos has: clear it, or keep it."""
    owner: Literal["hr", "litmos", "report"] = "hr"
    """hr: kept as HR says; litmos: set when the user is created, at most; report: a difference is only shown."""


class IdPart(Part):
    """The employee id: unique, never re-used, a text always (007 is not 7)."""

    column: Text = Field(alias="from")
    """The HR column."""
    transform: Texts = ()
    """Named transforms, in order."""


class StatusPart(Part):
    """Whether somebody works here."""

    column: Text = Field(alias="from")
    """The HR column."""
    transform: Texts = ()
    """Named transforms, in order."""
    table: dict[str, Literal["future", "active", "leave", "left"]] = Field(alias="map", min_length=1)
    """HR's words, each future, active, leave or left."""
    otherwise: Literal["reject", "active"] = Field(default="reject", alias="else")
    """What another word means: reject the row, or active. Never left: an unknown word locks nobody out."""


class EmployeePart(Part):
    """Who somebody is to HR."""

    id: Annotated[IdPart, BeforeValidator(_short_from, json_schema_input_type=IdPart | str)]
    """The employee id."""
    status: StatusPart | None = None
    """The status; without it everybody in the data is active."""
    absent: AbsentPart = AbsentPart()
    """What absence from the data means."""
    dates: DatesPart = DatesPart()
    """The days on which somebody begins and ends to work here."""
    leave: Literal["keep", "suspend", "mute"] = "keep"
    """Somebody on leave is as if active (keep), has no access (suspend), or gets no messages of Litmos (mute)."""
    leavers: Literal["keep", "remove_all_teams"] = "keep"
    """Whoever HR says has left keeps their teams, inactive, or is taken out of all of them, those of others included."""
    overlap: Days = 0
    """How long somebody who moves keeps the teams that no rule gives them any more."""
    give_back: GiveBack = 90 * 86_400.0
    """For how long after a deactivation somebody who returns is given back what a person had given: or always, never."""
    employments: EmploymentsPart | None = None
    """Rows that share the id are employments of one person."""
    same_person: Texts = ()
    """Two columns or more that do not all change at once in one life: if they do, a person must say who it is."""


class ExpectPart(Part):
    """What is to become of the row; only what is listed is compared."""

    employee_id: Text | None = None
    """The employee id."""
    status: Text | None = None
    """The status."""
    in_scope: Flag | None = None
    """Whether the person is in scope."""
    manager: Text | None = None
    """What HR names as the manager; "" for none."""
    fields: dict[str, Text | None] | None = None
    """Litmos fields with their values; null for one that is left as Litmos has it."""
    teams: tuple[Texts, ...] | None = None
    """All teams, each as a list of names from the root down."""
    learning_paths: Texts | None = None
    """All learning paths by rule, as the rules name them."""
    courses: Texts | None = None
    """All courses by rule, as the rules name them."""
    rejected: Texts | None = None
    """The codes of all reasons, if the row is to be rejected."""


class ExamplePart(Part):
    """A row, and what the mapping is to make of it."""

    given: Table
    """Columns with their texts; those that are not listed are blank."""
    on: date | None = None
    """The day on which the row is looked at, such as 2026-11-24 (at noon, UTC): what somebody is may depend on it."""
    expect: ExpectPart
    """What is to become of it."""


class UsersPart(Part):
    """How an employee becomes a Litmos user."""

    match: Annotated[Texts, Field(min_length=1)] = ("ExternalEmployeeId", "UserName")
    """The fields by which an existing user is found, in order; exact, never a guess."""
    link_field: Text = "ExternalEmployeeId"
    """The field that holds the employee id, so that a lost database finds everybody again."""
    protected: ProtectedPart = ProtectedPart()
    """Users that are never touched."""
    login: Literal["sso", "invitation"] = "sso"
    """How people log in: by single sign-on, or with a password, for which Litmos mails each new user an invitation."""
    invite_on: Literal["create", "start"] = "create"
    """For invitations: create: as soon as an account is due; start: on the first working day, which makes it then."""
    sensitive: Texts = ()
    """Columns that may go to Litmos although their names look like pay, a bank account, an identity number or the like."""
    manager: (
        Annotated[ManagerPart, BeforeValidator(_short_from, json_schema_input_type=ManagerPart | str)] | None
    ) = None
    """Who somebody's manager is; Litmos' ManagerId follows."""
    fields: dict[str, FieldItem]
    """Litmos profile fields."""


def _short_path(value: Any) -> Any:
    """``- Welcome`` is short for ``- path: Welcome``."""
    return {"path": value} if isinstance(value, str) else value


def _short_course(value: Any) -> Any:
    """``- Fire safety`` is short for ``- course: Fire safety``."""
    return {"course": value} if isinstance(value, str) else value


class ItemPart(Part):
    """What rules for learning paths and for courses have in common."""

    when: When | None = None
    """Who is given it; everybody by default."""
    remove: Literal["own", "strict"] = "own"
    """own: only what syncd gave is taken away; strict: the rule is the whole truth."""
    take_started: Flag = False
    """true: what somebody has started, even completed, is taken away as well, which cannot be undone."""
    via: Literal["person", "team"] = "person"
    """person: to each person whom `when` names; team: to a team, and so to all its members, present and future."""
    team: Texts = ()
    """For via: team. The team's name, or its names from the root down."""


class PathPart(ItemPart):
    """A learning path, and who is given it. ``- Welcome`` is short for ``- path: Welcome``."""

    path: Annotated[Text, Field(min_length=1)]
    """Its name or its id."""


class ResetPart(Part):
    """When a completion is emptied, so that the course is to be taken again. One of the two, or both."""

    before: LongDays | None = None
    """So many days before it ceases to count (CompliantTill in Litmos)."""
    every: LongDays | None = None
    """So many days after it was completed; with `before`, only where Litmos tells no CompliantTill."""


class CoursePart(ItemPart):
    """A course, and who is given it. ``- Fire safety`` is short for ``- course: Fire safety``."""

    course: Annotated[Text, Field(min_length=1)]
    """Its name or its id."""
    library: Flag = False
    """For via: team. true: into the team's course library, where its members help themselves."""
    reset: ResetPart | None = None
    """When what somebody completed is reset for recertification; without it, never."""


PathItem = Annotated[PathPart, BeforeValidator(_short_path, json_schema_input_type=PathPart | str)]
"""A learning path rule, or the name of a path that everybody is given."""
CourseItem = Annotated[CoursePart, BeforeValidator(_short_course, json_schema_input_type=CoursePart | str)]
"""A course rule, or the name of a course that everybody is given."""
