"""HR as JSON over HTTPS: all pages or nothing, each row spooled as text, in the memory of one row."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from syncd.errors import SourceError
from syncd.http.asking import HttpError, Server
from syncd.sources.base import Reading
from syncd.sources.fetching import keep_chunks
from syncd.sources.json_settings import JsonSourceSettings
from syncd.sources.jsonpath import parse_path, text_at, value_at
from syncd.sources.jsonscan import BadJson, JsonRows
from syncd.sources.login import headers_of
from syncd.sources.privatecopy import PrivateCopy
from syncd.sources.spool import SpoolRows, write_rows

TRIES = 5
"""So often one page is asked for, where that may help."""
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?', re.IGNORECASE)


class JsonSource:
    """A Source that is a list in JSON. ``sleep`` and ``monotonic`` are in seconds."""

    def __init__(
        self,
        settings: JsonSourceSettings,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._sleep = sleep
        self._monotonic = monotonic
        self._paths = [parse_path(column) for column in settings.columns]
        self._gone = parse_path(settings.gone)

    @property
    def name(self) -> str:
        """The configured name."""
        return self._settings.name

    def read(self, workspace: Path) -> Reading:
        """As ``Source.read``: the rows of all pages, in their order; none at all is a SourceError."""
        settings = self._settings
        try:
            path, digest = write_rows(self._rows(workspace), workspace, label=settings.name)
        except HttpError as error:
            raise SourceError(f"{settings.name}: {error}. Nothing was planned.") from None
        return Reading(
            name=settings.name,
            columns=settings.columns,
            rows=digest.rows,
            sha256=digest.hexdigest(settings.columns),
            size_bytes=path.stat().st_size,
            modified_at=None,
            complete=True,
            place=f"{settings.name}:row ",
            raw=SpoolRows(path=path),
        )

    def _rows(self, workspace: Path) -> Iterator[list[str]]:
        """The cells of every row of every page."""
        settings, seen, kept, said = self._settings, 0, 0, ""
        for number, page in enumerate(self._pages(workspace), 1):
            before = seen
            try:
                with page.copy.path.open(encoding="utf-8-sig") as text:
                    for row in (rows := JsonRows(text, _steps(settings.rows))):
                        seen += 1
                        if (cells := self._cells(row, seen)) is not None:
                            kept += 1
                            yield cells
                        if seen > settings.max_rows:
                            raise SourceError(
                                f"{self.name}: there are more than {settings.max_rows} rows. Nothing was planned."
                            )
            except (BadJson, UnicodeError) as error:
                why = "is not UTF-8" if isinstance(error, UnicodeError) else str(error)
                raise SourceError(f"{self.name}: page {number} {why}. Nothing was planned.") from None
            if not rows.found:
                where = f'at "{settings.rows}"' if settings.rows else "as a whole"
                raise SourceError(
                    f"{self.name}: page {number} is no list {where}. Nothing was planned. Check `rows`."
                )
            page.done(rows.around, seen - before, seen)
            said = _at(page, settings.paging.total) if settings.paging.total else ""
        if said and said != str(seen):
            raise SourceError(
                f"{self.name}: {settings.paging.total} says {said} rows, and {seen} came: the list changed while it was read, "
                "or a page is missing. Nothing was planned. Run syncd again."
            )
        if not kept:
            raise SourceError(
                f"{self.name}: there is not one row. An empty answer is never taken for 'nobody works here'. "
                "Nothing was planned. Check the URL, and what this login may see."
            )

    def _cells(self, row: Any, number: int) -> list[str] | None:
        """The texts of one row; None for a tombstone that is left out."""
        settings = self._settings
        if not isinstance(row, dict):
            raise SourceError(f"{self.name}:row {number}: is no object. Nothing was planned. Check `rows`.")
        gone = bool(settings.gone) and value_at(row, self._gone) not in (None, False, "", "0", "false")
        if gone and not settings.gone_set:
            return None
        cells = []
        for column, steps in zip(settings.columns, self._paths, strict=True):
            try:
                cells.append(text_at(row, steps))
            except ValueError as error:
                raise SourceError(
                    f"{self.name}:row {number}: {column} {error}. Nothing was planned."
                ) from None
        told = settings.gone_set if gone else {}
        return [told.get(column, cell) for column, cell in zip(settings.columns, cells, strict=True)]

    def _pages(self, workspace: Path) -> Iterator["_Page"]:
        """The pages, one after the other; what each says of the next is told to it by ``done``."""
        settings = self._settings
        deadline = self._monotonic() + settings.timeout_seconds
        start = settings.link()
        place: str | None = _with(start, settings.params)
        if settings.paging.kind in {"page", "offset"}:
            place = _with(place or "", {settings.paging.param: str(settings.paging.first)})
        seen: set[str] = set()
        left, before = settings.max_bytes, ""
        with closing(Server(start, ca_file=settings.ca_file, clock=self._monotonic)) as server:
            headers = {
                "Accept": "application/json",
                **({"Content-Type": "application/json"} if settings.body else {}),
                **headers_of(
                    settings.login,
                    deadline=time.monotonic() + settings.timeout_seconds,
                    ca_file=settings.ca_file,
                ),
            }
            while place is not None:
                if place in seen:
                    raise SourceError(
                        f"{self.name}: one page leads back to another. Nothing was planned. Check `paging`."
                    )
                seen.add(place)
                copy, links = self._patiently(server, place, headers, deadline, workspace, left)
                left -= copy.size_bytes
                page = _Page(copy, place)
                try:
                    yield page
                finally:
                    copy.path.unlink()
                if settings.paging.param and page.count and copy.sha256 == before:
                    raise SourceError(
                        f"{self.name}: the same page came twice: the server does not know the parameter "
                        f"{settings.paging.param}. Nothing was planned. Check `paging`."
                    )
                before = copy.sha256
                place = self._after(page, links)

    def _after(self, page: "_Page", links: str) -> str | None:
        """Where the page behind this one is; None: this was the last."""
        paging = self._settings.paging
        match paging.kind:
            case "next":
                return urljoin(page.place, found) if (found := _at(page, paging.path)) else None
            case "link_header":
                named = _NEXT.search(links)
                return urljoin(page.place, named[1]) if named else None
            case "cursor":
                return _with(page.place, {paging.param: found}) if (found := _at(page, paging.path)) else None
            case "page" | "offset":
                total = _at(page, paging.total) if paging.total else ""
                if not page.count or total == str(page.seen):
                    return None
                now = int(dict(parse_qsl(urlsplit(page.place).query))[paging.param])
                return _with(
                    page.place, {paging.param: str(now + (1 if paging.kind == "page" else page.count))}
                )
            case _:
                return None

    def _patiently(
        self,
        server: Server,
        link: str,
        headers: Mapping[str, str],
        deadline: float,
        workspace: Path,
        left: int,
    ) -> tuple[PrivateCopy, str]:
        """A private copy of one page, and its header Link. Who is asked too often says when to come again."""
        for number in range(TRIES):
            try:
                return self._once(server, link, headers, deadline, workspace, left)
            except HttpError as error:
                wait = error.after if error.after is not None else float(2**number)
                if not error.again or number == TRIES - 1 or self._monotonic() + wait > deadline:
                    raise
                self._sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _once(
        self,
        server: Server,
        link: str,
        headers: Mapping[str, str],
        deadline: float,
        workspace: Path,
        left: int,
    ) -> tuple[PrivateCopy, str]:
        method, body = self._settings.method, self._settings.body.encode() or None
        with server.ask(link, deadline=deadline, headers=headers, method=method, body=body) as answer:
            if answer.is_page:
                raise HttpError("a web page came instead of JSON; it probably asks people to log in")
            copy = keep_chunks(answer.chunks, workspace, label=self.name, most=left)
        return copy, answer.headers.get("link", "")


class _Page:
    """One page: its copy, its URL, and, once it was read, what stands around its rows and how many there were."""

    def __init__(self, copy: PrivateCopy, place: str) -> None:
        self.copy = copy
        self.place = place
        self.around: Any = None
        self.count = 0
        self.seen = 0

    def done(self, around: Any, count: int, seen: int) -> None:
        """It was read: ``count`` rows of it, ``seen`` with those before."""
        self.around, self.count, self.seen = around, count, seen


def _at(page: _Page, path: str) -> str:
    try:
        return text_at(page.around, parse_path(path))
    except ValueError as error:
        raise HttpError(f"{path} {error}") from None


def _steps(path: str) -> list[str]:
    return [step.key for step in parse_path(path)]


def _with(link: str, params: Mapping[str, str]) -> str:
    """The URL with these parameters, in place of others of their names."""
    parts = urlsplit(link)
    kept = [(name, value) for name, value in parse_qsl(parts.query, True) if name not in params]
    return urlunsplit(parts._replace(query=urlencode([*kept, *params.items()])))
