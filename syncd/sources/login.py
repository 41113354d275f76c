"""Login: the headers that prove who asks, made of secrets just before they are sent."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

from syncd.http.asking import HttpError, Server
from syncd.http.links import shown
from syncd.sources.fetch_settings import Login, Token

MAX_ANSWER = 64 * 1024
"""No token needs more bytes than that."""


def headers_of(login: Login, *, deadline: float, ca_file: str | None = None) -> dict[str, str]:
    """The headers; a token is asked for first, which must be there by ``deadline`` (monotonic). Raises HttpError."""
    found = {name: ask() for name, ask in login.headers.items()}
    if login.bearer is not None:
        found["Authorization"] = f"Bearer {login.bearer()}"
    if login.user is not None:
        pair = f"{login.user()}:{login.password() if login.password else ''}"
        found["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"
    if login.token is not None:
        found["Authorization"] = f"Bearer {_token(login.token, deadline=deadline, ca_file=ca_file)}"
    return found


def _token(token: Token, *, deadline: float, ca_file: str | None) -> str:
    link = token.link()
    fields = {name: ask() for name, ask in token.fields.items()}
    kind = "application/json" if token.as_json else "application/x-www-form-urlencoded"
    body = json.dumps(fields) if token.as_json else urlencode(fields)
    server = Server(link, ca_file=ca_file)
    try:
        with server.ask(
            link,
            deadline=deadline,
            headers={"Content-Type": kind, "Accept": "application/json"},
            method="POST",
            body=body.encode(),
        ) as answer:
            found = _at(_read(answer.chunks), token.path)
    finally:
        server.close()
    if not isinstance(found, str) or not found:
        raise HttpError(f"{shown(link)}: the answer has no text at {token.path}, where the token should be")
    return found


def _read(chunks: Any) -> Any:
    body = b""
    for chunk in chunks:
        body += chunk
        if len(body) > MAX_ANSWER:
            return None
    try:
        return json.loads(body)
    except ValueError:
        return None


def _at(data: Any, path: str) -> Any:
    for key in path.split("."):
        data = data.get(key) if isinstance(data, dict) else None
    return data
