"""Sinks bring training results back to HR; ``open_sink`` makes a ``base.Sink`` of its settings."""

from syncd.sinks.base import Checked, CsvSinkSettings, Sink
from syncd.sinks.csvfile import CsvSink
from syncd.sinks.plugin import open_plugin
from syncd.sinks.result import result_row
from syncd.sinks.settings import SqlSinkSettings, WebhookSinkSettings

__all__ = [
    "Checked",
    "CsvSinkSettings",
    "Sink",
    "SqlSinkSettings",
    "WebhookSinkSettings",
    "open_plugin",
    "open_sink",
    "result_row",
]


def open_sink(settings: CsvSinkSettings | SqlSinkSettings | WebhookSinkSettings) -> Sink:
    """The Sink that these settings describe; nothing is written yet."""
    match settings:
        case CsvSinkSettings():
            return CsvSink(settings)
        case SqlSinkSettings():
            from syncd.sinks.sql import SqlSink

            return SqlSink(settings)
        case WebhookSinkSettings():
            from syncd.sinks.webhook import WebhookSink

            return WebhookSink(settings)
