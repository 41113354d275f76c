"""Source parts: the shape of HR's sources, and of what each is known to be like. Durations are seconds."""

import re
from difflib import get_close_matches
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from syncd.config.fetch_parts import FetchPart
from syncd.config.file_parts import DATE, FilePart, ReadyPart
from syncd.config.json_parts import JsonPart
from syncd.config.kinds import Character, Flag, Part, Seconds, SecretText, SecretUrl, Text, Texts
from syncd.config.limit_parts import Count
from syncd.config.since_parts import PagePart, SincePart
from syncd.core.cells import BLANKS
from syncd.core.dates import ISO
from syncd.core.doubts import Dated, Expect
from syncd.core.transforms import trim

PATH = re.compile(r'(?:(?:^|\.)(?:"[^"]+"|[^.\[\]"]+)|\[(?:-?\d{1,4}|\*|latest [^=\]]+|[^=\]]+=[^\]]*)\])+')
"""A path into JSON, as ``sources.jsonpath`` reads it."""


class RowsPart(Part):
    """How many rows an input may have at all."""

    min: Count | None = None
    """Never fewer; null for no such bound."""
    max: Count | None = None
    """Never more; null for no such bound."""


class DatedPart(Part):
    """A column whose latest date says how old an input is."""

    column: Text
    """The column."""
    format: Text = ISO
    """How its dates are written."""


class SourceExpectPart(Part):
    """What HR's inputs are known to be like; one that is not holds the push, and nothing of it is sent."""

    columns: Literal["any", "same"] = "any"
    """same: always the columns of the last accepted input, in any order."""
    rows: RowsPart = RowsPart()
    """How many rows it may have at all."""
    dated: DatedPart | None = None
    """The column that says how old an input is; null: the time at which the file was written says it."""
    older: Literal["hold", "ignore"] = "hold"
    """What an input means that is older than the last accepted one."""

    @property
    def expect(self) -> Expect:
        """The same as the core's value."""
        return Expect(
            same_columns=self.columns == "same",
            min_rows=self.rows.min,
            max_rows=self.rows.max,
            dated=None if self.dated is None else Dated(column=self.dated.column, form=self.dated.format),
            newer=self.older == "hold",
        )


class FileExpectPart(SourceExpectPart):
    """What HR's files are known to be like."""

    trailer: Texts | None = None
    """The last line, or lines, which prove that a file is whole; {rows} is the number of rows, {any} any text. Else: refused."""


class NamedPart(Part):
    """What every kind of source has."""

    name: Annotated[Text, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$")] = "hr"
    """A short name of ours for the source; keep it, the history of people hangs on it."""
    columns: dict[str, Text] = Field(default={})
    """Columns that are called otherwise here: what this source calls them, and what the mapping calls them."""
    constants: dict[str, Text] = Field(default={}, alias="set")
    """Columns that this source does not have, and what every row of it is taken to say there; "" for a blank."""
    blanks: Texts = BLANKS
    """Words in HR's data that say that there is nothing: such a cell is blank, whichever source it is in. [] for none."""

    @property
    def renamed(self) -> dict[str, str]:
        """``columns``, as headers are read."""
        return {trim(theirs): trim(ours) for theirs, ours in self.columns.items()}

    @property
    def added(self) -> dict[str, str]:
        """``set``, as headers are read."""
        return {trim(column): text for column, text in self.constants.items()}

    @model_validator(mode="after")
    def _columns_have_one_meaning(self) -> Self:
        ours = [*self.renamed.values(), *self.added]
        twice = next((column for column in ours if ours.count(column) > 1), "")
        if twice:
            raise ValueError(f'columns and set give the column "{twice}" more than one meaning')
        if "" in {*ours, *self.renamed}:
            raise ValueError("columns and set need names that are not blank")
        return self


class TableFilePart(NamedPart, FilePart):
    """What a file with a table in it is known to be like, whatever kind of file it is."""

    fetch: FetchPart | None = Field(default=None, alias="from")
    """Instead of path: where the file comes from that is not on this machine (https, sftp or s3)."""
    expect: FileExpectPart = FileExpectPart()
    """What the file is known to be like."""

    @model_validator(mode="after")
    def _from_one_place(self) -> Self:
        if (self.path == Path()) == (self.fetch is None):
            raise ValueError("needs path, or from for a file that is elsewhere, and not both")
        if self.fetch is not None and (
            self.ready != ReadyPart() or (self.stable_for and not self.fetch.sftp)
        ):
            raise ValueError("ready and stable_for are for files of this machine (stable_for for sftp, too)")
        return self

    @model_validator(mode="after")
    def _one_age(self) -> Self:
        if self.is_dated and self.expect.dated is not None:
            raise ValueError(f"{DATE} in the name and expect.dated both say how old the file is; one must do")
        return self


class CsvSettings(TableFilePart):
    """HR as a CSV file."""

    type: Literal["csv"] = "csv"
    """csv"""
    delimiter: Annotated[Character, Field(min_length=1, max_length=1)] = ","
    """What separates cells: one character, or tab."""
    quote: Annotated[str, Field(max_length=1)] = '"'
    """What encloses a cell that holds a delimiter or a line end; "" if nothing does."""
    encoding: Text = "utf-8"
    """How the file is encoded; never guessed. utf-8 takes a byte order mark too."""
    final_newline: Flag = True
    """Whether a complete file ends with a line end; one that does not then proves nobody's absence."""

    @model_validator(mode="after")
    def _characters_work_together(self) -> "CsvSettings":
        if self.delimiter in '\r\n\0 "' or self.quote in tuple("\r\n\0 " + self.delimiter):
            raise ValueError(
                "delimiter and quote must be two different characters, neither a space nor a line end"
            )
        return self


class ExcelSettings(TableFilePart):
    """HR as one sheet of a workbook: .xlsx, .xls or .ods."""

    type: Literal["excel"]
    """excel"""
    sheet: Text | None = None
    """The sheet, by its name or its number (from 1); null: there is but one."""
    text: Texts | None = None
    """Columns, as the sheet calls them, in which a number is refused: it has lost its zeros. null: the id, the manager's too."""


class SqlSettings(NamedPart):
    """HR as one read-only query."""

    type: Literal["sql"]
    """sql"""
    url: SecretUrl
    """The database as SQLAlchemy names it, such as postgresql://reader:${env:HR_PASSWORD}@host/hr."""
    query: Annotated[Text, Field(min_length=1)]
    """One SELECT; its columns are the columns of the mapping. ${file:hr.sql} reads it from a file."""
    timeout: Annotated[Seconds, Field(gt=0)] = 300.0
    """The longest that the whole reading may take."""
    max_rows: Annotated[int, Field(ge=1)] = 5_000_000
    """More rows than this are refused, not cut off."""
    snapshot: Flag = True
    """SQL Server: all rows of one moment, which the database must allow. false: as they come; then nobody's absence is believed."""
    since: SincePart | None = None
    """Reads only the rows that changed since the last reading; null: all rows, each time."""
    page: PagePart | None = None
    """Reads page by page, by a column that is unique and never NULL; null: by one cursor of the server, which is lighter."""
    expect: SourceExpectPart = SourceExpectPart()
    """What the result is known to be like."""


class JsonSettings(NamedPart, JsonPart):
    """HR as a list in JSON over HTTPS. ``columns`` are required: paths into each row, and what the mapping calls them."""

    type: Literal["json"]
    """json"""
    expect: SourceExpectPart = SourceExpectPart()
    """What the list is known to be like."""

    @model_validator(mode="after")
    def _columns_are_told(self) -> Self:
        if not self.columns:
            raise ValueError("needs columns: paths into each row, such as {work.email: email}")
        for path in (*self.columns, self.rows, self.gone.path if self.gone else ""):
            if path and not PATH.fullmatch(path):
                raise ValueError(
                    f'"{path}" is no path: write work.email, departments[0].name, groups[*].name or jobs[latest since].title'
                )
        unknown = sorted({*(self.gone.constants if self.gone else ())} - {*self.renamed.values()})
        if unknown:
            raise ValueError(f"gone.set: columns gives no column {unknown[0]}")
        return self


class PluginSettings(NamedPart):
    """HR as a source that another installed package brings: docs/writing-a-source.md."""

    type: Annotated[Text, Field(min_length=1)]
    """Or the name of a source that an installed package brings."""
    options: dict[str, SecretText] = Field(default={})
    """What that source wants to know; shown nowhere."""
    expect: SourceExpectPart = SourceExpectPart()
    """What its rows are known to be like."""


BUILT_IN = ("csv", "excel", "json", "sql")
SourceSettings = CsvSettings | ExcelSettings | JsonSettings | SqlSettings | PluginSettings


def _kind(value: Any) -> str:
    found = value.get("type") if isinstance(value, dict) else getattr(value, "type", "")
    return "built_in" if found in BUILT_IN else "plugin"


def _known(value: Any) -> Any:
    """Said here, once, and not as what the source lacks that it was taken for."""
    if not isinstance(value, dict):
        return value
    if "type" not in value:
        raise ValueError("needs `type: csv`, or excel, json or sql")
    if value["type"] not in BUILT_IN and value["type"] not in (
        installed := entry_points(group="syncd.sources").names
    ):
        words = sorted({*BUILT_IN, *installed})
        near = get_close_matches(str(value["type"]), words, n=1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise ValueError(f"must be {' or '.join(words)}{hint}")
    return value


SourceItem = Annotated[
    Annotated[
        CsvSettings | ExcelSettings | JsonSettings | SqlSettings, Field(discriminator="type"), Tag("built_in")
    ]
    | Annotated[PluginSettings, Tag("plugin")],
    Discriminator(_kind),
    BeforeValidator(_known),
]
"""Where HR's data is read."""
