"""Wire, JSON: rows as DataContractJsonSerializer writes them, and bodies as it reads them."""

import html
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from syncd.sandbox.call import Reply
from syncd.sandbox.modes import Modes
from syncd.sandbox.refusal import BodyError, bad_body

CONTENT_TYPE = "application/json; charset=utf-8"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")


def dumped(reply: Reply, modes: Modes) -> bytes:
    """The body of a reply: a bare array or an object, members in the order of the row, PascalCase [REC]."""
    shown: Any
    if reply.rows is not None:
        shown = [_shown(row, modes) for row in reply.rows]
    else:
        shown = _shown(reply.row or {}, modes)
    text = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
    return (text.replace("/", "\\/") if modes.escape_slashes else text).encode()


def loaded(body: bytes) -> Any:
    """A body as Python data; None if empty; Refusal 400 if malformed [SPEC]."""
    if not body.strip():
        return None
    try:
        return json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise bad_body() from None


def date_in(value: object) -> datetime | None:
    """A DateTime member of a body: ``/Date(ms)/``; anything else is BodyError [REC]."""
    if value is None:
        return None
    match = _DATE.fullmatch(str(value))
    if not match:
        raise BodyError("DateTime expected")
    return _EPOCH + timedelta(milliseconds=int(match[1]))


def date_out(moment: datetime, modes: Modes) -> str:
    """``/Date(1603756359593-0500)/`` [REC]; with ``date_shift`` the milliseconds take UTC for server-local time."""
    offset = modes.utc_offset_minutes
    if modes.date_shift:
        moment -= timedelta(minutes=offset)
    sign, size = ("-" if offset < 0 else "+"), abs(offset)
    return f"/Date({(moment - _EPOCH) // timedelta(milliseconds=1)}{sign}{size // 60:02d}{size % 60:02d})/"


def _shown(value: Any, modes: Modes) -> Any:
    if isinstance(value, str):
        return html.escape(value).replace("&#x27;", "&#39;") if modes.html_entities else value
    if isinstance(value, datetime):
        return date_out(value, modes)
    if isinstance(value, Mapping):
        return {name: _shown(member, modes) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(member, modes) for member in value]
    return value
