"""Lifecycle parts: the shape of `employee.dates` in the file, as written. ``build_lifecycle`` makes core rules of it."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from syncd.config.kinds import DURATION_PATTERN, Days, Part, Table, Text, seconds
from syncd.core.dates import ISO

ALWAYS = 1000 * 365 * 86_400.0
GIVE_BACK_PATTERN = rf"^(always|never|{DURATION_PATTERN[1:-1]})$"


def _short_from(value: Any) -> Any:
    """``hire: hire_date`` is short for ``hire: {from: hire_date}``."""
    return {"from": value} if isinstance(value, str) else value


def _short_zone(value: Any) -> Any:
    """``timezone: Europe/Berlin`` is short for ``timezone: {default: Europe/Berlin}``."""
    return {"default": value} if isinstance(value, str) else value


def _give_back(value: Any) -> Any:
    """``90d``; ``never`` is no time at all, and ``always`` longer than anybody lives."""
    if isinstance(value, str) and value in {"always", "never"}:
        return ALWAYS if value == "always" else 0.0
    try:
        return seconds(value)
    except ValueError:
        raise ValueError("must be always, never or a duration with its unit, such as 90d") from None


class DayPart(Part):
    """A day in HR's data. ``hire: hire_date`` is short for ``hire: {from: hire_date}``."""

    column: Text = Field(alias="from")
    """The HR column. Blank, 9999-12-31 and 0000-00-00 are no day."""
    read: Text = Field(default=ISO, alias="in")
    """The format in HR's data, such as %d.%m.%Y; nothing is guessed."""


DayItem = Annotated[DayPart, BeforeValidator(_short_from, json_schema_input_type=DayPart | str)]
"""A day, or the name of its column."""


class ZonePart(Part):
    """In whose time zone a day begins and ends. ``timezone: Europe/Berlin`` is the same for everybody."""

    column: Text | None = Field(default=None, alias="from")
    """The HR column that names a person's zone, or what `map` makes one of."""
    table: Table = Field(default_factory=dict, alias="map")
    """From HR's words to time zones, such as {Oslo: Europe/Oslo}."""
    default: Text = "UTC"
    """The zone of everybody else, such as Europe/Berlin."""


ZoneItem = Annotated[ZonePart, BeforeValidator(_short_zone, json_schema_input_type=ZonePart | str)]
"""A zone, or how it is found."""


GiveBack = Annotated[
    float, BeforeValidator(_give_back), WithJsonSchema({"type": "string", "pattern": GIVE_BACK_PATTERN})
]
"""How long something is given back: a duration, always or never."""


class ContradictionPart(Part):
    """HR says that somebody is active, though the last working day is long past."""

    then: Literal["keep", "left", "active", "reject"] = "keep"
    """keep: nothing is changed; left: access ends; active: HR's word counts; reject: the row is rejected."""
    after: Days = 30
    """How long after it, grace included, a last working day is no news any more."""


class DatesPart(Part):
    """The days on which somebody begins and ends to work here. Only the last one ever ends access."""

    hire: DayItem | None = None
    """The first working day; null: none is known."""
    leaving: DayItem | None = None
    """The last working day: access ends when it is over; null: none is known."""
    timezone: ZoneItem = ZonePart()
    """In whose time zone."""
    lead: Days = 0
    """How long before the first working day an account is made, with all that the rules give."""
    grace: Days = 0
    """How long after the last working day access ends."""
    contradiction: ContradictionPart = ContradictionPart()
    """HR says active, though the last working day is long past."""
