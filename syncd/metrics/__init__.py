"""Metrics for Prometheus: what this process did, and what the database says. No label ever names a person."""

from syncd.metrics.facts import StoreFacts
from syncd.metrics.meter import Meter

__all__ = ["Meter", "StoreFacts"]
