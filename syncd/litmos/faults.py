"""Faults: from an answer to an error that says what happens next. Pure, and a table.

=====================================  =========================  ==========================
answer                                 to a read                  to a write
=====================================  =========================  ==========================
401, 403                               Unauthorized               Unauthorized
429; 503 that speaks of the limit      Limited                    Limited
503 of other text                      Limited                    Uncertain
500 with WCF's "Request Error" page    Transient                  Permanent: the body was refused [REC]
408, 425, other 5xx                    Transient                  Uncertain
3xx                                    Permanent                  Permanent
other 4xx                              Permanent                  Permanent
2xx that is HTML or XML                Transient                  Uncertain
2xx with an error in a JSON body       Transient                  Uncertain
=====================================  =========================  ==========================
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from syncd.errors import Limited, LitmosError, Permanent, Transient, Unauthorized, Uncertain
from syncd.litmos.sending import Answer
from syncd.litmos.wire import unescaped
from syncd.log import REDACTED, redact_text

MESSAGE_LENGTH = 200
"""Characters of Litmos' own words that an error keeps."""
FREEZING = frozenset({429, 503})
"""Statuses after which everybody waits."""
NOT_FOUND = "LITMOS-404-NOT-FOUND"
"""The code that says that an object is not there; the 404 pages of WCF, ASP.NET and IIS themselves do not say that."""
_DETAIL_NAMES = ("Detail", "Message", "error", "reason", "text")
_LIMIT = re.compile(
    r"rat(?:e|ing)[\s-]*limit|limit (?:has been )?exceeded|too many requests|throttl", re.IGNORECASE
)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]{0,2000}>")
_UNKNOWN_OUTCOME = frozenset({408, 425})
_EXAMINED = 20_000

_CODES: Mapping[int, tuple[tuple[str, str], ...]] = {
    401: (("", "KEY-REFUSED"),),
    403: (("", "NOT-PERMITTED"),),
    404: (
        ("endpoint not found", "MISROUTED"),
        ("resource cannot be found", "MISROUTED"),
        ("file or directory not found", "MISROUTED"),
        ("", "NOT-FOUND"),
    ),
    406: (("since", "BAD-WINDOW"), ("", "NOT-ACCEPTABLE")),
    409: (("username", "USERNAME-TAKEN"), ("team", "TEAM-NAME-TAKEN"), ("", "CONFLICT")),
    429: (("", "LIMIT"),),
    503: (("", "LIMIT"),),
}
"""status -> (a word that must be in the text, the end of the code), the first that fits."""
_EXISTS = re.compile(r"exist|taken|duplicate|already|in use", re.IGNORECASE)


def fault_of(answer: Answer, *, write: bool) -> LitmosError | None:
    """The error that this answer is, or None if it is none (its JSON is not looked at closely).

    The key that was sent is blanked out of the message, and so is what looks like an e-mail address.
    """
    status = answer.status
    if 200 <= status < 300:
        return _odd_success(answer, write=write)
    text = _said(answer)
    message = _clean(f"{status} {_joined(answer.reason, text)}", answer.secret)
    if 300 <= status < 400:
        return _redirect(answer)
    kind, code = _classify(status, _joined(answer.reason, text) + _page(answer), write=write)
    return kind(message, status=status, code=f"LITMOS-{status}-{code}")


def doubtful(what: str) -> Transient:
    """An answer to a read that cannot be believed: it is a failed read, never an empty list."""
    return Transient(f"doubtful answer: {what}", status=200, code="LITMOS-DOUBTFUL-PAGE")


def unknown_outcome(what: str, status: int) -> Uncertain:
    """A write that was answered in a way that tells nothing."""
    return Uncertain(what, status=status, code="LITMOS-ODD-ANSWER")


def _classify(status: int, text: str, *, write: bool) -> tuple[type[LitmosError], str]:
    if status in {401, 403}:
        return Unauthorized, _code(status, text)
    if status in FREEZING:
        if status != 503 or _LIMIT.search(text):
            return Limited, "LIMIT"
        return (Uncertain if write else Limited), "UNAVAILABLE"
    if status == 500 and write and "request error" in text.lower():
        return Permanent, "BODY-REFUSED"
    if status >= 500 or status in _UNKNOWN_OUTCOME or status < 200:
        return (Uncertain if write else Transient), "SERVER-ERROR"
    return Permanent, _code(status, text)


def _code(status: int, text: str) -> str:
    low = text.lower()
    for word, code in _CODES.get(status, ()):
        if word in low and (not code.endswith("-TAKEN") or _EXISTS.search(low)):
            return code
    return "REFUSED"


def _odd_success(answer: Answer, *, write: bool) -> LitmosError | None:
    start = answer.body[:_EXAMINED].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        what = "HTML or XML came instead of JSON"
    elif error := _error_in(answer):
        what = _clean(f"{answer.status} but it says: {error}", answer.secret)
    elif not write and answer.status != 200:
        what = f"status {answer.status} is none that a read is answered with"
    else:
        return None
    kind = Uncertain if write else Transient
    return kind(what, status=answer.status, code="LITMOS-ODD-ANSWER")


def _error_in(answer: Answer) -> str:
    """The error of a 2xx answer whose JSON object is no Litmos object (those have an Id)."""
    if len(answer.body) > _EXAMINED:
        return ""
    value = _json(answer.body)
    if not isinstance(value, dict) or "Id" in value:
        return ""
    return _detail(value)


def _redirect(answer: Answer) -> Permanent:
    try:
        host = urlsplit(answer.headers.get("location", "")).hostname
    except ValueError:  # no URL at all
        host = None
    host = host or "an unnamed host"
    return Permanent(
        f"{answer.status}: redirected to {_clean(host, answer.secret)}; is litmos.base_url right? (redirects are never followed)",
        status=answer.status,
        code=f"LITMOS-{answer.status}-REDIRECT",
    )


def _said(answer: Answer) -> str:
    """What the body says for people: its Detail, or its HTML title, or its text."""
    value = _json(answer.body[:_EXAMINED])
    if isinstance(value, dict):
        return _detail(value)
    if isinstance(value, str):
        return value
    text = answer.body[:_EXAMINED].decode("utf-8", "replace")
    title = _TITLE.search(text)
    return unescaped(title[1] if title else _TAG.sub(" ", text)).strip()


def _page(answer: Answer) -> str:
    return " " + answer.body[:_EXAMINED].decode("utf-8", "replace")


def _detail(value: Mapping[str, Any]) -> str:
    for name in _DETAIL_NAMES:
        if isinstance(value.get(name), str) and value[name].strip():
            return unescaped(str(value[name]).strip())
    return ""


def _joined(reason: str, text: str) -> str:
    if not text or text.casefold() == reason.casefold():
        return reason
    return f"{reason}: {text}" if reason else text


def _clean(text: str, key: str) -> str:
    plain = "".join(char if char.isprintable() else " " for char in text)
    if key:
        plain = plain.replace(key, REDACTED)
    return " ".join(redact_text(plain).split())[:MESSAGE_LENGTH]


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
