"""Transforms: the closed list of named functions that a mapping may apply to a text. Each is pure and total but for Refused."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType

_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
"""Zero-width characters that exports carry at the edges of a cell; ``str.strip`` does not know them as space."""
_EDGES = "".join(chr(code) for code in range(0x3001) if chr(code).isspace()) + _INVISIBLE
_TO_ASCII = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D"}
    | {
        "ð": "d",
        "Ð": "D",
        "ł": "l",
        "Ł": "L",
        "þ": "th",
        "Þ": "Th",
        "ı": "i",
        "’": "'",
        "‘": "'",
        "–": "-",
        "—": "-",
    }
)
_WORD = re.compile(r"[^\W\d_]+")
_TRUE = frozenset({"true", "1", "yes"})
_FALSE = frozenset({"false", "0", "no"})


class Refused(Exception):
    """A value that a rule cannot take: a stable ``code`` and why, as the end of a sentence. Never leaves the core."""

    def __init__(self, code: str, why: str) -> None:
        """``why`` follows the name of the rule and column: ``is blank``."""
        self.code = code
        self.why = why
        super().__init__(why)


def trim(text: str) -> str:
    """Without white space and zero-width characters at both ends, and in Unicode NFC: how every cell is read."""
    if text.isascii():
        return text.strip()
    stripped = text.strip(_EDGES)
    return stripped if stripped.isascii() else unicodedata.normalize("NFC", stripped)


def normalize(text: str) -> str:
    """NFC, zero-width characters removed, every run of white space (line ends too) one space."""
    if text.isascii():
        return " ".join(text.split())
    visible = text.translate(dict.fromkeys(map(ord, _INVISIBLE)))
    return " ".join(unicodedata.normalize("NFC", visible).split())


def title(text: str) -> str:
    """Each word with a capital and the rest small: ``ANNE-MARIE O'BRIEN`` becomes ``Anne-Marie O'Brien``.

    What follows an apostrophe has a capital unless it is one letter (``Men's``).
    """

    def capital(found: re.Match[str]) -> str:
        word = found.group().lower()
        before = text[found.start() - 1] if found.start() else ""
        return word if before in {"'", "’"} and len(word) == 1 else word[:1].upper() + word[1:]

    return _WORD.sub(capital, text)


def to_ascii(text: str) -> str:
    """Latin letters without their marks (``Zoë`` becomes ``Zoe``, ``Groß`` ``Gross``); Refused for other scripts."""
    plain = unicodedata.normalize("NFKD", text.translate(_TO_ASCII))
    bare = "".join(character for character in plain if not unicodedata.combining(character))
    if not bare.isascii():
        raise Refused("NOT-ASCII", "has letters that no rule turns into ASCII")
    return bare


def digits(text: str) -> str:
    """Only the digits 0-9: ``+49 40/12-3`` becomes ``4940123``."""
    return "".join(character for character in text if character in "0123456789")


def strip_zeros(text: str) -> str:
    """Without leading zeros; all zeros stay one: ``000`` becomes ``0``."""
    return text.lstrip("0") or text[:1]


def to_bool(text: str) -> str:
    """``true`` for true, yes and 1, ``false`` for false, no and 0, whatever their case; Refused for anything else."""
    word = text.lower()
    if word in _TRUE:
        return "true"
    if word in _FALSE:
        return "false"
    if not word:
        return ""
    raise Refused("BOOL-INVALID", "is none of true, false, yes, no, 1, 0")


TRANSFORMS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "trim": trim,
        "lower": str.lower,
        "upper": str.upper,
        "title": title,
        "normalize": normalize,
        "ascii": to_ascii,
        "digits": digits,
        "strip_zeros": strip_zeros,
        "bool": to_bool,
    }
)
"""Every transform by the name that the mapping uses; the list is closed."""
