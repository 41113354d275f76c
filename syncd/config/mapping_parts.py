"""Mapping parts: the shape of the mapping in the file, as written. ``build`` makes core rules of them."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from syncd.config.kinds import Flag, Part, Table, Text, Texts, When
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


class ValuePart(Part):
    """How a value is made. Exactly one of from, template, concat and value."""

    column: Text | None = Field(default=None, alias="from")
    """The HR column. Cells are always trimmed."""
    template: Text | None = None
    """A text with columns in braces: "{first_name} {last_name}"."""
    concat: tuple[Piece, ...] | None = None
    """Pieces, joined: {from: column} or {text: "-"}."""
    separator: Text | None = None
    """For concat: what goes between pieces; blank pieces are then left out."""
    constant: Text | None = Field(default=None, alias="value")
    """The same text for everybody."""
    transform: Texts = ()
    """Named transforms, in order."""
    date: DatePart | None = None
    """Read as a date in one format and written in another."""
    table: Table | None = Field(default=None, alias="map")
    """A table from HR's words to others; compared exactly."""
    otherwise: Else | None = Field(default=None, alias="else")
    """For map: what becomes of other words: reject (the default), skip, keep or {value: TEXT}."""
    default: Text = ""
    """What stands for a blank value."""


class FieldPart(ValuePart):
    """One Litmos profile field. ``Name: column`` is short for ``Name: {from: column}``."""

    required: Flag = False
    """true: a blank value rejects the row."""
    blank: Literal["clear", "keep"] = "clear"
    """What a blank value does to what Litmos has: clear it, or keep it."""
    on: Literal["always", "create"] | None = None
    """create: set when the user is created, never again; always is the default."""
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
    table: dict[str, Literal["active", "left"]] = Field(alias="map", min_length=1)
    """HR's words, each active or left."""
    otherwise: Literal["reject", "active"] = Field(default="reject", alias="else")
    """What another word means: reject the row, or active. Never left: an unknown word locks nobody out."""


class PreferencePart(Part):
    """One rule by which one employment is preferred to another: exactly one of when, latest, highest."""

    when: When | None = None
    """Rows for which this holds come before the others."""
    latest: Text | None = None
    """The column with the date; the later one comes first."""
    form: Text = Field(default="%Y-%m-%d", alias="format")
    """The format of that date."""
    highest: Text | None = None
    """The column with the number; the greater one comes first."""


class EmploymentsPart(Part):
    """Several rows of one person: employments. Without this, rows that share an id reject each other."""

    primary: tuple[PreferencePart, ...] = ()
    """By what the primary one is chosen, in order, after the status: one that is active comes before one that has ended."""


class EmployeePart(Part):
    """Who somebody is to HR."""

    id: Annotated[IdPart, BeforeValidator(_short_from, json_schema_input_type=IdPart | str)]
    """The employee id."""
    status: StatusPart | None = None
    """The status; without it everybody in the data is active."""
    absent: AbsentPart = AbsentPart()
    """What absence from the data means."""
    employments: EmploymentsPart | None = None
    """Rows that share the id are employments of one person."""
    same_person: Texts = ()
    """Two columns or more that do not all change at once in one life: if they do, a person must say who it is."""


class ProtectedPart(Part):
    """Users that are never touched, whatever HR says."""

    access_levels: Texts = ("Account_Owner", "Administrator")
    """By access level."""
    usernames: Texts = ()
    """By username, but for case; * stands for any text: svc-*."""
    brands: Texts = ()
    """By brand, but for case."""
    user_ids: Texts = ()
    """By Litmos id."""


class UsersPart(Part):
    """How an employee becomes a Litmos user."""

    match: Annotated[Texts, Field(min_length=1)] = ("ExternalEmployeeId", "UserName")
    """The fields by which an existing user is found, in order; exact, never a guess."""
    link_field: Text = "ExternalEmployeeId"
    """The field that holds the employee id, so that a lost database finds everybody again."""
    protected: ProtectedPart = ProtectedPart()
    """Users that are never touched."""
    manager: (
        Annotated[ManagerPart, BeforeValidator(_short_from, json_schema_input_type=ManagerPart | str)] | None
    ) = None
    """Who somebody's manager is; Litmos' ManagerId follows."""
    fields: dict[str, FieldItem]
    """Litmos profile fields."""


class RolePart(Part):
    """Who leads, or administers, a team."""

    when: When | None = None
    """Those of the team's people for whom it holds; with managers, those of the managers."""
    managers: Flag = False
    """true: whoever manages somebody in the team, as users.manager says; they become a member, too."""


class TeamPart(Part):
    """A team, and who is in it."""

    name: Annotated[Text, Field(min_length=1)]
    """The team's name; columns in braces: "{department}". A blank name gives nothing."""
    parent: Texts = ()
    """The team above it, or a list of names from the root down."""
    when: When | None = None
    """Who is in it; everybody by default."""
    leaders: RolePart | None = None
    """Who of them leads it; without it leaders are not touched."""
    admins: RolePart | None = None
    """Who of them administers it; without it admins are not touched."""
    remove: Literal["own", "strict"] = "own"
    """own: only memberships that syncd gave are taken away; strict: the rule is the whole truth."""


def _short_path(value: Any) -> Any:
    """``- Welcome`` is short for ``- path: Welcome``."""
    return {"path": value} if isinstance(value, str) else value


class PathPart(Part):
    """A learning path, and who is given it. ``- Welcome`` is short for ``- path: Welcome``."""

    path: Annotated[Text, Field(min_length=1)]
    """Its name or its id."""
    when: When | None = None
    """Who is given it; everybody by default."""
    remove: Literal["own", "strict"] = "own"
    """own: only what syncd gave is taken away; strict: the rule is the whole truth. Never what was started."""


PathItem = Annotated[PathPart, BeforeValidator(_short_path, json_schema_input_type=PathPart | str)]
"""A learning path rule, or the name of a path that everybody is given."""
