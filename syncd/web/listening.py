"""Listening: the server of the web application, and what one client may cost it."""

import asyncio
import socket
import threading
from dataclasses import dataclass, field

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_AT_ONCE = 200
"""So many connections are there at once: for a new one that which has waited longest without asking goes; if all are being answered, the new
one is told 503 at once.
"""
LARGEST_HEAD = 16 * 1024
"""Bytes of a request's line and headers together; a longer head is refused."""
IDLE_SECONDS = 15
"""After so many seconds in which a connection has not asked for anything, or not to the end of its head, it is closed."""


class _Impatient(H11Protocol):
    """HTTP/1.1 that waits for a request's head no longer than for a next request.

    Uvicorn's own waits so long only between requests: whoever connects and says nothing, or half a head, would keep a place for ever.
    """

    _until_asked: asyncio.TimerHandle | None = None
    since: float | None = None
    """Since when, by the loop's clock, it has waited for a head; None while it is answered, or rests after an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._wait()
        if len(self.connections) >= MOST_AT_ONCE:
            self._take_a_place()

    def handle_events(self) -> None:
        super().handle_events()
        asked = self.cycle is not None  # uvicorn's type does not say that there is none at first
        if asked and not self.cycle.response_complete:
            self._forget()
        elif self._until_asked is None and self.timeout_keep_alive_task is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def _take_a_place(self) -> None:
        """Who has waited longest without asking goes, so that whoever asks is served: a probe of health before all."""
        waiting = [
            one
            for one in self.connections
            if isinstance(one, _Impatient) and one is not self and one.since is not None
        ]
        if waiting:
            longest = min(waiting, key=lambda one: one.since or 0.0)
            self.connections.discard(longest)
            longest.transport.close()

    def _wait(self) -> None:
        self.since = self.loop.time()
        self._until_asked = self.loop.call_later(self.timeout_keep_alive, self.transport.close)

    def _forget(self) -> None:
        if self._until_asked is not None:
            self._until_asked.cancel()
            self._until_asked = None
        self.since = None


@dataclass(slots=True)
class Listening:
    """A web application on a port (0: any that is free), in a thread of its own from ``start`` to ``end``. ``patience`` in seconds."""

    application: ASGIApp
    host: str
    port: int
    patience: int = IDLE_SECONDS
    _server: uvicorn.Server = field(init=False)
    _thread: threading.Thread = field(init=False)

    def start(self) -> None:
        """Take the port, which is known from then on, and serve. Raises OSError if it is taken."""
        self._server = uvicorn.Server(
            uvicorn.Config(
                self.application,
                http=_Impatient,
                ws="none",
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MOST_AT_ONCE,
                timeout_keep_alive=self.patience,
                h11_max_incomplete_event_size=LARGEST_HEAD,
            )
        )
        self._server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # the daemon has its own
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.create_server((self.host, self.port), family=family, reuse_port=False)
        # Of a socket made like this asyncio does not do it by itself, and an answer's body would wait 40 ms for its head's receipt.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = listener.getsockname()[1]
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="web", daemon=True
        )
        self._thread.start()

    def end(self) -> None:
        """Answer what is being answered, and stop."""
        self._server.should_exit = True
        self._thread.join(5)
