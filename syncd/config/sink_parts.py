"""Sink parts: the shape of where training results go: a CSV file, a table, a webhook. Durations are seconds."""

from functools import cached_property
from importlib.metadata import entry_points
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import ZoneInfo

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from syncd.config.kinds import (
    Character,
    FilePath,
    Flag,
    Part,
    Seconds,
    SecretText,
    SecretUrl,
    Table,
    Text,
    Texts,
)
from syncd.config.templates import parse_columns
from syncd.core.dates import format_fault
from syncd.core.delivered import IDENTITY_FIELDS, RESULT_FIELDS, IdentityField, ResultField
from syncd.core.outgoing import ColumnRule, Columns, Moment
from syncd.core.rules import Column, Lookup, Otherwise, ValueRule
from syncd.core.rules import Part as Piece
from syncd.core.rules import Text as Words
from syncd.core.transforms import TRANSFORMS

TELLING = frozenset({"status", "event", "completed"})
"""Fields by which a withdrawal differs from what it takes back."""
SinkField = Literal[ResultField, IdentityField]
"""What either has."""
FIELDS = {"results": RESULT_FIELDS, "identities": IDENTITY_FIELDS}
_ALL = get_args(SinkField)
BATCH = "{batch}"
"""Stands for the id of a batch in the name of a file."""


def _short_from(value: Any) -> Any:
    """``id: employee_id`` is short for ``id: {from: employee_id}``."""
    return {"from": value} if isinstance(value, str) else value


def _else(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"value"} and isinstance(value["value"], str | None):
        return (Otherwise.VALUE, value["value"] or "")
    if isinstance(value, str) and value in {"reject", "keep"}:
        return (Otherwise(value), "")
    raise ValueError("must be reject, keep or {value: TEXT}")


_ELSE_SCHEMA = {
    "anyOf": [
        {"enum": ["reject", "keep"]},
        {
            "type": "object",
            "properties": {"value": {"type": ["string", "number", "boolean"]}},
            "required": ["value"],
            "additionalProperties": False,
        },
    ]
}


class TimePart(Part):
    """How a time is written."""

    write: Text = Field(default="%Y-%m-%d", alias="out")
    """The format, such as %d.%m.%Y."""
    zone: Text = "UTC"
    """As the clocks of which zone show it, such as Europe/Berlin: a course that ends late ends on another day there."""

    @model_validator(mode="after")
    def _can_be_written(self) -> Self:
        if problem := format_fault(self.write, reads=False):
            raise ValueError(f"out {problem}")
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError):
            raise ValueError(
                f'zone "{self.zone}" is none; they are named like Europe/Berlin or UTC'
            ) from None
        return self


class ColumnPart(Part):
    """What fills one column. ``id: employee_id`` is short for ``id: {from: employee_id}``; one of from, template and value."""

    source: SinkField | None = Field(default=None, alias="from")
    """The field of the result, or of the identity."""
    template: Text | None = None
    """A text with fields in braces: "{kind}:{object_id}"."""
    constant: Text | None = Field(default=None, alias="value")
    """The same text in every row."""
    transform: Texts = ()
    """Named transforms, in order, as in the mapping of fields: upper, strip_zeros, ..."""
    date: TimePart | None = None
    """Written as a day or a time of day; else times are 2026-11-24T02:30:00Z."""
    decimal: Literal[".", ","] = "."
    """The decimal sign of a number."""
    table: Table | None = Field(default=None, alias="map")
    """A table from syncd's words to yours: {"true": Y, "false": N}."""
    otherwise: Annotated[
        tuple[Otherwise, str] | None, BeforeValidator(_else), WithJsonSchema(_ELSE_SCHEMA)
    ] = Field(default=None, alias="else")
    """For map: what becomes of other words: reject (the default: the batch waits), keep or {value: TEXT}."""
    default: Text = ""
    """What stands for a blank value."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        ways = {"from": self.source, "template": self.template, "value": self.constant}
        given = [name for name, value in ways.items() if value is not None]
        if len(given) != 1:
            raise ValueError(
                f"has {' and '.join(given) or 'none of them'}; it needs exactly one of from, template, value"
            )
        if self.table is not None and self.date is not None:
            raise ValueError("map and date exclude each other")
        if self.otherwise is not None and self.table is None:
            raise ValueError("else is for map only")
        unknown = [name for name in self.transform if name not in TRANSFORMS]
        if unknown:
            raise ValueError(f'"{unknown[0]}" is no transform; known are {", ".join(TRANSFORMS)}')
        strange = [name for name in self.fields if name not in _ALL]
        if strange:
            raise ValueError(
                f'"{strange[0]}" is no field of a result; those are {", ".join(FIELDS["results"])}'
            )
        return self

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that it is made of."""
        return tuple(part.name for part in self._parts if isinstance(part, Column))

    @property
    def rule(self) -> str | ColumnRule:
        """The same as the core's value: the name of the field that is taken as it is, or a rule."""
        otherwise, value = self.otherwise or (Otherwise.REJECT, "")
        table = None if self.table is None else Lookup(table=self.table, otherwise=otherwise, value=value)
        rule = ColumnRule(
            value=ValueRule(parts=self._parts, transforms=self.transform, lookup=table),
            moment=None if self.date is None else Moment(write=self.date.write, zone=self.date.zone),
            decimal=self.decimal,
            default=self.default,
        )
        return self.source if self.source and set(self.model_fields_set) == {"source"} else rule

    @cached_property
    def _parts(self) -> tuple[Piece, ...]:
        if self.template is not None:
            return parse_columns(self.template, "")
        if self.source is not None:
            return (Column(name=self.source, where=""),)
        return (Words(text=self.constant or ""),)


ColumnItem = Annotated[
    ColumnPart, BeforeValidator(_short_from, json_schema_input_type=ColumnPart | SinkField)
]
"""What fills a column, or the name of the field that does."""


class SinkPart(Part):
    """What every kind of sink has."""

    name: Annotated[Text, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$")]
    """A short name of ours; what was delivered is remembered under it."""
    what: Literal["results", "identities"] = "results"
    """results: what people learnt; identities: who each employee is in Litmos."""
    login_link: Flag = False
    """For identities: the link that logs a person in, in the field login_link. It is as good as a password."""
    columns: dict[str, ColumnItem] = Field(min_length=1)
    """The columns, in order, and what fills each."""

    @model_validator(mode="after")
    def _fields_are_of_what_is_delivered(self) -> Self:
        used = [name for part in self.columns.values() for name in part.fields]
        strange = next((name for name in used if name not in FIELDS[self.what]), "")
        if strange:
            raise ValueError(
                f'columns: "{strange}" is no field of {self.what}; those are {", ".join(FIELDS[self.what])}'
            )
        if self.login_link and self.what != "identities":
            raise ValueError("login_link is for what: identities only")
        if "login_link" in used and not self.login_link:
            raise ValueError(
                "the column of login_link needs login_link: true, for it is as good as a password"
            )
        return self

    @property
    def tells_withdrawals(self) -> bool:
        """Whether a result that is withdrawn can be told from one that holds, or is in no file at all."""
        used = {name for part in self.columns.values() for name in part.fields}
        return getattr(self, "mode", "") == "full" or bool(used & TELLING)

    @property
    def rules(self) -> Columns:
        """``columns`` as the core's values."""
        return {name: part.rule for name, part in self.columns.items()}


class CsvSinkPart(SinkPart):
    """A CSV file, there whole or not at all."""

    type: Literal["csv"] = "csv"
    """csv"""
    path: FilePath
    """The file; in mode delta its name holds {batch}."""
    mode: Literal["full", "delta"] = "full"
    """full: the one file always holds everything; delta: a new file for each batch of new results."""
    delimiter: Annotated[Character, Field(min_length=1, max_length=1)] = ","
    """What separates cells: one character, or tab."""
    encoding: Text = "utf-8"
    """How the file is encoded; utf-8-sig for old versions of Excel."""
    raw: Flag = False
    """true leaves cells as they are; false puts an apostrophe before what a spreadsheet would run as a formula."""
    line_end: Literal["crlf", "lf"] = "crlf"
    """crlf (RFC 4180) or lf."""
    header: Flag = True
    """Whether the first line names the columns."""
    trailer: Annotated[Text, Field(min_length=1)] | None = None
    """A last line that proves that the file is whole, such as END;{rows}; {rows} is the number of rows."""
    compress: Literal["none", "gzip"] = "none"
    """none, or gzip."""
    checksum: Flag = False
    """true: a second file, named like it and .sha256, holds its SHA-256, as sha256sum writes it."""
    done: Annotated[Text, Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")] | None = None
    """An empty file is made once all is written: the name of the file and this, such as .done."""
    permissions: Annotated[Text, Field(pattern=r"^0?[0-7]{3}$")] = "600"
    """Who may read the file: 600 its owner alone, 640 its group too."""

    @model_validator(mode="after")
    def _batch_where_it_belongs(self) -> Self:
        if (BATCH in self.path.name) != (self.mode == "delta") or BATCH in str(self.path.parent):
            raise ValueError(
                "in mode delta the file name must hold {batch}; in mode full it must not; folders never"
            )
        return self

    @field_validator("trailer")
    @classmethod
    def _known_braces(cls, trailer: str | None) -> str | None:
        unknown = (trailer or "").replace("{rows}", "")
        if set(unknown) & set("{}\r\n"):
            raise ValueError("may hold {rows}, no other braces, and no line end")
        return trailer


class SqlSinkPart(SinkPart):
    """A table of a database, into which results are merged by a key."""

    type: Literal["sql"]
    """sql"""
    url: SecretUrl
    """The database as SQLAlchemy names it, such as postgresql://writer:${env:HR_PASSWORD}@host/hr."""
    table: Annotated[Text, Field(pattern=r"^[^.\s]+(\.[^.\s]+)?$")]
    """The table, which must exist: name, or schema.name."""
    key: Texts
    """The columns by which a row is found again; they must be unique together in the table."""
    timeout: Annotated[Seconds, Field(ge=1)] = 60.0
    """The longest that one statement may take."""

    @model_validator(mode="after")
    def _key_is_filled(self) -> Self:
        missing = [column for column in self.key if column not in self.columns]
        if missing or not self.key:
            raise ValueError(f"key must name some of columns, and {', '.join(missing) or 'names none'}")
        return self


class WebhookSinkPart(SinkPart):
    """An address on the web that is sent results, signed."""

    type: Literal["webhook"]
    """webhook"""
    url: SecretText
    """The address; https, but for loopback. Shown nowhere, since such addresses often hold a token."""
    secrets: Annotated[tuple[SecretText, ...], Field(min_length=1, max_length=5)]
    """What calls are signed with, as whsec_ and Base64; several while one is replaced by another."""
    rows: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Rows of one call at most; more are sent in several."""
    timeout: Annotated[Seconds, Field(ge=1, le=300)] = 20.0
    """The longest that one call may take."""
    retry_for: Annotated[Seconds, Field(ge=0, le=3600)] = 60.0
    """How long a call that failed is tried again, before the batch waits for the next pull."""
    allow_private: Flag = False
    """true: the address may be one of a private network."""
    ca_file: FilePath | None = None
    """Certificate authorities to trust besides the usual ones (PEM)."""


class PluginSinkPart(SinkPart):
    """A sink that another installed package brings: docs/writing-a-sink.md."""

    type: Annotated[Text, Field(min_length=1)]
    """Or the name of a sink that an installed package brings."""
    columns: dict[str, ColumnItem] = Field(default={})
    """The columns of its rows, and what fills each; without them, rows have all fields of a result."""
    options: dict[str, SecretText] = Field(default={})
    """What that sink wants to know; shown nowhere."""


BUILT_IN = ("csv", "sql", "webhook")


def _kind(value: Any) -> str:
    """A sink without a type is a CSV file; one of a type of its own is of another package."""
    found = value.get("type", "csv") if isinstance(value, dict) else getattr(value, "type", "")
    return found if found in BUILT_IN else "plugin"


def _known(value: Any) -> Any:
    """Said here, once, and not as what the sink lacks that it was taken for."""
    kind = str(value.get("type", "csv")) if isinstance(value, dict) else "csv"
    if kind not in BUILT_IN and kind not in (installed := entry_points(group="syncd.sinks").names):
        there = ", ".join(sorted({*BUILT_IN, *installed}))
        raise ValueError(f'type "{kind}" is no kind of sink; there are {there}')
    return value


SinkSettings = Annotated[
    Annotated[CsvSinkPart, Tag("csv")]
    | Annotated[SqlSinkPart, Tag("sql")]
    | Annotated[WebhookSinkPart, Tag("webhook")]
    | Annotated[PluginSinkPart, Tag("plugin")],
    Discriminator(_kind),
    BeforeValidator(_known),
]
"""Where results go."""
