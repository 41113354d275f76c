"""Names of people, in the form in which they are looked up, and what somebody may mean who types one. Pure."""

import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

LONGEST = 80
"""So many characters of a name are looked at: an index has room for no endless ones."""
MOST_WORDS = 12
"""Who types more words than this names nobody."""


class NameKeys(NamedTuple):
    """The names of one person, folded; "" is none."""

    first: str
    last: str
    end: str
    """the last word of a last name of several, so that García López is found by either"""


class Meaning(NamedTuple):
    """What a first name may begin with and what a last name, folded; "" is anything. One of them is not ""."""

    first: str
    last: str


def folded(text: object) -> str:
    """Small letters and digits without accents, words apart by one space; of None and what has neither "".

    ``García-López`` and ``garcia lopez`` are the same, and so are ``O'Brien`` and ``OBrien``, ``Łukasz`` and ``Lukasz``.
    """
    if text is None:
        return ""
    plain = str(text)
    if not plain.isascii():
        plain = _without_accents(plain)
    return " ".join(plain.lower().translate(_SIGNS).split())[:LONGEST].rstrip()


def keys_of(fields: Mapping[str, object]) -> NameKeys:
    """By what a person is looked up, out of the fields of an employee: of those that ``full_name`` is made of."""
    last = folded(fields.get("LastName"))
    return NameKeys(folded(fields.get("FirstName")), last, last.rpartition(" ")[2] if " " in last else "")


def meanings(typed: str) -> tuple[Meaning, ...]:
    """Whom a text may name from the beginning of their names; nobody if it has no letter, or more words than a name.

    ===============  ==========================================================================
    ``ana``          first or last name
    ``ana novak``    first and last name, either way; or a first name of two words, or a last one
    ``novak, ana``   last and first name
    ===============  ==========================================================================
    """
    parts = [folded(part) for part in typed.split(",")]
    if len(parts) == 2 and all(parts):
        return (Meaning(first=parts[1], last=parts[0]),)
    words = " ".join(parts).split()
    if not words or len(words) > MOST_WORDS:
        return ()
    whole = _joined(words)
    found = [Meaning(whole, ""), Meaning("", whole)]
    for place in range(1, len(words)):
        one, other = _joined(words[:place]), _joined(words[place:])
        found += [Meaning(one, other), Meaning(other, one)]
    return tuple(dict.fromkeys(found))


def _joined(words: list[str]) -> str:
    return " ".join(words)[:LONGEST].rstrip()


def _without_accents(text: str) -> str:
    """Letters, digits and the signs that some scripts write vowels with; all else that is not of ASCII as a space."""
    small = unicodedata.normalize("NFKD", text).replace(_ACUTE, "").casefold()
    apart = unicodedata.normalize("NFKD", small)
    bare = "".join([one for one in apart if not unicodedata.combining(one)])
    return bare if bare.isascii() else "".join(map(_plain, bare))


def _plain(one: str) -> str:
    if one in _LETTERS:
        return _LETTERS[one]
    return one if one.isascii() or one.isalnum() or unicodedata.category(one).startswith("M") else " "


_ACUTE = " \u0301"
"""What becomes of an accent without a letter, which is typed for an apostrophe."""
_LETTERS = {
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "æ": "ae",
    "œ": "oe",
    "ħ": "h",
    "ı": "i",
    "ŧ": "t",
    **dict.fromkeys("\u2018\u2019\u02bc\u02b9", ""),  # what is typed for an apostrophe, too
}
"""Letters that no accent makes of another one, but that are typed as such."""
_SIGNS = {code: None if chr(code) in "'`" else " " for code in range(128) if not chr(code).isalnum()}
"""Of the signs of ASCII apostrophes go, and all others are spaces."""
