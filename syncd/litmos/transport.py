"""Transport: one HTTP request, sent only while its slot is good, ended by its deadline, answered or raised.

httpx has no total deadline, so it runs over our own streams (``syncd.http``); nothing here sends a request a second time.
"""

from collections.abc import Mapping, Sequence
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import quote, urlencode

import httpcore
import httpx

from syncd.core.operation import Gate, Watch
from syncd.errors import (
    LitmosError,
    Permanent,
    StoreError,
    Transient,
    Unauthorized,
    Uncertain,
)
from syncd.failpoint import reach
from syncd.http.network import Current
from syncd.http.pool import CoreTransport
from syncd.litmos.endpoint import Endpoint
from syncd.litmos.paths import template
from syncd.litmos.sending import Answer, Clock, Sending, Timing, TooLateError, boot_time
from syncd.log import get_logger, redact_text

log = get_logger(__name__)

_BY_A_GATEWAY = frozenset({502, 504})
"""Somebody answered for Litmos, which may still get the request: such an answer does not free a slot early."""


class Transport:
    """Sends requests to one Litmos account. Thread-safe.

    The key goes in the ``apikey`` header only. Redirects are not followed, cookies not kept. Proxies are those of
    ``HTTPS_PROXY`` and ``NO_PROXY`` (http proxies with CONNECT only), and never used for loopback.
    """

    def __init__(self, endpoint: Endpoint, gate: Gate, *, clock: Clock = boot_time) -> None:
        """Prepare; nothing is sent. Raises ConfigError for a base URL that is neither https nor loopback."""
        endpoint.check()
        self._endpoint = endpoint
        self._gate = gate
        self._clock = clock
        self._base = httpx.URL(endpoint.base_url.rstrip("/"))
        self._current = Current()
        self._client = httpx.Client(
            transport=CoreTransport(self._base, self._current, ca_file=endpoint.ca_file),
            timeout=endpoint.timeout,
            follow_redirects=False,
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def send(
        self,
        method: str,
        path: Sequence[str],
        params: Mapping[str, str | int],
        body: bytes = b"",
        *,
        watch: Watch,
        timing: Timing | None = None,
    ) -> Answer:
        """Wait for a slot, send, and read the answer whole, whatever its status.

        ``path`` are the unescaped segments below the base URL. Raises Transient if nothing was sent or a read failed,
        Uncertain if a write failed after its first byte, Unauthorized if there is no usable key, Permanent for a path
        that cannot be right, Interrupted if the process is stopping, and what ``watch`` raises. ``timing`` is filled in.
        """
        request = self._request(method, path, params, body)
        write = method != "GET"
        asked_at = self._clock() if timing is not None else 0.0
        slot = self._gate.acquire()
        if timing is not None:
            timing.waited = self._clock() - asked_at
        sending = Sending(
            slot=slot,
            watch=watch,
            write=write,
            encrypted=self._base.scheme == "https",
            deadline=self._clock() + self._endpoint.timeout,
            clock=self._clock,
        )
        began, status = self._clock(), 0
        try:
            if write:
                reach("slot-taken")
            answer = self._exchange(request, sending)
            status = answer.status
            return answer
        finally:
            if timing is not None and sending.sent:
                timing.took = self._clock() - sending.sent_at
            self._release(sending)
            seconds = round(self._clock() - began, 3)
            log.debug("request_ended", method=method, endpoint=template(path), status=status, seconds=seconds)

    def freeze(self, reason: str) -> None:
        """Stop all senders of this account for one window."""
        try:
            self._gate.freeze(reason)
        except StoreError as error:
            log.warning("window_not_frozen", error=str(error))

    def _release(self, sending: Sending) -> None:
        """A slot that cannot be given back stays taken for its longest time, which is safe; the answer is worth more."""
        try:
            self._gate.release(sending.slot, sent=sending.sent, answered=sending.answered)
        except StoreError as error:
            log.warning("slot_not_released", error=str(error))

    def _request(
        self, method: str, path: Sequence[str], params: Mapping[str, str | int], body: bytes
    ) -> httpx.Request:
        if any(segment in {"", ".", ".."} for segment in path):
            raise Permanent("an id is empty or no id at all; nothing was sent", code="LITMOS-ID-UNUSABLE")
        query = urlencode({**params, "source": self._endpoint.source, "format": "json"}, quote_via=quote)
        target = "/".join(quote(segment, safe="") for segment in path)
        headers = {
            "apikey": _usable(self._endpoint.api_key()),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": self._endpoint.source,
            "Connection": "keep-alive",
        }
        if method != "GET" or body:
            headers["Content-Length"] = str(len(body))
        return self._client.build_request(
            method, f"{self._base}/{target}?{query}", headers=headers, content=body or None
        )

    def _exchange(self, request: httpx.Request, sending: Sending) -> Answer:
        self._current.sending = sending
        try:
            response = self._client.send(request, stream=True)
            try:
                sending.answered = response.status_code not in _BY_A_GATEWAY
                if sending.write:
                    reach("answered-unread")
                return Answer(
                    status=response.status_code,
                    reason=response.reason_phrase,
                    headers=dict(response.headers),
                    body=self._body(response),
                    secret=request.headers["apikey"],
                )
            finally:
                response.close()
        except _FAILURES as failure:
            raise self._error(failure, sending) from None
        finally:
            self._current.sending = None

    def _body(self, response: httpx.Response) -> bytes:
        if "," in response.headers.get("content-encoding", ""):
            raise _TooLongError  # coded twice: the second decoding has no bound
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes():
            size += len(part)
            if size > self._endpoint.max_body:
                raise _TooLongError
            parts.append(part)
        return b"".join(parts)

    def _error(self, failure: Exception, sending: Sending) -> LitmosError:
        code, what = _explain(failure, sending)
        kind = Uncertain if sending.sent and sending.write else Transient
        return kind(f"{self._base.host}: {what}", code=code)


class _TooLongError(Exception):
    """The body is longer than ``max_body``."""


_FAILURES = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    httpx.HTTPError,
    httpx.StreamError,
    TooLateError,
    _TooLongError,
)


def _explain(failure: Exception, sending: Sending) -> tuple[str, str]:
    """The stable code and a sentence for a request that was not answered whole."""
    text = redact_text(str(failure)) or type(failure).__name__
    match failure:
        case TooLateError():
            return "LITMOS-TOO-LATE", "connecting took so long that the slot had passed; nothing was sent"
        case _TooLongError():
            return "LITMOS-BODY-TOO-LONG", "the answer is longer than syncd reads"
        case httpcore.TimeoutException():
            where = "no whole answer in time" if sending.sent else "could not connect in time"
            return ("LITMOS-TIMEOUT" if sending.sent else "LITMOS-CONNECT-TIMEOUT"), where
        case httpcore.ProxyError():
            return "LITMOS-PROXY-REFUSED", f"the proxy refused: {text}"
        case httpcore.ConnectError() if "certificate" in text.lower() or "ssl" in text.lower():
            return "LITMOS-TLS", f"no trusted connection: {text}"
        case httpcore.ConnectError():
            return "LITMOS-CONNECT", f"could not connect: {text}"
        case _:
            return "LITMOS-BROKEN", f"the connection broke: {text}"


def _usable(key: str) -> str:
    if key and key.isascii() and key.isprintable() and " " not in key:
        return key
    raise Unauthorized(
        "the Litmos API key is empty or holds characters that no header can carry", code="LITMOS-KEY-UNUSABLE"
    )
