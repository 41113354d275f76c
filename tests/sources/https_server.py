"""A local HTTP server whose answers are a function of the test, one thread a request."""

import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple


class Asked(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Said(NamedTuple):
    """An answer; ``cut`` so many bytes are announced and not sent."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    cut: int = 0
    length: bool = True


class HttpServer:
    """Answers on loopback as ``answer`` says, over TLS with a ``certificate`` (a file with its key); ``asked`` is everything that came."""

    def __init__(self, answer: Callable[[Asked], Said], certificate: Path | None = None) -> None:
        self.asked: list[Asked] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                size = int(self.headers.get("content-length", 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, self.path, headers, self.rfile.read(size))
                outer.asked.append(asked)
                said = answer(asked)
                self.send_response(said.status)
                for name, value in said.headers:
                    self.send_header(name, value)
                if said.length:
                    self.send_header("Content-Length", str(len(said.body) + said.cut))
                self.end_headers()
                with suppress(OSError):  # who asked may have hung up
                    self.wfile.write(said.body)

            do_POST = do_GET  # noqa: N815 - as http.server calls it

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.link = f"http://127.0.0.1:{self._server.server_port}"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            self.link = f"https://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Close it."""
        self._server.shutdown()
        self._server.server_close()
