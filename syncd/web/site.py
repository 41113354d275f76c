"""Site: what every page may use, what was asked of it, and what it answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from syncd.app import App
from syncd.config import Config
from syncd.store.database import Database
from syncd.web.counting import Counts
from syncd.web.roles import Viewer

PAGE_SIZE, LARGEST_PAGE = 50, 500
EXPORT = 50_000
"""So many rows a file for a spreadsheet has, unless fewer are asked for."""
PATIENCE = 5.0
"""Seconds that a page may take to look up what it shows."""
PATIENCE_FOR_FILES = 60.0
"""Seconds that a file for a spreadsheet may take, which has up to EXPORT rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The parts behind the pages. ``alive`` tells whether the daemon's threads are at work, ``metrics`` what it counts."""

    app: App
    config: Config
    alive: Callable[[], bool]
    counts: Counts = field(default_factory=Counts)
    metrics: Callable[[], bytes] | None = None
    patience: float | None = None
    """Seconds that a look-up may take; None: as a page (PATIENCE)."""

    @property
    def database(self) -> Database:
        """Where everything is that the pages show; nobody waits longer for one of them."""
        return self.app.database.within(PATIENCE if self.patience is None else self.patience)

    @property
    def account(self) -> str:
        """The key of the Litmos account."""
        return self.app.account


LARGEST = 2**31 - 1
"""No id is larger: PostgreSQL refuses to compare one with what is."""


def whole(text: str) -> int | None:
    """A whole number of plain digits, LARGEST at most; None if it is something else. Never raises."""
    if not (text.isascii() and text.isdigit()):
        return None
    return min(int(text), LARGEST) if len(text) < 16 else LARGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request by somebody who may make it."""

    site: Site
    viewer: Viewer
    path: str
    parts: Mapping[str, Any] = field(default_factory=dict)
    """What the path names, such as ``run_id``."""
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, Sequence[str]] = field(default_factory=dict)
    exports: bool = False
    """Whether the answer is a file, which has all rows."""

    def said(self, name: str) -> str:
        """One field of the form, "" if it is not there."""
        return next(iter(self.form.get(name, ())), "").strip()

    def number(self, name: str) -> int | None:
        """A whole number of the query, LARGEST at most; None if there is none, or it is something else."""
        return whole(self.query.get(name, ""))

    @property
    def limit(self) -> int:
        """How many rows a page has: ``?limit=``, within bounds; a file has more."""
        usual, most = (EXPORT, EXPORT) if self.exports else (PAGE_SIZE, LARGEST_PAGE)
        return max(1, min(self.number("limit") or usual, most))

    def link(self, /, **changed: object) -> str:
        """This page with some of its query changed; None takes a part away."""
        query = {**self.query, **changed}
        kept = {name: str(value) for name, value in query.items() if value not in (None, "")}
        return f"{self.path}?{urlencode(kept)}" if kept else self.path

    def next_page(self, rows: list[Any], key: str, parameter: str) -> str:
        """The link to what follows, if there are more rows than a page has; the one too many is taken off."""
        if len(rows) <= self.limit:
            return ""
        del rows[self.limit :]
        return self.link(**{parameter: rows[-1][key]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page: its template, and its data, which is also what its JSON twin says.

    The CSV twin has the rows of ``data[listed]``, with these ``columns``. A browser goes on to ``to``, if that is given.
    """

    template: str
    data: Mapping[str, Any]
    listed: str = ""
    columns: Sequence[str] = ()
    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Something was done, or could not be: go on to a page, which says so."""

    to: str
    said: str = ""
    failed: bool = False


class Missing(Exception):
    """There is no such thing; the message says what, and what to look at instead."""


Answer = Shown | Done
Handler = Callable[[Ask], Answer]
