"""Listening: the server of the web application, and what one client may cost it."""

import socket
import threading
from dataclasses import dataclass, field

import uvicorn
from starlette.types import ASGIApp

MOST_AT_ONCE = 200
"""So many connections are served at once; any more is told 503 at once."""
LARGEST_HEAD = 16 * 1024
"""Bytes of a request's line and headers together; a longer head is refused."""
IDLE_SECONDS = 15
"""After so many seconds in which a connection asked for nothing it is closed."""


@dataclass(slots=True)
class Listening:
    """A web application on a port (0: any that is free), in a thread of its own from ``start`` to ``end``."""

    application: ASGIApp
    host: str
    port: int
    _server: uvicorn.Server = field(init=False)
    _thread: threading.Thread = field(init=False)

    def start(self) -> None:
        """Take the port, which is known from then on, and serve. Raises OSError if it is taken."""
        self._server = uvicorn.Server(
            uvicorn.Config(
                self.application,
                http="h11",
                ws="none",
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MOST_AT_ONCE,
                timeout_keep_alive=IDLE_SECONDS,
                h11_max_incomplete_event_size=LARGEST_HEAD,
            )
        )
        self._server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # the daemon has its own
        listener = socket.create_server((self.host, self.port), reuse_port=False)
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
