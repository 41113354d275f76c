"""Conditions: what ``when:`` says about a Record. Cells are compared trimmed and exactly; a blank cell is ""."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from syncd.core.dates import ISO, read_date
from syncd.core.transforms import Refused, trim

Fields = Mapping[str, str]
"""The cells of a Record by column."""


class Condition(Protocol):
    """A question about a Record that has the answer yes or no."""

    def holds(self, fields: Fields) -> bool:
        """The answer; Refused if a cell cannot be judged (no date where a date is compared)."""
        ...

    def columns(self) -> Iterator[tuple[str, str]]:
        """Every column it reads, with the place that names it."""
        ...


def cell(fields: Fields, column: str) -> str:
    """The trimmed text of a column; a column that the Record does not have is Refused, never taken for blank."""
    try:
        return trim(fields[column])
    except KeyError:
        raise Refused("COLUMN-MISSING", f'the row has no column "{column}"') from None


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf:
    """Every part holds (also when there is none)."""

    parts: tuple[Condition, ...]

    def holds(self, fields: Fields) -> bool:
        """Whether all parts hold."""
        return all(part.holds(fields) for part in self.parts)

    def columns(self) -> Iterator[tuple[str, str]]:
        """The columns of all parts."""
        for part in self.parts:
            yield from part.columns()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]

    def holds(self, fields: Fields) -> bool:
        """Whether one part holds."""
        return any(part.holds(fields) for part in self.parts)

    def columns(self) -> Iterator[tuple[str, str]]:
        """The columns of all parts."""
        for part in self.parts:
            yield from part.columns()


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """The part does not hold."""

    part: Condition

    def holds(self, fields: Fields) -> bool:
        """The opposite of the part."""
        return not self.part.holds(fields)

    def columns(self) -> Iterator[tuple[str, str]]:
        """The columns of the part."""
        return self.part.columns()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """A question about one cell; ``where`` is the place that names the column."""

    column: str
    where: str

    def columns(self) -> Iterator[tuple[str, str]]:
        """The one column."""
        yield self.column, self.where


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf(_Cell):
    """The cell is one of these texts."""

    values: frozenset[str]

    def holds(self, fields: Fields) -> bool:
        """Whether the cell is among the values."""
        return cell(fields, self.column) in self.values


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty(_Cell):
    """The cell is blank."""

    def holds(self, fields: Fields) -> bool:
        """Whether nothing but white space is in the cell."""
        return not cell(fields, self.column)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartsWith(_Cell):
    """The cell begins with one of these texts."""

    prefixes: tuple[str, ...]

    def holds(self, fields: Fields) -> bool:
        """Whether one prefix fits."""
        return cell(fields, self.column).startswith(self.prefixes)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndsWith(_Cell):
    """The cell ends in one of these texts."""

    suffixes: tuple[str, ...]

    def holds(self, fields: Fields) -> bool:
        """Whether one suffix fits."""
        return cell(fields, self.column).endswith(self.suffixes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Between(_Cell):
    """The cell is a day before ``before`` and after ``after`` (None: no bound); a blank cell is neither."""

    before: date | None = None
    after: date | None = None
    form: str = ISO

    def holds(self, fields: Fields) -> bool:
        """Whether the day is within the bounds, both exclusive."""
        text = cell(fields, self.column)
        if not text:
            return False
        try:
            day = read_date(text, self.form)
        except Refused as refused:
            raise Refused(refused.code, f'column "{self.column}" {refused.why}') from None
        return (self.before is None or day < self.before) and (self.after is None or day > self.after)
