"""Databases: what is common to every database of HR that is named by a URL, whether it is read or written."""

from urllib.parse import quote, quote_plus

from sqlalchemy import URL

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
