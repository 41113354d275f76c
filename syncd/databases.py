"""Databases: what is common to every database of HR that is named by a URL, whether it is read or written."""

from typing import Any
from urllib.parse import quote, quote_plus

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import NullPool

EXTRAS = {
    "postgresql": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
    "mssql": "mssql",
    "oracle": "oracle",
}
"""The pip extra that brings each database's driver; SQLite needs none."""

CONNECT_SECONDS = 10
"""The longest that connecting may take."""
SECRET_WORDS = ("pass", "pwd", "secret", "token", "key")


class UnusableError(Exception):
    """A URL that names no database that can be used; the message never shows it."""


def parse_url(text: str, use: str) -> URL:
    """A URL, if it is one of a database that syncd ``use``s (``reads`` or ``writes``). Raises UnusableError."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise UnusableError(
            "the database URL is not understood. It looks like postgresql://user:password@host:5432/database."
        ) from None
    backend = url.get_backend_name()
    if backend not in EXTRAS and backend != "sqlite":
        known = ", ".join(sorted({*EXTRAS, "sqlite"}))
        raise UnusableError(f"{backend!r} is no database that syncd {use}. It {use}: {known}.")
    return url


def open_engine(url: URL, options: dict[str, Any]) -> Engine:
    """An engine that keeps no connection, and shows no parameter; nothing is connected yet. Raises UnusableError."""
    backend = url.get_backend_name()
    try:
        return create_engine(url, poolclass=NullPool, hide_parameters=True, **options)
    except (ImportError, NoSuchModuleError) as error:
        driver = getattr(error, "name", None) or url.drivername
        raise UnusableError(
            f"the driver {driver!r} for {backend} is not installed. "
            f'Install it with: pip install "syncd[{EXTRAS.get(backend, backend)}]"'
        ) from None
    except ArgumentError:
        raise UnusableError("the database URL has an option that is not understood.") from None


def without_secrets(text: str, url: URL) -> str:
    """``text`` with the password, and every option of the URL that may be one, replaced by ``***``."""
    secrets = [str(url.password)] if url.password else []
    for key, value in url.query.items():
        if any(word in key.lower() for word in SECRET_WORDS):
            secrets += [value] if isinstance(value, str) else list(value)
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        for spelling in (secret, quote_plus(secret), quote(secret, safe="")):
            text = text.replace(spelling, "***")
    return text
