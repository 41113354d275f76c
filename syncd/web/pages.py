"""The pages: ``/`` says in one screen whether all is well; ``/healthz`` and ``/readyz`` say so to machines."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syncd.errors import SyncdError
from syncd.insight.overview import overview
from syncd.store import changes, runs
from syncd.store.database import Database
from syncd.store.migrate import check

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""On every answer (security: nothing from elsewhere, nothing framed, nothing cached)."""


def create_web(
    database: Database, account: str, alive: Callable[[], bool], *, hosts: list[str], pages: bool
) -> Starlette:
    """The ASGI application. ``alive`` tells whether the daemon's threads do; ``hosts`` are the names it answers to.

    ``pages`` False serves health and readiness only: there is no login yet, so the pages are for loopback alone.
    """
    return Starlette(
        routes=[*_health(database, alive), *(_pages(database, account) if pages else [])],
        middleware=[Middleware(_Headers), Middleware(TrustedHostMiddleware, allowed_hosts=hosts)],
        exception_handlers={SyncdError: _unusable},
    )


def _health(database: Database, alive: Callable[[], bool]) -> list[Route]:
    def healthz(_request: Request) -> Response:
        """Liveness: the daemon's own threads; never the database or Litmos, whose outage no restart mends."""
        ok = alive()
        return _answer(
            {"status": "ok" if ok else "dead", "time": datetime.now(UTC).isoformat()}, 200 if ok else 503
        )

    def readyz(_request: Request) -> Response:
        """Readiness: the database answers and is at head."""
        try:
            check(database)
        except SyncdError as error:
            return _answer({"status": "not ready", "reasons": [str(error)]}, 503)
        return _answer({"status": "ready", "reasons": []}, 200)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


def _pages(database: Database, account: str) -> list[Route]:
    templates = Environment(loader=PackageLoader("syncd.web"), autoescape=select_autoescape(["html"]))
    templates.filters["shown_state"] = runs.shown_state
    templates.filters["moment"] = lambda value: "" if value is None else f"{value:%Y-%m-%d %H:%M:%S} UTC"

    def index(_request: Request) -> Response:
        """The overview."""
        with database.read() as conn:
            found = overview(conn, account, database.now(conn))
            listed = runs.listed(conn, account, limit=30)
        return _page(templates, "overview.html", {"found": found, "runs": listed})

    def one_run(request: Request) -> Response:
        """One run with its changes."""
        with database.read() as conn:
            run = runs.get(conn, request.path_params["run_id"])
            if run is None or run["account"] != account:
                return Response("There is no such run.", 404, HEADERS, "text/plain")
            rows = changes.listed(conn, run_id=run["id"], limit=500)
        return _page(templates, "run.html", {"run": run, "changes": rows})

    def status(_request: Request) -> Response:
        """The overview as JSON."""
        with database.read() as conn:
            return _answer(overview(conn, account, database.now(conn)), 200)

    def style(_request: Request) -> Response:
        """The style sheet."""
        source = templates.loader.get_source(templates, "style.css")[0] if templates.loader else ""
        return Response(source, 200, HEADERS, "text/css")

    return [
        Route("/", index),
        Route("/runs/{run_id:int}", one_run),
        Route("/status.json", status),
        Route("/style.css", style),
    ]


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


def _unusable(_request: Request, error: Exception) -> Response:
    """The database does not answer: say so, with no traceback."""
    return Response(f"syncd cannot answer now: {error}", 503, HEADERS, "text/plain")


def _page(templates: Environment, name: str, values: dict[str, Any]) -> Response:
    return Response(templates.get_template(name).render(**values), 200, HEADERS, "text/html")


def _answer(value: Any, status: int) -> Response:
    return JSONResponse(json.loads(json.dumps(value, default=str)), status, HEADERS)
