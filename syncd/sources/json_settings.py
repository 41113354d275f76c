"""What it takes to read HR as JSON over HTTPS; plain values that the configuration builds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from syncd.sources.fetch_settings import Ask, Login

PagingKind = Literal["none", "next", "link_header", "page", "offset", "cursor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """How one page leads to the next.

    =============  ==================================================================================================
    kind           the next page
    =============  ==================================================================================================
    none           there is but one
    next           its URL is at ``path`` of this one; nothing there: this was the last
    link_header    its URL is in the header Link, rel="next"
    page, offset   has the next number in the parameter ``param``, from ``first`` on; one without rows is behind the last
    cursor         has in the parameter ``param`` what is at ``path`` of this one; nothing there: this was the last
    =============  ==================================================================================================

    ``total`` is where a page says how many rows there are in all: then there must be so many.
    """

    kind: PagingKind = "none"
    path: str = ""
    param: str = ""
    first: int = 0
    total: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonSourceSettings:
    """HR as a list in JSON: ``rows`` is where the list is ("" for the whole answer), ``columns`` are paths into each row.

    ``gone`` is a path that says that a row is a tombstone; its columns ``gone_set`` are then these texts, and without any
    the row is left out. ``timeout_seconds`` is for all pages together, as are ``max_bytes`` and ``max_rows``.
    """

    name: str
    link: Ask = field(repr=False)
    columns: tuple[str, ...]
    rows: str = ""
    login: Login = field(default_factory=Login)
    method: Literal["GET", "POST"] = "GET"
    body: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    paging: Paging = Paging()
    gone: str = ""
    gone_set: Mapping[str, str] = field(default_factory=dict)
    ca_file: str | None = None
    timeout_seconds: float = 600.0
    max_bytes: int = 2 * 1024**3
    max_rows: int = 5_000_000
