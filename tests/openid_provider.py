"""An OpenID provider on a socket: discovery, keys, codes that are good once, PKCE and the client's secret checked, signed ID tokens.

Each knob makes it wrong in one way, or another in a way that the standard allows; ``asked`` has every path that it was asked for.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

CLIENT, SECRET = "syncd", "CANARY client:secret+%"
"""The secret has what must be encoded in a header and in a form."""
ACCESS = "CANARY.access-token_1~+/="
"""The access token, of every character that one may have (RFC 6750)."""
PERSON = {"sub": "8f2a-ana", "preferred_username": "ana@example.com", "groups": ["hr-it", "everybody"]}

PAGE = """<!doctype html><html lang="en"><title>The provider</title><link rel="icon" href="data:,">
<form method="post"><label>Who are you? <input name="name"></label> <button>It is me</button></form>"""


def new_key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})


@dataclass
class OpenIdProvider:
    """The provider. ``sign`` makes the token of claims; ``edit`` changes claims before; ``wait`` is called before each answer."""

    keys: list[Any] = field(default_factory=lambda: [new_key("one")])
    person: dict[str, Any] = field(default_factory=lambda: dict(PERSON))
    edit: Callable[[dict[str, Any]], Any] = lambda _claims: None
    sign: Callable[[dict[str, Any]], str] | None = None
    document: dict[str, Any] = field(default_factory=dict)
    back: dict[str, str] = field(default_factory=dict)
    failing: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    thin: bool = False
    """What it says of the person is at its userinfo alone, as OpenID Connect Core 1.0, section 5.4, has it for codes."""
    userinfo: dict[str, Any] = field(default_factory=dict)
    """What userinfo says besides, or instead."""
    takes: tuple[str, ...] = ("header", "form")
    """How this client may show its secret."""
    asks: bool = False
    """Whether a page asks people who they are, as providers do, and does not know it already."""
    url: str = ""

    def reset(self) -> None:
        """As it was at first, with the same address."""
        self.__init__(url=self.url)  # type: ignore[misc]  # the very same object, which the server knows

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize?tenant=1",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            **({"userinfo_endpoint": f"{self.url}/userinfo"} if self.thin else {}),
            **self.document,
        }

    def authorize(self, query: dict[str, str]) -> str:
        """Where a browser is sent back to, as if somebody had signed in at once."""
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        told = {"code": code, "state": query["state"], **self.back}
        return f"{query['redirect_uri']}?{urlencode({k: v for k, v in told.items() if v})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """The answer to a code: RFC 6749 and 7636, by the letter."""
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode().split(":")
        client = [unquote_plus(one) for one in pair]
        if not authorization:
            client = [form.get("client_id", ""), form.get("client_secret", "")]
        way = "header" if authorization else "form"
        if client != [CLIENT, SECRET] or way not in self.takes:
            return 401, {"error": "invalid_client", "error_description": "no"}
        asked = self.codes.pop(form["code"], None)
        made = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(made).decode().rstrip("=")
        if (
            asked is None
            or form["redirect_uri"] != asked["redirect_uri"]
            or challenge != asked["code_challenge"]
        ):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims |= {"sub": self.person["sub"]} if self.thin else self.person
        self.edit(claims)
        sign = self.sign or (lambda given: signed(given, self.keys[-1]))
        return 200, {"access_token": ACCESS, "token_type": "Bearer", "id_token": sign(claims)}

    def told(self, path: str, query: dict[str, str], authorization: str) -> tuple[int, Any, dict[str, str]]:
        """The answer to a GET: its status, its body, its headers."""
        if path in self.failing:
            return *self.failing[path], {}
        match path:
            case "/authorize" if self.asks:
                return 200, PAGE.encode(), {"Content-Type": "text/html; charset=utf-8"}
            case "/authorize":
                return 302, b"", {"Location": self.authorize(query)}
            case "/userinfo":
                assert authorization == f"Bearer {ACCESS}"
                return 200, {**self.person, **self.userinfo}, {}
            case "/keys":
                return 200, {"keys": [key.as_dict(private=False) for key in self.keys]}, {}
        assert path == "/.well-known/openid-configuration", path
        return 200, self.discovery(), {}

    @contextmanager
    def serving(self) -> Iterator["OpenIdProvider"]:
        """On a port of its own, until the block ends."""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                query = {name: some[0] for name, some in parse_qs(urlsplit(self.path).query).items()}
                provider.asked.append(path)
                status, body, headers = provider.told(path, query, self.headers.get("Authorization", ""))
                self.answer(status, body, **headers)

            def do_POST(self) -> None:
                path, _, asked = self.path.partition("?")
                provider.asked.append(path)
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: some[0] for name, some in parse_qs(body).items()}
                if path in provider.failing:
                    self.answer(*provider.failing[path])
                elif path == "/authorize":
                    assert form["name"] == provider.person["preferred_username"]
                    query = {name: some[0] for name, some in parse_qs(asked).items()}
                    self.answer(303, b"", Location=provider.authorize(query))
                else:
                    self.answer(*provider.token(form, self.headers.get("Authorization", "")))

            def answer(self, status: int, body: Any, **headers: str) -> None:
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(raw))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: Any) -> None:
                """Tests are quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()


def signed(claims: dict[str, Any], key: Any, **header: Any) -> str:
    """A token signed as the key says."""
    named = {"alg": key.alg or "RS256", **({"kid": key.kid} if key.kid else {}), **header}
    return jwt.encode(named, claims, key)
