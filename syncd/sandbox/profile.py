"""Profile: the members of a user, their order and the rules for their values. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from syncd.sandbox.refusal import BodyError, Refusal, bad_body

_NAMES = """
Id UserName FirstName LastName FullName Email AccessLevel DisableMessages Active Skype PhoneWork PhoneMobile LastLogin
LoginKey IsCustomUsername Password SkipFirstLogin TimeZone SalesforceId OriginalId Street1 Street2 City State PostalCode
Country CompanyName JobTitle CustomField1 CustomField2 CustomField3 Culture CustomField4 CustomField5 CustomField6
CustomField7 CustomField8 CustomField9 CustomField10 SalesforceContactId SalesforceAccountId CreatedDate Points Brand
ManagerId ManagerName EnableTextNotification Website Twitter ExpirationDate JobRole ExternalEmployeeId ProfileType
"""
ORDER: tuple[str, ...] = tuple(_NAMES.split())
"""The members in the order of the recordings [REC] (litmos-api 5)."""

BOOLEANS = frozenset(
    {"DisableMessages", "Active", "IsCustomUsername", "SkipFirstLogin", "EnableTextNotification"}
)
READ_ONLY = frozenset({
    "Id", "FullName", "LastLogin", "LoginKey", "OriginalId", "CreatedDate", "Points", "ManagerName",
    "SalesforceId", "SalesforceContactId", "SalesforceAccountId",
})  # fmt: skip
WRITABLE: tuple[str, ...] = tuple(name for name in ORDER if name not in READ_ONLY)
LIST_VIEW = ("Id", "UserName", "FirstName", "LastName", "Active", "Email", "AccessLevel", "Brand")

ACCESS_LEVELS = frozenset({"Learner", "Team_Leader", "Team_Admin", "Administrator", "Account_Owner"})
JOB_ROLES = frozenset({"Sales Representative", "Engineer", "Manager", "Support Agent", "Operator"})
"""The job roles of an account whose seed has none of its own; invented."""

_LENGTHS = {"UserName": 255, "FirstName": 50, "LastName": 50, "Email": 255, "Skype": 100, "PhoneWork": 50,
            "PhoneMobile": 50, "Street1": 100, "Street2": 100, "CompanyName": 100}  # fmt: skip
_EMAIL = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[A-Za-z0-9\u0080-\uffff-]+(\.[A-Za-z0-9\u0080-\uffff-]+)+")
_FORBIDDEN = re.compile(r"[\s<>&\"%#?/\\:*|;,]")
_CULTURE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{4})?(-[A-Z]{2})?")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_NO_MANAGER = {"", "0"}


def text(value: object) -> str | None:
    """A string member as .NET reads it: numbers become text, objects and arrays can't be read (500) [INFER]."""
    if value is None:
        return None
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise BodyError("half a character")
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise BodyError("string expected")


def truth(value: object) -> bool:
    """A boolean member: true and false, or those words as text [KYMA]; null and "" are false, anything else is 500."""
    if value is None or isinstance(value, bool):
        return bool(value)
    word = str(value).strip().lower()
    if word in {"true", "1"}:
        return True
    if word in {"false", "0", ""}:
        return False
    raise BodyError("boolean expected")


def written(body: Mapping[str, Any], stored: Mapping[str, Any] | None) -> dict[str, Any]:
    """The writable members that a body asks for, over ``stored`` (merge) or over null and false (replace).

    An empty or absent Password leaves the stored one [INFER] and is never shown.
    """
    result: dict[str, Any] = {}
    for name in WRITABLE:
        if name in body:
            result[name] = truth(body[name]) if name in BOOLEANS else text(body[name])
        elif stored is not None:
            result[name] = stored[name]
        else:
            result[name] = False if name in BOOLEANS else None
    result["Password"] = ""
    result["ManagerId"] = "0" if (result["ManagerId"] or "") in _NO_MANAGER else result["ManagerId"]
    return result


def check(profile: Mapping[str, Any]) -> None:
    """Raises the Refusal that these values deserve; all statuses [SPEC], which characters are special is assumed."""
    name = profile["UserName"] or ""
    if len(name) <= 3:
        raise Refusal(409, "Username must be greater than 3 characters.")
    if _FORBIDDEN.search(name):
        raise Refusal(409, "Invalid special character's in the username.")
    if not profile["IsCustomUsername"] and not valid_email(name):
        raise Refusal(409, "Invalid email address.")
    if profile["Email"] and not valid_email(profile["Email"]):
        raise Refusal(409, "Invalid email address.")
    if profile["Culture"] and not _CULTURE.fullmatch(profile["Culture"]):
        raise Refusal(409, "Culture is invalid.")
    if profile["AccessLevel"] not in ACCESS_LEVELS:
        raise bad_body()
    _check_phone(profile)
    for member, longest in _LENGTHS.items():
        if len(profile[member] or "") > longest:
            raise bad_body()


def _check_phone(profile: Mapping[str, Any]) -> None:
    if not profile["EnableTextNotification"]:
        return
    if not profile["PhoneMobile"]:
        raise Refusal(400, "Mobile Number required to enable text message notifications.")
    if not _PHONE.fullmatch(profile["PhoneMobile"]):
        raise Refusal(400, "Invalid Phone Number. The mobile number must be in the format +15554443333.")


def valid_email(value: str) -> bool:
    """Whether this has the shape of an e-mail address (one @, a dot behind it); assumed."""
    return _EMAIL.fullmatch(value) is not None


def completed(profile: dict[str, Any]) -> dict[str, Any]:
    """The derived members set: FullName; Email from UserName [CODE]; an absent AccessLevel is Learner (assumed)."""
    profile["FullName"] = " ".join(part for part in (profile["FirstName"], profile["LastName"]) if part)
    if not profile["Email"] and not profile["IsCustomUsername"]:
        profile["Email"] = profile["UserName"]
    profile["AccessLevel"] = profile["AccessLevel"] or "Learner"
    return profile
