"""Wiring: from a configuration to an App. The only place that knows both."""

from pathlib import Path

from syncd.app import App, Settings, open_app
from syncd.config import Config
from syncd.config.settings import SinkSettings
from syncd.config.source_parts import CsvSettings, SourceSettings
from syncd.errors import StoreError
from syncd.litmos.endpoint import Endpoint
from syncd.sinks import CsvSinkSettings, Sink, open_sink
from syncd.sinks.base import SinkMode
from syncd.sources import CsvSourceSettings, Source, open_source
from syncd.sources.renaming import renamed
from syncd.sources.settings import SqlSourceSettings
from syncd.store.database import Database, open_database
from syncd.store.migrate import check, upgrade


def wire(config: Config, *, migrate: bool = False) -> App:
    """Open everything that a configuration names; nothing is read or sent. Raises ConfigError, StoreError.

    A new SQLite database gets its tables; any other one must be at head, or ``migrate`` be True.
    """
    database = open_store(config, migrate=migrate)
    sinks = {settings.name: _sink(settings) for settings in config.pull.sinks}
    return open_app(
        settings_of(config),
        database,
        sources_of(config),
        sinks,
        node_sources_of(config),
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
        overlap=pull.overlap,
        first_from=pull.first_from,
        config_digest=config.digest,
    )


def sources_of(config: Config) -> tuple[Source, ...]:
    """HR's sources, the first one first, not yet read. Raises ConfigError."""
    return tuple(map(_renamed, config.sources))


def training_sources_of(config: Config) -> dict[str, Source]:
    """Where training that HR knows of is read, by name, not yet read. Raises ConfigError."""
    return {settings.name: _renamed(settings) for settings in config.training_sources}


def _renamed(settings: SourceSettings) -> Source:
    return renamed(_source(settings), settings.renamed, settings.added)


def _source(settings: SourceSettings) -> Source:
    if isinstance(settings, CsvSettings):
        return open_source(
            CsvSourceSettings(
                name=settings.name,
                path=settings.path,
                delimiter=settings.delimiter,
                quote=settings.quote,
                encoding=settings.encoding,
                settle_seconds=settings.stable_for,
                final_newline=settings.final_newline,
                trailer=settings.expect.trailer or "",
                name_date=settings.name_date if settings.is_dated else "",
            )
        )
    return open_source(
        SqlSourceSettings(
            name=settings.name,
            url=settings.url.reveal(),
            query=settings.query,
            timeout_seconds=settings.timeout,
            max_rows=settings.max_rows,
        )
    )


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


def _sink(settings: SinkSettings) -> Sink:
    return open_sink(
        CsvSinkSettings(
            name=settings.name,
            path=settings.path,
            columns=settings.columns,
            delimiter=settings.delimiter,
            encoding=settings.encoding,
            mode=SinkMode(settings.mode),
            raw=settings.raw,
            line_end="\r\n" if settings.line_end == "crlf" else "\n",
        )
    )
