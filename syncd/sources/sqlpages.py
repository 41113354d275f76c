"""Pages: a query read by many small statements, where a server cannot hold a cursor for as long as one reading takes.

Each is ``SELECT * FROM (query) WHERE key > :last ORDER BY key LIMIT size``, in the one transaction of the session. The server
compares the keys, by its own collation, so what the order misses is found by counting: rows whose key is NULL, or is for the
server the same as another one, are in no page, and then there are fewer than the query has.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from sqlalchemy import Column, Connection, Select, Subquery, func, quoted_name, select, text

from syncd.errors import SourceError
from syncd.sources.settings import Page


def derived(connection: Connection, query: str, column: str, name: str) -> Subquery:
    """The query as a table ``name`` with one column that can be named."""
    dialect = connection.dialect
    called = dialect.denormalize_name(column) if dialect.requires_name_normalize else column
    plain = query.replace(":", "\\:")  # nothing in it is a parameter
    return text(f"{plain}\n").columns(Column(quoted_name(called, quote=True))).subquery(name)


def page_after(connection: Connection, query: str, page: Page, last: object) -> Select[Any]:
    """The statement for the page behind the key ``last``; None: the first page."""
    rows = derived(connection, query, page.by, "syncd_page")
    (key,) = rows.columns
    found = select(text("syncd_page.*")).select_from(rows).order_by(key).limit(page.size)
    return found if last is None else found.where(key > last)


def count_of(connection: Connection, query: str, column: str) -> int:
    """How many rows the query has now."""
    rows = derived(connection, query, column, "syncd_counted")
    return int(connection.execute(select(func.count()).select_from(rows)).scalar_one())


class Keys:
    """The keys of rows as they come: each is there, and none is the one before it. Raises SourceError for one that is not so."""

    def __init__(self, name: str, page: Page) -> None:
        """None was seen yet."""
        self._name = name
        self._page = page
        self.last: object = None

    def place(self, columns: Sequence[str]) -> int:
        """Where the key is among the columns of the query."""
        if self._page.by not in columns:
            near = get_close_matches(self._page.by, columns, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise SourceError(
                f"{self._name}: page.by is {self._page.by}, which is no column of the query.{hint} "
                f"It gives: {', '.join(columns)}. Nothing was planned."
            )
        return columns.index(self._page.by)

    def see(self, key: object, number: int) -> None:
        """The key of the row of that number. Texts are in an order that only the server knows; numbers and times must rise."""
        if key is None:
            raise self._refused(number, "is NULL")
        if key == self.last:
            raise self._refused(number, "is that of the row before")
        if self.last is not None and not isinstance(key, str) and _falls(self.last, key):
            raise self._refused(number, "is not above that of the row before")
        self.last = key

    def all_there(self, read: int, there: int) -> None:
        """Compare how many rows were read with how many there are."""
        if read != there:
            raise SourceError(
                f"{self._name}: {read} rows came page by page, and the query has {there}: column {self._page.by} is NULL in some, or "
                "the same in several (also but for case, as the database compares). Nothing was planned. Let page.by name a "
                "column that is unique and never NULL, or take page out."
            )

    def _refused(self, number: int, why: str) -> SourceError:
        return SourceError(
            f"{self._name}:row {number}: column {self._page.by} {why}. Nothing was planned. page.by must name a column that is "
            "unique and never NULL."
        )


def _falls(before: Any, key: Any) -> bool:
    try:
        return not key > before
    except TypeError:  # of no order that is known here
        return False
