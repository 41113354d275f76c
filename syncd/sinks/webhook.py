"""The webhook sink: results as signed JSON, in calls of so many rows, each under an id that its content fixes."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b

from syncd.core.finding import count
from syncd.errors import SinkError
from syncd.http.outbound import OutboundError, post, resolve, url_fault
from syncd.http.signing import SECRET_FAULT, judged, retry_after, secret_bytes, signed
from syncd.sinks.mapped import mapped, pending
from syncd.sinks.settings import WebhookSinkSettings

FIRST_PAUSE = 1.0
"""Seconds before the second try; each further pause is twice as long."""


class WebhookSink:
    """A Sink that is an address on the web.

    ``clock`` gives seconds since 1970, ``sleep`` waits. A batch of several calls is taken when each of them is; if one is
    not, all are sent again under the same ids.
    """

    wants_everything = False
    """As ``Sink.wants_everything``."""

    def __init__(
        self,
        settings: WebhookSinkSettings,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._sleep = sleep

    @property
    def name(self) -> str:
        """The configured name."""
        return self._settings.name

    def check(self) -> str:
        """As ``Checked.check``: the address is looked up and judged, nothing is sent."""
        secrets = self._secrets()
        try:
            addresses = resolve(self._url(), allow_private=self._settings.allow_private)
        except OutboundError as error:
            raise SinkError(f"{self.name}: {error}. Correct `url:`; then: syncd doctor") from None
        return f"the address is found at {', '.join(addresses)}; signed with {count(len(secrets), 'secret')}"

    def deliver(self, batch_id: str, rows: Sequence[Mapping[str, str]]) -> None:
        """As ``Sink.deliver``, but for a receiver that does not wait for all ``parts``: it sees one after the other."""
        settings = self._settings
        cells = mapped(self.name, batch_id, rows, settings.columns)
        url, secrets = self._url(), self._secrets()
        starts = range(0, max(len(cells), 1), settings.rows)
        for part, start in enumerate(starts, 1):
            chunk = cells[start : start + settings.rows]
            body = json.dumps(
                {
                    "type": "syncd.results",
                    "sink": self.name,
                    "batch": batch_id,
                    "part": part,
                    "parts": len(starts),
                    "rows": chunk,
                },
                ensure_ascii=False,
            ).encode()
            fault = self._call(url, secrets, call_id(batch_id, part, body), body)
            if fault:
                raise SinkError(
                    f"{self.name}: part {part} of {len(starts)} was not taken: {fault}. {pending(batch_id, len(rows))}"
                )

    def _call(self, url: str, secrets: Sequence[bytes], webhook_id: str, body: bytes) -> str:
        """Send until it is taken, time is up, or trying again is no use: then why, as a sentence without its end."""
        settings, pause = self._settings, FIRST_PAUSE
        give_up = self._clock() + settings.retry_for
        while True:
            asked = 0.0
            try:
                answer = post(
                    url,
                    body,
                    signed(webhook_id, int(self._clock()), body, secrets),
                    timeout=settings.timeout,
                    allow_private=settings.allow_private,
                    ca_file=settings.ca_file,
                )
            except OutboundError as error:
                fault = str(error)
                if error.final:
                    return fault
            else:
                fault, final = judged(answer)
                if not fault or final:
                    return fault
                asked = retry_after(answer, self._clock())
            wait = max(pause, asked)
            if self._clock() + wait > give_up:
                return f"{fault}, and {settings.retry_for:g} s of trying again are over" + (
                    f" (it asks for {asked:.0f} s)" if asked else ""
                )
            self._sleep(wait)
            pause *= 2

    def _url(self) -> str:
        url = self._settings.url()
        if fault := url_fault(url):
            raise SinkError(f"{self.name}: its url {fault}. Correct it; then: syncd doctor")
        return url

    def _secrets(self) -> list[bytes]:
        keys = [secret_bytes(secret()) for secret in self._settings.secrets]
        if None in keys:
            raise SinkError(f"{self.name}: {SECRET_FAULT}")
        return [key for key in keys if key is not None]


def call_id(batch_id: str, part: int, body: bytes) -> str:
    """The id of one call: the same for the same rows of the same batch, another if a mapping makes others of them."""
    return f"{batch_id}-{part}-{blake2b(body, digest_size=8).hexdigest()}"
