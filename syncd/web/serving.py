"""Serving: what stands between a request and a page: who asks, whether they may, the form's origin, and the form of the answer."""

import asyncio
import base64
import binascii
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, quote

from jinja2 import Environment
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syncd.config.settings import LitmosSettings, RateSettings
from syncd.core.filters import TEXT, faults
from syncd.errors import Busy, ConfigError, Declined, StaleApproval, SyncdError, TooSlow, Unreachable
from syncd.log import get_logger
from syncd.web import rendering
from syncd.web.access import Gate, cookie_name, csrf_token, is_local, is_own_form, new_id
from syncd.web.roles import Viewer
from syncd.web.routes import Deed, Page
from syncd.web.site import PATIENCE, PATIENCE_FOR_FILES, Ask, Done, Missing, Shown, Site

log = get_logger(__name__)

LARGEST_FORM = 64 * 1024
FORM_SECONDS = 20
"""A form of 64 kB comes sooner than this over any line that a page can be read over."""
SAID = "syncd-said"
"""The cookie that carries what was done over to the next page."""
NARROWER = "Ask for less: name a run, an employee or a code, take a filter away that hardly anything meets, or show fewer rows."
LATER = "The database is busy, or has grown: try again in a minute; if it stays so, see Pages in docs/performance.md."
NUL = "There is a character in that which nothing is called with (U+0000)."
AWAY = "syncd cannot answer now: its database does not; the log says more."
"""Where the database is, and as whom syncd asks it, is not told to just anybody."""
TITLES = {400: "Not understood", 404: "Not found", 409: "Not possible as things are", 503: "Not now"}
"""What a refusal is called for people, who know no HTTP."""
NAVIGATION = (
    ("/", "Overview"),
    ("/runs", "Runs"),
    ("/changes", "Changes"),
    ("/employees", "Employees"),
    ("/starters", "Starters"),
    ("/problems", "Problems"),
    ("/quarantine", "Quarantine"),
    ("/cases", "Cases"),
    ("/results", "Results"),
    ("/queue", "Queue"),
    ("/config", "Configuration"),
    ("/audit", "Audit"),
)


@dataclass(frozen=True)
class Web:
    """The site with its gate: serves any Page or Deed of the table."""

    site: Site
    gate: Gate

    @cached_property
    def templates(self) -> Environment:
        """The templates."""
        return rendering.environment(self.site.config.schedules.timezone)

    async def page(self, request: Request, page: Page, form_of: str) -> Response:
        """Show a Page as ``html``, ``json`` or ``csv``."""
        return await run_in_threadpool(self._page, request, page, form_of)

    async def deed(self, request: Request, deed: Deed) -> Response:
        """Do a Deed with the form that was sent."""
        form = await form_in(request)
        if form is None:
            return self.refused(request, 413, "The form is too large, or took too long to come.")
        return await run_in_threadpool(self._deed, request, deed, form)

    def _page(self, request: Request, page: Page, form_of: str) -> Response:
        viewer = self.gate.who(request)
        if viewer is None or not viewer.role.covers(page.role):
            return self._kept_out(request, viewer, page.role, form_of)
        if _has_nul(request.scope["path"], *request.query_params.values()):
            return self.refused(request, 400, NUL, viewer=viewer, form_of=form_of)
        ask = self._asked(request, viewer, page, form_of)
        wrong = faults(ask.query, page.query) if page.query else {}
        if wrong and form_of != "html":
            return self.refused(request, 400, sentences(wrong), viewer=viewer, form_of=form_of)
        kept = {name: text for name, text in ask.query.items() if name not in wrong}
        shown = self._looked_up(request, page, replace(ask, query=kept), form_of)
        if isinstance(shown, Response):
            return shown
        if wrong:
            return self._mistyped(request, shown, ask, wrong)
        if form_of == "json":
            return Response(rendering.as_json(shown), media_type="application/json")
        if form_of == "csv":
            name = page.twins[1].strip("/").partition("/")[0].removesuffix(".csv")
            told = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
            return Response(rendering.as_csv(shown), media_type="text/csv; charset=utf-8", headers=told)
        if shown.to:
            return self.go_on(request, shown.to)
        return self.html(
            request, shown.template, {**shown.data, "asked": defaultdict(str, ask.query)}, viewer=viewer
        )

    def _asked(self, request: Request, viewer: Viewer, page: Page, form_of: str) -> Ask:
        exports = form_of == "csv"
        return Ask(
            site=replace(self.site, patience=PATIENCE_FOR_FILES) if exports else self.site,
            viewer=viewer,
            path=request.url.path,
            parts=request.path_params,
            query={
                name[:200]: text[:200] if page.query.get(name, TEXT) is TEXT else text[:200].strip()
                for name, text in request.query_params.items()
            },
            exports=exports,
        )

    def _looked_up(self, request: Request, page: Page, ask: Ask, form_of: str) -> Shown | Response:
        """What a page shows, or why it cannot."""
        try:
            shown = page.handler(ask)
        except Missing as error:
            return self.refused(request, 404, str(error), viewer=ask.viewer, form_of=form_of)
        except TooSlow as error:
            patience = PATIENCE_FOR_FILES if ask.exports else PATIENCE
            said = f"{error} (after {patience:g} s). {NARROWER if ask.query else LATER}"
            return self.refused(request, 503, said[0].upper() + said[1:], viewer=ask.viewer, form_of=form_of)
        except (Declined, StaleApproval) as error:
            return self.refused(request, 409, str(error), viewer=ask.viewer, form_of=form_of)
        assert isinstance(shown, Shown)
        return shown

    def _mistyped(self, request: Request, shown: Shown, ask: Ask, wrong: Mapping[str, str]) -> Response:
        """The form of a page with what was typed, and what is wrong with it; none of its rows, which would look like an answer."""
        asked = defaultdict(str, {name: text[:200] for name, text in request.query_params.items()})
        values = {
            **shown.data,
            "asked": asked,
            "template": shown.template,
            "wrong": sentences(wrong),
            "without": ask.link(**dict.fromkeys(wrong)),
        }
        return self.html(request, "mistyped.html", values, viewer=ask.viewer, status=400)

    def _deed(self, request: Request, deed: Deed, form: Mapping[str, list[str]]) -> Response:
        viewer = self.gate.who(request)
        if viewer is None or not viewer.role.covers(deed.role):
            return self._kept_out(request, viewer, deed.role, "html")
        if viewer.how != "token" and not is_own_form(request, next(iter(form.get("csrf", ())), "")):
            return self.refused(
                request, 403, "This form is not from a page of syncd, or too old. Open the page again."
            )
        if _has_nul(request.scope["path"], *(text for some in form.values() for text in some)):
            return self.refused(request, 400, NUL)
        ask = Ask(site=self.site, viewer=viewer, path=request.url.path, parts=request.path_params, form=form)
        try:
            done = deed.handler(ask)
        except (Declined, StaleApproval, Busy) as error:
            done = Done(to=deed.back.format(**request.path_params), said=str(error), failed=True)
        assert isinstance(done, Done)
        if viewer.how == "token":
            told = {"schema_version": rendering.SCHEMA_VERSION, "said": done.said, "failed": done.failed}
            status = 409 if done.failed else 200
            return Response(rendering.dumped(told), status, media_type="application/json")
        return self.go_on(request, done.to, done.said, failed=done.failed)

    def go_on(self, request: Request, to: str, said: str = "", *, failed: bool = False) -> Response:
        """Off to a page, which says what was done. ``to`` may have a query, and what is quoted stays so."""
        answer = RedirectResponse(quote(to, safe="/?&=%+:,~"), status_code=303)
        if said:
            text = base64.urlsafe_b64encode(f"{'!' if failed else ' '}{said[:1000]}".encode()).decode()
            answer.set_cookie(
                SAID, text, max_age=60, httponly=True, samesite="lax", secure=not is_local(request)
            )
        return answer

    def html(
        self,
        request: Request,
        template: str,
        values: Mapping[str, Any],
        *,
        viewer: Viewer | None,
        status: int = 200,
    ) -> Response:
        """A page in HTML. The browser gets something to remember with its first form, so that forms can be told apart."""
        cookie = request.cookies.get(cookie_name(request), "")
        made = "" if cookie else new_id()
        said = _said(request)
        text = self.templates.get_template(template).render(
            values,
            viewer=viewer,
            csrf=csrf_token(cookie or made),
            said=said[1:].strip(),
            said_failed=said.startswith("!"),
            navigation=[(path, name) for path, name in NAVIGATION if viewer and _may_see(viewer, path)],
            rehearsal=_rehearsal(self.site.config.litmos),
            path=request.url.path,
            twin=request.url.path if request.url.path != "/" else "/overview",
            searched=request.query_params.get("q", "")[:200] if request.url.path == "/employees" else "",
            question=f"?{request.url.query}" if request.url.query else "",
        )
        answer = Response(text, status, media_type="text/html; charset=utf-8")
        if made:
            self.remember(request, answer, made)
        if said:
            answer.delete_cookie(SAID, httponly=True, samesite="lax", secure=not is_local(request))
        return answer

    def remember(self, request: Request, answer: Response, cookie: str) -> None:
        """Give the browser its cookie, until it is closed; how long it is good for is ours to say."""
        answer.set_cookie(
            cookie_name(request),
            cookie,
            path="/",
            httponly=True,
            samesite="lax",
            secure=not is_local(request),
        )

    def refused(
        self, request: Request, status: int, why: str, *, viewer: Viewer | None = None, form_of: str = "html"
    ) -> Response:
        """A refusal, in the form that was asked for."""
        if form_of != "html" or "Authorization" in request.headers:
            told = {"schema_version": rendering.SCHEMA_VERSION, "error": why}
            return Response(rendering.dumped(told), status, media_type="application/json")
        title = TITLES.get(status, HTTPStatus(status).phrase)
        said = why[:1].upper() + why[1:] + ("" if why.endswith((".", "?", "!")) else ".")
        return self.html(request, "refused.html", {"title": title, "why": said}, viewer=viewer, status=status)

    def _kept_out(self, request: Request, viewer: Viewer | None, role: str, form_of: str) -> Response:
        if viewer is not None:
            why = f"This is for {role} and above; you are {viewer.role}."
            return self.refused(request, 403, why, viewer=viewer, form_of=form_of)
        if self.gate.auth.type in {"password", "oidc"} and form_of == "html" and request.method == "GET":
            asked = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
            return RedirectResponse(f"/login?to={quote(asked, safe='')}", status_code=303)
        answer = self.refused(request, 401, "Sign in first.", form_of=form_of)
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    def nowhere(self, request: Request, error: Exception) -> Response:
        """There is no such page: for a browser with the way back, else as it is usual."""
        assert isinstance(error, HTTPException)
        if error.status_code != HTTPStatus.NOT_FOUND or "text/html" not in request.headers.get("Accept", ""):
            return Response(error.detail, error.status_code, headers=error.headers, media_type="text/plain")
        return self.refused(request, 404, "There is no such page.", viewer=self.gate.who(request))

    def unusable(self, request: Request, error: Exception) -> Response:
        """The database does not answer, say: tell so with no traceback, and what is wrong with the files to the log alone."""
        assert isinstance(error, SyncdError)
        if isinstance(error, ConfigError):
            log.error("page_failed", path=request.url.path, error=str(error))
            return Response("syncd cannot answer now; its log says why.", 503, media_type="text/plain")
        if isinstance(error, Unreachable):
            log.error("page_failed", path=request.url.path, error=str(error))
            return Response(AWAY, 503, media_type="text/plain")
        return Response(f"syncd cannot answer now: {error}", 503, media_type="text/plain; charset=utf-8")


def sentences(wrong: Mapping[str, str]) -> str:
    """What is wrong, by filter, in sentences."""
    told = (f"{name.replace('_', ' ').capitalize()}: {why}" for name, why in wrong.items())
    return " ".join(one if one.endswith("?") else f"{one}." for one in told)


def _rehearsal(litmos: LitmosSettings) -> str:
    """What is said on every page where more requests are allowed than Litmos allows: that is none but the demo, or a sandbox."""
    usual = RateSettings()
    if litmos.limit.requests / litmos.limit.window <= usual.requests / usual.window:
        return ""
    return (
        f"This is a demo or a rehearsal, and not Litmos: {litmos.limit.requests} requests in {litmos.limit.window:g} s are allowed; "
        f"Litmos allows {usual.requests} in {usual.window:g} s."
    )


def _may_see(viewer: Viewer, path: str) -> bool:
    from syncd.web.routes import PAGES

    return all(viewer.role.covers(page.role) for page in PAGES if page.path == path)


def _has_nul(*texts: str) -> bool:
    """Whether any has the one character that PostgreSQL knows no text with."""
    return any("\0" in text for text in texts)


def _said(request: Request) -> str:
    try:
        return base64.urlsafe_b64decode(request.cookies.get(SAID, "").encode()).decode()
    except (binascii.Error, UnicodeError):
        return ""


async def form_in(request: Request, *, patience: float = FORM_SECONDS) -> dict[str, list[str]] | None:
    """The fields of a form that was sent; None if it is too large, or is not there after ``patience`` seconds."""
    body = b""
    try:
        async with asyncio.timeout(patience):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST_FORM:
                    return None
    except TimeoutError:
        return None
    try:
        return parse_qs(body.decode(), keep_blank_values=True, max_num_fields=5000)
    except ValueError:
        return {}
