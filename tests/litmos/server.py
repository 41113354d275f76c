"""A tiny server over real sockets whose every answer, byte by byte, is the test's to choose."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A request as it came: header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}


class Line:
    """The connection on which one request came."""

    def __init__(self, sock: socket.socket, stop: threading.Event) -> None:
        self._sock = sock
        self.stop = stop

    def say(self, data: bytes) -> None:
        self._sock.sendall(data)

    def reset(self) -> None:
        """Close with RST: no goodbye."""
        with contextlib.suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._sock.close()

    def drip(self, data: bytes, every: float = 0.02) -> None:
        """One byte at a time until the test is over or the other side has left."""
        for number in range(len(data)):
            if self.stop.wait(every):
                return
            try:
                self._sock.sendall(data[number : number + 1])
            except OSError:
                return

    def be_silent(self) -> None:
        self.stop.wait(10)


Answerer = Callable[[Heard, Line], bytes | None]
"""Returns the whole answer, or None if it did what it wanted with the line itself, which is then closed."""


def reply(body: bytes | str = b"", status: str = "200 OK", **headers: str) -> bytes:
    """A well-formed answer; ``headers`` by name with _ for -."""
    data = body.encode() if isinstance(body, str) else body
    lines = {"Content-Type": "application/json", "Content-Length": str(len(data))}
    lines.update({name.replace("_", "-"): value for name, value in headers.items()})
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + data


@dataclass
class Server:
    """Listens on loopback while it is entered; ``heard`` are the requests so far."""

    answer: Answerer
    tls: ssl.SSLContext | None = None
    heard: list[Heard] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> Self:
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/v1.svc"

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            stream = self.tls.wrap_socket(sock, server_side=True) if self.tls else sock
            with stream, stream.makefile("rb") as lines:
                while (heard := _hear(lines)) is not None:
                    self.heard.append(heard)
                    data = self.answer(heard, Line(stream, self._stop))
                    if data is None:
                        return
                    stream.sendall(data)


def _hear(lines) -> Heard | None:
    first = lines.readline().decode("latin-1").split()
    if len(first) < 3:
        return None
    headers: dict[str, str] = {}
    while line := lines.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = lines.read(int(headers.get("content-length", "0")))
    return Heard(method=first[0], target=first[1], headers=headers, body=body)
