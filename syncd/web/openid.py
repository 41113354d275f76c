"""Signing in by OpenID Connect: off to the provider, and back with a code (the authorization code flow, with PKCE).

All that is remembered of somebody on their way is one cookie in their browser, with a random seed. What the provider is given
(state, nonce, PKCE) are keyed hashes of the seed, so looking at the pages stores nothing, and only that browser can come back.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syncd.log import get_logger
from syncd.store import tries
from syncd.web import claims
from syncd.web.access import TRIES_OF_ADDRESS, address_of, cookie_name, inside, is_local, new_id
from syncd.web.claims import NotSignedIn
from syncd.web.provider import Provider, error_code
from syncd.web.serving import Web

log = get_logger(__name__)

PATIENCE = timedelta(minutes=10)
"""How long somebody may take at the provider."""
LONGEST_CODE = 4096
LOST = "This did not begin in this browser, or too long ago, or was done before. Sign in again, in one tab, with cookies on."


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Somebody's way to the provider and back: where from (``seed``), when, and where they wanted to go."""

    seed: str
    begun_at: int
    to: str

    def derived(self, purpose: str) -> str:
        """A text for one purpose that only who has the seed can make, and that does not tell it."""
        said = f"{purpose}\n{self.begun_at}\n{self.to}".encode()
        digest = hmac.digest(self.seed.encode(), said, "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    @property
    def challenge(self) -> str:
        """Of PKCE (RFC 7636), S256."""
        digest = hashlib.sha256(self.derived("verifier").encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    @property
    def cookie(self) -> str:
        """As the browser keeps it."""
        return (
            f"{self.seed}.{self.begun_at}.{base64.urlsafe_b64encode(self.to.encode()).decode().rstrip('=')}"
        )


def way_in(cookie: str) -> Way | None:
    """The way that a cookie tells of; None if it tells of none."""
    seed, _, rest = cookie.partition(".")
    moment, _, to = rest.partition(".")
    try:
        path = base64.urlsafe_b64decode(to + "=" * (-len(to) % 4)).decode()
    except ValueError:
        return None
    if len(seed) < 32 or not (moment.isascii() and moment.isdecimal()) or len(moment) > 12:
        return None
    return Way(seed=seed, begun_at=int(moment), to=inside(path))


@dataclass(frozen=True)
class OpenId:
    """The way in by a provider, for these pages."""

    web: Web

    @cached_property
    def provider(self) -> Provider:
        """The provider."""
        return Provider(self.web.gate.auth)

    @property
    def address(self) -> str:
        """Where the pages are, as people reach them."""
        return (self.web.site.config.web.url or "").rstrip("/")

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends people back to; it must be told before."""
        return f"{self.address}/login/callback"

    def start_at(self, to: str) -> str:
        """The link that begins it: at the address that the provider knows, since the cookie must be there."""
        return f"{self.address}/login/start?to={quote(to, safe='')}"

    async def start(self, request: Request) -> Response:
        """Off to the provider."""
        return await run_in_threadpool(self._guarded, request, self._start)

    async def callback(self, request: Request) -> Response:
        """Back from it."""
        return await run_in_threadpool(self._guarded, request, self._callback)

    def _guarded(self, request: Request, do: Callable[[Request], Response]) -> Response:
        """A refusal is a page with the way to try again; the reason is for the log."""
        if self.web.gate.auth.type != "oidc":
            return self.web.go_on(request, "/")
        try:
            return do(request)
        except NotSignedIn as error:
            log.warning("sign_in_failed", address=address_of(request), reason=error.why)
            return self.web.html(
                request, "signin.html", self.shown("/", error.said), viewer=None, status=error.status
            )

    def shown(self, to: str, fault: str = "") -> dict[str, str]:
        """What the page says that leads to the provider."""
        return {"start": self.start_at(to), "provider": self.provider.host, "fault": fault}

    def _start(self, request: Request) -> Response:
        way = Way(
            seed=new_id(),
            begun_at=int(self._now().timestamp()),
            to=inside(request.query_params.get("to", "/")[:1000]),
        )
        asked = {
            "redirect_uri": self.redirect_uri,
            "state": way.derived("state"),
            "nonce": way.derived("nonce"),
            "code_challenge": way.challenge,
            "code_challenge_method": "S256",
        }
        answer = RedirectResponse(self.provider.authorize_url(**asked), status_code=303)
        answer.set_cookie(
            _cookie_name(request),
            way.cookie,
            max_age=int(PATIENCE.total_seconds()),
            path="/",
            httponly=True,
            samesite="lax",
            secure=not is_local(request),
        )
        return answer

    def _callback(self, request: Request) -> Response:
        asked = request.query_params
        way = way_in(request.cookies.get(_cookie_name(request), ""))
        self._came_back(request, way)
        assert way is not None
        self._is_from_provider(asked.get("iss"))
        if "error" in asked:
            code = error_code(asked["error"])
            said = f"The provider did not sign you in{f' ({code})' if code else ''}."
            raise NotSignedIn(said, f"the provider sent an error{f' ({code})' if code else ''}")
        code = asked.get("code", "")
        if not code or len(code) > LONGEST_CODE:
            raise NotSignedIn("The provider did not sign you in.", "the provider sent no code")
        found = self.provider.claims(
            code,
            verifier=way.derived("verifier"),
            redirect_uri=self.redirect_uri,
            nonce=way.derived("nonce"),
            now=self._now(),
        )
        session = self._let_in(request, claims.person(found, self.web.gate.auth))
        answer = self.web.go_on(request, way.to)
        self.web.remember(request, answer, session)
        answer.delete_cookie(
            _cookie_name(request), path="/", httponly=True, samesite="lax", secure=not is_local(request)
        )
        return answer

    def _came_back(self, request: Request, way: Way | None) -> None:
        """The browser that began comes back, in time, once, and not too often from one address."""
        now = self._now()
        state = request.query_params.get("state", "")
        if way is None:
            raise NotSignedIn(
                LOST, "a browser came back that had not begun, or whose cookie is gone", status=400
            )
        if not hmac.compare_digest(state.encode(), way.derived("state").encode()):
            raise NotSignedIn(LOST, "a browser came back with a state that is not its own", status=400)
        if not -60 <= now.timestamp() - way.begun_at <= PATIENCE.total_seconds():
            raise NotSignedIn(LOST, "somebody came back too late", status=400)
        database = self.web.gate.database
        with database.write() as conn:
            allowed = tries.allowed(conn, {f"address:{address_of(request)}": TRIES_OF_ADDRESS}, now)
        if not allowed:
            raise NotSignedIn("This was tried too often: wait a minute.", "too many tries from one address")
        with database.write() as conn:
            fresh = tries.use(conn, f"state:{state}", now)
        if not fresh:
            raise NotSignedIn(LOST, "a state was used again", status=400)

    def _is_from_provider(self, issuer: str | None) -> None:
        """RFC 9207: another provider's answer is not handed to ours."""
        wrong = issuer is not None and issuer != self.web.gate.auth.issuer
        if wrong or (issuer is None and self.provider.places().names_itself):
            raise NotSignedIn(
                "The answer is not from the provider.", "the answer names another issuer, or none"
            )

    def _let_in(self, request: Request, person: claims.Person) -> str:
        """The id of a new session."""
        gate = self.web.gate
        subject = {"subject": person.subject}
        if person.role is None:
            gate.note(f"web:{person.name}", "login refused", subject)
            why = "nobody gave them a role: none of their groups is in web.auth.roles, and there is no default_role"
            if person.untold:
                why = (
                    f"the provider tells no {gate.auth.roles_claim}, neither in the ID token nor at userinfo: have it do so, or "
                    "ask for the scope that does (docs/pages.md)"
                )
            if person.cut:
                why = "they are in too many groups for a token, and the provider told none: use app roles (docs/pages.md)"
            said = f"The provider knows you as {person.name}, but here nobody gave you a role: ask who runs syncd."
            raise NotSignedIn(said, why, status=403)
        return gate.begin(
            request, name=person.name, role=person.role, proof=claims.proof(gate.auth), detail=subject
        )

    def _now(self) -> datetime:
        """The database's time, which all replicas share."""
        with self.web.gate.database.read() as conn:
            return self.web.gate.database.now(conn)


def _cookie_name(request: Request) -> str:
    return f"{cookie_name(request)}-login"
