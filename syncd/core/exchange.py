"""Exchanges: one request and its answer, masked and bounded before it is kept; and what of it somebody may see.

What is as good as a password, and what is ``sensitive``, is masked before anything is kept: nobody sees it later, whoever
they are. The key travels in a header, and headers are not kept.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from syncd.core.bulk import IMPORT_MEMBERS

MASK = "•••"
MOST = 8192
"""So many characters of JSON are kept of a body; of a longer one the beginnings of its lists, or nothing."""
READ = 256 * 1024
"""A longer body (bytes) is not read at all: a page of a thousand people is no exchange about one of them."""
FEW = 3
"""So many members are kept of a list that is too long."""
LONGEST = 500
"""So many characters are kept of a text in a body that is too long."""
SECRET = frozenset({"loginkey", "password", "apikey", "api_key", "authorization"})
"""Names, in lower case, of what is as good as a password."""
_PLAIN = frozenset(
    {"limit", "start", "sendmessage", "skipfirstlogin", "includesubteams", "since", "to", "showinactive"}
)
"""Parameters whose values are of no person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and what came back, as it was on the wire but for the key.

    ``path`` are its unescaped segments; ``status`` is None if no answer came, ``code`` what syncd made of a failure.
    ``waited`` seconds went by until the limit let it go, ``took`` from its first byte to the whole answer (None: nothing
    was sent).
    """

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str | int]
    status: int | None
    code: str
    waited: float
    took: float | None
    sent: bytes
    answered: bytes


class Recorder(Protocol):
    """Who wants to hear of each Exchange."""

    def heard(self, exchange: Exchange) -> None:
        """Called once for each request, also for one that failed."""
        ...


def kept(exchange: Exchange, sensitive: Collection[str]) -> dict[str, Any]:
    """What is kept of an Exchange, JSON-able; the values of ``sensitive`` Litmos fields are masked."""
    hidden = SECRET | {name.lower() for name in _with_their_like(sensitive)}
    return {
        "method": exchange.method,
        "path": list(exchange.path),
        "query": {
            name: MASK if name.lower() in hidden else str(value) for name, value in exchange.query.items()
        },
        "status": exchange.status,
        "code": exchange.code,
        "waited": round(exchange.waited, 3),
        "took": None if exchange.took is None else round(exchange.took, 3),
        "sent": _body(exchange.sent, hidden),
        "answered": _body(exchange.answered, hidden),
    }


def _with_their_like(sensitive: Collection[str]) -> set[str]:
    """These fields, as bulk imports call them, too; and Litmos' own FullName, which repeats two of them."""
    found = {*sensitive, *(IMPORT_MEMBERS[name] for name in sensitive if name in IMPORT_MEMBERS)}
    return found | {"FullName"} if found & {"FirstName", "LastName"} else found


def seen(stored: Mapping[str, Any], *, values: bool) -> dict[str, Any]:
    """A kept Exchange as it may be shown: with ``values``, or only the names of fields; with its path as a template."""
    path = stored["path"]
    query = {
        name: text if values or name.lower() in _PLAIN else MASK for name, text in stored["query"].items()
    }
    told = {
        **stored,
        "template": template(path),
        "query": query,
        "sent": _seen_body(stored["sent"], values=values),
        "answered": _seen_body(stored["answered"], values=values),
    }
    return told if values else {**told, "path": []}


def template(path: Sequence[str]) -> str:
    """The path with its ids taken out: ``/users/{id}/teams``. Every second segment is one, but for Litmos' own words."""
    return "/" + "/".join("{id}" if _is_id(path, place) else one for place, one in enumerate(path))


def _is_id(path: Sequence[str], place: int) -> bool:
    if path[0] == "org":
        return False
    if path[0] == "results":
        return place == 2  # /results/modules/{id}
    return bool(place % 2) and path[place] not in {"details", "paginated"}


def curl(stored: Mapping[str, Any], base_url: str) -> str:
    """The request as a command for a shell, with the key left to a variable; "" if its body was not kept whole."""
    body = stored["sent"]
    if body["size"] and not body["whole"]:
        return ""
    query = "&".join(f"{_escaped(name)}={_escaped(text)}" for name, text in stored["query"].items())
    link = "/".join([base_url.rstrip("/"), *(_escaped(one) for one in stored["path"])])
    asked = _quoted(f"{link}?{query}" if query else link)
    parts = [f"curl -X {stored['method']} {asked}", '-H "apikey: $LITMOS_API_KEY"']
    if body["size"]:
        text = json.dumps(body["json"], ensure_ascii=False)
        parts += ["-H 'Content-Type: application/json'", f"--data-raw {_quoted(text)}"]
    return " \\\n  ".join(parts)


def _escaped(text: str) -> str:
    """Percent-encoded as in a URL."""
    return "".join(
        chr(byte) if (chr(byte).isalnum() and byte < 128) or chr(byte) in "-._~" else f"%{byte:02X}"
        for byte in text.encode("utf-8", "surrogatepass")
    )


def _quoted(text: str) -> str:
    """One word of a POSIX shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def _body(raw: bytes, hidden: Collection[str]) -> dict[str, Any]:
    """``size`` in bytes, the ``json`` that is kept (None: nothing), and whether that is the ``whole`` of it."""
    if not raw.strip() or len(raw) > READ:
        return {"size": len(raw), "json": None, "whole": not raw.strip()}
    try:
        value = _hide(json.loads(raw), hidden)
        fitting = next((one for one in (value, _cut(value)) if _fits(one)), None)
    except (ValueError, RecursionError):
        fitting = value = None
    return {"size": len(raw), "json": fitting, "whole": fitting is not None and fitting is value}


def _fits(value: Any) -> bool:
    """Whether it is short enough, and storable: no database takes half a character, NUL or NaN."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return len(text) <= MOST and "\\u0000" not in text and (text.isascii() or _is_whole(text))


def _is_whole(text: str) -> bool:
    return not any("\ud800" <= one <= "\udfff" for one in text)


def _hide(value: Any, hidden: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {
            name: MASK if str(name).lower() in hidden and one not in ("", None) else _hide(one, hidden)
            for name, one in value.items()
        }
    return [_hide(one, hidden) for one in value] if isinstance(value, list) else value


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _cut(one) for name, one in value.items()}
    if isinstance(value, list):
        more = [f"… and {len(value) - FEW} more"] if len(value) > FEW else []
        return [*(_cut(one) for one in value[:FEW]), *more]
    return f"{value[:LONGEST]}…" if isinstance(value, str) and len(value) > LONGEST else value


def _seen_body(body: Mapping[str, Any], *, values: bool) -> dict[str, Any]:
    value = body["json"] if values else _shape(body["json"])
    text = "" if value is None else json.dumps(value, ensure_ascii=False, indent=2)
    return {**body, "json": value, "text": text}


def _shape(value: Any) -> Any:
    """The names of the fields, with dots in the place of what they say."""
    if isinstance(value, dict):
        return {name: _shape(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_shape(one) for one in value]
    return value if value in ("", None) or isinstance(value, bool) else MASK
