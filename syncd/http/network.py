"""Network: connections that keep the deadline of the request they carry, byte by byte, and know whether it may still leave.

httpcore calls these streams in the thread that sends the request, which is how a stream finds it (``Current``).
"""

import select
import socket
import ssl
import threading
from collections.abc import Iterable
from typing import Any, Protocol

import httpcore

CONNECT_SECONDS = 10.0
"""The longest that one address may take to answer."""
_PIECE = 65536


class Carried(Protocol):
    """A request on its way. ``encrypted`` tells it from what goes to a proxy before it; ``broken``: a write of it failed."""

    encrypted: bool
    broken: bool

    def remaining(self) -> float:
        """Seconds until the deadline; 0 or less when it has passed."""
        ...

    def before_bytes(self) -> None:
        """Called before each piece of the request leaves. What it raises keeps that piece back."""
        ...

    def before_answer(self) -> None:
        """Called before the answer is read."""
        ...


class Current(threading.local):
    """The request that the present thread is sending: the network knows its streams, not their requests."""

    sending: Carried | None = None


class Network(httpcore.NetworkBackend):
    """Connects within the deadline of the request that this thread is sending."""

    def __init__(self, current: Current) -> None:
        self._current = current

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Try each address in turn. The name look-up itself has no time limit, but a late one sends nothing."""
        last: OSError | None = None
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        for _, _, _, _, address in addresses:
            left = _left(self._current, timeout, httpcore.ConnectTimeout)
            try:
                sock = socket.create_connection((str(address[0]), port), min(left, CONNECT_SECONDS))
            except OSError as error:
                last = error
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return _Stream(sock, self._current)
        if isinstance(last, TimeoutError):
            raise httpcore.ConnectTimeout(str(last)) from last
        raise httpcore.ConnectError(str(last or "no address"))


class _Stream(httpcore.NetworkStream):
    """A socket that asks before its first byte whether the request may still go, and never outlasts its deadline."""

    def __init__(self, sock: socket.socket, current: Current) -> None:
        self._sock = sock
        self._current = current

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        sending = self._request()
        if sending is not None:
            sending.before_answer()
        self._sock.settimeout(_left(self._current, timeout, httpcore.ReadTimeout))
        try:
            return self._sock.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        view = memoryview(buffer)
        sending = self._request()
        while view:
            if sending is not None:
                sending.before_bytes()
            try:
                self._sock.settimeout(_left(self._current, timeout, httpcore.WriteTimeout))
                view = view[self._sock.send(view[:_PIECE]) :]
            except TimeoutError as error:
                raise httpcore.WriteTimeout(str(error)) from error
            except OSError as error:
                if sending is not None:
                    sending.broken = True
                raise httpcore.WriteError(str(error)) from error

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            self._sock.settimeout(_left(self._current, timeout, httpcore.ConnectTimeout))
            return _Stream(
                ssl_context.wrap_socket(self._sock, server_hostname=server_hostname), self._current
            )
        except TimeoutError as error:
            self.close()
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            self.close()
            raise httpcore.ConnectError(str(error)) from error

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            poll = select.poll()
            poll.register(self._sock, select.POLLIN)
            return self._sock.fileno() < 0 or bool(poll.poll(0))
        if info == "ssl_object":
            return self._sock if isinstance(self._sock, ssl.SSLSocket) else None
        return self._sock if info == "socket" else None

    def close(self) -> None:
        self._sock.close()

    def _request(self) -> Carried | None:
        """The request that these bytes belong to; None for what goes to a proxy before it."""
        sending = self._current.sending
        if sending is None or (sending.encrypted and not isinstance(self._sock, ssl.SSLSocket)):
            return None
        return sending


def _left(current: Current, timeout: float | None, error: type[Exception]) -> float:
    """Seconds for the next system call; raises ``error`` when there are none."""
    sending = current.sending
    left = sending.remaining() if sending is not None else CONNECT_SECONDS
    if left <= 0:
        raise error("the deadline has passed")
    return left if timeout is None else min(timeout, left)
