"""Telemetry: runs as traces for an OpenTelemetry collector, made of the events of the log. No span ever names a person."""

from syncd.telemetry.collector import Collector
from syncd.telemetry.exporting import Exporter
from syncd.telemetry.spans import Tracer

__all__ = ["Collector", "Exporter", "Tracer"]
