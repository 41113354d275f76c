"""Training parts: the shape of what HR knows of training, as written. ``training`` makes core rules of them."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from syncd.config.kinds import Part, Text, When
from syncd.config.mapping_parts import IdPart, ValuePart
from syncd.config.source_parts import SourceItem
from syncd.core.dates import ISO


def _short_from(value: Any) -> Any:
    """``score: points`` is short for ``score: {from: points}``."""
    return {"from": value} if isinstance(value, str) else value


def _short_value(value: Any) -> Any:
    """``course: Fire Safety`` is short for ``course: {value: Fire Safety}``, as in the rules of courses."""
    return {"value": value} if isinstance(value, str) else value


class TrainingDatePart(Part):
    """A date. ``date: column`` is short for ``date: {from: column}``."""

    column: Text = Field(alias="from")
    """The HR column."""
    format: Text = ISO
    """How it is written, such as %d.%m.%Y; without hours the day is meant, and noon of it in UTC."""


Named = Annotated[ValuePart, BeforeValidator(_short_value, json_schema_input_type=ValuePart | Text)]
"""How something of Litmos is named by id, code or name; a text is its name."""
FromColumn = Annotated[ValuePart, BeforeValidator(_short_from, json_schema_input_type=ValuePart | str)]
"""A value; a text is its column."""


class TrainingPart(Part):
    """What the rows of one source say of training that was done outside of Litmos."""

    source: SourceItem
    """Where the rows are read: any kind of source, with a name of its own."""
    record: Literal["module", "session", "reset"]
    """What a row means: a module is completed; a session was attended; what was completed counts no more."""
    employee_id: Annotated[IdPart, BeforeValidator(_short_from, json_schema_input_type=IdPart | str)]
    """The employee id, as in HR's data."""
    course: Named
    """The course, by id, code or name: a text is the same for all rows; or {from: column, map: {...}}."""
    module: Named | None = None
    """The module, as the course; without it the course must have one module."""
    session: Named | None = None
    """For session: the session, as the course, by id or name."""
    date: (
        Annotated[
            TrainingDatePart, BeforeValidator(_short_from, json_schema_input_type=TrainingDatePart | str)
        ]
        | None
    ) = None
    """When it was completed; of a reset: the last day whose completions count no more. A session need not have it."""
    score: FromColumn | None = None
    """The score, 0 to 100; without it Litmos is sent 0 for a module, and keeps its own for a session."""
    note: FromColumn | None = None
    """A remark that Litmos keeps with the result of a module."""
    attempt: FromColumn | None = None
    """Which attempt it was, from 1 on; 1 without it."""
    when: When | None = None
    """Which rows are meant; all by default."""
