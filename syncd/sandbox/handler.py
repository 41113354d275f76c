"""Handler: one connection; HTTP/1.1 with keep-alive, faults, and the answers of gate and control."""

import contextlib
import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from typing import Protocol, cast
from urllib.parse import unquote, urlsplit

from syncd.sandbox import control, pages
from syncd.sandbox.faults import Fault
from syncd.sandbox.gate import (
    BASE_PATH,
    RATE_LIMITED,
    UNAUTHORISED,
    Answer,
    Asked,
    answer,
    page,
    query_of,
    refused,
)
from syncd.sandbox.journal import Entry
from syncd.sandbox.paging import LIMIT_DEFAULT

CONTROL_PATH = "/_sandbox"
_MOST_BODY = 64 * 1024 * 1024
_KEPT_BODY = 64 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class _Server(Protocol):
    """The server that a handler works for."""

    sandbox: control.Stage


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def sandbox(self) -> control.Stage:
        """The sandbox that is served."""
        return cast("_Server", self.server).sandbox

    def version_string(self) -> str:
        """The Server header of the recordings [REC]."""
        return "Microsoft-IIS/7.5"

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date header, by the sandbox's own clock."""
        return super().date_time_string(self.sandbox.world.now().timestamp())

    def log_message(self, *args: object) -> None:
        """Nothing goes to stderr; the journal has it all."""

    def handle(self) -> None:
        """Serves until the client has gone, quietly."""
        with contextlib.suppress(OSError, ValueError):
            super().handle()

    def do_GET(self) -> None:
        """Any method."""
        target = urlsplit(self.path)
        body = self._body()
        if body is None:
            return
        if target.path.startswith(CONTROL_PATH):
            self._control(target.path.removeprefix(CONTROL_PATH), query_of(target.query), body)
        elif target.path.startswith(BASE_PATH):
            self._api(target.path.removeprefix(BASE_PATH), target.query, body)
        else:
            self._send(page(404, pages.not_found()))

    do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_GET

    def _body(self) -> bytes | None:
        """The body; 411 for POST and PUT without a length [INFER], 400 for a length that is none."""
        text = self.headers.get("Content-Length")
        if text is None:
            if self.command in {"POST", "PUT"} or "Transfer-Encoding" in self.headers:
                self.close_connection = True
                self._send(page(411, pages.request_error()))
                return None
            return b""
        if not text.isdigit() or int(text) > _MOST_BODY:
            self.close_connection = True
            self._send(page(400, pages.request_error()))
            return None
        return self.rfile.read(int(text))

    def _api(self, path: str, query_text: str, body: bytes) -> None:
        sandbox = self.sandbox
        query = query_of(query_text)
        asked = Asked(
            method=self.command,
            path=path,
            query=query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
        )
        in_url = "apikey" in query or sandbox.api_key in unquote(self.path)
        entry = sandbox.journal.arrived(
            time=sandbox.world.now(),
            at=sandbox.world.clock(),
            method=self.command,
            path=unquote(path),
            query="&".join(f"{name}={value}" for name, value in query.items() if name != "apikey"),
            body=body[:_KEPT_BODY].decode(errors="replace"),
            key_in_url=in_url,
        )
        if not asked.authorised(sandbox.api_key):
            modes = sandbox.world.modes
            self._finish(entry, refused(modes.invalid_key_status, UNAUTHORISED, asked, modes))
        elif not sandbox.limiter.admit(entry.at, count_rejected=sandbox.world.modes.rejects_count):
            self._finish(entry, refused(503, RATE_LIMITED, asked, sandbox.world.modes))
        else:
            entry.accepted = True
            self._admitted(entry, asked, sandbox.faults.take(self.command, unquote(path)))

    def _admitted(self, entry: Entry, asked: Asked, fault: Fault | None) -> None:
        if fault is None:
            self._finish(entry, self._apply(entry, asked))
            return
        entry.fault = fault.kind
        if fault.kind == "drop_before":
            self._drop()
        elif fault.kind in {"status", "html"}:
            self._finish(entry, _planned(fault), fault.headers)
        else:
            if fault.kind == "slow":
                self.sandbox.faults.hold(fault.seconds)
            result = self._apply(entry, _misread(fault, asked))
            if fault.kind == "hold_after":
                self.sandbox.faults.hold(fault.seconds)
            if fault.kind == "drop_after":
                self._drop()
            else:
                self._finish(entry, _spoilt(fault, result), fault.headers, cut=fault.kind == "truncated")

    def _apply(self, entry: Entry, asked: Asked) -> Answer:
        result = answer(self.sandbox.world, asked, self.sandbox.errors.append)
        entry.status, entry.applied = result.status, result.status < 400
        if entry.is_write:
            self.sandbox.touch()
        if asked.method == "POST" and asked.path == "/users":
            entry.username = _username(asked.body)
            self.sandbox.journal.create_asked(entry.username, applied=entry.applied)
        return result

    def _finish(
        self, entry: Entry, result: Answer, headers: Mapping[str, str] | None = None, *, cut: bool = False
    ) -> None:
        entry.status = result.status
        entry.detail = result.reason if result.status >= 400 else ""
        entry.waited = self.sandbox.world.clock() - entry.at
        self._send(result, headers, cut=cut)

    def _control(self, path: str, query: Mapping[str, str], body: bytes) -> None:
        if not ip_address(self.client_address[0]).is_loopback:
            status, result = 403, {"error": "the control plane answers on loopback only"}
        else:
            try:
                data = json.loads(body) if body.strip() else {}
            except ValueError as error:
                status, result = 400, {"error": str(error)}
            else:
                self.sandbox.touch()
                status, result = control.handle(self.sandbox, self.command, path, query, data)
        text = json.dumps(result, ensure_ascii=False).encode()
        self._send(Answer(status=status, reason="", content_type="application/json", body=text))

    def _send(self, result: Answer, headers: Mapping[str, str] | None = None, *, cut: bool = False) -> None:
        reason = result.reason or HTTPStatus(result.status).phrase
        self.send_response(result.status, reason.encode("ascii", "replace").decode())
        self.send_header("X-Powered-By", "ASP.NET")
        self.send_header("Cache-Control", "private")
        if result.content_type:
            self.send_header("Content-Type", result.content_type)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(result.body)))
        self.end_headers()
        body = result.body[: len(result.body) // 2] if cut else result.body
        if body and self.command != "HEAD":
            self.wfile.write(body)
        if cut:
            self.close_connection = True

    def _drop(self) -> None:
        """Resets the connection: the client sees no answer at all."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.wfile.close()
        self.rfile.close()
        self.connection.close()


def _planned(fault: Fault) -> Answer:
    if fault.kind == "html":
        return page(fault.status, fault.body or pages.overloaded(), fault.reason)
    kind = "application/json" if fault.body.lstrip()[:1] in {"{", "["} else "text/plain"
    reason = fault.reason or HTTPStatus(fault.status).phrase
    return Answer(status=fault.status, reason=reason, content_type=kind, body=fault.body.encode())


def _misread(fault: Fault, asked: Asked) -> Asked:
    """The request as a server that pages wrongly understands it."""
    if fault.kind == "first_page":
        return replace(asked, query={**asked.query, "start": "0"})
    if fault.kind == "short_page":
        half = max(int(asked.query.get("limit") or LIMIT_DEFAULT) // 2, 1)
        return replace(asked, query={**asked.query, "limit": str(half)})
    return asked


def _spoilt(fault: Fault, result: Answer) -> Answer:
    if fault.kind == "malformed":
        return replace(result, body=fault.body.encode() or b'[{"Id":"x",,]')
    if fault.kind == "empty":
        return replace(result, body=b"")
    return result


def _username(body: bytes) -> str:
    with contextlib.suppress(ValueError, AttributeError):
        return str(json.loads(body).get("UserName", ""))
    return ""
