"""Sinks bring training results back to HR; ``open_sink`` makes a ``base.Sink`` of its settings."""

from syncd.sinks.base import CsvSinkSettings, Sink
from syncd.sinks.csvfile import CsvSink
from syncd.sinks.result import result_row

__all__ = ["CsvSinkSettings", "Sink", "open_sink", "result_row"]


def open_sink(settings: CsvSinkSettings) -> Sink:
    """The Sink that these settings describe; nothing is written yet."""
    return CsvSink(settings)
