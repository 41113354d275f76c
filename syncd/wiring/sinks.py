"""Sinks: from how the configuration names them to what delivers."""

from syncd.config import Config
from syncd.config.sink_parts import CsvSinkPart, PluginSinkPart, SinkSettings, SqlSinkPart, WebhookSinkPart
from syncd.sinks import CsvSinkSettings, Sink, SqlSinkSettings, WebhookSinkSettings, open_plugin, open_sink
from syncd.sinks.base import SinkMode
from syncd.wiring.options import revealing


def sinks_of(config: Config) -> dict[str, Sink]:
    """Where results go, by name; nothing is written yet. Raises ConfigError."""
    return {settings.name: _sink(settings) for settings in config.pull.sinks}


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
            return open_plugin(settings.type, settings.name, revealing(settings.options), settings.rules)


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
