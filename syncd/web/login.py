"""Signing in and out, where there are passwords."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from syncd.web.access import is_own_form
from syncd.web.serving import Web, form_in

REFUSED = "That is not right, or it was tried too often: wait a minute."


async def login(web: Web, request: Request) -> Response:
    """The form, and what comes of it. The session's id is new, whatever the browser had before."""
    if web.gate.auth.type != "password":
        return web.go_on(request, "/")
    if request.method != "POST":
        return await run_in_threadpool(_form, web, request, _inside(request.query_params.get("to", "/")))
    form = await form_in(request) or {}
    return await run_in_threadpool(_login, web, request, {name: some[0] for name, some in form.items()})


def _login(web: Web, request: Request, form: dict[str, str]) -> Response:
    to = _inside(form.get("to", "/"))
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
    """End the session."""
    form = await form_in(request) or {}
    viewer = await run_in_threadpool(web.gate.who, request)
    if viewer is not None and viewer.how == "password":
        if not is_own_form(request, next(iter(form.get("csrf", ())), "")):
            return web.refused(request, 403, "This form was too old. Open the page again.")
        await run_in_threadpool(web.gate.logout, request, viewer)
    return web.go_on(request, "/login")


def _inside(to: str) -> str:
    """A path of ours, and no other address."""
    return to if to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable() else "/"
