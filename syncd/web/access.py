"""Access: who somebody is, by session, proxy or token, and what of theirs is remembered in the browser.

With ``none`` whoever reaches the pages is their admin: they are on loopback then, or show a demo.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from starlette.requests import Request

from syncd.config.web_parts import AuthPart, WebSettings
from syncd.errors import ConfigError, Fault
from syncd.http.links import is_loopback
from syncd.log import get_logger
from syncd.store import audit, logins, tries
from syncd.store.database import Database
from syncd.web.claims import proof as oidc_proof
from syncd.web.passwords import NOBODY, fits, read_passwords
from syncd.web.provider import need_joserfc
from syncd.web.roles import Role, Viewer

log = get_logger(__name__)

TRIES, TRIES_OF_ADDRESS = 5, 30
"""So many times within a minute a name may be tried, and an address may try."""
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


def serves_pages(web: WebSettings, *, demo: bool = False) -> bool:
    """Whether the pages are served, or health alone.

    Raises ConfigError where anybody in a network could see and decide: elsewhere than on loopback without authentication.
    """
    if web.pages == "never":
        return False
    if demo or is_loopback(web.host) or web.auth.type != "none":
        if web.auth.type == "password" and web.auth.passwords is not None:
            read_passwords(web.auth.passwords)
        if web.auth.type == "oidc":
            need_joserfc()
        return True
    if web.pages == "safe":
        return False
    raise ConfigError(
        [
            Fault(
                where="web",
                key="web.auth",
                message=f"web.host {web.host} can be reached by others, and web.auth.type is none: anybody could see "
                "and decide. Set web.auth, or web.host to 127.0.0.1, or web.pages to safe (health alone)",
            )
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Tells who asks; None means nobody that is known."""

    auth: AuthPart
    database: Database
    account: str

    def who(self, request: Request) -> Viewer | None:
        """By token if there is one, which then must be right; else as the configuration says."""
        said = request.headers.get("Authorization", "")
        if said:
            return self._by_token(said)
        match self.auth.type:
            case "none":
                return Viewer(name="local", role=Role.ADMIN, how="none")
            case "proxy":
                return self._by_proxy(request)
            case _:
                return self._by_session(request)

    def _by_token(self, said: str) -> Viewer | None:
        scheme, _, text = said.partition(" ")
        if scheme.lower() != "bearer":
            return None
        with self.database.read() as conn:
            found = logins.token(conn, text.strip(), self.database.now(conn))
        return None if found is None else Viewer(name=found["name"], role=Role(found["role"]), how="token")

    def _by_proxy(self, request: Request) -> Viewer | None:
        """Only from the proxy's address, and only with its secret, each header given once."""
        auth = self.auth
        try:
            peer = ip_address(request.client.host if request.client else "")
        except ValueError:
            return None
        names, proofs = request.headers.getlist(auth.user_header), request.headers.getlist(auth.secret_header)
        if len(names) != 1 or len(proofs) != 1 or auth.secret is None:
            return None
        trusted = any(peer in network for network in auth.trusted_proxies)
        if not (trusted and hmac.compare_digest(proofs[0].encode(), auth.secret.reveal().encode())):
            return None
        name = names[0].strip()
        role = auth.roles.get(name, auth.default_role)
        if role is None or not name or len(name) > 200 or not name.isprintable():
            return None
        return Viewer(name=name, role=Role(role), how="proxy")

    def _by_session(self, request: Request) -> Viewer | None:
        """A session is good for as long as what it began by holds: the person's line in the file, or the map of roles."""
        cookie = request.cookies.get(cookie_name(request), "")
        if not cookie:
            return None
        with self.database.read() as conn:
            now = self.database.now(conn)
            found = logins.session(conn, cookie, now)
        if found is None:
            return None
        role = self._role_now(found["name"], found["role"], found["proof"])
        if role is None:
            return None
        by_itself = (
            "HX-Request" in request.headers
        )  # a page that looks again by itself is no sign of a person
        if now - found["seen_at"] > logins.OFTEN and not by_itself:
            with self.database.write() as conn:
                logins.seen(conn, cookie, now)
        return Viewer(name=found["name"], role=role, how="oidc" if self.auth.type == "oidc" else "password")

    def _role_now(self, name: str, role: str, proof: str) -> Role | None:
        """The role of a session that began as this; None if it is good no more."""
        if self.auth.type == "oidc":
            return Role(role) if proof == oidc_proof(self.auth) else None
        if self.auth.passwords is None:
            return None
        entry = read_passwords(self.auth.passwords).get(name)
        return entry.role if entry is not None and entry.proof == proof else None

    def login(self, request: Request, name: str, password: str) -> str | None:
        """The id of a new session; None if the password is not theirs, or it was tried too often."""
        address = address_of(request)
        known = read_passwords(self.auth.passwords) if self.auth.passwords is not None else {}
        most = {f"name:{name[:64]}": TRIES, f"address:{address}": TRIES_OF_ADDRESS}
        with self.database.write() as conn:
            allowed = tries.allowed(conn, most, self.database.now(conn))
        if not allowed:
            log.warning("sign_in_refused", address=address, reason="too many tries")
            return None
        entry = known.get(name)
        right = fits(password, NOBODY if entry is None else entry.hashed)
        if entry is None or not right:
            log.warning("sign_in_refused", address=address, reason="wrong name or password")
            if entry is not None:
                self.note(f"web:{name}", "login refused")
            return None
        return self.begin(request, name=name, role=entry.role, proof=entry.proof)

    def begin(
        self,
        request: Request,
        *,
        name: str,
        role: Role,
        proof: str,
        detail: Mapping[str, str] | None = None,
    ) -> str:
        """The id of a new session of somebody who has shown who they are; the one that the browser had is over."""
        session_id = new_id()
        with self.database.write() as conn:
            now = self.database.now(conn)
            logins.begin(conn, session_id, name=name, role=role, proof=proof, now=now)
            old = request.cookies.get(cookie_name(request), "")
            if old:
                logins.end(conn, old)
            audit.record(conn, self.account, actor=f"web:{name}", action="login", detail=detail, now=now)
        return session_id

    def logout(self, request: Request, viewer: Viewer) -> None:
        """End the session, for everybody who has its id."""
        with self.database.write() as conn:
            logins.end(conn, request.cookies.get(cookie_name(request), ""))
            audit.record(conn, self.account, actor=viewer.actor, action="logout", now=self.database.now(conn))

    def note(self, actor: str, action: str, detail: Mapping[str, str] | None = None) -> None:
        """An entry of the audit about signing in."""
        with self.database.write() as conn:
            now = self.database.now(conn)
            audit.record(conn, self.account, actor=actor, action=action, detail=detail, now=now)


def address_of(request: Request) -> str:
    """The address that asks."""
    return request.client.host if request.client else ""


def inside(to: str) -> str:
    """A path of ours, and no other address."""
    return to if to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable() else "/"


def new_id() -> str:
    """What a browser remembers: random, and never seen before."""
    return secrets.token_urlsafe(32)


def is_local(request: Request) -> bool:
    """Whether the browser asked for a loopback address, where there need be no TLS."""
    return (request.url.hostname or "") in LOOPBACK_NAMES


def cookie_name(request: Request) -> str:
    """With ``__Host-`` a browser takes it from this very host over TLS alone, and gives it to no other."""
    return "syncd" if is_local(request) else "__Host-syncd"


def csrf_token(cookie: str) -> str:
    """What a form must carry: only who knows the cookie can make it, and it does not tell the cookie."""
    return hashlib.sha256(b"csrf:" + cookie.encode()).hexdigest()


def is_own_form(request: Request, token: str) -> bool:
    """Whether a form was sent from a page of ours: by the token in it, and by the origin that the browser names."""
    cookie = request.cookies.get(cookie_name(request), "")
    if not cookie or not hmac.compare_digest(token.encode(), csrf_token(cookie).encode()):
        return False
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    return origin.partition("://")[2] == request.headers.get("Host", "")
