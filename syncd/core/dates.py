"""Dates: read in one declared format, written in another. Nothing is guessed."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from syncd.core.transforms import Refused

DIRECTIVES = frozenset("YmdHMSfbBz%")
"""The directives a format may use; names of months (``%b``, ``%B``) are English."""
ISO = "%Y-%m-%d"
"""``2026-11-24``: the format where none is declared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DateFormat:
    """How a date is read and how it is written, in the directives of ``strptime``."""

    read: str = ISO
    write: str = ISO

    def apply(self, text: str) -> str:
        """``text`` in the format ``write``; Refused if it is no date in the format ``read``."""
        return _parse(text, self.read).strftime(self.write)


def read_date(text: str, form: str) -> date:
    """The day that ``text`` names; Refused (DATE-INVALID) if it is no date in that format."""
    return _parse(text, form).date()


def read_moment(text: str, form: str, otherwise: time) -> datetime:
    """The moment that ``text`` names, in UTC; a format without hours names a day, and that time of it is meant.

    A time of no zone is UTC. Refused (DATE-INVALID) if it is none in that format, or in no year that a calendar has.
    """
    found = _parse(text, form)
    if "%H" not in form:
        return datetime.combine(found.date(), otherwise)
    try:
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise Refused("DATE-INVALID", "is in no year that a calendar has") from None


def format_fault(form: str, *, reads: bool) -> str:
    """Why ``form`` cannot be used, or "". ``reads`` asks for all of a date to be there."""
    used = re.findall(r"%(.?)", form.replace("%%", ""))
    if "y" in used:
        return "two-digit years (%y) are not read or written: 03 may be 1903 or 2003; use %Y"
    unknown = [f"%{letter}" for letter in used if letter not in DIRECTIVES]
    if unknown:
        return (
            f"{unknown[0]} is not known here; known are {' '.join(f'%{letter}' for letter in 'YmdbBHMSfz')}"
        )
    if reads and not ("Y" in used and "d" in used and {"m", "b", "B"} & set(used)):
        return "needs a year (%Y), a month (%m, %b or %B) and a day (%d)"
    repeated = {letter for letter in used if used.count(letter) > 1}
    if reads and repeated:
        return f"%{min(repeated)} is there twice"
    return "" if used else "has no directive, such as %Y"


def _parse(text: str, form: str) -> datetime:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - a calendar day; only a declared %z has a zone
    except ValueError:
        raise Refused("DATE-INVALID", f"is not a date in the format {form}") from None
