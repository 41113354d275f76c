"""HR as one SQL query: read in one read-only snapshot into a private spool, then streamed from there."""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import Connection, CursorResult

from syncd.errors import SourceError
from syncd.sources.base import Reading
from syncd.sources.privatecopy import no_room, private_file
from syncd.sources.settings import Page, Since, SqlSourceSettings
from syncd.sources.spool import RowsDigest, SpoolRows
from syncd.sources.sqlpages import Keys, count_of, page_after
from syncd.sources.sqlrights import excess
from syncd.sources.sqlsession import parse_url, read_only_session
from syncd.sources.sqlsince import (
    MOST,
    Base,
    Watch,
    changed_since,
    clock_of,
    drop_base,
    is_due,
    keep_base,
    open_base,
)
from syncd.sources.sqltext import one_select
from syncd.sources.sqlvalue import as_text

PAGE = 1000
"""Rows fetched at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """What was spooled; with ``since``, what was noted of it, and the base that it was made from (None: all rows were read)."""

    columns: tuple[str, ...]
    watch: Watch | None = None
    base: Base | None = None


class SqlSource:
    """A Source that is one query. ``monotonic`` (seconds) is for the deadline alone."""

    def __init__(
        self, settings: SqlSourceSettings, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._monotonic = monotonic

    @property
    def name(self) -> str:
        """The configured name."""
        return self._settings.name

    def excess(self) -> str:
        """What its database user may do besides reading; "" if nothing, or if it cannot be told."""
        return excess(self._settings)

    def read(self, workspace: Path) -> Reading:
        """As ``Source.read``: the rows of one moment, as text; no rows at all is a SourceError.

        With ``since``, rows that did not change are those of the last reading, and unless all were read it is not complete.
        """
        settings = self._settings
        backend = parse_url(settings).get_backend_name()
        query = one_select(settings.query, settings.name, hash_comments=backend in {"mysql", "mariadb"})
        with open_base(settings) as base:
            path, spool, taken = self._spool(query, base, workspace)
        self._keep(taken, path)
        return Reading(
            name=settings.name,
            columns=taken.columns,
            rows=spool.digest.rows,
            sha256=spool.digest.hexdigest(taken.columns),
            size_bytes=path.stat().st_size,
            modified_at=None,
            complete=(settings.snapshot or backend != "mssql") and taken.base is None,
            place=f"{settings.name}:row ",
            raw=SpoolRows(path=path),
        )

    def _spool(self, query: str, base: Base | None, workspace: Path) -> tuple[Path, "_Spool", _Taken]:
        """Make the private copy; whatever happens meanwhile takes it away again."""
        settings = self._settings
        descriptor, path = private_file(workspace, "source-")
        try:
            with os.fdopen(descriptor, "w", encoding="ascii", newline="\n") as file:
                spool = _Spool(settings, self._monotonic, file)
                taken = self._take(query, base, spool)
        except OSError as error:
            path.unlink()
            raise no_room(settings.name, workspace, error) from error
        except BaseException:
            path.unlink()
            raise
        return path, spool, taken

    def _take(self, query: str, base: Base | None, spool: "_Spool") -> _Taken:
        """Spool all rows, of which as many are those of ``base`` as may be."""
        since = self._settings.since
        with read_only_session(self._settings, monotonic=self._monotonic) as connection:
            now = None if since is None else clock_of(connection)
            taken = None
            if since and base and now and not is_due(since, base, now):
                taken = self._take_changed(connection, query, since, base, now, spool)
            if taken is None:
                taken = self._take_all(connection, query, now, spool)
        if not spool.digest.rows:
            raise SourceError(
                f"{self.name}: the query gives not one row. An empty answer is never taken for 'nobody works here'. "
                "Nothing was planned. Check the query and its database."
            )
        return taken

    def _take_all(self, connection: Connection, query: str, now: datetime | None, spool: "_Spool") -> _Taken:
        since = self._settings.since
        if self._settings.page is not None:
            return self._take_pages(connection, query, self._settings.page, now, spool)
        with connection.exec_driver_sql(query) as result:
            columns = _columns(result, self.name)
            watch = Watch(name=self.name, since=since, columns=columns, now=now) if since and now else None
            for number, row, line in spool.lines(result, columns):
                spool.add(line)
                if watch is not None:
                    watch.see(row, number)
        return _Taken(columns=columns, watch=watch)

    def _take_pages(
        self, connection: Connection, query: str, page: Page, now: datetime | None, spool: "_Spool"
    ) -> _Taken:
        """All rows, a statement a page; none of them holds a cursor of the server."""
        since, keys, watch = self._settings.since, Keys(self.name, page), None
        connection = connection.execution_options(stream_results=False)
        columns: tuple[str, ...] = ()
        full = True
        while full:
            before = spool.digest.rows
            with connection.execute(page_after(connection, query, page, keys.last)) as result:
                columns = _columns(result, self.name)
                if since and now and watch is None:
                    watch = Watch(name=self.name, since=since, columns=columns, now=now)
                place = keys.place(columns)
                for number, row, line in spool.lines(result, columns, before):
                    keys.see(row[place], number)
                    spool.add(line)
                    if watch is not None:
                        watch.see(row, number)
            full = spool.digest.rows - before == page.size
        if self._settings.snapshot:
            keys.all_there(spool.digest.rows, count_of(connection, query, page.by))
        return _Taken(columns=columns, watch=watch)

    def _take_changed(
        self,
        connection: Connection,
        query: str,
        since: Since,
        base: Base,
        now: datetime,
        spool: "_Spool",
    ) -> _Taken | None:
        """The base with what changed; None, and nothing spooled, if all rows must be read: they are not as many as there are now, say."""
        changed: dict[str, str] = {}
        with connection.execute(changed_since(connection, query, since, base)) as result:
            columns = _columns(result, self.name)
            if columns != base.columns:
                return None
            watch = Watch(name=self.name, since=since, columns=columns, now=now, form=base.form)
            for number, row, line in spool.lines(result, columns):
                changed[watch.see(row, number)] = line
                if len(changed) > MOST:
                    return None
        if not watch.unique:
            return None
        there = count_of(connection, query, since.key)
        for line in _merged(base, changed, columns.index(since.key)):
            if spool.digest.rows == there:
                spool.restart()
                return None
            spool.add(line)
        if spool.digest.rows < there:
            spool.restart()
            return None
        return _Taken(columns=columns, watch=watch, base=base)

    def _keep(self, taken: _Taken, path: Path) -> None:
        """Make what was read the next base, if rows can be told apart and one of them tells a time."""
        settings, watch, base = self._settings, taken.watch, taken.base
        if settings.since is None or watch is None:
            return
        mark = watch.mark(None if base is None else base.mark)
        if mark is None or not watch.unique:
            drop_base(settings, settings.since)
            return
        full_at = watch.now if base is None else base.full_at
        keep_base(settings, settings.since, path, watch, mark, full_at)


def _merged(base: Base, changed: dict[str, str], place: int) -> Iterator[str]:
    """The lines of the base, but for those that changed, which are told by the cell at ``place``; then those that are new."""
    for line in base.lines():
        yield changed.pop(json.loads(line)[place], line)
    yield from changed.values()


class _Spool:
    """Where rows are written, a line of JSON each, within the time and the number of rows that are allowed."""

    def __init__(self, settings: SqlSourceSettings, monotonic: Callable[[], float], file: TextIO) -> None:
        self.digest = RowsDigest()
        self._settings = settings
        self._monotonic = monotonic
        self._deadline = monotonic() + settings.timeout_seconds
        self._file = file

    def lines(
        self, result: CursorResult[Any], columns: tuple[str, ...], before: int = 0
    ) -> Iterator[tuple[int, Sequence[object], str]]:
        """The number of each row of a result, the row, and its line; ``before`` is how many rows came before it."""
        number = before
        for page in result.partitions(PAGE):
            self._check_deadline()
            for row in page:
                number += 1
                yield number, row, json.dumps(_cells(row, columns, self._settings.name, number))

    def restart(self) -> None:
        """Forget every row."""
        self._file.seek(0)
        self._file.truncate()
        self.digest = RowsDigest()

    def add(self, line: str) -> None:
        """Write one row."""
        self.digest.add(line)
        self._file.write(line + "\n")
        if self.digest.rows > self._settings.max_rows:
            raise SourceError(
                f"{self._settings.name}: the query gives more than {self._settings.max_rows} rows. Nothing was planned. "
                "Check its joins, or raise the row limit."
            )

    def _check_deadline(self) -> None:
        if self._monotonic() > self._deadline:
            raise SourceError(
                f"{self._settings.name}: reading took longer than {self._settings.timeout_seconds:g} s and was stopped. "
                "Nothing was planned. Make the query lighter, or raise the timeout."
            )


def _columns(result: CursorResult[Any], name: str) -> tuple[str, ...]:
    columns = tuple(str(key).strip() for key in result.keys())  # noqa: SIM118 - a result, no mapping
    unnamed = [str(place) for place, column in enumerate(columns, 1) if not column or column == "?column?"]
    if unnamed:
        raise SourceError(
            f"{name}: the query gives no name to column {', '.join(unnamed)} of {len(columns)}. Add AS and a name."
        )
    repeated = sorted({column for column in columns if columns.count(column) > 1})
    if repeated:
        raise SourceError(
            f"{name}: the query names {', '.join(repeated)} more than once. Give each column its own name with AS."
        )
    return columns


def _cells(row: Sequence[object], columns: tuple[str, ...], name: str, number: int) -> list[str]:
    try:
        return [as_text(value) for value in row]
    except ValueError:
        for column, value in zip(columns, row, strict=True):
            try:
                as_text(value)
            except ValueError as error:
                raise SourceError(
                    f"{name}:row {number}: column {column} cannot be read as text: {error}."
                ) from None
        raise
