"""Wiring: from a configuration to an App. The only place that knows both."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from syncd.app import App, Settings, open_app
from syncd.archive import Vault
from syncd.archive.sealing import need_cryptography
from syncd.config import Config
from syncd.config.sink_parts import CsvSinkPart, PluginSinkPart, SinkSettings, SqlSinkPart, WebhookSinkPart
from syncd.config.source_parts import (
    CsvSettings,
    JsonSettings,
    PluginSettings,
    SourceSettings,
    SqlSettings,
    TableFilePart,
)
from syncd.core.results import Status
from syncd.core.rules import Part as Piece
from syncd.core.rules import columns_of
from syncd.errors import StoreError
from syncd.litmos.endpoint import Endpoint
from syncd.sinks import CsvSinkSettings, Sink, SqlSinkSettings, WebhookSinkSettings, open_plugin, open_sink
from syncd.sinks.base import SinkMode
from syncd.sources import CsvSourceSettings, Source, open_fetch, open_source
from syncd.sources.fetching import Fetch
from syncd.sources.plugin import open_plugin as open_source_of
from syncd.sources.renaming import renamed
from syncd.sources.settings import ExcelSourceSettings, Header, SqlSourceSettings
from syncd.store.database import Database, open_database
from syncd.store.migrate import check, upgrade
from syncd.wiring_elsewhere import fetch_settings, json_settings, since_settings


def wire(config: Config, *, migrate: bool = False) -> App:
    """Open everything that a configuration names; nothing is read or sent. Raises ConfigError, StoreError.

    A new SQLite database gets its tables; any other one must be at head, or ``migrate`` be True.
    """
    database = open_store(config, migrate=migrate)
    return open_app(
        settings_of(config),
        database,
        sources_of(config),
        sinks_of(config),
        node_sources_of(config),
        archive_of(config),
        training_sources_of(config),
    )


def open_store(config: Config, *, migrate: bool = False) -> Database:
    """Open the database of a configuration and see that it is at head. Raises StoreError."""
    url = config.database.reveal()
    path = url.removeprefix("sqlite:///")
    new = url.startswith("sqlite:///") and (not Path(path).exists() or not Path(path).stat().st_size)
    database = open_database(url)
    try:
        if migrate or new:
            upgrade(database)
        else:
            check(database)
    except StoreError:
        database.close()
        raise
    return database


def settings_of(config: Config) -> Settings:
    """What the flows must know."""
    litmos, push, pull = config.litmos, config.push, config.pull
    return Settings(
        account=litmos.account,
        mapping=config.mapping,
        endpoint=Endpoint(
            base_url=litmos.base_url,
            api_key=litmos.api_key.reveal,
            source=litmos.source,
            timeout=litmos.timeout,
            ca_file=None if litmos.ca_file is None else str(litmos.ca_file),
        ),
        requests=litmos.limit.usable,
        window=litmos.limit.window,
        senders=litmos.senders,
        settle_delay=litmos.settle_delay,
        max_attempts=litmos.max_attempts,
        bulk_imports=litmos.bulk_imports == "auto",
        policy=push.policy,
        limits=push.limits,
        training=config.training,
        expects={source.name: source.expect.expect for source in config.sources},
        hold=push.hold,
        hold_expires=push.hold_expires,
        refresh_max_age=push.refresh_max_age,
        check_within=push.check_within,
        results=frozenset(pull.results),
        statuses=frozenset(Status(word) for word in pull.statuses),
        results_checked_within=pull.check_within,
        identities={sink.name: sink.login_link for sink in pull.sinks if sink.what == "identities"},
        overlap=pull.overlap,
        first_from=pull.first_from,
        config_digest=config.digest,
    )


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
                since=since_settings(settings.since),
            )
        )
    if isinstance(settings, PluginSettings):
        options = {key: option.reveal() for key, option in settings.options.items()}
        return open_source_of(settings.type, settings.name, options)
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


def sinks_of(config: Config) -> dict[str, Sink]:
    """Where results go, by name; nothing is written yet. Raises ConfigError."""
    return {settings.name: _sink(settings) for settings in config.pull.sinks}


def archive_of(config: Config) -> Vault | None:
    """Where what Runs read is kept; None: nowhere. Raises ConfigError if it is to be encrypted, and cannot be."""
    archive = config.archive
    if archive is None:
        return None
    if archive.key is not None:
        need_cryptography()
    return Vault(archive.folder, config.litmos.account, keep=archive.keep, keys=archive.keys)


def _sink(settings: SinkSettings) -> Sink:
    match settings:
        case CsvSinkPart():
            return open_sink(_csv_sink(settings))
        case SqlSinkPart():
            return open_sink(
                SqlSinkSettings(
                    name=settings.name,
                    url=settings.url.reveal,
                    table=settings.table,
                    key=settings.key,
                    columns=settings.rules,
                    timeout=settings.timeout,
                )
            )
        case WebhookSinkPart():
            return open_sink(
                WebhookSinkSettings(
                    name=settings.name,
                    url=settings.url.reveal,
                    secrets=tuple(secret.reveal for secret in settings.secrets),
                    columns=settings.rules,
                    rows=settings.rows,
                    timeout=settings.timeout,
                    retry_for=settings.retry_for,
                    allow_private=settings.allow_private,
                    ca_file=settings.ca_file,
                )
            )
        case PluginSinkPart():
            options = {key: option.reveal() for key, option in settings.options.items()}
            return open_plugin(settings.type, settings.name, options, settings.rules)


def _csv_sink(settings: CsvSinkPart) -> CsvSinkSettings:
    return CsvSinkSettings(
        name=settings.name,
        path=settings.path,
        columns=settings.rules,
        delimiter=settings.delimiter,
        encoding=settings.encoding,
        mode=SinkMode(settings.mode),
        raw=settings.raw,
        line_end="\r\n" if settings.line_end == "crlf" else "\n",
        permissions=int(settings.permissions, 8),
        header=settings.header,
        trailer=settings.trailer or "",
        gzip=settings.compress == "gzip",
        checksum=settings.checksum,
        done=settings.done or "",
    )
