"""Harm: a proxy before the sandbox that spoils answers on their way, and the ways in which it can."""

import gzip
import http.client
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from syncd.sandbox.server import Sandbox
from tests.litmos.server import Heard, Line, Server

DEEP = 5000
FAR = 400
"""Nested deeper than any answer, and less than Python gives up at."""


@dataclass(frozen=True, slots=True)
class Said:
    """An answer of the sandbox."""

    status: str
    body: bytes

    def raw(self, *headers: str, body: bytes | None = None, status: str = "") -> bytes:
        """The answer on the wire, with a matching Content-Length, and these headers."""
        data = self.body if body is None else body
        lines = ("Content-Type: application/json", f"Content-Length: {len(data)}", *headers)
        return self.head(*lines, status=status) + data

    def head(self, *headers: str, status: str = "") -> bytes:
        """Just the head."""
        return "\r\n".join((f"HTTP/1.1 {status or self.status}", *headers, "", "")).encode("latin-1")

    @property
    def json(self) -> Any:
        """The body's JSON; None if it is empty."""
        return json.loads(self.body) if self.body else None

    def with_json(self, value: Any) -> bytes:
        """The answer with other JSON."""
        return self.raw(body=json.dumps(value).encode())


BUSY = Said("200 OK", b"<html><title>Busy</title></html>")
"""What comes when a request got lost on the other side."""

Harm = Callable[[Said], bytes]
"""From an answer to the bytes that arrive instead, after which the connection ends."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Harm to a request that Litmos never sees."""

    harm: Harm

    def __call__(self, said: Said) -> bytes:
        return self.harm(said)


@dataclass
class Proxy:
    """Passes requests on to the sandbox; ``spoil`` says for each whether, and how, its answer is harmed."""

    sandbox: Sandbox
    spoil: Callable[[Heard], Harm | None] = lambda _heard: None
    harmed: list[str] = field(default_factory=list)
    """the requests whose answers did not arrive as they were given"""

    def __enter__(self) -> Self:
        self._server = Server(self._answer).__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    @property
    def url(self) -> str:
        """The base URL of the API."""
        return self._server.url

    def heal(self) -> None:
        """From now on every answer arrives as it was given."""
        self.spoil = lambda _heard: None

    def _answer(self, heard: Heard, line: Line) -> bytes | None:
        harm = self.spoil(heard)
        said = BUSY if isinstance(harm, Lost) else self._passed_on(heard)
        if harm is None:
            return said.raw()
        data = harm(said)
        if data != said.raw():
            self.harmed.append(f"{heard.method} {heard.path}")
        if _is_whole(
            data
        ):  # who asks goes on with the same line, and may do so before it is seen to be closed
            return data
        line.say(data)
        return None

    def _passed_on(self, heard: Heard) -> Said:
        connection = http.client.HTTPConnection(urlsplit(self.sandbox.base_url).netloc, timeout=10)
        try:
            connection.request(heard.method, heard.target, heard.body, heard.headers)
            answer = connection.getresponse()
            return Said(f"{answer.status} {answer.reason}", answer.read())
        finally:
            connection.close()


_FIRST_A_100 = re.compile(rb"^HTTP/1.1 100 Continue\r\n\r\n")
"""Only the answer behind it says where it ends."""


def _is_whole(data: bytes) -> bool:
    """Whether the body of an answer ends where its head, or its last chunk, says."""
    head, _, body = re.sub(_FIRST_A_100, b"", data).partition(b"\r\n\r\n")
    said = re.findall(rb"(?im)^content-length: (\d+)\r?$", head)
    if b"transfer-encoding: chunked" in head.lower():
        return not said and body.endswith(b"\r\n0\r\n\r\n")
    return said == [b"%d" % len(body)]


def bomb(layers: int) -> Harm:
    """8 MB of blanks, compressed so many times."""
    data = b" " * 8_000_000
    for _ in range(layers):
        data = gzip.compress(data, 9)
    return lambda said: said.raw(f"Content-Encoding: {', '.join(['gzip'] * layers)}", body=data)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a JSON value, at any depth."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


def into_text(said: Said, piece: bytes) -> bytes:
    """The body with something put at the start of the last text that is a value in it."""
    before, mark, behind = said.body.rpartition(b':"')
    return said.raw(body=before + mark + piece + behind if mark else behind)


def instead_of_a_value(said: Said, piece: bytes) -> bytes:
    """The body with a new member, whose value is no JSON, in its first object."""
    return said.raw(body=said.body.replace(b"{", b'{"zz":' + piece + b",", 1))


def twice(said: Said) -> bytes:
    """Each row of a list two times."""
    rows = said.json
    return said.with_json([row for row in rows for _ in range(2)] if isinstance(rows, list) else rows)


HARMLESS: dict[str, Harm] = {
    "a byte order mark": lambda said: said.raw(body=b"\xef\xbb\xbf" + said.body),
    "blanks around": lambda said: said.raw(body=b"\n\t " + said.body + b" \r\n"),
    "no length": lambda said: said.head("Content-Type: application/json") + said.body,
    "chunks": lambda said: (
        said.head("Transfer-Encoding: chunked") + b"%x\r\n%b\r\n0\r\n\r\n" % (len(said.body), said.body)
    ),
    "an odd type": lambda said: (
        said.head("Content-Type: image/png", f"Content-Length: {len(said.body)}") + said.body
    ),
    "no headers": lambda said: said.head() + said.body,
    "odd headers": lambda said: said.raw(
        "X-Odd: \xff", "Set-Cookie: =;;=\x01", "Retry-After: soon", "Server:"
    ),
    "a 100 before": lambda said: b"HTTP/1.1 100 Continue\r\n\r\n" + said.raw(),
    "gzip": lambda said: said.raw("Content-Encoding: gzip", body=gzip.compress(said.body)),
    "each row twice": twice,
}
"""What must be understood all the same."""

HARMFUL: dict[str, Harm] = {
    "nothing": lambda _said: b"",
    "empty": lambda said: said.raw(body=b""),
    "HTML": lambda said: said.raw(body=b"<!DOCTYPE html><html><title>Busy</title></html>"),
    "XML": lambda said: said.raw(body=b'<Users xmlns:i="XMLSchema-instance"/>'),
    "a text": lambda said: said.raw(body=b'"sorry"'),
    "null": lambda said: said.raw(body=b"null"),
    "half": lambda said: said.raw(body=said.body[: len(said.body) // 2]),
    "half of the length": lambda said: said.raw()[: -len(said.body) // 2],
    "a length too long": lambda said: said.head(f"Content-Length: {len(said.body) + 9}") + said.body,
    "a length too short": lambda said: said.head(f"Content-Length: {len(said.body) - 1}") + said.body,
    "two lengths": lambda said: said.raw("Content-Length: 1"),
    "a length that is none": lambda said: said.head("Content-Length: -1") + said.body,
    "a broken chunk": lambda said: said.head("Transfer-Encoding: chunked") + b"zz\r\n" + said.body,
    "no last chunk": lambda said: said.head("Transfer-Encoding: chunked") + b"1\r\n[\r\n",
    "no HTTP": lambda _said: b"220 smtp.example.com ESMTP\r\n",
    "a broken head": lambda said: b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n" + said.body,
    "many headers": lambda said: said.raw(*(f"X-{n}: {'y' * 90}" for n in range(5000))),
    "invalid UTF-8": lambda said: into_text(said, b"\xff\xfe"),
    "UTF-16": lambda said: said.raw(body=said.body.decode().encode("utf-16")),
    "half a character": lambda said: into_text(said, rb"\ud83d"),
    "NUL": lambda said: into_text(said, rb"\u0000"),
    "a raw NUL": lambda said: into_text(said, b"\0"),
    "NaN": lambda said: instead_of_a_value(said, b"NaN"),
    "infinity": lambda said: instead_of_a_value(said, b"1e999"),
    "a huge number": lambda said: instead_of_a_value(said, b"9" * 5000),
    "very deep": lambda said: instead_of_a_value(said, b"[" * DEEP + b"]" * DEEP),
    "deep": lambda said: instead_of_a_value(said, b"[" * FAR + b"]" * FAR),
    "deep alone": lambda said: said.raw(body=b"[" * DEEP),
    "huge": lambda said: said.raw(body=said.body + b" " * 3_000_000),
    "bad gzip": lambda said: said.raw("Content-Encoding: gzip"),
    "a gzip bomb": bomb(1),
    "a gzip bomb in a gzip bomb": bomb(2),
    "an unknown coding": lambda said: said.raw("Content-Encoding: br", body=gzip.compress(said.body)),
    **{
        f"{status} {more}".strip(): lambda said, status=status, more=more: said.raw(  # type: ignore[misc]  # bound now
            *([more] if more else []), status=status
        )
        for status, more in (
            ("202 Accepted", ""),
            ("204 No Content", ""),
            ("206 Partial Content", ""),
            ("302 Found", "Location: https://elsewhere.example/"),
            ("302 Found", "Location: http://[::1"),
            ("302 Found", "Location: //"),
            ("304 Not Modified", ""),
            ("400 Bad Request", ""),
            ("401 Unauthorized", ""),
            ("403 Forbidden", ""),
            ("404 Not Found", ""),
            ("409 Conflict", ""),
            ("418 Teapot", ""),
            ("429 Too Many Requests", ""),
            ("500 Oops", ""),
            ("503 Service Unavailable", ""),
            ("599 What", ""),
            ("999 What", ""),
        )
    },
}
"""What must never be believed."""
