"""Outbound: one request to an address that a person configured, and to nothing that this address might be turned into.

The name is looked up once, every address it has is judged, and the very address that was judged is connected to. Redirects
are not followed, cookies not kept, proxies not used; the whole exchange has one deadline, the answer a largest size.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from syncd.http.links import is_loopback

MAX_ANSWER = 64 * 1024
"""Bytes of an answer that are read at most; what is longer is cut off, for it is the status that counts."""
METADATA = frozenset(map(ipaddress.ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200")))
"""Where clouds tell a machine its own secrets: never sent anything."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class OutboundError(Exception):
    """Nothing was answered; ``final`` if trying again cannot help. The message names the host alone."""

    def __init__(self, message: str, *, final: bool = False) -> None:
        """Say what happened."""
        self.final = final
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The status of an answer, its headers, by names in small letters, and what is read of its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


def url_fault(url: str) -> str:
    """Why nothing is sent to ``url`` whatever it resolves to, or ""; it is not in the sentence."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return "is no URL"
    if not host or parts.scheme not in {"https", "http"}:
        return "must be a URL such as https://hr.example.com/hooks/results"
    if parts.username or parts.password or parts.fragment:
        return "must hold no user, password or fragment"
    if parts.scheme == "http" and not is_loopback(host):
        return "must be https (http is for loopback only)"
    return ""


def address_fault(address: Address, *, loopback: bool, allow_private: bool) -> str:
    """Why nothing is sent to this address, or "". ``loopback``: the URL names this machine outright."""
    address = _inner(address)
    if address in METADATA or address.is_link_local:
        return "is link-local, as the addresses are where clouds keep secrets: nothing is ever sent there"
    if address.is_loopback and loopback:
        return ""
    if address.is_multicast or address.is_unspecified or (address.is_reserved and not address.is_private):
        return "is no address of a machine"
    if not address.is_global and not allow_private:
        return "is of a private network; if that is meant: allow_private: true"
    return ""


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def resolve(
    url: str, *, allow_private: bool, lookup: Callable[..., Iterable[Any]] = socket.getaddrinfo
) -> list[str]:
    """The addresses of the URL's host, every one of which may be sent to. Raises OutboundError if any may not."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = dict.fromkeys(str(each[4][0]) for each in lookup(host, port, type=socket.SOCK_STREAM))
    except OSError as error:
        raise OutboundError(f"{host} cannot be looked up: {error.strerror or error}") from None
    for text in found:
        fault = address_fault(
            ipaddress.ip_address(text.partition("%")[0]),
            loopback=is_loopback(host),
            allow_private=allow_private,
        )
        if fault:
            raise OutboundError(f"{host} leads to {text}, which {fault}", final=True)
    return list(found)


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout: float,
    allow_private: bool = False,
    ca_file: Path | None = None,
) -> Answered:
    """POST once; the answer, whatever its status. Raises OutboundError if there was none within ``timeout`` seconds."""
    more = {"Content-Length": str(len(body)), **headers}
    return _ask("POST", url, body, more, timeout=timeout, allow_private=allow_private, ca_file=ca_file)


def get(url: str, *, timeout: float, allow_private: bool = False, ca_file: Path | None = None) -> Answered:
    """GET once, as ``post``."""
    return _ask("GET", url, b"", {}, timeout=timeout, allow_private=allow_private, ca_file=ca_file)


def _ask(
    method: str,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout: float,
    allow_private: bool,
    ca_file: Path | None,
) -> Answered:
    if fault := url_fault(url):
        raise OutboundError(f"the address {fault}", final=True)
    deadline = time.monotonic() + timeout
    addresses = resolve(url, allow_private=allow_private)
    host = urlsplit(url).hostname or ""
    context = None
    if url.startswith("https"):
        context = httpx.create_ssl_context()
        if ca_file is not None:
            context.load_verify_locations(ca_file)
    network = _Network(addresses, deadline)
    try:
        with httpcore.ConnectionPool(ssl_context=context, network_backend=network) as pool:
            target = httpx.URL(url)
            with pool.stream(
                method,
                httpcore.URL(
                    scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path
                ),
                headers=[
                    (name.encode(), value.encode())
                    for name, value in {
                        "Host": target.netloc.decode("ascii"),
                        "User-Agent": "syncd",
                        "Accept-Encoding": "identity",
                        "Connection": "close",
                        **headers,
                    }.items()
                ],
                content=body,
            ) as response:
                read = _read(response)
                return Answered(
                    status=response.status,
                    headers={
                        name.decode("latin-1").lower(): value.decode("latin-1")
                        for name, value in response.headers
                    },
                    body=read,
                )
    except httpcore.TimeoutException:
        raise OutboundError(f"{host} did not answer within {timeout:g} s") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError) as error:
        raise OutboundError(f"{host} cannot be reached: {str(error) or type(error).__name__}") from None


def _read(response: httpcore.Response) -> bytes:
    found = b""
    for part in response.iter_stream():
        found += part
        if len(found) > MAX_ANSWER:
            break
    return found[:MAX_ANSWER]


class _Network(httpcore.NetworkBackend):
    """Connects to addresses that were judged, whatever the name leads to by now, and lets nothing outlast the deadline."""

    def __init__(self, addresses: list[str], deadline: float) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        last: Exception = httpcore.ConnectError("no address")
        for address in self._addresses:
            try:
                stream = self._inner.connect_tcp(
                    address, port, _left(self._deadline, httpcore.ConnectTimeout)
                )
                return _Stream(stream, self._deadline)
            except httpcore.ConnectError as error:
                last = error
        raise last


class _Stream(httpcore.NetworkStream):
    """A stream whose every step ends by the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: float) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._deadline, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(self._deadline, httpcore.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

    def close(self) -> None:
        self._inner.close()


def _left(deadline: float, error: type[Exception]) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise error("the deadline has passed")
    return left
