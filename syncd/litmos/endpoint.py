"""Endpoint: where Litmos is, who we say we are, and how long we wait."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from syncd.errors import ConfigError, Fault
from syncd.http.links import is_loopback

MAX_BODY = 64 * 1024 * 1024
"""Bytes of the longest answer that is read."""
SOURCE_LENGTH = 50
"""The longest ``source`` that Litmos takes [DOC]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One Litmos account.

    ``base_url`` ends in ``/v1.svc``; ``api_key`` is asked before each request (a rotated key needs no restart);
    ``timeout`` seconds is the hard limit for one request from its slot to its last byte; ``ca_file`` is trusted besides
    the usual authorities.
    """

    base_url: str
    api_key: Callable[[], str]
    source: str = "syncd"
    timeout: float = 25.0
    max_body: int = MAX_BODY
    ca_file: str | None = None

    def check(self) -> None:
        """Raise ConfigError unless the URL is https (or loopback) and bare, and ``source`` fits."""
        faults = [
            Fault(where="litmos", key=key, message=message)
            for key, message in (*self._url(), *self._source())
        ]
        if faults:
            raise ConfigError(faults)

    def _url(self) -> list[tuple[str, str]]:
        parts = urlsplit(self.base_url)
        if not parts.hostname:
            return [("litmos.base_url", "must be a URL like https://api.litmos.com/v1.svc")]
        if parts.username or parts.password or parts.query or parts.fragment:
            return [("litmos.base_url", "must hold no user, password, query or fragment")]
        if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname)):
            return []
        return [
            ("litmos.base_url", "must be https (http is for loopback only): the API key travels in a header")
        ]

    def _source(self) -> list[tuple[str, str]]:
        if self.source and len(self.source) <= SOURCE_LENGTH:
            return []
        return [("litmos.source", f"must be 1 to {SOURCE_LENGTH} characters")]


def is_loopback_url(url: str) -> bool:
    """True if the URL's host is this machine."""
    return is_loopback(urlsplit(url).hostname or "")
