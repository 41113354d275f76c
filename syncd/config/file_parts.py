"""File parts: which file a source is, and where the table in it says what its columns are called. Durations are seconds."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from syncd.config.kinds import FilePath, Flag, Part, Seconds, Text, Texts

DATE = "{date}"
"""Stands for a date in the name of a file."""


def _short_header(value: Any) -> Any:
    """``header: first`` and ``header: none`` are short for mappings."""
    if isinstance(value, str):
        if value not in {"first", "none"}:
            raise ValueError(
                "must be first, none, or what the header begins with, such as {starts_with: Employee ID}"
            )
        return {"none": value == "none"}
    return value


class HeaderPart(Part):
    """Where the columns have their names. ``header: none`` is short for ``header: {none: true}``."""

    none: Flag = False
    """true: nowhere; positions names those that are taken, and width says how many there are."""
    starts_with: Texts = ()
    """The first cell of the header, or its first cells; what is above it is skipped. []: the first line that is not blank."""
    second: Texts = ()
    """The first cell, or cells, of a second header row right under it, which is checked and skipped. []: there is none."""


class ReadyPart(Part):
    """A file beside HR's that says that it is whole: {name} stands for its name, {stem} for that without the ending."""

    marker: Annotated[Text, Field(min_length=1)] | None = None
    """A file that is written after it, such as "{name}.done"; it must not be older."""
    checksum: Annotated[Text, Field(min_length=1)] | None = None
    """A file with its SHA-256, such as "{name}.sha256", as sha256sum writes it."""

    @model_validator(mode="after")
    def _are_names(self) -> "ReadyPart":
        for value in (self.marker, self.checksum):
            if value is not None and ("/" in value or value in {"{name}", ".", ".."}):
                raise ValueError("marker and checksum must be names of other files in the same folder")
        return self


class FilePart(Part):
    """Which file is read, and how its table is laid out."""

    path: FilePath = Path()
    """The file. {date} in its name stands for a date, and the file with the latest one is read; * and ? for any text: newest."""
    name_date: Text = "%Y%m%d"
    """How the date in the name of the file is written, if there is one."""
    newest: Literal["name", "modified"] | None = None
    """Of several files that fit * and ?: the one with the last name, or the one that was modified last."""
    stable_for: Seconds = 0.0
    """How long the file must not have changed before it is read."""
    ready: ReadyPart = ReadyPart()
    """Files beside it that say that it is whole; until they are there it is not read."""
    unpack: Literal["none", "gz", "zip"] | None = None
    """How the file is packed; null: as the ending of its name says."""
    member: Annotated[Text, Field(min_length=1)] | None = None
    """The file in a zip, if there are several; * and ? stand for any text."""
    header: Annotated[HeaderPart, BeforeValidator(_short_header, json_schema_input_type=HeaderPart | str)] = (
        HeaderPart()
    )
    """Where the columns have their names: first (the first line that is not blank), none, or what the header begins with."""
    positions: dict[Annotated[int, Field(ge=1, le=1000)], Annotated[Text, Field(min_length=1)]] = Field(
        default={}
    )
    """Names by position (from 1): of a file without header the columns that are taken; else for blank or repeated names."""
    width: Annotated[int, Field(ge=1, le=1000)] | None = None
    """How many columns there are; required without a header, where nothing else shows that one came or went."""
    guards: Flag = False
    """Whether an apostrophe before a digit or a sign ('00123) is a spreadsheet's and goes. ="00123" always is 00123."""

    @property
    def is_dated(self) -> bool:
        """Whether the name of the file holds its date."""
        return DATE in self.path.name

    @model_validator(mode="after")
    def _one_file(self) -> "FilePart":
        pattern = any(mark in self.path.name for mark in "*?")
        if DATE in str(self.path.parent) or self.path.name.count(DATE) > 1:
            raise ValueError(f"{DATE} may be in the name of the file, once, and not in a folder's")
        if pattern and self.is_dated:
            raise ValueError(f"the name of the file may hold {DATE}, or * and ?, but not both")
        if pattern != (self.newest is not None):
            raise ValueError(
                "newest (name or modified) and a file name with * or ? need each other: which of several is meant"
            )
        return self

    @model_validator(mode="after")
    def _columns_are_told(self) -> "FilePart":
        if self.header.none and (not self.positions or self.width is None):
            raise ValueError("header: none needs positions and width")
        if self.header.none and (self.header.starts_with or self.header.second):
            raise ValueError("header says none, and what it begins with; one must do")
        if self.width is not None and any(place > self.width for place in self.positions):
            raise ValueError(f"positions has a column beyond width ({self.width})")
        names = list(self.positions.values())
        if len(set(names)) < len(names):
            raise ValueError("positions gives two columns the same name")
        return self
