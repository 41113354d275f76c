"""The shape of ``metrics``: where they are served without authentication."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from syncd.config.kinds import Part, Text


class MetricsSettings(Part):
    """Metrics for Prometheus, at /metrics of a port of their own: whoever reaches it may see them; they name nobody."""

    host: Annotated[Text, Field(min_length=1)] = "127.0.0.1"
    """The address to listen on: loopback, or one that only the monitoring reaches."""
    port: Annotated[
        int | None, Field(ge=0, le=65535), BeforeValidator(lambda value: None if value == "" else value)
    ] = None
    """The port to listen on; 0 takes a free one; null or empty: nowhere (with a token they are at /metrics of the pages)."""
