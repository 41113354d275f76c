"""Profile: the fields of a Litmos user, what kind they are, and the normal form in which they are compared.

Names, lengths and access are those of the vendor's documentation (litmos-api 5); a length that nobody has seen is None, and
Litmos is the judge.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

from syncd.core.model import FieldValue


class FieldKind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    BOOL = "bool"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One field of a user.

    ``max_length`` counts characters (None: not documented); ``writable`` is False for what Litmos computes, for secrets, and
    for what syncd sets by other means (``Id``, ``Active``); ``required`` fields must not be empty when a user is created.
    """

    name: str
    kind: FieldKind = FieldKind.TEXT
    max_length: int | None = None
    writable: bool = True
    required: bool = False


def _text(name: str, max_length: int | None = None, *, required: bool = False) -> FieldSpec:
    return FieldSpec(name=name, max_length=max_length, required=required)


def _bool(name: str) -> FieldSpec:
    return FieldSpec(name=name, kind=FieldKind.BOOL)


def _fixed(name: str, kind: FieldKind = FieldKind.TEXT) -> FieldSpec:
    return FieldSpec(name=name, kind=kind, writable=False)


_IN_ORDER = (
    _fixed("Id"),
    _text("UserName", 255, required=True),
    _text("FirstName", 50, required=True),
    _text("LastName", 50, required=True),
    _fixed("FullName"),
    _text("Email", 255),
    _text("AccessLevel", 50),
    _bool("DisableMessages"),
    _fixed("Active", FieldKind.BOOL),
    _text("Skype", 100),
    _text("PhoneWork", 50),
    _text("PhoneMobile", 50),
    _fixed("LastLogin"),
    _fixed("LoginKey"),
    _bool("IsCustomUsername"),
    _fixed("Password"),
    _bool("SkipFirstLogin"),
    _text("TimeZone"),
    _fixed("SalesforceId"),
    _fixed("OriginalId"),
    _text("Street1", 100),
    _text("Street2", 100),
    _text("City"),
    _text("State"),
    _text("PostalCode"),
    _text("Country"),
    _text("CompanyName", 100),
    _text("JobTitle"),
    _text("CustomField1"),
    _text("CustomField2"),
    _text("CustomField3"),
    _text("Culture"),
    *(_text(f"CustomField{number}") for number in range(4, 11)),
    _fixed("SalesforceContactId"),
    _fixed("SalesforceAccountId"),
    _fixed("CreatedDate"),
    _fixed("Points"),
    _text("Brand"),
    _text("ManagerId", 50),
    _fixed("ManagerName"),
    _bool("EnableTextNotification"),
    _text("Website"),
    _text("Twitter"),
    _text("ExpirationDate"),
    _text("JobRole"),
    _text("ExternalEmployeeId"),
    _text("ProfileType"),
)

PROFILE_FIELDS: Mapping[str, FieldSpec] = MappingProxyType({spec.name: spec for spec in _IN_ORDER})
"""Every field of a user by its Litmos name, in the documented key order (litmos-api 5)."""

PROFILE_ORDER: tuple[str, ...] = tuple(PROFILE_FIELDS)
"""The documented key order: Litmos' XML contract drops an element that comes out of order; JSON keeps it, too."""

WRITABLE_FIELDS: Mapping[str, FieldSpec] = MappingProxyType(
    {name: spec for name, spec in PROFILE_FIELDS.items() if spec.writable}
)
"""The fields that a mapping may set, and that are compared."""

_TRUE = frozenset({"true", "1", "yes"})
_FALSE = frozenset({"false", "0", "no", ""})


def normalise(name: str, value: object) -> FieldValue:
    """The form in which ``value`` of the field ``name`` is compared.

    null is "" (or False), text is NFC and trimmed, a number is its digits, ``ManagerId`` "0" means none, an ISO
    ``ExpirationDate`` is in UTC. Raises KeyError for an unknown field, ValueError for a boolean that is none.
    """
    if PROFILE_FIELDS[name].kind is FieldKind.BOOL:
        return _truth(name, value)
    text = "" if value is None else str(value)
    text = (text if text.isascii() else unicodedata.normalize("NFC", text)).strip()
    if name == "ManagerId" and text == "0":
        return ""
    return _moment(text) if name == "ExpirationDate" else text


def normalise_profile(profile: Mapping[str, object]) -> dict[str, FieldValue]:
    """The writable fields of a full record (decoded, in Litmos' field names), normalised; missing ones are empty.

    Raises ValueError for a boolean that is none.
    """
    return {**EMPTY_PROFILE, **filled_in(profile)}


def filled_in(profile: Mapping[str, object]) -> dict[str, FieldValue]:
    """The same without the texts that are empty: what is kept of each user of Litmos where there are very many."""
    found: dict[str, FieldValue] = {}
    for name, value in profile.items():
        if value is None or value == "" or name not in EMPTY_PROFILE:
            continue
        if isinstance(value, bool) and name in _FLAGS:
            normal: FieldValue = value
        elif isinstance(value, str) and name in _PLAIN and value.isascii():
            normal = value.strip()
        else:
            normal = normalise(name, value)
        if normal != "":
            found[name] = normal
    return found


def _truth(name: str, value: object) -> bool:
    text = "" if value is None else str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(f"{name} is neither true nor false")


def _moment(text: str) -> str:
    """An ISO date or time as ``YYYY-MM-DDTHH:MM:SSZ``; a zoneless one is UTC; anything else as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


EMPTY_PROFILE: Mapping[str, FieldValue] = {name: normalise(name, None) for name in WRITABLE_FIELDS}
"""The profile of somebody of whom nothing is known."""
_PLAIN = frozenset(name for name, spec in WRITABLE_FIELDS.items() if spec.kind is FieldKind.TEXT) - {
    "ManagerId",
    "ExpirationDate",
}
"""Fields of which ``normalise`` only trims an ASCII text."""
_FLAGS = frozenset(name for name, spec in WRITABLE_FIELDS.items() if spec.kind is FieldKind.BOOL)
"""Fields that are true or false."""
