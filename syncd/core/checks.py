"""Checks: whether a value can be a Litmos profile field. What Litmos would refuse is refused here, with the row's line."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from syncd.core.profile import PROFILE_FIELDS, FieldKind
from syncd.core.transforms import Refused
from syncd.core.values import shown

EmailCheck = Callable[[str], str]
"""Why a text is no e-mail address, as the end of a sentence; "" if it is one."""

TEAM_NAME_LENGTH = 100
"""The longest name of a team (litmos-api 5)."""
USERNAME_MINIMUM = 4
"""A UserName has more than three characters [SPEC]."""
ID_LENGTH = 200
"""The longest employee id: longer is a broken row."""

_PLAIN_EMAIL = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9_+-]|\.(?=[A-Za-z0-9_+-])){0,62}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,61}\.)+(?:com|org|net|de|fr|uk|eu|edu|gov|io|us)"
)
"""Addresses that are valid beyond doubt: they need no slower look."""
_EMAIL_LENGTH = 254
_CULTURE = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?")
_BOOLS = frozenset({"true", "false"})
_BROKEN = frozenset({"#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"})
"""What a spreadsheet writes into a cell that it could not work out."""
_QUOTES = frozenset({"'", '"'})
_ROUNDED = re.compile(r"\d+(?:[.,]\d+)?E\+\d+|\d+[.,]0+", re.IGNORECASE)
"""``1.23E+05`` and ``123.0``: what a spreadsheet makes of an id that it takes for a number."""


def no_email_check(_text: str) -> str:
    """The EmailCheck that takes every address with one @: for callers who have no better one."""
    return "" if _text.count("@") == 1 else "needs one @"


def check_text(text: str) -> None:
    """Refused if there is a control character or half a character in it, or if it is an export's accident."""
    if text[:1] in _QUOTES and len(text) > 1 and text[0] == text[-1]:
        raise Refused("TEXT-QUOTED", f"{shown(text)} stands in quotes: does the source declare its quote?")
    if text.isprintable():
        if text in _BROKEN or (text.startswith("###") and not text.strip("#")):
            raise Refused("SPREADSHEET-ERROR", f"{shown(text)} is the error of a spreadsheet, not a value")
        return
    bad = next((c for c in text if unicodedata.category(c) in {"Cc", "Cs"}), None)
    if bad is not None:
        hint = "; transform: [normalize] removes line ends and tabs" if bad in "\t\r\n" else ""
        raise Refused("TEXT-CONTROL", f"has the control character U+{ord(bad):04X}{hint}")


def check_field(name: str, text: str, *, custom_username: bool, email: EmailCheck) -> None:
    """Refused if ``text`` cannot be the value of this profile field. A blank text is judged elsewhere."""
    if not text:
        return
    spec = PROFILE_FIELDS[name]
    check_text(text)
    if spec.max_length is not None and len(text) > spec.max_length:
        raise Refused("FIELD-TOO-LONG", f"has {len(text)} characters; {name} takes {spec.max_length}")
    if spec.kind is FieldKind.BOOL and text not in _BOOLS:
        raise Refused("BOOL-INVALID", f"{shown(text)} is neither true nor false")
    if name == "Email":
        _check_email("EMAIL-INVALID", text, email)
    elif name == "UserName":
        _check_username(text, custom=custom_username, email=email)
    elif name == "Culture" and not _CULTURE.fullmatch(text):
        raise Refused("CULTURE-INVALID", f"{shown(text)} is not of the form en-US")


def check_team_name(name: str) -> None:
    """Refused if Litmos could not have a team of this name."""
    check_text(name)
    if len(name) > TEAM_NAME_LENGTH:
        raise Refused(
            "TEAM-NAME-TOO-LONG", f"has {len(name)} characters; a team's name takes {TEAM_NAME_LENGTH}"
        )


def check_id(text: str) -> None:
    """Refused if ``text`` cannot be an employee id."""
    if not text:
        raise Refused("ID-MISSING", "is blank; a row without an id is nobody's")
    check_text(text)
    if len(text) > ID_LENGTH:
        raise Refused("ID-INVALID", f"has {len(text)} characters; an id has at most {ID_LENGTH}")
    if _ROUNDED.fullmatch(text):
        raise Refused(
            "ID-ROUNDED", f"{shown(text)} is what a spreadsheet makes of an id: export the column as text"
        )


def _check_username(text: str, *, custom: bool, email: EmailCheck) -> None:
    if len(text) < USERNAME_MINIMUM:
        raise Refused(
            "USERNAME-INVALID", f"{shown(text)} is too short; Litmos wants {USERNAME_MINIMUM} characters"
        )
    if not custom:
        _check_email(
            "USERNAME-INVALID",
            text,
            email,
            hint='; for other usernames map IsCustomUsername: {value: "true"}',
        )


def _check_email(code: str, text: str, email: EmailCheck, hint: str = "") -> None:
    if _is_plain_email(text):
        return
    why = email(text)
    if why:
        raise Refused(code, f"{shown(text)} is not an e-mail address ({why}){hint}")


@lru_cache(maxsize=16)
def _is_plain_email(text: str) -> bool:
    """Cached, for the UserName and the Email of a person are mostly the same."""
    return len(text) <= _EMAIL_LENGTH and _PLAIN_EMAIL.fullmatch(text) is not None
