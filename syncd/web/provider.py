"""The OpenID provider: where it is asked, and what it answers. It alone is asked, over TLS, with no redirect followed.

Nothing of it is asked for before somebody signs in, so its outage keeps nobody's daemon from starting.
"""

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from syncd.config.web_parts import AuthPart
from syncd.errors import ConfigError, Fault
from syncd.http.asking import HttpError, Server
from syncd.http.links import link_fault
from syncd.log import get_logger
from syncd.web.claims import NotSignedIn

SECONDS = 10.0
"""How long one answer may take, whole."""
LARGEST = 256 * 1024
"""Bytes of an answer that are read."""
GOOD_FOR = 3600.0
"""Seconds for which addresses and keys are taken to be as they were: a key that is withdrawn is not believed for longer."""
OFTEN = 5.0
"""Keys are asked for at most once in so many seconds, whatever keys tokens name: short, for a key may be new since a moment ago."""
AFTER_FAILURE = 5.0
"""For so many seconds nobody waits for a provider that has just not answered."""
_CODE = re.compile(r"[a-z_]{1,60}")
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]{1,16000}=*")

log = get_logger(__name__)


def need_joserfc() -> None:
    """Raises ConfigError, with what to install, if `joserfc` is not."""
    try:
        import syncd.web.idtoken  # noqa: F401 - only whether it can be
    except ImportError:
        message = 'type oidc needs the package joserfc: pip install "syncd[oidc]"'
        raise ConfigError([Fault(where="web.auth", key="web.auth.type", message=message)]) from None


def error_code(value: object) -> str:
    """An error as OAuth names it (RFC 6749); "" for anything else, which is not repeated."""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the provider is asked what (OpenID Connect Discovery 1.0)."""

    authorize: str
    token: str
    keys: str
    secret_in_header: bool
    """Whether the secret is sent in a header (client_secret_basic), else in the form (client_secret_post)."""
    names_itself: bool
    """Whether it always says who it is when it sends somebody back (RFC 9207)."""
    secret_either_way: bool = False
    """Whether it takes the secret in the form, too; of this client it may want just that."""
    userinfo: str | None = None
    """Where it says of a person what the ID token leaves out."""


@dataclass(slots=True)
class Provider:
    """What ``auth`` names. Thread-safe. Everything raises NotSignedIn where the provider does not answer as it should."""

    auth: AuthPart
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _places: Places | None = None
    _read_at: float = 0.0
    _keys: tuple[Any, ...] = ()
    _keys_at: float | None = None
    _failed: tuple[float, str] | None = None

    @property
    def host(self) -> str:
        """What people know it by."""
        return urlsplit(self.auth.issuer or "").hostname or ""

    def places(self) -> Places:
        """Its addresses, read again after an hour."""
        with self._alone():
            if self._places is None or self.clock() - self._read_at > GOOD_FOR:
                issuer = self.auth.issuer or ""
                found = self._json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
                self._places, self._read_at = self._read(found), self.clock()
            return self._places

    def authorize_url(self, **asked: str) -> str:
        """Where a browser is sent to, with these parameters."""
        address = self.places().authorize
        more = {
            "response_type": "code",
            "client_id": self.auth.client_id or "",
            "scope": " ".join(self.auth.scopes),
        }
        return f"{address}{'&' if '?' in address else '?'}{urlencode(more | asked)}"

    def claims(
        self, code: str, *, verifier: str, redirect_uri: str, nonce: str, now: datetime
    ) -> dict[str, Any]:
        """What the provider says of whom it gave this code: by the ID token, and of what that leaves out by userinfo."""
        from syncd.web import idtoken

        token, access = self._tokens(code, verifier=verifier, redirect_uri=redirect_uri)
        try:
            keys = self._keys_for(idtoken.key_id(token))
            found = idtoken.claims_of(
                token,
                keys,
                issuer=self.auth.issuer or "",
                client_id=self.auth.client_id or "",
                nonce=nonce,
                now=now,
            )
        except idtoken.BadToken as error:
            raise NotSignedIn(
                "The provider's answer does not prove who you are. Sign in again; if that does not help, the log of "
                "syncd says why.",
                str(error),
            ) from None
        if {self.auth.username_claim, self.auth.roles_claim} <= found.keys():
            return found
        return {**self._userinfo(access, found["sub"]), **found}

    def _userinfo(self, access: object, subject: str) -> dict[str, Any]:
        """What it says of the same person at userinfo; nothing if it does not answer, for that takes roles away and gives none."""
        place = self.places().userinfo
        if place is None or not isinstance(access, str) or not _BEARER.fullmatch(access):
            return {}
        try:
            found = self._json(
                place, headers={"Authorization": f"Bearer {access}", "Accept": "application/json"}
            )
        except NotSignedIn as error:
            log.warning("userinfo_failed", reason=error.why)
            return {}
        if found.get("sub") != subject:  # OpenID Connect Core 1.0, section 5.3.2
            raise NotSignedIn(
                "The provider's answers do not agree on who you are.", "userinfo is about somebody else"
            )
        return found

    def _tokens(self, code: str, *, verifier: str, redirect_uri: str) -> tuple[str, object]:
        """The ID token for a code, and the access token, which only userinfo is given."""
        places = self.places()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        answer = self._ask_for_tokens(places.token, form, in_header=places.secret_in_header)
        if answer.get("error") == "invalid_client" and places.secret_either_way and places.secret_in_header:
            answer = self._ask_for_tokens(places.token, form, in_header=False)
        token = answer.get("id_token")
        if isinstance(token, str) and token.isascii() and "error" not in answer:
            return token, answer.get("access_token")
        code_ = error_code(answer.get("error"))
        why = f"the provider refused the code{f' ({code_})' if code_ else ''}"
        if "error" not in answer:
            why = "the provider gave no ID token; is openid among web.auth.scopes?"
        raise NotSignedIn("The provider did not sign you in. Try again.", why)

    def _ask_for_tokens(self, place: str, form: Mapping[str, str], *, in_header: bool) -> dict[str, Any]:
        """The answer to a form with a code in it; who sends it shows the client's secret."""
        assert self.auth.client_secret is not None
        client, secret = self.auth.client_id or "", self.auth.client_secret.reveal()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if in_header:
            pair = f"{quote_plus(client)}:{quote_plus(secret)}"  # each encoded first: RFC 6749, section 2.3.1
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
            return self._json(place, headers=headers, body=urlencode(form).encode())
        shown = {**form, "client_id": client, "client_secret": secret}
        return self._json(place, headers=headers, body=urlencode(shown).encode())

    def _keys_for(self, kid: str | None) -> tuple[Any, ...]:
        """Its keys; asked for again where the one of this id is not among them, at most once in a few seconds."""
        from syncd.web import idtoken

        address = self.places().keys
        with self._alone():
            age = None if self._keys_at is None else self.clock() - self._keys_at
            known = kid is None or any(key.kid == kid for key in self._keys)
            if age is None or age > GOOD_FOR or (not known and age >= OFTEN):
                self._keys = idtoken.keys_of(self._json(address))
                self._keys_at = self.clock()
            return self._keys

    def _read(self, found: Mapping[str, Any]) -> Places:
        """Discovery, which must name the very issuer that is configured, and addresses as safe as its own."""
        if found.get("issuer") != self.auth.issuer:
            raise _unusable(
                self.host, "its discovery document names another issuer than web.auth.issuer does"
            )
        named = {}
        for key in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            link = self._good(found.get(key))
            if link is None:
                raise _unusable(self.host, f"its discovery document has no good {key}")
            named[key] = link
        ways = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if not {"client_secret_basic", "client_secret_post"} & set(map(str, ways)):
            raise _unusable(self.host, "it takes no client secret (client_secret_basic, client_secret_post)")
        return Places(
            authorize=named["authorization_endpoint"],
            token=named["token_endpoint"],
            keys=named["jwks_uri"],
            secret_in_header="client_secret_basic" in ways,
            names_itself=found.get("authorization_response_iss_parameter_supported") is True,
            secret_either_way="client_secret_post" in ways,
            userinfo=self._good(found.get("userinfo_endpoint")),
        )

    def _good(self, link: object) -> str | None:
        """An address of the discovery document, if it is as safe as the issuer's own."""
        plain = str(link).startswith("http:") and not str(self.auth.issuer).startswith("http:")
        return link if isinstance(link, str) and not link_fault(link) and not plain else None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One asks at a time. Who comes while it does not answer is told so, and keeps no thread of the pages waiting."""
        if not self._lock.acquire(timeout=SECONDS / 4):
            raise _unusable(self.host, "it is slow to answer")
        try:
            if self._failed is not None and self.clock() - self._failed[0] < AFTER_FAILURE:
                raise _unusable(self.host, f"has just failed: {self._failed[1]}")
            try:
                yield
            except NotSignedIn as error:
                self._failed = (self.clock(), error.why)
                raise
        finally:
            self._lock.release()

    def _json(
        self, link: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> dict[str, Any]:
        """An object of JSON; of a refused form, too, for it says why."""
        server = None
        try:
            server = Server(link, ca_file=None if self.auth.ca_file is None else str(self.auth.ca_file))
            with server.ask(
                link,
                deadline=time.monotonic() + SECONDS,
                headers=headers or {"Accept": "application/json"},
                method="GET" if body is None else "POST",
                body=body,
                redirects=0,
                reads=() if body is None else (400, 401),
            ) as answer:
                text = b""
                for chunk in answer.chunks:
                    text += chunk
                    if len(text) > LARGEST:
                        raise _unusable(self.host, f"its answer is larger than {LARGEST // 1024} kB")
            found = json.loads(text)
        except HttpError as error:
            raise _unusable(self.host, str(error)) from None
        except ValueError:
            raise _unusable(self.host, "its answer is no JSON") from None
        finally:
            if server is not None:
                server.close()
        if not isinstance(found, dict):
            raise _unusable(self.host, "its answer is no object of JSON")
        return found


def _unusable(host: str, why: str) -> NotSignedIn:
    said = f"{host} cannot be asked who you are now. Try again in a minute; if it stays so, the log of syncd says why."
    return NotSignedIn(said, f"{host}: {why}", status=503)
