"""Pool: httpx over connections of our own, straight or through the proxy that the environment names."""

import urllib.request
from collections.abc import Iterator
from typing import Any

import httpcore
import httpx

from syncd.errors import ConfigError, Fault
from syncd.http.links import is_loopback
from syncd.http.network import Current, Network

KEEPALIVE_SECONDS = 4.0
"""Idle connections are closed sooner than any server would: a stale one makes the outcome of a write unknown."""


class CoreTransport(httpx.BaseTransport):
    """httpx over a pool whose streams keep the deadline of the request that ``current`` names.

    Proxies are those of ``HTTPS_PROXY`` and ``NO_PROXY`` (http proxies with CONNECT only), and never used for loopback.
    Raises ConfigError for a proxy of another kind.
    """

    def __init__(self, base: httpx.URL, current: Current, *, ca_file: str | None) -> None:
        """``base`` is any URL of the one server; ``ca_file`` (PEM) is trusted besides the usual authorities."""
        self._pool = _pool(base, Network(current), ca_file)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and give the answer as soon as its head is there."""
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


def _pool(base: httpx.URL, network: httpcore.NetworkBackend, ca_file: str | None) -> httpcore.ConnectionPool:
    context = None  # not needed on loopback, and costly to make
    if base.scheme == "https":
        context = httpx.create_ssl_context()
        if ca_file:
            context.load_verify_locations(ca_file)
    settings: dict[str, Any] = {
        "ssl_context": context,
        "max_connections": 64,
        "max_keepalive_connections": 8,
        "keepalive_expiry": KEEPALIVE_SECONDS,
        "network_backend": network,
    }
    proxy = _proxy_for(base)
    if proxy is None:
        return httpcore.ConnectionPool(**settings)
    url = httpcore.URL(scheme=proxy.url.raw_scheme, host=proxy.url.raw_host, port=proxy.url.port, target=b"/")
    return httpcore.HTTPProxy(url, proxy_auth=proxy.raw_auth, **settings)


def _proxy_for(base: httpx.URL) -> httpx.Proxy | None:
    text = urllib.request.getproxies().get(base.scheme)
    if not text or is_loopback(base.host) or urllib.request.proxy_bypass(base.host):
        return None
    proxy = httpx.Proxy(text if "://" in text else f"http://{text}")
    if proxy.url.scheme == "http":
        return proxy
    message = "only http:// proxies are supported"
    raise ConfigError([Fault(where="environment", key="HTTPS_PROXY", message=message)])
