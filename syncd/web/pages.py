"""The web application: health for machines, the pages of the sync log for people, and the headers on every answer."""

import json
import mimetypes
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syncd.config.web_parts import AuthPart
from syncd.errors import SyncdError, Unreachable
from syncd.log import get_logger
from syncd.metrics.exposing import CONTENT_TYPE
from syncd.store.revisions import check
from syncd.web.access import Gate
from syncd.web.login import login, logout
from syncd.web.openapi import document
from syncd.web.openid import OpenId
from syncd.web.routes import DEEDS, METRICS, OPENAPI, PAGES, Deed, Page
from syncd.web.serving import Web
from syncd.web.site import Site

log = get_logger(__name__)

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""On every answer: nothing from elsewhere, nothing framed, nothing cached, and no other host learns what was looked at.

The referrer is kept within the site, not left out: without one browsers do not tell a form's origin, which is checked.
"""

Endpoint = Callable[[Request], Awaitable[Response]]


def create_web(site: Site, *, hosts: list[str], pages: bool, auth: AuthPart | None = None) -> Starlette:
    """The ASGI application. ``hosts`` are the names it answers to; not ``pages``: health and readiness alone.

    ``auth`` is that of the configuration unless it is given.
    """
    gate = Gate(auth=auth or site.config.web.auth, database=site.database, account=site.account)
    web = Web(site, gate)
    found = {HTTPException: web.nowhere} if pages else {}
    return Starlette(
        routes=[*_health(site), *(_pages(web) if pages else [])],
        middleware=[Middleware(_Headers), Middleware(TrustedHostMiddleware, allowed_hosts=hosts)],
        exception_handlers={SyncdError: web.unusable, Exception: _unexpected, **found},
    )


def _unexpected(request: Request, error: Exception) -> Response:
    """The last resort, beyond all middleware: what it was goes to the log, and nothing of it to who asked."""
    log.error("page_failed", path=request.url.path, error=type(error).__name__)
    return Response(
        "syncd cannot answer that; its log says why.", 500, headers=HEADERS, media_type="text/plain"
    )


def _health(site: Site) -> list[Route]:
    def healthz(_request: Request) -> Response:
        """Liveness: the daemon's own threads; never the database or Litmos, whose outage no restart mends."""
        ok = site.alive()
        return _answer(
            {"status": "ok" if ok else "dead", "time": datetime.now(UTC).isoformat()}, 200 if ok else 503
        )

    def readyz(_request: Request) -> Response:
        """Readiness: the database answers and is at head."""
        try:
            site.database.see_in_place()
            check(site.database)
        except Unreachable as error:
            log.warning("not_ready", error=str(error))
            return _answer({"status": "not ready", "reasons": ["the database does not answer"]}, 503)
        except SyncdError as error:
            return _answer({"status": "not ready", "reasons": [str(error)]}, 503)
        return _answer({"status": "ready", "reasons": []}, 200)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


def _pages(web: Web) -> list[Route]:
    """The routes of the table; the twins and the longer paths first, since an employee id may hold anything."""
    shown = [
        Route(path, _page(web, page, form_of), methods=["GET"])
        for page in PAGES
        for path, form_of in ((page.twins[0], "json"), (page.twins[1], "csv"), (page.path, "html"))
    ]

    openid = OpenId(web)

    async def sign_in(request: Request) -> Response:
        return await login(web, openid, request)

    async def sign_out(request: Request) -> Response:
        return await logout(web, request)

    def openapi(request: Request) -> Response:
        if web.gate.who(request) is None:
            return web.refused(request, 401, "Sign in first.", form_of="json")
        return _answer(document(), 200)

    def metrics(request: Request) -> Response:
        if web.gate.who(request) is None:
            return web.refused(request, 401, "Sign in first.", form_of="json")
        told = web.site.metrics
        return _answer({}, 404) if told is None else Response(told(), media_type=CONTENT_TYPE)

    return [
        Route("/login", sign_in, methods=["GET", "POST"]),
        _only_get("/login/start", openid.start),
        _only_get("/login/callback", openid.callback),
        Route("/logout", sign_out, methods=["POST"]),
        Route("/static/{name}", _static, methods=["GET"]),
        Route(OPENAPI, openapi, methods=["GET"]),
        Route(METRICS, metrics, methods=["GET"]),
        *(Route(deed.path, _deed(web, deed), methods=["POST"]) for deed in DEEDS),
        *shown,
    ]


def _only_get(path: str, endpoint: Endpoint) -> Route:
    """A route that a GET changes something by, so HEAD, which Starlette would do as GET, is refused: who checks a link uses it up by that."""
    route = Route(path, endpoint, methods=["GET"])
    route.methods = {"GET"}
    return route


def _page(web: Web, page: Page, form_of: str) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await web.page(request, page, form_of)

    return endpoint


def _deed(web: Web, deed: Deed) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await web.deed(request, deed)

    return endpoint


@cache
def _assets() -> dict[str, bytes]:
    """What the pages load, by name."""
    folder = files("syncd.web").joinpath("static")
    return {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}


def _static(request: Request) -> Response:
    """The style sheet, the script, their licences."""
    name = request.path_params["name"]
    found = _assets().get(name)
    if found is None:
        return Response("There is no such file.", 404, media_type="text/plain")
    return Response(found, media_type=mimetypes.guess_type(name)[0] or "application/octet-stream")


class _Headers:
    """Puts HEADERS on every answer: also on those that no route gives, such as 400, 404 and 405."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, sending)


def _answer(value: object, status: int) -> Response:
    return Response(json.dumps(value), status, media_type="application/json")
