"""Collector: where spans go, and one call there. Only what is configured counts: no variable of OpenTelemetry's is read."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from syncd import __version__
from syncd.errors import ConfigError
from syncd.http.outbound import OutboundError, post
from syncd.http.signing import judged, retry_after
from syncd.telemetry.otlp import CONTENT_TYPE, refused

PATH = "/v1/traces"
"""Where a collector takes traces, below its address."""
_LATER = frozenset({429, 502, 503, 504})
"""The statuses after which OTLP lets a request be sent again."""


class NotSent(Exception):
    """A request was not taken; the text says why, without a header. ``final``: the same request never will be.

    ``after``: for so many seconds the collector asks to be left alone.
    """

    def __init__(self, why: str, *, final: bool = False, after: float = 0.0) -> None:
        """Say why."""
        self.final = final
        self.after = after
        super().__init__(why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """An OpenTelemetry collector, or whatever speaks OTLP over HTTP. ``headers`` are asked for anew each time."""

    endpoint: str
    headers: Mapping[str, Callable[[], str]]
    timeout: float = 10.0
    allow_private: bool = False
    ca_file: Path | None = None

    @property
    def host(self) -> str:
        """Its name, to be shown."""
        return urlsplit(self.endpoint).netloc

    @property
    def address(self) -> str:
        """Where traces go."""
        base = self.endpoint.rstrip("/")
        return base if base.endswith(PATH) else base + PATH

    def send(self, body: bytes, *, timeout: float) -> int:
        """Send one request, within ``timeout`` seconds; how many spans of it were refused. Raises NotSent."""
        try:
            answer = post(
                self.address,
                body,
                self._headers(),
                timeout=timeout,
                allow_private=self.allow_private,
                ca_file=self.ca_file,
            )
        except OutboundError as error:
            raise NotSent(str(error), final=error.final) from None
        fault, _ = judged(answer, key="telemetry.otlp.endpoint")
        if fault:
            after = retry_after(answer, time.time())
            raise NotSent(fault, final=answer.status not in _LATER, after=after)
        return refused(answer.body)

    def _headers(self) -> dict[str, str]:
        found = {"Content-Type": CONTENT_TYPE, "User-Agent": f"syncd/{__version__}"}
        for name, ask in self.headers.items():
            try:
                value = ask()
            except ConfigError as error:
                raise NotSent(str(error)) from None
            if not (value.isascii() and value.isprintable()):
                raise NotSent(f"telemetry.otlp.headers: {name} holds characters that no header can carry")
            found[name] = value
        return found
