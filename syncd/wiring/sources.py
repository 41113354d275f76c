"""Sources: from how the configuration names them to what reads them."""

from collections.abc import Iterable
from typing import Any

from syncd.config import Config
from syncd.config.since_parts import SincePart
from syncd.config.source_parts import (
    CsvSettings,
    JsonSettings,
    PluginSettings,
    SourceSettings,
    SqlSettings,
    TableFilePart,
)
from syncd.core.rules import Part as Piece
from syncd.core.rules import columns_of
from syncd.sources import CsvSourceSettings, Source, open_fetch, open_source
from syncd.sources.fetching import Fetch
from syncd.sources.plugin import open_plugin
from syncd.sources.renaming import renamed
from syncd.sources.settings import ExcelSourceSettings, Header, Page, Since, SqlSourceSettings
from syncd.wiring.options import revealing
from syncd.wiring.servers import fetch_settings, json_settings


def sources_of(config: Config) -> tuple[Source, ...]:
    """HR's sources, the first one first, not yet read. Raises ConfigError."""
    rules = config.mapping
    parts = [*rules.employee_id.value.parts, *(rules.manager.value.parts if rules.manager else ())]
    return tuple(_renamed(settings, parts) for settings in config.sources)


def training_sources_of(config: Config) -> dict[str, Source]:
    """Where training that HR knows of is read, by name, not yet read. Raises ConfigError."""
    entries = zip(config.training_sources, config.training, strict=True)
    return {settings.name: _renamed(settings, rule.employee_id.parts) for settings, rule in entries}


def _renamed(settings: SourceSettings, ids: Iterable[Piece]) -> Source:
    """A source in whose rows ``ids`` are made of the columns with the ids of people."""
    return renamed(_source(settings, ids), settings.renamed, settings.added)


def _source(settings: SourceSettings, ids: Iterable[Piece]) -> Source:
    if isinstance(settings, SqlSettings):
        return open_source(
            SqlSourceSettings(
                name=settings.name,
                url=settings.url.reveal,
                query=settings.query,
                timeout_seconds=settings.timeout,
                max_rows=settings.max_rows,
                snapshot=settings.snapshot,
                since=_since(settings.since),
                page=None if settings.page is None else Page(by=settings.page.by, size=settings.page.size),
            )
        )
    if isinstance(settings, PluginSettings):
        return open_plugin(settings.type, settings.name, revealing(settings.options))
    if isinstance(settings, JsonSettings):
        return open_source(json_settings(settings))
    if isinstance(settings, CsvSettings):
        return open_source(
            CsvSourceSettings(
                **_file(settings),
                delimiter=settings.delimiter,
                quote=settings.quote,
                encoding=settings.encoding,
                final_newline=settings.final_newline,
            ),
            fetch=_fetch(settings),
        )
    theirs = {ours: their for their, ours in settings.renamed.items()}
    text = (
        [theirs.get(column, column) for column, _ in columns_of(ids)]
        if settings.text is None
        else settings.text
    )
    return open_source(
        ExcelSourceSettings(**_file(settings), sheet=settings.sheet or "", text=frozenset(text)),
        fetch=_fetch(settings),
    )


def _file(settings: TableFilePart) -> dict[str, Any]:
    """What every kind of file has."""
    return {
        "name": settings.name,
        "path": settings.path,
        "settle_seconds": settings.stable_for,
        "name_date": settings.name_date if settings.is_dated else "",
        "newest": settings.newest or "",
        "marker": settings.ready.marker or "",
        "checksum": settings.ready.checksum or "",
        "unpack": settings.unpack or "",
        "member": settings.member or "",
        "header": Header(
            none=settings.header.none,
            starts_with=settings.header.starts_with,
            second=settings.header.second,
            positions=settings.positions,
            width=settings.width or 0,
        ),
        "trailer": settings.expect.trailer or (),
        "guards": settings.guards,
    }


def _fetch(settings: TableFilePart) -> Fetch | None:
    """How the file is brought here; None: it is here."""
    if settings.fetch is None:
        return None
    return open_fetch(fetch_settings(settings.name, settings.fetch, settle_seconds=settings.stable_for))


def node_sources_of(config: Config) -> dict[str, Source]:
    """The files of organisation trees by space, not yet read."""
    return {
        space: open_source(
            CsvSourceSettings(
                name=space, path=file.path, delimiter=file.delimiter, quote='"', encoding=file.encoding
            )
        )
        for space, file in config.node_files.items()
    }


def _since(part: SincePart | None) -> Since | None:
    """How only the rows of a query are read that changed; None: all of them are."""
    if part is None:
        return None
    return Since(
        column=part.column,
        key=part.key,
        folder=part.folder,
        overlap_seconds=part.overlap,
        full_every_seconds=part.full_every,
    )
