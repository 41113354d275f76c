"""Cells: how the texts of a Record are read before any rule sees them."""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from syncd.core.transforms import trim

BLANKS = (
    *("NULL", "null", "(null)", "N/A", "n/a", "#N/A", "-", "--"),
    *("0000-00-00", "00.00.0000", "00/00/0000", "1900-01-00", "1/0/1900"),
    *("9999-12-31", "31.12.9999", "12/31/9999"),
)
"""Words with which exports say that there is nothing, no date, no end; where the configuration names no others."""

_GUARD = re.compile(r'="([^"]*)"')
"""``="00123"``: how an export keeps a spreadsheet from taking a text for a number."""
_UNSEEN = "\u00ad\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
_MEANT = str.maketrans({"\u00a0": " ", "\u202f": " ", **dict.fromkeys(_UNSEEN)})
"""No-break spaces, which nobody can tell from a space, and characters that nobody can see: soft hyphens, marks of direction
and order, zero-width spaces; but no zero-width joiners, which some scripts need."""


def clean(text: str) -> str:
    """The text that a cell means.

    ================  ===================================================================
    is                means
    ================  ===================================================================
    ``' a '``         ``'a'``: white space and zero-width characters at both ends go
    a no-break space  a space, in the middle too; what nobody can see goes
    ``'="00123"'``    ``'00123'``
    another form      Unicode NFC
    ================  ===================================================================
    """
    if not text.isascii():
        text = text.translate(_MEANT)
    text = trim(text)
    guarded = _GUARD.fullmatch(text) if text.startswith('="') else None
    return trim(guarded[1]) if guarded else text


def clean_cells(fields: Mapping[str, str], blanks: AbstractSet[str]) -> dict[str, str]:
    """All cells of a Record, clean; one of the ``blanks`` is a blank."""
    cleaned = {column: clean(text) for column, text in fields.items()}
    if blanks.isdisjoint(cleaned.values()):
        return cleaned
    return {column: "" if text in blanks else text for column, text in cleaned.items()}
