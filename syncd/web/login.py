"""Signing in, by password or by the way to an OpenID provider, and out."""

from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from syncd.web.access import inside, is_own_form
from syncd.web.openid import OpenId
from syncd.web.serving import Web, form_in

STILL = "You are signed out here. At the provider you are still signed in."
REFUSED = "That is not right, or it was tried too often: wait a minute."


async def login(web: Web, openid: OpenId, request: Request) -> Response:
    """The form, and what comes of it. The session's id is new, whatever the browser had before."""
    if web.gate.auth.type == "oidc":
        shown = openid.shown(inside(request.query_params.get("to", "/")))
        return await run_in_threadpool(partial(web.html, request, "signin.html", shown, viewer=None))
    if web.gate.auth.type != "password":
        return web.go_on(request, "/")
    if request.method != "POST":
        return await run_in_threadpool(_form, web, request, inside(request.query_params.get("to", "/")))
    form = await form_in(request) or {}
    return await run_in_threadpool(_login, web, request, {name: some[0] for name, some in form.items()})


def _login(web: Web, request: Request, form: dict[str, str]) -> Response:
    to = inside(form.get("to", "/"))
    if not is_own_form(request, form.get("csrf", "")):
        return _form(web, request, to, "This form was too old. Try again.", status=403)
    session = web.gate.login(request, form.get("name", "").strip(), form.get("password", "")[:1000])
    if session is None:
        return _form(web, request, to, REFUSED, status=401)
    answer = web.go_on(request, to)
    web.remember(request, answer, session)
    return answer


def _form(web: Web, request: Request, to: str, fault: str = "", *, status: int = 200) -> Response:
    return web.html(request, "login.html", {"to": to, "fault": fault}, viewer=None, status=status)


async def logout(web: Web, request: Request) -> Response:
    """End the session here; at a provider people stay signed in."""
    form = await form_in(request) or {}
    viewer = await run_in_threadpool(web.gate.who, request)
    if viewer is not None and viewer.how in {"password", "oidc"}:
        if not is_own_form(request, next(iter(form.get("csrf", ())), "")):
            return web.refused(request, 403, "This form was too old. Open the page again.")
        await run_in_threadpool(web.gate.logout, request, viewer)
        if viewer.how == "oidc":
            return web.go_on(request, "/login", STILL)
    return web.go_on(request, "/login")
