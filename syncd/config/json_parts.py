"""JSON parts: HR as a list in JSON over HTTPS, in one page or many. Durations are seconds."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from syncd.config.fetch_parts import LoginPart, Megabytes, SecretLink
from syncd.config.kinds import FilePath, Part, Seconds, Text


class PagingPart(Part):
    """How one page leads to the next: exactly one of next, link_header, page, offset and cursor; or none of them."""

    next: Text | None = None
    """Where the URL of the next page is in the answer, such as links.next."""
    link_header: Literal["next"] | None = None
    """next: the URL of the next page is in the header Link."""
    page: Text | None = None
    """The parameter with the number of the page."""
    offset: Text | None = None
    """The parameter with the number of rows that came before."""
    cursor: Text | None = None
    """The parameter with what is at cursor_from of the page before."""
    cursor_from: Text | None = None
    """Where that is in the answer."""
    first: Annotated[int, Field(ge=0, le=1)] | None = None
    """The number of the first page, or the first offset; null: 1 for page, 0 for offset."""
    total: Text | None = None
    """Where the answer says how many rows there are in all; then there must be so many."""

    @model_validator(mode="after")
    def _one_way(self) -> "PagingPart":
        ways = (self.next, self.link_header, self.page, self.offset, self.cursor)
        if sum(each is not None for each in ways) > 1:
            raise ValueError("next, link_header, page, offset and cursor are ways to page; one must do")
        if (self.cursor is None) != (self.cursor_from is None):
            raise ValueError("cursor (the parameter) and cursor_from (the path) need each other")
        if self.first is not None and self.page is None and self.offset is None:
            raise ValueError("first needs page or offset")
        return self


class GonePart(Part):
    """How a row says that the person is deleted there."""

    path: Text
    """Where it says so: true, or a date, is yes; false, null and nothing is no."""
    constants: dict[str, Text] = Field(default={}, alias="set")
    """What such a row says in these columns, as the mapping calls them: {status: Left}. {}: the row is left out."""


class JsonPart(Part):
    """Where a list in JSON is, and how it is asked for."""

    url: SecretLink
    """The URL; https, but for loopback."""
    method: Literal["GET", "POST"] = "GET"
    """GET, or POST for reports that are asked for with a body."""
    body: Text = ""
    """What is sent with POST, as JSON."""
    params: dict[str, Text] = Field(default={})
    """Parameters of the URL, such as {limit: 200}."""
    login: LoginPart = LoginPart()
    """What proves who asks."""
    rows: Text = ""
    """Where the list is in the answer, such as data.employees; "": the answer is the list."""
    paging: PagingPart = PagingPart()
    """How one page leads to the next; {}: there is but one."""
    gone: GonePart | None = None
    """How a row says that the person is deleted there."""
    ca_file: FilePath | None = None
    """Certificate authorities to trust besides the usual ones (PEM)."""
    timeout: Annotated[Seconds, Field(gt=0)] = 600.0
    """The longest that all pages together may take."""
    max_size: Megabytes = 2048
    """The most that all pages together may have, in MiB."""
    max_rows: Annotated[int, Field(ge=1)] = 5_000_000
    """More rows than this are refused, not cut off."""
