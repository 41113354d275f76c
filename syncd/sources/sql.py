"""HR as one SQL query: read in one read-only snapshot into a private spool, then streamed from there."""

import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import CursorResult

from syncd.errors import SourceError
from syncd.sources.base import Reading
from syncd.sources.privatecopy import no_room, private_file
from syncd.sources.settings import SqlSourceSettings
from syncd.sources.spool import RowsDigest, SpoolRows
from syncd.sources.sqlsession import parse_url, read_only_session
from syncd.sources.sqltext import one_select
from syncd.sources.sqlvalue import as_text

PAGE = 1000
"""Rows fetched at a time."""


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

    def read(self, workspace: Path) -> Reading:
        """As ``Source.read``: the rows of one moment, as text; no rows at all is a SourceError."""
        settings = self._settings
        backend = parse_url(settings).get_backend_name()
        query = one_select(settings.query, settings.name, hash_comments=backend in {"mysql", "mariadb"})
        spool, path = private_file(workspace, "source-")
        try:
            with os.fdopen(spool, "w", encoding="ascii", newline="\n") as file:
                columns, digest = self._spool(query, file.write)
        except OSError as error:
            path.unlink()
            raise no_room(settings.name, workspace, error) from error
        except BaseException:
            path.unlink()
            raise
        return Reading(
            name=settings.name,
            columns=columns,
            rows=digest.rows,
            sha256=digest.hexdigest(columns),
            size_bytes=path.stat().st_size,
            modified_at=None,
            complete=settings.snapshot or backend != "mssql",
            place=f"{settings.name}:row ",
            raw=SpoolRows(path=path),
        )

    def _spool(self, query: str, write: Callable[[str], Any]) -> tuple[tuple[str, ...], "RowsDigest"]:
        """Run the query and write each row as a line of JSON."""
        settings, digest = self._settings, RowsDigest()
        deadline = self._monotonic() + settings.timeout_seconds
        with (
            read_only_session(settings, monotonic=self._monotonic) as connection,
            connection.exec_driver_sql(query) as result,
        ):
            columns = _columns(result, settings.name)
            for page in result.partitions(PAGE):
                self._check_deadline(deadline)
                self._spool_page(page, columns, digest, write)
        if not digest.rows:
            raise SourceError(
                f"{settings.name}: the query gives not one row. An empty answer is never taken for 'nobody works here'. "
                "Nothing was planned. Check the query and its database."
            )
        return columns, digest

    def _check_deadline(self, deadline: float) -> None:
        if self._monotonic() > deadline:
            raise SourceError(
                f"{self.name}: reading took longer than {self._settings.timeout_seconds:g} s and was stopped. "
                "Nothing was planned. Make the query lighter, or raise the timeout."
            )

    def _spool_page(
        self,
        page: Iterable[Sequence[object]],
        columns: tuple[str, ...],
        digest: "RowsDigest",
        write: Callable[[str], Any],
    ) -> None:
        for row in page:
            line = json.dumps(_cells(row, columns, self.name, digest.rows + 1))
            digest.add(line)
            write(line + "\n")
        if digest.rows > self._settings.max_rows:
            raise SourceError(
                f"{self.name}: the query gives more than {self._settings.max_rows} rows. Nothing was planned. "
                "Check its joins, or raise the row limit."
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
