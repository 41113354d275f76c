"""Gate: from a request's method, target, headers and body to its reply, without sockets."""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote

from syncd.sandbox import pages, wire_json, wire_xml
from syncd.sandbox.bulk import settle_imports
from syncd.sandbox.call import Call, Contract, Reply
from syncd.sandbox.modes import Modes
from syncd.sandbox.refusal import BodyError, Refusal
from syncd.sandbox.routes import find
from syncd.sandbox.world import World

BASE_PATH = "/v1.svc"
UNAUTHORISED = "The API key that you have used for this request is either not valid or your account is not enabled for API access."
RATE_LIMITED = "Rating Limit Exceeded"
_LONGEST_SOURCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A reply in bytes."""

    status: int
    reason: str
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request: ``path`` without the base path, still quoted; header names in lower case, query names too."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json_wanted(self) -> bool:
        """Any of ``format=json``, Accept and Content-Type asks for JSON [DOC, CODE]; else XML."""
        named = self.query.get("format", "").lower()
        if named:
            return named == "json"
        return any("json" in self.headers.get(name, "").lower() for name in ("accept", "content-type"))

    def authorised(self, api_key: str) -> bool:
        """Whether key and ``source`` are right: the header ``apikey``, and a source of at most 50 characters [DOC]."""
        source = self.query.get("source", "")
        return self.headers.get("apikey") == api_key and 0 < len(source) <= _LONGEST_SOURCE


def query_of(text: str) -> dict[str, str]:
    """The query parameters, names in lower case."""
    return {name.lower(): value for name, value in parse_qsl(text, keep_blank_values=True)}


def answer(world: World, asked: Asked, failed: Callable[[str], None]) -> Answer:
    """Applies a request to the world; ``failed`` gets the traceback of what should not happen."""
    try:
        reply = _reply(world, asked)
    except Refusal as refusal:
        row = {"Detail": refusal.detail}
        return written(
            Reply(status=refusal.status, reason=refusal.detail, root="Error", row=row), asked, world.modes
        )
    except BodyError:
        return page(500, pages.request_error())
    except Exception:  # noqa: BLE001 - a server answers 500 whatever happens; tests see the traceback
        failed(traceback.format_exc())
        return page(500, pages.request_error())
    return written(reply, asked, world.modes)


def refused(status: int, detail: str, asked: Asked, modes: Modes) -> Answer:
    """A refusal by the gate itself."""
    return written(Reply(status=status, reason=detail, root="Error", row={"Detail": detail}), asked, modes)


def written(reply: Reply, asked: Asked, modes: Modes) -> Answer:
    """A reply in the format asked for."""
    reason = reply.reason or HTTPStatus(reply.status).phrase
    if reply.html:
        return page(reply.status, reply.html)
    if reply.row is None and reply.rows is None:
        return Answer(status=reply.status, reason=reason, content_type="", body=b"")
    if asked.json_wanted:
        kind, body = wire_json.CONTENT_TYPE, wire_json.dumped(reply, modes)
    else:
        kind, body = wire_xml.CONTENT_TYPE, wire_xml.dumped(reply)
    return Answer(status=reply.status, reason=reason, content_type=kind, body=body)


def page(status: int, html: str, reason: str = "") -> Answer:
    """An HTML page."""
    phrase = reason or HTTPStatus(status).phrase
    return Answer(status=status, reason=phrase, content_type=pages.CONTENT_TYPE, body=html.encode())


def _reply(world: World, asked: Asked) -> Reply:
    found = find(asked.method, asked.path)
    if isinstance(found, bool):
        if found:
            return Reply(status=405, html=pages.not_allowed())
        return Reply(status=404, html=pages.not_found())
    route, parts = found
    call = Call(
        method=asked.method,
        path=asked.path,
        query=asked.query,
        args=tuple(unquote(part) for part in parts),
        size=len(asked.body),
        decode=lambda contract: _decoded(asked, contract, world.modes),
    )
    with world.lock:
        settle_imports(world)
        return route.handler(world, call)


def _decoded(asked: Asked, contract: Contract, modes: Modes) -> object:
    """The body in the format of its Content-Type; without one it is taken for XML (assumed)."""
    if "json" in asked.headers.get("content-type", "").lower():
        return wire_json.loaded(asked.body)
    return wire_xml.loaded(asked.body, contract, modes)
