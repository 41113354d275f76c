"""Links: what a URL may be before anything is sent there, and how much of it may be shown."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

PORTS = {"https": 443, "http": 80}


def is_loopback(host: str) -> bool:
    """True for ``localhost`` and the loopback addresses, and for nothing that needs a look-up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def link_fault(link: str) -> str:
    """Why nothing can be fetched from ``link``, or "". The answer holds nothing of a secret that may be in it."""
    try:
        parts = urlsplit(link)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is no URL"
    if not host or parts.scheme not in PORTS or not link.isascii() or not link.isprintable() or " " in link:
        return "must be a URL such as https://hr.example.com/export/hr.csv"
    if parts.username is not None or parts.password is not None:
        return "must hold no user and no password; there are keys of their own for them"
    if parts.fragment:
        return "must have no part after a #"
    if parts.scheme == "http" and not is_loopback(host):
        return "must be https: people's data and a secret travel with it (http is for loopback only)"
    return ""


def is_same_server(one: str, other: str) -> bool:
    """Whether two URLs are of one server: scheme, host and port. False if one is no URL."""
    try:
        return _server(urlsplit(one)) == _server(urlsplit(other))
    except ValueError:
        return False


def _server(parts: SplitResult) -> tuple[str, str, int | None]:
    return parts.scheme, (parts.hostname or "").lower(), parts.port or PORTS.get(parts.scheme)


def shown(link: str) -> str:
    """The URL without its query, in which there may be a token."""
    try:
        parts = urlsplit(link)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "the URL"
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
