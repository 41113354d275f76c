"""Outgoing: what fills one column of a sink: a field of a row, or something that a rule makes of its fields."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from syncd.core.conditions import Fields
from syncd.core.dates import ISO
from syncd.core.rules import ValueRule
from syncd.core.transforms import Refused
from syncd.core.values import evaluate

_NUMBER = re.compile(r"-?\d+\.\d+")
_FAULTS = {
    "VALUE-UNKNOWN": "the value is not in the map",
    "DATE-INVALID": "the value is no time",
    "COLUMN-MISSING": "the row has no such field",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """How a time is written: in which format (the directives of ``strftime``) and as the clocks of which zone show it."""

    write: str = ISO
    zone: str = "UTC"

    def apply(self, text: str) -> str:
        """An ISO 8601 time, UTC unless it says otherwise, in this format; Refused if it is none."""
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise Refused("DATE-INVALID", "is no time") from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone(ZoneInfo(self.zone)).strftime(self.write)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRule:
    """How a column is made: as ``value`` says, then written as a ``moment`` or with a ``decimal`` sign, else ``default``.

    ``value`` has neither a date nor a default of its own.
    """

    value: ValueRule
    moment: Moment | None = None
    decimal: str = "."
    default: str = ""

    def text(self, fields: Fields) -> str:
        """The cell that this makes of the fields of a row. Raises Refused."""
        text = evaluate(self.value, fields)[1] or ""
        if text and self.moment is not None:
            text = self.moment.apply(text)
        if _NUMBER.fullmatch(text):
            text = text.replace(".", self.decimal)
        return text or self.default


Columns = Mapping[str, str | ColumnRule]
"""The columns of a sink, in order: the field that fills each as it is, or a rule."""


def made(columns: Columns, fields: Fields) -> tuple[dict[str, str], list[str]]:
    """The cells of one row by column, and why others could not be made: values of the row are in no such sentence."""
    cells: dict[str, str] = {}
    faults: list[str] = []
    for column, rule in columns.items():
        try:
            cells[column] = fields[rule] if isinstance(rule, str) else rule.text(fields)
        except KeyError:
            faults.append(f"has no value for {column} (from {rule})")
        except Refused as refused:
            faults.append(f"{column}: {_FAULTS.get(refused.code, refused.code)}")
    return cells, faults
