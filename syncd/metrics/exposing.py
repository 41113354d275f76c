"""Exposing: one registry with all metrics of this process, as text, and on a port of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest, start_http_server

from syncd.config.metrics_parts import MetricsSettings
from syncd.errors import ConfigError, Fault
from syncd.log import get_logger, listen
from syncd.metrics.facts import StoreFacts
from syncd.metrics.meter import Meter

log = get_logger(__name__)
CONTENT_TYPE = CONTENT_TYPE_LATEST
"""What the text of a scrape is."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """All metrics of this process."""

    registry: CollectorRegistry

    def text(self) -> bytes:
        """A scrape."""
        return generate_latest(self.registry)


@contextmanager
def metrics_of(facts: StoreFacts) -> Iterator[Metrics]:
    """Count, while the block runs, what this process tells; with what the database says at each scrape."""
    registry = CollectorRegistry(auto_describe=False)
    meter = Meter(registry)
    meter.begin()
    unlisten = listen(meter)
    registry.register(facts)
    try:
        yield Metrics(registry)
    finally:
        unlisten()


@contextmanager
def served(metrics: Metrics, settings: MetricsSettings) -> Iterator[int | None]:
    """Serve them at ``/metrics`` while the block runs, without authentication; yields the port, None if nowhere.

    Raises ConfigError if the address cannot be listened on.
    """
    if settings.port is None:
        yield None
        return
    try:
        server, thread = start_http_server(settings.port, settings.host, metrics.registry)
    except OSError as error:
        told = f"cannot listen on {settings.host} port {settings.port}: {error.strerror or error}"
        raise ConfigError([Fault(where="metrics", key="metrics", message=told)]) from None
    port = int(server.server_address[1])
    log.info("metrics_served", host=settings.host, port=port)
    try:
        yield port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
