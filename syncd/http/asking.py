"""Asking: one server, asked over HTTP for a file or a list, within a deadline, and never another server in its stead.

Redirects are followed to the same server only. What goes wrong is an ``HttpError`` whose text holds neither a header nor a query.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import urljoin

import httpcore
import httpx

from syncd.http.links import is_same_server, link_fault, shown
from syncd.http.network import Current
from syncd.http.pool import CoreTransport
from syncd.log import redact_text

MAX_REDIRECTS = 3
USER_AGENT = "syncd"


class HttpError(Exception):
    """No usable answer. ``status`` is None if none came; ``again`` says that to ask again may help, ``after`` so many seconds."""

    def __init__(
        self, message: str, *, status: int | None = None, again: bool = False, after: float | None = None
    ) -> None:
        self.status = status
        self.again = again
        self.after = after
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A good answer (2xx, or one that the asker reads, too), its body not read yet; header names in lower case."""

    link: str
    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]
    """The body, decoded; once. Raises HttpError if it is cut short or late."""

    @property
    def modified_at(self) -> datetime | None:
        """When what was sent was last changed, as the server says."""
        try:
            moment = parsedate_to_datetime(self.headers["last-modified"])
        except (KeyError, ValueError):
            return None
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)

    @property
    def has_end(self) -> bool:
        """Whether HTTP tells a whole body from one that was cut off."""
        coding = self.headers.get("transfer-encoding", "").lower()
        return "content-length" in self.headers or "chunked" in coding

    @property
    def is_page(self) -> bool:
        """Whether it is a web page for people, such as one to log in."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower() == "text/html"


@dataclass(slots=True, kw_only=True)
class _Asked:
    """A request on its way (``network.Carried``)."""

    deadline: float
    clock: Callable[[], float]
    encrypted: bool
    broken: bool = field(default=False)

    def remaining(self) -> float:
        return self.deadline - self.clock()

    def before_bytes(self) -> None:
        """Nothing keeps it back."""

    def before_answer(self) -> None:
        """Nothing is told of it."""


class Server:
    """One server, for as long as it is asked. No cookie is kept; certificates are verified always. Not thread-safe."""

    def __init__(
        self, link: str, *, ca_file: str | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``link`` is any URL of the server; ``ca_file`` (PEM) is trusted besides the usual authorities. Raises HttpError."""
        if problem := link_fault(link):
            raise HttpError(f"{shown(link)}: the URL {problem}")
        self._link = link
        self._clock = clock
        self._current = Current()
        try:
            transport = CoreTransport(httpx.URL(link), self._current, ca_file=ca_file)
        except OSError as error:
            raise HttpError(
                f"{ca_file}: the certificates cannot be read ({error.strerror or error})"
            ) from None
        self._client = httpx.Client(
            transport=transport,
            follow_redirects=False,
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    @contextmanager
    def ask(
        self,
        link: str,
        *,
        deadline: float,
        headers: Mapping[str, str],
        method: str = "GET",
        body: bytes | None = None,
        redirects: int = MAX_REDIRECTS,
        reads: Collection[int] = (),
    ) -> Iterator[Answer]:
        """Send a request to this server; its answer is to be read within. ``deadline`` is on ``clock``, for all of it.

        At most so many ``redirects`` are followed. Raises HttpError for an answer that is neither 2xx nor in ``reads``, for one that
        does not come in time, and for a ``link`` of another server.
        """
        if link_fault(link) or not is_same_server(link, self._link):
            raise HttpError(
                f"{shown(self._link)}: led to another server ({shown(link)}), which is not asked in its stead"
            )
        self._current.sending = _Asked(
            deadline=deadline, clock=self._clock, encrypted=link.startswith("https:")
        )
        try:
            response = self._send(method, link, headers, body, redirects)
            try:
                if not response.is_success and response.status_code not in reads:
                    raise _refused(response, str(response.url))
                yield Answer(
                    link=str(response.url),
                    status=response.status_code,
                    headers={name.lower(): value for name, value in response.headers.items()},
                    chunks=_chunks(response, link),
                )
            finally:
                response.close()
        finally:
            self._current.sending = None

    def _send(
        self, method: str, link: str, headers: Mapping[str, str], body: bytes | None, redirects: int
    ) -> httpx.Response:
        response = self._send_once(method, link, headers, body)
        for _ in range(redirects):
            if not response.is_redirect or method != "GET":
                break
            location = urljoin(link, response.headers.get("location", ""))
            response.close()
            if not is_same_server(location, self._link):
                raise HttpError(
                    f"{shown(link)}: redirects to another server ({shown(location)}), which is not followed: "
                    "a secret would go there. Give the URL that it leads to",
                    status=response.status_code,
                )
            link = location
            response = self._send_once(method, link, headers, body)
        return response

    def _send_once(
        self, method: str, link: str, headers: Mapping[str, str], body: bytes | None
    ) -> httpx.Response:
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise HttpError(f"{shown(link)}: a secret holds characters that no header can carry")
        given = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers}
        with _explained(link):
            return self._client.send(
                self._client.build_request(method, link, headers=given, content=body), stream=True
            )


_FAILURES = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
)


def _chunks(response: httpx.Response, link: str) -> Iterator[bytes]:
    with _explained(link):
        if "," in response.headers.get("content-encoding", ""):
            raise HttpError(f"{shown(link)}: the answer is compressed twice, which is not read")
        yield from response.iter_bytes()


@contextmanager
def _explained(link: str) -> Iterator[None]:
    try:
        yield
    except _FAILURES as failure:
        raise HttpError(f"{shown(link)}: {_words(failure)}", again=_may_pass(failure)) from None


def _words(failure: Exception) -> str:
    text = redact_text(str(failure)) or type(failure).__name__
    match failure:
        case httpcore.TimeoutException():
            return "no whole answer came in time"
        case httpcore.ConnectError() if "certificate" in text.lower() or "ssl" in text.lower():
            own = "; if it is an authority of your own, name its certificate in ca_file"
            return f"no trusted connection: {text}{own if 'issuer' in text or 'self' in text else ''}"
        case httpcore.ConnectError():
            return f"could not connect: {text}"
        case httpcore.ProxyError():
            return f"the proxy refused: {text}"
        case httpx.InvalidURL():
            return "the URL is not understood"
        case _:
            return f"the connection broke: {text}"


def _may_pass(failure: Exception) -> bool:
    trusted = "certificate" not in str(failure).lower()
    return isinstance(failure, httpcore.NetworkError | httpcore.ProtocolError) and trusted


def _refused(response: httpx.Response, link: str) -> HttpError:
    status = response.status_code
    words = {
        401: "refused the credentials (401). Check user, password or token",
        403: "does not allow it to these credentials (403). Check what they may do",
        404: "there is nothing (404). Check the URL",
        429: "is asked too often (429)",
    }.get(status, f"answered {status} {response.reason_phrase}".rstrip())
    return HttpError(
        f"{shown(link)}: {words}",
        status=status,
        again=status in {429, 502, 503, 504},
        after=_seconds(response.headers),
    )


def _seconds(headers: Mapping[str, str]) -> float | None:
    """``Retry-After`` in seconds, whether it is written so or as a date (by the server's own clock); None if there is none."""
    text = headers.get("retry-after", "").strip()
    if text.isdecimal() and len(text) < 9:
        return float(text)
    try:
        until, now = parsedate_to_datetime(text), parsedate_to_datetime(headers["date"])
        return max(0.0, (until - now).total_seconds())
    except (KeyError, TypeError, ValueError):
        return None
