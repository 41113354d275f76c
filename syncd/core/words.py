"""Words: what is not the same in two texts, word by word, for texts too long to be compared by eye."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

LONG = 40
"""Texts of so many characters are compared word by word."""
MOST = 4000
"""Longer ones are not: it would take too long."""
_WORD = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words that both texts have, or only the one before, or only the one after."""

    kind: Literal["both", "before", "after"]
    text: str


def pieces(before: object, after: object) -> Sequence[Piece]:
    """Both texts, cut where they differ; none if one is no text or too short, or they have hardly anything in common."""
    if not (isinstance(before, str) and isinstance(after, str)) or not before or not after:
        return ()
    if max(len(before), len(after)) < LONG or max(len(before), len(after)) > MOST:
        return ()
    left, right = _WORD.findall(before), _WORD.findall(after)
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    if matcher.ratio() < 1 / 3:
        return ()
    found: list[Piece] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            found.append(Piece("both", "".join(left[a:b])))
            continue
        if b > a:
            found.append(Piece("before", "".join(left[a:b])))
        if d > c:
            found.append(Piece("after", "".join(right[c:d])))
    return tuple(found)
