"""Wire: the forms of Litmos' JSON, in and out. Pure."""

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from html.entities import html5
from typing import Any

from syncd.core.model import FieldValue, User
from syncd.core.profile import PROFILE_FIELDS, PROFILE_ORDER, FieldKind, normalise, normalise_profile

__all__ = [
    "PROFILE_ORDER",
    "date_out",
    "decoded",
    "full_record",
    "header_date",
    "holds",
    "identity",
    "instant",
    "new_record",
    "normalise_profile",
    "offset_of",
    "query_time",
    "text_of",
    "truth_of",
    "unescaped",
]

_DATE = re.compile(r"/Date\((-?\d{1,17})(?:([+-])(\d\d)(\d\d))?\)/")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_YEAR = 1900
_SECRET = frozenset({"LoginKey", "Password", "FullName"})
_ALIASES = {"EnableTextNotifications": "EnableTextNotification", "SalesforcecontactId": "SalesforceContactId"}
_BOOLEANS = frozenset(spec.name for spec in PROFILE_FIELDS.values() if spec.kind is FieldKind.BOOL)
_EMAIL_SHAPE = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def instant(value: object) -> datetime | None:
    """A time as Litmos writes it, in UTC; None for null, "" and .NET's "no date" (the year 1).

    ``/Date(ms+hhmm)/`` counts from the UTC epoch, the offset being for show (.NET's rule; whether Litmos keeps it is
    unsettled, litmos-api 2, so watermarks overlap by a day). ISO without a zone is UTC. Raises ValueError otherwise.
    """
    if value is None or value == "":
        return None
    text = value if isinstance(value, str) else ""  # which is no date
    match = _DATE.fullmatch(text)
    try:
        if match:
            moment = _EPOCH + timedelta(milliseconds=int(match[1]))
        else:
            parsed = datetime.fromisoformat(text)
            moment = (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return None
    return moment if moment.year >= _FIRST_YEAR else None


def header_date(text: str) -> datetime | None:
    """The time that a Date header says, to the second; None if it says none."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def offset_of(value: object) -> timedelta | None:
    """The offset that ``/Date(ms+hhmm)/`` shows, or None."""
    match = _DATE.fullmatch(text_of(value))
    if not match or not match[2]:
        return None
    size = timedelta(hours=int(match[3]), minutes=int(match[4]))
    return -size if match[2] == "-" else size


def date_out(moment: datetime) -> str:
    """A DateTime member of a JSON body: ``/Date(ms)/``; an ISO text there is answered with a 500 [REC]."""
    return f"/Date({(moment - _EPOCH) // timedelta(milliseconds=1)})/"


def query_time(moment: datetime) -> str:
    """A ``since`` or ``to`` parameter, ``yyyy-MM-dd HH:mm:ss`` in UTC [SPEC]."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def unescaped(text: str) -> str:
    """HTML entities undone, once, in a text that can have been escaped at all.

    Litmos escapes some values and not others (litmos-api 2). An escaper leaves no bare ``&``, ``<``, ``>`` or ``"``, so a
    text that has one was not escaped and stays as it is: ``AT&T``, ``&copy 2026``, ``<b> &amp;``.
    """
    if "&" not in text or any(char in text for char in '<>"'):
        return text
    return text if "&" in _ENTITY.sub(_nothing_if_known, text) else _ENTITY.sub(_character, text)


def _nothing_if_known(entity: re.Match[str]) -> str:
    return "" if _character(entity) != entity[0] else entity[0]


def _character(entity: re.Match[str]) -> str:
    name = entity[0][1:]
    return html.unescape(entity[0]) if name[0] == "#" else html5.get(name, entity[0])


def decoded(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its strings unescaped, value by value, two misspelt keys [SPEC] put right, and no secrets.

    Everything behind the client sees decoded rows only; they are never decoded twice. A LoginKey is as good as a
    password, nobody needs it, and it is never sent back: it ends here.
    """
    values = {
        _ALIASES.get(key, key): unescaped(value) if isinstance(value, str) else value
        for key, value in row.items()
    }
    return {**values, **{key: "" for key in ("LoginKey", "Password") if key in values}}


def identity(user_id: str, record: Mapping[str, Any]) -> User:
    """The user of a full record, with no more than what may protect them (``core.protection``)."""
    fields = {name: text_of(record.get(name)) for name in ("UserName", "AccessLevel", "Brand")}
    return User(id=user_id, active=True, fields=fields)


def text_of(value: object) -> str:
    """A text or number as trimmed text; null is ""."""
    return "" if value is None else str(value).strip()


def truth_of(value: object) -> bool:
    """True for true, "true", "True" and 1; everything else is False."""
    return str(value).strip().lower() in {"true", "1"}


def full_record(
    profile: Mapping[str, Any], fields: Mapping[str, FieldValue], *, active: bool | None = None
) -> dict[str, Any]:
    """The body of a ``PUT /users/{id}``: ``fields`` and ``active`` laid over the record just read (decoded).

    Right whether Litmos replaces or merges (litmos-api 6.1): everything that was read is sent again, null as null, in
    the documented order, unknown keys last; LoginKey, Password and FullName go empty (6.3).
    """
    values: dict[str, Any] = {**profile, **fields}
    if active is not None:
        values["Active"] = active
    if text_of(values.get("ManagerId")) == "0":
        values["ManagerId"] = ""
    return _in_order({**_booleans(values), **dict.fromkeys(_SECRET, "")})


def new_record(fields: Mapping[str, FieldValue]) -> dict[str, Any]:
    """The body of a ``POST /users``: ``fields`` over the values that Litmos requires (litmos-api 5)."""
    username = str(fields.get("UserName", ""))
    required: dict[str, Any] = {
        "Id": "",
        "UserName": "",
        "FirstName": "",
        "LastName": "",
        "FullName": "",
        "Email": "",
        "AccessLevel": "Learner",
        "DisableMessages": False,
        "Active": True,
        "LoginKey": "",
        "IsCustomUsername": _EMAIL_SHAPE.fullmatch(username) is None,
        "Password": "",
        "SkipFirstLogin": False,
        "TimeZone": "",
    }
    return _in_order({**required, **fields})


def holds(profile: Mapping[str, Any], fields: Mapping[str, FieldValue], caseless: frozenset[str]) -> bool:
    """Whether the record has these values already; in ``caseless`` fields a difference of case is none."""
    return all(_same(name, profile.get(name), value, caseless) for name, value in fields.items())


def _booleans(values: Mapping[str, Any]) -> dict[str, Any]:
    """Texts like "false", as in the vendor's samples, made booleans; null stays null."""
    return {
        name: truth_of(value) if name in _BOOLEANS and value is not None else value
        for name, value in values.items()
    }


def _same(name: str, left: object, right: object, caseless: frozenset[str]) -> bool:
    one, other = normalise(name, left), normalise(name, right)
    if name in caseless:
        return str(one).casefold() == str(other).casefold()
    return one == other


def _in_order(values: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: values[name] for name in PROFILE_ORDER if name in values}
    return {**known, **{name: value for name, value in values.items() if name not in known}}
