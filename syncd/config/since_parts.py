"""Since parts: how only the rows of a query are read that changed, or all of them page by page. Durations are seconds."""

from typing import Annotated

from pydantic import Field

from syncd.config.kinds import FilePath, Part, Seconds, Text


class SincePart(Part):
    """Read only what changed, and all rows now and then."""

    column: Text
    """The column of the query that tells when a row was changed; a row in which it is NULL is always read."""
    key: Text
    """The column of the query that tells rows apart; while one is there twice, or blank, all rows are read."""
    folder: FilePath
    """A folder of syncd's own for the last reading, on a disk that is encrypted: whole rows are in it."""
    overlap: Annotated[Seconds, Field(ge=1)] = 900.0
    """How far back before the last reading: longer than any transaction that changes rows takes."""
    full_every: Annotated[Seconds, Field(gt=0)] = 43200.0
    """How often all rows are read, whatever changed; only then does anybody's absence count."""


class PagePart(Part):
    """Read a query by many small statements, where the server cannot hold a cursor for one long one."""

    by: Text
    """The column of the query that pages go by: unique, never NULL, and best indexed."""
    size: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """Rows of a page."""
