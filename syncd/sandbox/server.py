"""Sandbox: a Litmos on loopback, in a background thread or as a program of its own."""

import json
import signal
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from syncd.sandbox import dumping, seeding, worlds
from syncd.sandbox.faults import FaultPlan
from syncd.sandbox.gate import BASE_PATH
from syncd.sandbox.handler import CONTROL_PATH, Handler
from syncd.sandbox.ids import IdMint
from syncd.sandbox.journal import Entry, Journal
from syncd.sandbox.limiter import RollingWindow
from syncd.sandbox.modes import Modes, PutMode
from syncd.sandbox.world import World, utc_now

DEFAULT_KEY = "00000000-0000-4000-8000-000000000000"
"""The key of a sandbox that was given none; GUID-shaped, opens nothing else."""

_SAVE_EVERY = 1.0


class SandboxServer(ThreadingHTTPServer):
    """Serves one sandbox; a thread for each connection, none of which outlives ``close``."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], sandbox: "Sandbox") -> None:
        self.sandbox = sandbox
        self._open: set[socket.socket] = set()
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """Binds without asking a name server who this host is."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accepts a connection and remembers it."""
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Closes a connection and forgets it."""
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""

    def close(self) -> None:
        """Stops listening and cuts all connections."""
        self.shutdown()
        self.server_close()
        for connection in tuple(self._open):
            self.shutdown_request(connection)


class Sandbox:
    """A simulated Litmos account with its server.

    ``seed`` is a world's name (``worlds.NAMES``), a JSON file or JSON data; ``state`` a file that the account is kept
    in and, if it exists, loaded from instead of the seed; ``faults`` a list as for POST /_sandbox/faults. ``now`` gives
    aware UTC times for dates, ``clock`` monotonic seconds for the rolling window and delays. ``modes`` sets readings of
    the contract beside ``put_mode``.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str = DEFAULT_KEY,
        limit: int = 100,
        window: float = 60.0,
        put_mode: PutMode = "replace",
        bulk_delay: float = 2.0,
        seed: str | Path | Mapping[str, Any] | None = None,
        state: str | Path | None = None,
        faults: list[Mapping[str, Any]] | None = None,
        modes: Mapping[str, Any] | None = None,
        id_seed: str = "sandbox",
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.api_key = api_key
        self.limiter = RollingWindow(limit, window)
        self.faults = FaultPlan()
        self.faults.set(faults or [])
        self.journal = Journal()
        self.errors: list[str] = []
        self.world = World(
            modes=Modes(put_mode=put_mode).changed(dict(modes or {})),
            mint=IdMint(id_seed),
            now=now,
            clock=clock,
            bulk_delay=bulk_delay,
        )
        self._address = (host, port)
        self._seed = seed
        self._state = Path(state) if state else None
        self._server: SandboxServer | None = None
        self._stopping = threading.Event()
        self._touched = threading.Event()
        self._saving = threading.Lock()
        stored = self._state is not None and self._state.exists()
        seeding.load(self.world, worlds.seed_of(self._state if stored else seed))

    @property
    def base_url(self) -> str:
        """Where the API is: ``http://127.0.0.1:P/v1.svc``."""
        return self._origin() + BASE_PATH

    @property
    def control_url(self) -> str:
        """Where the control plane is: ``http://127.0.0.1:P/_sandbox``."""
        return self._origin() + CONTROL_PATH

    @property
    def log(self) -> list[Entry]:
        """All API requests so far."""
        return self.journal.entries

    def start(self) -> Self:
        """Begins to listen and to serve in the background."""
        self._server = SandboxServer(self._address, self)
        self._stopping.clear()
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="sandbox", daemon=True).start()
        if self._state is not None:
            threading.Thread(target=self._save_often, name="sandbox-state", daemon=True).start()
        return self

    def stop(self) -> None:
        """Ends all connections, lets held requests go and keeps the account in the state file."""
        if self._server is None:
            return
        self._address = (self._address[0], self._server.server_port)
        self._stopping.set()
        self.faults.release()
        self._server.close()
        self._server = None
        self.save()

    def touch(self) -> None:
        """Notes that the account may have changed, so that the state file is written soon."""
        self._touched.set()

    def reset(self) -> None:
        """Back to the seed; log, faults and the window forgotten."""
        with self.world.lock:
            seeding.load(self.world, worlds.seed_of(self._seed))
        self.faults.set([])
        self.faults.release()
        self.journal.clear()
        self.limiter.clear()

    def audit(self) -> dict[str, Any]:
        """What the requests amount to; as GET /_sandbox/audit."""
        return self.journal.audit(self.limiter.window)

    def dump(self) -> dict[str, Any]:
        """The account as JSON data; as GET /_sandbox/dump."""
        with self.world.lock:
            return dumping.dump(self.world)

    def save(self) -> None:
        """Writes the state file, if there is one, in one move."""
        if self._state is None:
            return
        with self._saving:
            part = self._state.with_name(self._state.name + ".part")
            part.write_text(json.dumps(self.dump(), ensure_ascii=False), encoding="utf-8")
            part.replace(self._state)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _origin(self) -> str:
        if self._server is None:
            raise RuntimeError("the sandbox is not started")
        return f"http://{self._address[0]}:{self._server.server_port}"

    def _save_often(self) -> None:
        while not self._stopping.wait(_SAVE_EVERY):
            if self._touched.is_set():
                self._touched.clear()
                self.save()


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """How ``syncd sandbox`` serves; ``seed`` and the rest as in Sandbox, ``faults`` a JSON file."""

    host: str = "127.0.0.1"
    port: int = 0
    api_key: str = DEFAULT_KEY
    limit: int = 100
    window: float = 60.0
    put_mode: PutMode = "replace"
    bulk_delay: float = 2.0
    seed: str = "empty"
    state: Path | None = None
    faults: Path | None = None


def run_forever(options: SandboxOptions, ready: Callable[[Sandbox], None] = lambda _: None) -> None:
    """Serves until SIGINT or SIGTERM; ``ready`` is called once it listens."""
    faults = json.loads(options.faults.read_text(encoding="utf-8")) if options.faults else []
    sandbox = Sandbox(
        host=options.host,
        port=options.port,
        api_key=options.api_key,
        limit=options.limit,
        window=options.window,
        put_mode=options.put_mode,
        bulk_delay=options.bulk_delay,
        seed=options.seed,
        state=options.state,
        faults=faults,
    )
    done = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: done.set()) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        with sandbox:
            ready(sandbox)
            done.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
